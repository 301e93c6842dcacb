"""An index survives kills, full disks and other writers: the next run ends equal to a fresh index."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from memory_server.errors import MemoryServerError, StoreBusyError, StoreDamagedError, StoreError
from memory_server.index import manifest, tree, update
from memory_server.index import workers as reading
from memory_server.memory import Memory
from tests.support.code_base import write_files
from tests.support.git_project import HANGS_AFTER, Project, snapshot
from tests.support.indexing import (
    CountingEmbedder,
    assert_equal_to_fresh,
    assert_whole,
    open_memory,
    search_is_answered,
)
from tests.support.killed_run import STAGES, ended_at
from tests.support.places import CHECKOUT

pytestmark = pytest.mark.slow  # every run starts, is killed and is completed


class Killed(BaseException):
    """Ends a run where a signal would: nothing in the product catches it."""


def die() -> None:
    raise Killed


def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write an index in several parts, as a large one is."""
    monkeypatch.setattr(reading, "BATCH_BYTES", 1)
    monkeypatch.setattr(update, "WRITE_ROWS", 10)


def replace_code(root: Path, word: str) -> None:
    """Change most of a tree, so that the store has blobs to drop."""
    shutil.rmtree(root / "web")
    write_files(
        root,
        {f"web/{word}_{number}.py": f"def {word}_{number}():\n    return {word}()\n" for number in range(9)},
    )


def assert_recovers(root: Path) -> None:
    """The next run ends equal to a fresh index, and the one after a change leaves nothing behind."""
    memory = open_memory(root)
    memory.sync()
    assert_equal_to_fresh(memory.view, root)
    write_files(root, {"after.py": "def after():\n    return before()\n"})
    later = open_memory(root)
    assert later.sync().rebuilt == ""
    assert_whole(later)


REMOVAL = (
    "before blobs are removed",
    "after removed blobs lose their own row",
    "before the last table loses its rows",
)
COMPACTION = ("before compaction", "in the middle of compaction")
NEEDS_AN_INDEX = (*REMOVAL, *COMPACTION, "before older views are dropped")
ERASURE = ("while an old index is erased", "before the stamp is written")


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in NEEDS_AN_INDEX])
def test_a_first_run_that_is_killed_is_completed_by_the_next(
    repository: Project, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    small_parts(monkeypatch)
    with ended_at(stage, die), pytest.raises(Killed):
        open_memory(repository.root).sync()
    assert_recovers(repository.root)


@pytest.mark.parametrize("stage", ["before the second part is written", "before the view is built"])
def test_what_a_killed_run_finished_is_not_done_again(
    repository: Project, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    small_parts(monkeypatch)
    killed, next_run = CountingEmbedder(), CountingEmbedder()
    with ended_at(stage, die), pytest.raises(Killed):
        open_memory(repository.root, killed).sync()
    memory = open_memory(repository.root, next_run)
    report = memory.sync()
    assert report.rebuilt == ""
    stored = set(killed.take()) - set(next_run.take())
    assert stored
    assert_equal_to_fresh(memory.view, repository.root)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in ERASURE])
