"""Which changes of a tree are reported, and that watching ends well."""

from __future__ import annotations

import logging
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchfiles import watch as watch_files
from watchfiles._rust_notify import WatchfilesRustInternalError

from indexers.source.walk import DEFAULT_RULES
from memory_server.serve import watch
from memory_server.serve.watch import Watcher, watch_tree

DEADLINE = 20.0
EVERYTHING: set[str] = set()

Start = Callable[[], "Reports"]


class Reports:
    """The reports of a watcher on a tree, in order."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.queue: queue.Queue[set[str]] = queue.Queue()
        self.watcher = Watcher(root, self.queue.put)
        self.watcher.start()

    def next(self) -> set[str]:
        return self.queue.get(timeout=DEADLINE)

    def until(self, *paths: str) -> set[str]:
        """What was reported up to the report that completes ``paths``."""
        found: set[str] = set()
        while not found.issuperset(paths):
            found |= self.next()
        return found

    def touch(self, path: str) -> None:
        """Write a file until it is reported: a watch that is being set up anew reports everything instead."""
        report = EVERYTHING
        while path not in report:
            if report == EVERYTHING:
                (self.root / path).write_text(str(time.monotonic_ns()))
            report = self.next()

    def mark(self) -> set[str]:
        """What is reported of the changes so far; a last file of our own ends the wait."""
        (self.root / "mark.py").write_text(str(time.monotonic_ns()))
        found = self.until("mark.py")
        return found - {"mark.py"}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Reports] = []

    def begin() -> Reports:
        started.append(Reports(tmp_path))
        assert started[-1].next() == EVERYTHING
        return started[-1]

    yield begin
    for reports in started:
        reports.watcher.stop()


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def test_a_changed_a_new_and_a_deleted_file_are_reported_by_path(tmp_path: Path, start: Start) -> None:
    (tmp_path / "sub/deep").mkdir(parents=True)
    (tmp_path / "old.py").write_text("1")
    (tmp_path / "sub/gone.py").write_text("1")
    reports = start()
    (tmp_path / "old.py").write_text("2")
    (tmp_path / "sub/deep/new é.py").write_text("1")
    (tmp_path / "sub/gone.py").unlink()
    expected = {"old.py", "sub/deep/new é.py", "sub/gone.py"}
    assert reports.until(*expected) == expected


def test_changes_close_together_share_a_report(tmp_path: Path, start: Start) -> None:
    reports = start()
    names = {f"f{number}.py" for number in range(50)}
    for name in names:
        (tmp_path / name).write_text("1")
    found, count = reports.next(), 1
    while found < names:
        found, count = found | reports.next(), count + 1
    assert found == names
    assert count < 10


def test_a_renamed_file_is_reported_under_both_names(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a.py").write_text("1")
    reports = start()
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert reports.until("a.py", "b.py") == {"a.py", "b.py"}


def test_ignored_files_and_folders_are_not_reported(tmp_path: Path, start: Start) -> None:
    (tmp_path / ".gitignore").write_text("*.log\nout/\n")
    for folder in ("out", "node_modules/x", ".repo-memory", "src"):
        (tmp_path / folder).mkdir(parents=True)
    reports = start()
    for name in (
        "out/a.py",
        "node_modules/x/a.js",
        ".repo-memory/a.py",
        "src/a.log",
        "src/a.png",
        "src/.env",
    ):
        (tmp_path / name).write_text("1")
    (tmp_path / "src/node_modules").mkdir()
    assert reports.mark() == set()


def test_only_folders_that_are_not_ignored_get_a_watch(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("out/\n")
    for folder in ("out/deep", "node_modules/x/y", "src/deep"):
        (tmp_path / folder).mkdir(parents=True)
    git(tmp_path, "init", "-q")
    watched = watch._Tree(tmp_path, DEFAULT_RULES).watched()
    names = {Path(path).relative_to(tmp_path).as_posix() for path in watched}
    expected = {".", "src", "src/deep", ".git", ".git/refs/heads"}
    assert names == ({".", ".git", ".git/refs/heads"} if watch._RECURSIVE else expected)


def test_a_new_folder_is_watched_and_reported_as_a_change_of_everything(tmp_path: Path, start: Start) -> None:
    reports = start()
    (tmp_path / "new/deep").mkdir(parents=True)
    (tmp_path / "new/deep/a.py").write_text("1")
    assert reports.next() == EVERYTHING
    reports.touch("new/deep/b.py")


def test_a_renamed_or_deleted_folder_is_a_change_of_everything(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.py").write_text("1")
    reports = start()
    (tmp_path / "a").rename(tmp_path / "b")
    assert reports.next() == EVERYTHING
    reports.touch("b/x.py")
    shutil.rmtree(tmp_path / "b")
    while reports.next() != EVERYTHING:
        pass


def test_a_changed_ignore_file_changes_what_is_watched(tmp_path: Path, start: Start) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / ".gitignore").write_text("out/\n*.log\n")
    reports = start()
    (tmp_path / ".gitignore").write_text("*.tmp\n")
    assert reports.next() == EVERYTHING
    reports.touch("out/a.py")
    reports.touch("a.log")
    (tmp_path / "a.tmp").write_text("1")
    assert "a.tmp" not in reports.mark()


def test_a_commit_and_a_switch_of_branch_are_changes_of_everything(tmp_path: Path, start: Start) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    reports = start()
    git(tmp_path, "switch", "-qc", "other")
    assert reports.next() == EVERYTHING
    reports.mark()
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "two")
    assert reports.next() == EVERYTHING


def test_a_folder_that_becomes_a_repository_is_noticed(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a.py").write_text("1")
    reports = start()
    git(tmp_path, "init", "-q")
    assert reports.next() == EVERYTHING
    git(tmp_path, "add", ".")
    while reports.next() != EVERYTHING:
        pass


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
    assert reports.next() == EVERYTHING


def test_a_deleted_root_ends_the_watch_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    reports = Reports(root)
    assert reports.next() == EVERYTHING
    shutil.rmtree(root)
    reports.watcher._thread.join(DEADLINE)
    assert not reports.watcher._thread.is_alive()
    assert "no longer watching" in caplog.text


def test_a_replaced_root_is_watched_again(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    root.mkdir()
    other.mkdir()
    reports = Reports(root)
    assert reports.next() == EVERYTHING
    root.rename(tmp_path / "old")
    other.rename(root)
    assert reports.next() == EVERYTHING
    reports.touch("a.py")
    reports.watcher.stop()


def test_a_root_that_never_was_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    watch_tree(tmp_path / "gone", lambda _: None, threading.Event())
    assert "no longer watching" in caplog.text


def test_a_watch_stops_soon_and_twice_without_harm(start: Start) -> None:
    watcher = start().watcher
    begin = time.monotonic()
    watcher.stop()
    watcher.stop()
    assert time.monotonic() - begin < 5
    assert not watcher._thread.is_alive()


def test_a_watch_may_be_stopped_from_its_own_report(tmp_path: Path) -> None:
    def stop(_: set[str]) -> None:
        watcher.stop()

    watcher = Watcher(tmp_path, stop)
    watcher.start()
    watcher._thread.join(DEADLINE)
    assert not watcher._thread.is_alive()


def test_a_tree_without_watches_is_polled(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*paths: str, force_polling: bool | None, **options: Any) -> Generator[Any, None, None]:
        if not force_polling:
            raise OSError(28, "OS file watch limit reached")
        return watch_files(*paths, force_polling=True, **options)

    monkeypatch.setattr(watch, "watch", refuse)
    monkeypatch.setattr(watch, "POLL_MS", 50)
    monkeypatch.setattr(watch, "PAUSE_SECONDS", 0.01)
    (tmp_path / "sub").mkdir()
    with caplog.at_level(logging.WARNING):
        reports = start()
    assert "polling" in caplog.text
    (tmp_path / "sub/a.py").write_text("1")
    assert reports.until("sub/a.py") == {"sub/a.py"}
    (tmp_path / "sub/a.py").unlink()
    assert reports.until("sub/a.py") == {"sub/a.py"}


def test_a_tree_that_cannot_even_be_polled_is_given_up_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = []

    def refuse(*_: str, **options: Any) -> Generator[Any, None, None]:
        attempts.append(options["force_polling"])
        raise WatchfilesRustInternalError("Error creating recommended watcher: Too many open files")

    monkeypatch.setattr(watch, "watch", refuse)
    monkeypatch.setattr(watch, "PAUSE_SECONDS", 0.01)
    watch_tree(tmp_path, lambda _: None, threading.Event())
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
    assert reports.next() == EVERYTHING
    reports.touch("a.py")
