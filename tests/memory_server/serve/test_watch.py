"""Which changes of a tree are reported, and that watching ends well."""

from __future__ import annotations

import logging
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from watchfiles import Change
from watchfiles import watch as watch_files

from indexers.source.walk import DEFAULT_RULES
from memory_server.serve import watch
from memory_server.serve.watch import Watcher, watch_tree
from tests.support.git_project import HANGS_AFTER

Batch = set[tuple[Change, str]]
Start = Callable[[], "Reports"]


class Reports:
    """The reports of a watcher on a tree, in order, each with the paths that the system told of right before."""

    system_watch = staticmethod(watch_files)

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._queue: queue.Queue[set[str]] = queue.Queue()
        self._batch: Batch = set()
        monkeypatch.setattr(watch, "watch", self._watch)
        self.watcher = Watcher(root, self._report)
        self.watcher.start()

    def _watch(self, *paths: str, **options: Any) -> Generator[Batch, None, None]:
        with closing(self.system_watch(*paths, **options)) as batches:
            for self._batch in batches:
                yield self._batch

    def _report(self) -> None:
        own = f"{self.root.resolve()}/"
        self._queue.put({full.removeprefix(own) for _, full in self._batch})

    def next(self) -> set[str]:
        return self._queue.get(timeout=HANGS_AFTER)

    def until(self, *paths: str) -> int:
        """How many reports it takes until all these paths were among what the system told of."""
        found, count = self.next(), 1
        while not found.issuperset(paths):
            found, count = found | self.next(), count + 1
        return count

    def touch(self, path: str) -> None:
        """Write a file until it is reported: what is written as a watch is set up anew may be missed."""
        (self.root / path).write_text(str(time.monotonic_ns()))
        while path not in self.next():
            (self.root / path).write_text(str(time.monotonic_ns()))


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    started: list[Reports] = []

    def begin() -> Reports:
        started.append(Reports(tmp_path, monkeypatch))
        started[-1].next()
        return started[-1]

    yield begin
    for reports in started:
        reports.watcher.stop()


def count_reports(root: Path, monkeypatch: pytest.MonkeyPatch, *batches: Batch) -> int:
    """How many of these batches of changes are reported, besides that the watch stands."""
    stop = threading.Event()
    reports: list[None] = []

    def replay(*_: str, **__: object) -> Generator[Batch, None, None]:
        yield set()
        yield from batches
        stop.set()

    monkeypatch.setattr(watch, "watch", replay)
    watch_tree(root, lambda: reports.append(None), stop)
    return len(reports) - 1


def changes_of(root: Path, change: Change, *names: str) -> Batch:
    return {(change, str(root.resolve() / name)) for name in names}


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def test_a_changed_a_new_and_a_deleted_file_are_reported(tmp_path: Path, start: Start) -> None:
    (tmp_path / "sub/deep").mkdir(parents=True)
    (tmp_path / "old.py").write_text("1")
    (tmp_path / "sub/gone.py").write_text("1")
    reports = start()
    (tmp_path / "old.py").write_text("2")
    reports.until("old.py")
    (tmp_path / "sub/deep/new é.py").write_text("1")
    reports.until("sub/deep/new é.py")
    (tmp_path / "sub/gone.py").unlink()
    reports.until("sub/gone.py")


def test_changes_close_together_share_a_report(tmp_path: Path, start: Start) -> None:
    reports = start()
    names = {f"f{number}.py" for number in range(50)}
    for name in names:
        (tmp_path / name).write_text("1")
    assert reports.until(*names) < 10


def test_a_renamed_file_is_reported(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a.py").write_text("1")
    reports = start()
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    reports.until("a.py", "b.py")


def test_ignored_files_and_folders_are_not_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".gitignore").write_text("*.log\nout/\n")
    for folder in ("out", "node_modules/x", ".repo-memory", "src/node_modules"):
        (tmp_path / folder).mkdir(parents=True)
    ignored = ("out/a.py", "node_modules/x/a.js", ".repo-memory/a.py", "src/a.log", "src/a.png", "src/.env")
    unreported = [changes_of(tmp_path, Change.modified, name) for name in ignored]
    unreported.append(changes_of(tmp_path, Change.added, "src/node_modules"))
    assert count_reports(tmp_path, monkeypatch, *unreported) == 0
    together = changes_of(tmp_path, Change.modified, "src/a.log", "src/a.py")
    assert count_reports(tmp_path, monkeypatch, *unreported, together) == 1