def test_an_update_that_is_killed_is_completed_by_the_next(
    repository: Project, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    small_parts(monkeypatch)
    open_memory(repository.root).sync()
    replace_code(repository.root, "early")
    open_memory(repository.root).sync()
    replace_code(repository.root, "late")
    with ended_at(stage, die), pytest.raises(Killed):
        open_memory(repository.root).sync()
    assert search_is_answered(open_memory(repository.root))
    assert_recovers(repository.root)


@pytest.mark.parametrize(
    "stage", ["while an old index is erased", *[s for s in STAGES if s not in NEEDS_AN_INDEX]]
)
def test_a_rebuild_that_is_killed_is_completed_by_the_next(
    repository: Project, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    open_memory(repository.root, CountingEmbedder("other", 16)).sync()
    small_parts(monkeypatch)
    with ended_at(stage, die), pytest.raises(Killed):
        open_memory(repository.root).sync()
    assert_recovers(repository.root)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(CHECKOUT)}


READER = """
import sys
from memory_server.memory import Memory
from tests.support.indexing import CountingEmbedder
memory = Memory.open(sys.argv[1])
print("reading", flush=True)
while True:
    memory.tree.load()
    view = memory.view
    assert len(view.paths) == len(view.first) - 1 and int(view.first[-1]) == len(view)
    assert len(view.graph.importance) == len(view)
    Memory.open(sys.argv[1])
"""


def test_two_writers_and_a_reader_get_along(repository: Project) -> None:
    replace_code(repository.root, "many")
    Memory.open(repository.root).sync()
    replace_code(repository.root, "more")
    root = str(repository.root)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, root],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == b"reading\n"
    index = command("memory_server.cli", "index", "--repo", root)
    writers = [
        subprocess.Popen(index, env=environment(), stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for writer in writers:
        _, messages = writer.communicate(timeout=HANGS_AFTER)
        assert writer.returncode == 0, messages
    assert reader.poll() is None
    reader.kill()
    reader.communicate()
    with Memory.open(repository.root) as memory:
        assert not memory.sync().wrote
        assert_whole(memory)


def test_two_open_memories_write_by_turns(repository: Project) -> None:
    one, two = open_memory(repository.root), open_memory(repository.root)
    for number, (writer, other) in enumerate([(one, two), (two, one)] * 3):
        write_files(
            repository.root,
            {"notes.txt": f"remember number {number}\n", f"part_{number}.py": f"x = {number}\n"},
        )
        writer.sync()
        assert not other.sync().wrote
        assert_equal_to_fresh(other.view, repository.root)
    assert_whole(one)


def test_the_second_of_two_writers_finds_nothing_to_do(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = open_memory(repository.root), open_memory(repository.root)
    first.sync()
    write_files(repository.root, {"notes.txt": "remember the bread\n"})
    pending = type(second.tree).pending

    def be_late(index: tree.TreeIndex) -> manifest.Diff:
        monkeypatch.undo()
        found = pending(index)
        first.sync()
        return found

    monkeypatch.setattr(tree.TreeIndex, "pending", be_late)
    written: list[dict[str, Any]] = []
    original = FileLock.acquire

    def note(lock: FileLock, *arguments: Any, **named: Any) -> Any:
        written.append(snapshot(first.tree.folder.views))
        return original(lock, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileLock, "acquire", note)
        report = second.sync()
    assert len(written) == 2
    assert not report.wrote
    assert snapshot(first.tree.folder.views) == written[-1]
    assert second.tree.info == first.tree.info


def test_a_writer_that_waits_too_long_says_so_and_serves_current_text(repository: Project) -> None:
    memory = open_memory(repository.root)
    memory.sync()
    write_files(repository.root, {"app/billing.py": "def only_now():\n    return 1\n"})
    with FileLock(memory.tree.folder.lock):
        with pytest.raises(StoreBusyError) as raised:
            memory.sync(wait=0.0)
        assert raised.value.hint
        memory.tree.overlay()
        assert "only_now" in memory.view.names
    assert_equal_to_fresh(memory.view, repository.root)
    assert memory.sync().changed == 1


def test_a_lock_file_that_was_left_behind_does_no_harm(repository: Project) -> None:
    memory = open_memory(repository.root)
    memory.tree.folder.create()
    memory.tree.folder.lock.write_text("12345")
    memory.sync(wait=0.0)
    assert_equal_to_fresh(memory.view, repository.root)


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
WRITES = (
    "lancedb.table.LanceTable.add",
    "memory_server.store.tables.Path.touch",
    "memory_server.store.checksums.Checksums.write",
    "memory_server.index.update.write_view",
    "memory_server.index.view.snapshot.write_info",
)


def fill_disk(patch: pytest.MonkeyPatch, target: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise FULL

    patch.setattr(target, fail)


@pytest.mark.parametrize("target", WRITES)
def test_a_full_disk_is_said_and_loses_nothing(
    repository: Project, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    memory = open_memory(repository.root)
    memory.sync()
    old = memory.view
    write_files(repository.root, {"app/billing.py": "def only_now():\n    return 1\n"})
    with monkeypatch.context() as patch:
        fill_disk(patch, target)
        with pytest.raises(StoreError, match=r"[Nn]o space") as raised:
            memory.sync()
        assert not isinstance(raised.value, StoreDamagedError)
        assert "free space" in raised.value.hint
        assert memory.view is old
        assert search_is_answered(open_memory(repository.root))
        hits = memory.search("only_now")
        assert hits[0].name == "only_now"
    assert memory.sync().changed == 1
    assert_whole(memory)


@pytest.mark.parametrize(
    "target", [*WRITES, "memory_server.index.folder.Path.write_text", "memory_server.index.folder.Path.mkdir"]
)
def test_a_first_run_on_a_full_disk_says_so_and_still_answers(
    repository: Project, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    memory = open_memory(repository.root)
    with monkeypatch.context() as patch:
        fill_disk(patch, target)
        with pytest.raises(StoreError, match=r"[Nn]o space|cannot write") as raised:
            memory.sync()
        assert raised.value.hint
        assert memory.search("remaining_after")[0].name == "remaining_after"
    memory.sync()
    assert_equal_to_fresh(memory.view, repository.root)
    assert_recovers(repository.root)


def test_a_repository_that_is_gone_is_not_brought_back(repository: Project) -> None:
    memory = open_memory(repository.root)
    memory.sync()
    elsewhere = repository.root.rename(repository.root.with_name("moved"))
    with pytest.raises(MemoryServerError):
        memory.sync()
    assert not repository.root.exists()
    elsewhere.rename(repository.root)
    memory.sync()
    assert_equal_to_fresh(memory.view, repository.root)
