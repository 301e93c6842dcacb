"""A damaged index is noticed by the run that needs it, and made again; searches go on meanwhile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from indexers.parsing.documents import path_text
from memory_server.errors import StoreDamagedError
from memory_server.store.quick_import import import_lancedb
from memory_server.store.tables import Store
from tests.support.code_base import write_files
from tests.support.git_project import Project
from tests.support.indexing import (
    CountingEmbedder,
    assert_equal_to_fresh,
    assert_whole,
    open_memory,
    search_is_answered,
)

pytestmark = pytest.mark.slow  # every kind of damage is done to an index on disk

Damage = Callable[[Path], object]


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def garble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(byte ^ 0xA5 for byte in data[middle : middle + 40])
    path.write_bytes(data)


DAMAGES = (halve, garble, Path.unlink)
STORE_FILES = (
    "lance/blobs.lance/data/*.lance",
    "lance/symbols.lance/data/*.lance",
    "lance/references.lance/data/*.lance",
    "lance/blobs.lance/_versions/*.manifest",
    "lance/symbols.lance/_versions/*.manifest",
    "lance/references.lance/_versions/*.manifest",
)
VIEW_FILES = ("*/files", "*/terms", "*/references", "*/symbols", "*/arrays")


NOT_READ_BY_AN_EDIT = (STORE_FILES[2], garble)


@pytest.mark.parametrize(
    ("pattern", "damage"), [case for case in product(STORE_FILES, DAMAGES) if case != NOT_READ_BY_AN_EDIT]
)
def test_a_damaged_store_is_noticed_and_rebuilt(repository: Project, pattern: str, damage: Damage) -> None:
    first = open_memory(repository.root)
    first.sync()
    damage(sorted(first.tree.folder.path.glob(pattern))[0])
    write_files(repository.root, {"app/billing.py": "def changed():\n    return 1\n"})
    memory = open_memory(repository.root)
    assert search_is_answered(memory)
    report = memory.sync()
    assert report.rebuilt.startswith("the store is damaged")
    assert_whole(memory)
    assert open_memory(repository.root).sync().rebuilt == ""


def test_damage_that_an_edit_does_not_read_is_noticed_when_it_is_read(repository: Project) -> None:
    pattern, damage = NOT_READ_BY_AN_EDIT
    first = open_memory(repository.root)
    first.sync()
    damage(next(iter(first.tree.folder.path.glob(pattern))))
    write_files(repository.root, {"app/billing.py": "def changed():\n    return 1\n"})
    memory = open_memory(repository.root)
    assert memory.sync().rebuilt == ""
    assert_equal_to_fresh(memory.view, repository.root)
    with pytest.raises(StoreDamagedError, match=r"references"):
        memory.tree.check_store()
    shutil.rmtree(first.tree.folder.views)
    memory = open_memory(repository.root)
    assert memory.sync().rebuilt.startswith("the store is damaged: references")
    assert_whole(memory)


@pytest.mark.parametrize("pattern", STORE_FILES[:3])
def test_damaged_rows_are_not_merged_with_others(repository: Project, pattern: str) -> None:
    first = open_memory(repository.root)
    first.sync()
    garble(next(iter(first.tree.folder.path.glob(pattern))))
    store = Store(first.tree.folder.path, first.tree.embedder.dimensions)
    with pytest.raises(StoreDamagedError):
        store.commit(compact=True)


def test_opening_a_store_reads_no_rows(repository: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_memory(repository.root)
    first.sync()
    read: list[str] = []
    original = Path.read_bytes

    def note(path: Path) -> bytes:
        read.append(path.parent.name)
        return original(path)

    monkeypatch.setattr(Path, "read_bytes", note)
    store = Store(first.tree.folder.path, first.tree.embedder.dimensions)
    assert "_versions" in read
    assert "data" not in read
    store.known_blobs()
    assert read.count("data") == 1
    store.rows()
    store.rows()
    assert read.count("data") == 3


@pytest.mark.parametrize(
    "name", ["lance", "lance/symbols.lance", "lance/references.lance/_versions", "checksums.json"]
)
def test_a_store_that_lacks_parts_is_rebuilt(repository: Project, name: str) -> None:
    first = open_memory(repository.root)
    first.sync()
    part = first.tree.folder.path / name
    shutil.rmtree(part) if part.is_dir() else part.write_text("{")
    shutil.rmtree(first.tree.folder.views)
    memory = open_memory(repository.root)
    assert memory.sync().rebuilt.startswith("the store is damaged")
    assert_whole(memory)


def test_damage_that_shows_in_the_middle_of_a_write_rebuilds(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = open_memory(repository.root)
    memory.sync()
    with monkeypatch.context() as patch:
        failures = iter([RuntimeError("lance error: LanceError(IO): file not found")])
        original = import_lancedb().table.LanceTable.add

        def add(*arguments: Any, **named: Any) -> Any:
            for failure in failures:
                raise failure
            return original(*arguments, **named)

        patch.setattr("lancedb.table.LanceTable.add", add)
        write_files(repository.root, {"app/billing.py": "def changed():\n    return 1\n"})
        assert memory.sync().rebuilt == "the store is damaged: lance error: LanceError(IO): file not found"
    assert_whole(memory)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [*VIEW_FILES, "current.json"])
def test_a_damaged_view_is_made_again_from_the_store(repository: Project, name: str, damage: Damage) -> None:
    first = open_memory(repository.root)
    first.sync()
    pattern = name if name == "current.json" else f"{name}.arrow"
    damage(next(iter(first.tree.folder.view.glob(pattern))))
    embedder = CountingEmbedder()
    memory = open_memory(repository.root, embedder)
    report = memory.sync()
    assert (report.rebuilt, report.embedded) == ("", 0)
    assert set(embedder.texts) <= {path_text(path) for path in memory.view.paths}
    assert_equal_to_fresh(memory.view, repository.root)
    assert not open_memory(repository.root).sync().wrote


def test_a_damaged_stamp_rebuilds(repository: Project) -> None:
    first = open_memory(repository.root)
    first.sync()
    halve(first.tree.folder.path / "store.json")
    memory = open_memory(repository.root)
    assert memory.sync().rebuilt == "no index yet"
    assert_equal_to_fresh(memory.view, repository.root)


def test_the_doctor_sees_a_damaged_store(repository: Project) -> None:
    first = open_memory(repository.root)
    first.sync()
    first.tree.check_store()
    garble(next(iter(first.tree.folder.path.glob(STORE_FILES[1]))))
    with pytest.raises(StoreDamagedError) as raised:
        open_memory(repository.root).tree.check_store()
    assert "repo-memory index" in raised.value.hint


def test_an_index_that_is_deleted_under_an_open_memory_is_made_again(repository: Project) -> None:
    memory = open_memory(repository.root)
    memory.sync()
    shutil.rmtree(memory.tree.folder.path)
    write_files(repository.root, {"notes.txt": "remember the bread\n"})
    assert search_is_answered(memory)
    assert memory.sync().rebuilt == "no index yet"
    assert_whole(memory)