def test_only_folders_that_are_not_ignored_get_a_watch(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("out/\n")
    for folder in ("out/deep", "node_modules/x/y", "src/deep"):
        (tmp_path / folder).mkdir(parents=True)
    git(tmp_path, "init", "-q")
    watched = watch._Tree(tmp_path, DEFAULT_RULES).watched()
    names = {Path(path).relative_to(tmp_path).as_posix() for path in watched}
    expected = {".", "src", "src/deep", ".git", ".git/refs/heads"}
    assert names == ({".", ".git", ".git/refs/heads"} if watch._RECURSIVE else expected)


def test_a_new_folder_is_reported_and_watched(tmp_path: Path, start: Start) -> None:
    reports = start()
    (tmp_path / "new/deep").mkdir(parents=True)
    (tmp_path / "new/deep/a.py").write_text("1")
    reports.next()
    reports.touch("new/deep/b.py")


def test_a_renamed_and_a_deleted_folder_are_reported(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.py").write_text("1")
    reports = start()
    (tmp_path / "a").rename(tmp_path / "b")
    reports.next()
    reports.touch("b/x.py")
    shutil.rmtree(tmp_path / "b")
    reports.next()
    reports.touch("c.py")


def test_a_changed_ignore_file_changes_what_is_watched(tmp_path: Path, start: Start) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / ".gitignore").write_text("out/\n*.log\n")
    reports = start()
    (tmp_path / ".gitignore").write_text("*.tmp\n")
    reports.next()
    reports.touch("out/a.py")
    reports.touch("a.log")


def test_a_commit_and_a_switch_of_branch_are_reported(tmp_path: Path, start: Start) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    reports = start()
    git(tmp_path, "switch", "-qc", "other")
    reports.until(".git/HEAD")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "two")
    reports.until(".git/refs/heads/other")


def test_a_folder_that_becomes_a_repository_is_noticed(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a.py").write_text("1")
    reports = start()
    git(tmp_path, "init", "-q")
    reports.next()
    reports.touch("b.py")
    git(tmp_path, "add", ".")
    reports.until(".git/index")


def test_git_objects_and_locks_are_no_change() -> None:
    for name in ("objects/ab/cd", "index.lock", "HEAD.lock", "FETCH_HEAD", "refs/heads/main.lock", "config"):
        assert not watch._moves_git(name)
    for name in ("HEAD", "index", "packed-refs", "logs/HEAD", "refs/heads/main"):
        assert watch._moves_git(name)


def test_a_commit_in_a_worktree_is_noticed_outside_its_folder(tmp_path: Path, start: Start) -> None:
    main = tmp_path.parent / f"{tmp_path.name}-main"
    main.mkdir()
    git(main, "init", "-q")
    git(main, "commit", "-q", "--allow-empty", "-m", "one")
    git(main, "worktree", "add", "-q", "-f", str(tmp_path), "-b", "side")
    reports = start()
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "two")
    assert any(path.endswith("/logs/HEAD") for path in reports.next())


def test_a_deleted_root_ends_the_watch_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    reports = Reports(root, monkeypatch)
    reports.next()
    shutil.rmtree(root)
    reports.watcher._thread.join(HANGS_AFTER)
    assert not reports.watcher._thread.is_alive()
    assert "no longer watching" in caplog.text


def test_a_replaced_root_is_watched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    root.mkdir()
    other.mkdir()
    reports = Reports(root, monkeypatch)
    reports.next()
    root.rename(tmp_path / "old")
    other.rename(root)
    reports.next()
    reports.touch("a.py")
    reports.watcher.stop()


def test_a_root_that_never_was_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    watch_tree(tmp_path / "gone", lambda: None, threading.Event())
    assert "no longer watching" in caplog.text


def test_a_watch_stops_twice_without_harm(start: Start) -> None:
    watcher = start().watcher
    watcher.stop()
    watcher.stop()
    assert not watcher._thread.is_alive()


def test_a_watch_may_be_stopped_from_its_own_report(tmp_path: Path) -> None:
    def stop() -> None:
        watcher.stop()

    watcher = Watcher(tmp_path, stop)
    watcher.start()
    watcher._thread.join(HANGS_AFTER)
    assert not watcher._thread.is_alive()


def test_a_tree_without_watches_is_polled(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*paths: str, force_polling: bool | None, **options: Any) -> Generator[Any, None, None]:
        if not force_polling:
            raise OSError(28, "OS file watch limit reached")
        return watch_files(*paths, force_polling=True, **options)

    monkeypatch.setattr(Reports, "system_watch", staticmethod(refuse))
    monkeypatch.setattr(watch, "POLL_MS", 50)
    monkeypatch.setattr(watch, "PAUSE_SECONDS", 0.01)
    (tmp_path / "sub").mkdir()
    with caplog.at_level(logging.WARNING):
        reports = start()
    assert "polling" in caplog.text
    (tmp_path / "sub/a.py").write_text("1")
    reports.until("sub/a.py")
    (tmp_path / "sub/a.py").unlink()
    reports.until("sub/a.py")


def test_a_tree_that_cannot_even_be_polled_is_given_up_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = []

    def refuse(*_: str, **options: Any) -> Generator[Any, None, None]:
        attempts.append(options["force_polling"])
        raise RuntimeError("Error creating recommended watcher: Too many open files")

    monkeypatch.setattr(watch, "watch", refuse)
    monkeypatch.setattr(watch, "PAUSE_SECONDS", 0.01)
    watch_tree(tmp_path, lambda: None, threading.Event())
    assert attempts == [None, True]
    assert "no longer watching" in caplog.text


def test_a_watch_that_breaks_is_set_up_again(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PAUSE_SECONDS", 0.01)
    reports = start()
    name = bytes(tmp_path) + b"/caf\xe9.py"
    try:
        with open(name, "wb"):  # noqa: PTH123 - a Path cannot hold these bytes portably
            pass
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    reports.next()
    reports.touch("a.py")
