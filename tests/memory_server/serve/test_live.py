"""A running server's memory: it answers while it indexes, follows the tree, and serves files as they are now."""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from memory_server.errors import NotFoundError, StoreError, UnsafeRootError
from memory_server.memory import Memory
from memory_server.model import SyncReport
from memory_server.serve.live import LiveMemory
from memory_server.serve.watch import Watcher
from tests.support.code_base import CODE_BASE, write_files
from tests.support.git_project import HANGS_AFTER, Project
from tests.support.indexing import CountingEmbedder, assert_equal_to_fresh, open_memory

Start = Callable[[Path], LiveMemory]


class SleepingWatcher:
    """A watcher that never reports."""

    def __init__(self, *_: object) -> None:
        pass

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> queue.Queue[SyncReport]:
    """The reports of syncs that ended, in order."""
    ended: queue.Queue[SyncReport] = queue.Queue()
    original = Memory.sync

    def sync(memory: Memory, *arguments: Any, **named: Any) -> SyncReport:
        report = original(memory, *arguments, **named)
        ended.put(report)
        return report

    monkeypatch.setattr(Memory, "sync", sync)
    return ended


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start live memories with an embedder that needs no model, and stop them in the end."""
    monkeypatch.setattr("memory_server.index.tuned.load_embedder", lambda *_: CountingEmbedder())
    started: list[LiveMemory] = []

    def begin(root: Path) -> LiveMemory:
        live = LiveMemory(root)
        started.append(live)
        live.start()
        return live

    yield begin
    for live in started:
        live.stop()


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the memory without a watcher: what it notices, it notices as it answers."""
    monkeypatch.setattr("memory_server.serve.live.Watcher", SleepingWatcher)


@pytest.fixture
def answering(
    repository: Project,
    reports: queue.Queue[SyncReport],
    start: Start,
    blind: None,  # noqa: ARG001
) -> LiveMemory:
    """A memory of the repository, indexed, without a watcher."""
    write_files(
        repository.root,
        {f"many/part_{number}.py": f"def filler_{number}():\n    return {number}\n" for number in range(40)},
    )
    open_memory(repository.root).sync()
    live = start(repository.root)
    reports.get(timeout=HANGS_AFTER)
    reports.get(timeout=HANGS_AFTER)
    return live


@pytest.mark.slow
def test_without_an_index_it_answers_and_ends_complete(
    repository: Project, start: Start, reports: queue.Queue[SyncReport]
) -> None:
    live = start(repository.root)
    assert live.memory().search("pay an invoice").text()
    assert reports.get(timeout=HANGS_AFTER).rebuilt == "no index yet"
    memory = live.memory()
    assert "def remaining_after" in memory.read(["remaining_after"]).text()
    assert_equal_to_fresh(memory.view, repository.root)
    assert_equal_to_fresh(open_memory(repository.root).view, repository.root)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("indexed_by", "first_words"),
    [("", "for the first time"), ("another-model", "anew (the embedding model changed)")],
)
def test_while_it_indexes_a_whole_repository_it_says_so(
    repository: Project, start: Start, monkeypatch: pytest.MonkeyPatch, indexed_by: str, first_words: str
) -> None:
    if indexed_by:
        open_memory(repository.root, CountingEmbedder(indexed_by)).sync()
    go_on, done = threading.Event(), threading.Event()
    original = Memory.sync

    def sync(memory: Memory, *arguments: Any, **named: Any) -> SyncReport:
        assert go_on.wait(HANGS_AFTER)
        try:
            return original(memory, *arguments, **named)
        finally:
            done.set()

    monkeypatch.setattr(Memory, "sync", sync)
    monkeypatch.setattr("memory_server.serve.live.FIRST_ANSWER_WAIT", 0.0)
    live = start(repository.root)
    assert first_words in live.memory().search("invoice").text()
    go_on.set()
    assert done.wait(HANGS_AFTER)
    assert "def remaining_after" in live.memory().read(["remaining_after"]).text()


