"""What an index lacks that is not whole: nothing is said to be absent, and a file named by its path is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from filelock import FileLock

from memory_server.answer.reply import Reply
from memory_server.cli.questions import COMMANDS
from memory_server.errors import NotFoundError, StoreDamagedError, StoreError, UnknownYetError
from memory_server.index.folder import IndexFolder
from memory_server.index.update import Update
from memory_server.index.workers import Reader
from memory_server.memory import Memory
from tests.support.code_base import write_files
from tests.support.git_project import HANGS_AFTER, Project
from tests.support.indexing import open_memory

BY_NAME: dict[str, Callable[[Memory], Reply]] = {
    "read": lambda memory: memory.read(["remaining_after"]),
    "outline": lambda memory: memory.outline("app"),
    "outline of all": lambda memory: memory.outline(),
    "related": lambda memory: memory.related("remaining_after", "callers"),
}
BY_PATH: dict[str, Callable[[Memory], Reply]] = {
    "read": lambda memory: memory.read(["app/billing.py"]),
    "read lines": lambda memory: memory.read(["app/billing.py:1-200"]),
    "read a symbol": lambda memory: memory.read(["app/billing.py::remaining_after"]),
    "outline": lambda memory: memory.outline("app/billing.py"),
    "related": lambda memory: memory.related("app/billing.py::remaining_after", "callers"),
    "search": lambda memory: memory.search("remaining_after", path="app/billing.py"),
}


def make_older(root: Path) -> None:
    """Index a tree, as an earlier version would have."""
    memory = open_memory(root)
    memory.sync()
    stamp = memory.tree.folder.path / "store.json"
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"index_version": 1}))


@contextmanager
def building(root: Path) -> Iterator[Memory]:
    memory = open_memory(root)
    memory.index.building = "indexing this repository for the first time; ask again in a moment"
    yield memory


@contextmanager
def first_run_elsewhere(root: Path) -> Iterator[Memory]:
    memory = open_memory(root)
    memory.tree.folder.create()
    with FileLock(memory.tree.folder.lock):
        yield memory


@contextmanager
def rebuilt_elsewhere(root: Path) -> Iterator[Memory]:
    make_older(root)
    with first_run_elsewhere(root) as memory:
        yield memory


STATES = {
    "building": building,
    "a first run elsewhere": first_run_elsewhere,
    "rebuilt elsewhere": rebuilt_elsewhere,
}


@pytest.fixture(autouse=True)
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """No question waits for another writer."""
    monkeypatch.setattr("memory_server.index.fresh.SYNC_WAIT", 0.0)
    monkeypatch.setattr("memory_server.cli.questions.BUSY_WAIT", 0.0)


@pytest.mark.parametrize("asked", BY_NAME)
@pytest.mark.parametrize("state", ["building", "a first run elsewhere"])
def test_what_is_not_indexed_yet_is_not_said_to_be_absent(
    repository: Project, asked: str, state: str
) -> None:
    with STATES[state](repository.root) as memory:
        with pytest.raises(UnknownYetError, match="indexing this repository for the first time") as raised:
            BY_NAME[asked](memory)
        assert "ask again" in raised.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("asked", BY_PATH)
@pytest.mark.parametrize("state", STATES)
def test_a_file_named_by_its_path_is_read_meanwhile(repository: Project, asked: str, state: str) -> None:
    with STATES[state](repository.root) as memory:
        text = BY_PATH[asked](memory).text()
    assert "remaining_after" in text
    assert text.splitlines()[-1].startswith("indexing this repository ")


def test_a_command_answers_while_another_process_indexes(
    repository: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    read = next(command for command in COMMANDS if command.__name__ == "read")
    with first_run_elsewhere(repository.root):
        read(repo=repository.root, as_json=False, targets=["app/billing.py::remaining_after"])
        assert "def remaining_after" in capsys.readouterr().out
        with pytest.raises(UnknownYetError):
            read(repo=repository.root, as_json=False, targets=["remaining_after"])


def test_of_several_targets_each_says_what_is_known(repository: Project) -> None:
    with building(repository.root) as memory:
        text = memory.read(["app/billing.py", "open_ledger", "app/billing.py::no_such"]).text()
    assert "def remaining_after" in text
    assert "for the first time; ask again in a moment; ask again" in text
    assert "no no_such in app/billing.py" in text
    assert "no symbol or file" not in text


def test_a_view_of_an_older_version_says_that_it_is_made_anew(repository: Project) -> None:
    with rebuilt_elsewhere(repository.root) as memory:
        assert "anew (the index version changed)" in memory.outline().text()
        with pytest.raises(UnknownYetError, match="anew"):
            memory.read(["there_is_none_such"])


@pytest.mark.slow
@pytest.mark.parametrize("prepare", [lambda _: None, make_older])
@pytest.mark.parametrize("asked", [*BY_NAME.values(), *BY_PATH.values()])
def test_a_store_that_cannot_be_written_answers_whole(
    repository: Project,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Path], None],
    asked: Callable[[Memory], Reply],
) -> None:
    with open_memory(repository.root) as whole:
        whole.sync()
        expected = asked(whole).text()
        whole.forget()
    prepare(repository.root)

    def refuse(*_: object) -> None:
        raise StoreError("cannot write the index: the disk is read-only")

    monkeypatch.setattr(IndexFolder, "locked", refuse)
    memory = open_memory(repository.root)
    assert asked(memory).text() == expected
    first = memory.view
    assert asked(memory).text() == expected
    assert memory.view is first  # it is not parsed for each question
    with pytest.raises(NotFoundError, match="no symbol or file"):
        memory.read(["there_is_none_such"])


@pytest.mark.slow
@pytest.mark.parametrize("asked", [*BY_NAME.values(), *BY_PATH.values()])
@pytest.mark.parametrize("most", [700_000, 0])
def test_a_long_sync_in_this_process_keeps_no_question_waiting(
    repository: Project, monkeypatch: pytest.MonkeyPatch, asked: Callable[[Memory], Reply], most: int
) -> None:
    memory = open_memory(repository.root)
    memory.sync()
    monkeypatch.setattr("memory_server.index.fresh.CAUGHT_UP_WORK", most)
    begun, go_on = Event(), Event()

    def be_long(*_: object, **__: object) -> None:
        begun.set()
        assert go_on.wait(HANGS_AFTER)
        raise StoreError("stopped")

    monkeypatch.setattr("memory_server.index.update.Update.read", be_long)
    edited = "import os\n\n\ndef remaining_after(amount):\n    return amount * 77\n"
    write_files(repository.root, {"app/billing.py": edited})

    def sync() -> None:
        with pytest.raises(StoreError):
            memory.sync()

    thread = Thread(target=sync)
    thread.start()
    try:
        assert begun.wait(HANGS_AFTER)
        asked(memory)
        assert "4" in memory.outline("app/billing.py").text()
        assert "amount * 77" in memory.read(["remaining_after"]).text()
        with pytest.raises(NotFoundError) as raised:
            memory.read(["there_is_none_such"])
        assert isinstance(raised.value, UnknownYetError) == (most == 0)
    finally:
        go_on.set()
        thread.join()


def test_an_index_made_anew_of_a_damaged_store_answers_from_the_old_view_until_then(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = open_memory(repository.root)
    memory.sync()
    write_files(repository.root, {"app/late.py": "def arrived_late():\n    return 1\n"})
    original, seen = Update.read, []

    def look(update: Update, reader: Reader, *, rebuilt: bool) -> None:
        seen.append("remaining_after" in memory.view.names and memory.tree.is_whole)
        if not rebuilt:
            raise StoreDamagedError("a table is gone")
        original(update, reader, rebuilt=rebuilt)

    monkeypatch.setattr(Update, "read", look)
    assert memory.sync().rebuilt
    assert seen == [True, True]
    assert "arrived_late" in memory.view.names