def test_with_an_index_it_answers_before_it_looked_for_changes(
    repository: Project, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_memory(repository.root).sync()
    go_on = threading.Event()
    original = Memory.sync

    def sync(memory: Memory, *arguments: Any, **named: Any) -> SyncReport:
        if threading.current_thread().name == "repo-memory":
            assert go_on.wait(HANGS_AFTER)
        return original(memory, *arguments, **named)

    monkeypatch.setattr(Memory, "sync", sync)
    live = start(repository.root)
    assert "def remaining_after" in live.memory().search("remaining_after").text()
    go_on.set()


def test_a_change_is_followed_in_the_background(
    repository: Project, start: Start, reports: queue.Queue[SyncReport]
) -> None:
    open_memory(repository.root).sync()
    live = start(repository.root)
    reports.get(timeout=HANGS_AFTER)
    write_files(repository.root, {"app/late.py": "def arrived_late():\n    return 1\n"})
    while "arrived_late" not in live.memory().view.names:
        reports.get(timeout=HANGS_AFTER)


def test_a_commit_on_another_branch_is_followed_in_the_background(
    repository: Project, start: Start, reports: queue.Queue[SyncReport]
) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit("app/late.py", "def arrived_late():\n    return 1\n")
    repository.git("checkout", "--quiet", "main")
    live = start(repository.root)
    reports.get(timeout=HANGS_AFTER)
    repository.git("merge", "--quiet", "feature")
    while "arrived_late" not in live.memory().view.names:
        reports.get(timeout=HANGS_AFTER)


@pytest.mark.slow
def test_an_edit_is_served_by_the_next_answer(repository: Project, answering: LiveMemory) -> None:
    write_files(
        repository.root,
        {"app/billing.py": "x = 1\n\n\ndef remaining_after(amount):\n    return amount * 77\n"},
    )
    assert "amount * 77" in answering.memory().read(["remaining_after"]).text()
    write_files(repository.root, {"app/billing.py": "def remaining_after(amount):\n    return amount * 88\n"})
    assert "remaining_after" in answering.memory().outline("app/billing.py").text()
    assert "Invoice" not in answering.memory().outline("app/billing.py").text()


def test_a_search_shows_an_edited_file_as_it_is_now(repository: Project, answering: LiveMemory) -> None:
    edited = "x = 1\n\n\ndef remaining_after(amount):\n    return amount * 77\n"
    write_files(repository.root, {"app/billing.py": edited})
    text = answering.memory().search("remaining_after").text()
    assert "4\tdef remaining_after(amount):" in text
    assert "Invoice" not in text


@pytest.mark.slow
@pytest.mark.parametrize("path", ["late.py", "app/late.py", "new/folder/late.py"])
def test_a_file_made_just_before_is_found(repository: Project, answering: LiveMemory, path: str) -> None:
    write_files(repository.root, {path: "def zebra_crossing():\n    return 1\n"})
    assert "def zebra_crossing" in answering.memory().search("zebra_crossing").text()
    assert "def zebra_crossing" in answering.memory().read(["zebra_crossing"]).text()


@pytest.mark.slow
def test_a_file_made_just_before_is_read_by_its_path(repository: Project, answering: LiveMemory) -> None:
    write_files(repository.root, {"app/late.py": "def zebra_crossing():\n    return 1\n"})
    assert "def zebra_crossing" in answering.memory().read(["app/late.py"]).text()


def test_a_file_deleted_just_before_is_not_served(repository: Project, answering: LiveMemory) -> None:
    (repository.root / "app/billing.py").unlink()
    assert "app/billing.py" not in answering.memory().search("remaining_after invoice pay").text()
    with pytest.raises(NotFoundError):
        answering.memory().read(["remaining_after"]).text()


@pytest.mark.slow
def test_a_folder_deleted_just_before_is_not_served(repository: Project, answering: LiveMemory) -> None:
    shutil.rmtree(repository.root / "app")
    assert "app/" not in answering.memory().search("remaining_after invoice pay").text()
    with pytest.raises(NotFoundError):
        answering.memory().outline("app").text()


@pytest.mark.slow
def test_a_branch_switched_just_before_is_served(repository: Project, answering: LiveMemory) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit("app/billing.py", "def remaining_after(amount):\n    return amount * 77\n")
    assert "amount * 77" in answering.memory().read(["remaining_after"]).text()
    repository.git("checkout", "--quiet", "main")
    assert "amount - 10" in answering.memory().read(["remaining_after"]).text()


@pytest.mark.slow
def test_another_process_that_writes_delays_no_question(
    repository: Project, start: Start, reports: queue.Queue[SyncReport]
) -> None:
    other = open_memory(repository.root)
    other.sync()
    reports.get(timeout=HANGS_AFTER)
    write_files(repository.root, {"app/billing.py": "def remaining_after(amount):\n    return amount * 77\n"})
    told: queue.Queue[str] = queue.Queue()
    with FileLock(other.tree.folder.lock):
        live = start(repository.root)
        threading.Thread(
            target=lambda: told.put(live.memory().read(["remaining_after"]).text()), daemon=True
        ).start()
        assert "amount * 77" in told.get(timeout=HANGS_AFTER)
    assert reports.get(timeout=HANGS_AFTER).changed == 1
    assert_equal_to_fresh(open_memory(repository.root).view, repository.root)


def test_a_full_disk_leaves_current_text_served(
    repository: Project, answering: LiveMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StoreError("no space")

    monkeypatch.setattr("memory_server.index.update.Update._write", fail)
    write_files(repository.root, {"app/billing.py": "def remaining_after(amount):\n    return amount * 77\n"})
    assert "amount * 77" in answering.memory().read(["remaining_after"]).text()
    assert "def record" in answering.memory().read(["Ledger.record"]).text()


def test_where_nothing_can_be_stored_the_index_is_held_in_memory(
    repository: Project,
    start: Start,
    blind: None,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("cannot write the index: the disk is read-only")

    monkeypatch.setattr("memory_server.index.folder.IndexFolder.locked", refuse)
    live = start(repository.root)
    assert live._something.wait(HANGS_AFTER)
    memory = live.memory()
    assert "def remaining_after" in memory.read(["remaining_after"]).text()
    assert memory.index.building == ""
    with pytest.raises(NotFoundError, match="no symbol or file"):
        memory.read(["there_is_none_such"])


def test_a_file_that_left_the_index_meanwhile_is_not_fresh(repository: Project) -> None:
    memory = open_memory(repository.root)
    memory.sync()
    assert memory.tree.is_fresh({"app/billing.py"})
    assert not memory.tree.is_fresh({"app/never_there.py"})


def test_it_refuses_what_is_no_project(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    live = start(tmp_path)
    with pytest.raises(UnsafeRootError) as raised:
        live.memory()
    assert raised.value.hint


def test_an_empty_repository_is_answered(repository: Project, start: Start) -> None:
    for path in [*CODE_BASE, "first.py"]:
        (repository.root / path).unlink()
    assert start(repository.root).memory().search("anything").text()


def running() -> set[str]:
    return {thread.name for thread in threading.enumerate()} & {"repo-memory", "watch"}


def wait_for_end() -> None:
    for thread in threading.enumerate():
        if thread.name in ("repo-memory", "watch"):
            thread.join(HANGS_AFTER)


def test_stopping_ends_its_threads(
    repository: Project, start: Start, reports: queue.Queue[SyncReport]
) -> None:
    live = start(repository.root)
    reports.get(timeout=HANGS_AFTER)
    assert "repo-memory" in running()
    live.stop()
    wait_for_end()
    assert running() == set()


def test_stopping_at_once_ends_its_threads(
    repository: Project, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    original = Watcher.__init__

    def be_late(watcher: Watcher, *arguments: Any) -> None:
        assert go_on.wait(HANGS_AFTER)
        original(watcher, *arguments)

    monkeypatch.setattr(Watcher, "__init__", be_late)
    live = start(repository.root)
    live.stop()
    go_on.set()
    wait_for_end()
    assert running() == set()
