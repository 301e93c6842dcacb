"""The store keeps each content once and whole, says what is wrong with it, and stays small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from indexers.model import SourceFile
from memory_server.errors import StoreDamagedError, StoreError
from memory_server.index.embedding import EmbeddingRun
from memory_server.index.new_rows import NewRows
from memory_server.store.quick_import import import_lancedb
from memory_server.store.rows import blob_id, parse_rows
from memory_server.store.tables import COMPACT_AFTER, Store
from tests.support.code_base import CODE_BASE, write_files
from tests.support.git_project import Project
from tests.support.indexing import CountingEmbedder, assert_equal_to_fresh, open_memory

Rows = tuple[pa.Table, pa.Table, pa.Table]
TABLES = ("blobs", "symbols", "references")


def sources_of(paths: tuple[str, ...]) -> list[tuple[str, SourceFile]]:
    sources = [SourceFile(path, CODE_BASE[path].encode()) for path in paths]
    return [(blob_id(source), source) for source in sources]


def rows_of(*paths: str) -> Rows:
    fresh = NewRows(EmbeddingRun(CountingEmbedder()), None)
    fresh.add(parse_rows(sources_of(paths)))
    return fresh.take()


def blobs_of(*paths: str) -> set[str]:
    return {blob for blob, _ in sources_of(paths)}


def write(store: Store, *paths: str) -> None:
    store.begin()
    store.add(*rows_of(*paths))
    store.commit()


def table_blobs(folder: Path) -> dict[str, list[str]]:
    connection = import_lancedb().connect(str(folder / "lance"))
    return {name: connection.open_table(name).to_arrow()["blob"].to_pylist() for name in TABLES}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, CountingEmbedder().dimensions)


def test_a_stored_blob_is_found_whole(store: Store) -> None:
    write(store, "app/billing.py", "web/total.ts")
    files, symbols, references = rows_of("app/billing.py", "web/total.ts")
    found = store.rows()
    assert store.known_blobs() == set(found.infos) == blobs_of("app/billing.py", "web/total.ts")
    for stored, written in ((found.symbols, symbols), (found.references, references)):
        assert stored.read(written.column_names).to_pylist() == written.to_pylist()
    assert [info.lines for info in found.infos.values()] == files["lines"].to_pylist()


def test_a_blob_is_stored_once(store: Store, tmp_path: Path) -> None:
    write(store, "app/billing.py")
    before = table_blobs(tmp_path)
    write(store, "app/billing.py")
    assert table_blobs(tmp_path) == before


def test_blobs_without_symbols_of_their_own_are_stored(store: Store) -> None:
    write(store, "app/__init__.py")
    assert store.known_blobs() == blobs_of("app/__init__.py")


def test_an_open_store_sees_what_another_one_writes(store: Store, tmp_path: Path) -> None:
    write(store, "app/billing.py")
    other = Store(tmp_path, CountingEmbedder().dimensions)
    write(other, "app/store.py")
    write(store, "app/store.py")
    files = table_blobs(tmp_path)["blobs"]
    assert len(files) == len(set(files)) == 2


def test_an_open_store_survives_compaction_by_another_one(store: Store, tmp_path: Path) -> None:
    write(store, "app/billing.py")
    other = Store(tmp_path, CountingEmbedder().dimensions)
    other.begin()
    other.remove(blobs_of("app/billing.py"))
    other.commit(compact=True)
    write(store, "app/store.py")
    assert store.known_blobs() == blobs_of("app/store.py")
    assert store.rows().symbols.size == len(rows_of("app/store.py")[1])


def test_vectors_are_found_by_text(store: Store) -> None:
    write(store, "app/billing.py")
    _, symbols, _ = rows_of("app/billing.py")
    wanted = np.append(symbols["text_key"].to_numpy(), 1)
    keys, vectors = store.find_vectors(wanted)
    assert keys.tolist() == sorted(set(symbols["text_key"].to_pylist()))
    by_key = dict(zip(symbols["text_key"].to_pylist(), symbols["vector"].to_pylist(), strict=True))
    assert vectors.values.tolist() == [by_key[key] for key in keys.tolist()]


def test_an_empty_store_has_no_vectors(store: Store) -> None:
    for wanted in ([], [1, 2]):
        keys, vectors = store.find_vectors(np.array(wanted, np.int64))
        assert (keys.tolist(), vectors.values.shape) == ([], (0, CountingEmbedder().dimensions))


def test_removed_blobs_leave_no_rows(store: Store, tmp_path: Path) -> None:
    write(store, "app/billing.py", "app/store.py")
    store.begin()
    store.remove(blobs_of("app/billing.py"))
    store.commit(compact=True)
    assert all(set(blobs) <= blobs_of("app/store.py") for blobs in table_blobs(tmp_path).values())


@pytest.mark.slow
def test_many_small_writes_are_compacted_without_loss(store: Store, tmp_path: Path) -> None:
    paths = tuple(CODE_BASE)
    for number in range(COMPACT_AFTER + 6):
        write(store, paths[number % len(paths)])
        store.begin()
        store.remove(blobs_of(paths[(number + 1) % len(paths)]))
        store.commit()
    left = set(table_blobs(tmp_path)["blobs"])
    assert left == store.known_blobs() == set(table_blobs(tmp_path)["symbols"])
    assert (
        len(list((tmp_path / "lance" / "blobs.lance" / "_versions").glob("*.manifest"))) <= COMPACT_AFTER + 3
    )


@pytest.mark.parametrize(
    "message",
    [
        "No space left on device (os error 28)",
        "File too large (os error 27)",
        "Permission denied",
        "Disk quota exceeded",
    ],
)
def test_a_store_that_cannot_be_written_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(message)

    monkeypatch.setattr("lancedb.table.LanceTable.add", fail)
    with pytest.raises(StoreError, match="cannot be written") as raised:
        write(store, "app/billing.py")
    assert not isinstance(raised.value, StoreDamagedError)
    assert "free space" in raised.value.hint


def test_any_other_failure_is_damage(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("lance error: Invalid user input\ndetails")

    monkeypatch.setattr("lancedb.table.LanceTable.add", fail)
    with pytest.raises(StoreDamagedError, match=r"Invalid user input$"):
        write(store, "app/billing.py")


def test_tables_with_other_columns_are_damage(tmp_path: Path) -> None:
    connection = import_lancedb().connect(str(tmp_path / "lance"))
    connection.create_table("blobs", schema=pa.schema([pa.field("path", pa.string())]))
    with pytest.raises(StoreDamagedError):
        Store(tmp_path, 8)


def test_vectors_of_another_length_are_damage(store: Store, tmp_path: Path) -> None:
    assert store.dimensions == 8
    with pytest.raises(StoreDamagedError):
        Store(tmp_path, 16)


def folder_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
def test_a_thousand_updates_leave_the_index_at_most_twice_its_fresh_size(folder: Path) -> None:
    functions = "".join(
        f"def step_{number}(value):\n    return run(value, {number})\n\n\n" for number in range(12)
    )
    write_files(folder, {f"steps/part_{number}.py": f"x = {number}\n{functions}" for number in range(20)})
    memory = open_memory(folder)
    memory.sync()
    fresh = folder_size(memory.tree.folder.path)
    for number in range(1_000):
        write_files(folder, {"notes.txt": f"remember number {number}\n"})
        memory.sync()
    assert folder_size(memory.tree.folder.path) <= 2 * fresh
    assert_equal_to_fresh(memory.view, folder)


@pytest.mark.slow
def test_a_small_index_is_never_more_than_twice_its_fresh_size(folder: Path) -> None:
    memory = open_memory(folder)
    memory.sync()
    fresh = folder_size(memory.tree.folder.path)
    for number in range(30):
        write_files(folder, {"notes.txt": f"remember number {number}\n"})
        memory.sync()
        assert folder_size(memory.tree.folder.path) <= 2 * fresh


@pytest.mark.slow
def test_blobs_that_no_tree_uses_go(repository: Project) -> None:
    memory = open_memory(repository.root)
    memory.sync()
    for number in range(40):
        write_files(repository.root, {"notes.txt": f"remember number {number}\n"})
        memory.sync()
    used = set(memory.view.files["blob"].to_pylist())
    stored = table_blobs(memory.tree.folder.path)
    assert len(set(stored["blobs"]) - used) <= 8
    assert used <= set(stored["blobs"])


@pytest.mark.slow
def test_blobs_of_another_worktree_stay(repository: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    repository.git("worktree", "add", "--quiet", str(other))
    write_files(other, {f"part_{number}.py": f"def only_here_{number}(): pass\n" for number in range(20)})
    beside = open_memory(other)
    beside.sync()
    memory = open_memory(repository.root)
    for number in range(12):
        write_files(repository.root, {"notes.txt": f"remember number {number}\n"})
        memory.sync()
    stored = set(table_blobs(memory.tree.folder.path)["blobs"])
    assert set(beside.view.files["blob"].to_pylist()) <= stored


def test_the_view_of_a_deleted_worktree_goes(repository: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    repository.git("worktree", "add", "--quiet", str(other))
    memory = open_memory(repository.root)
    memory.sync()
    open_memory(other).sync()
    assert len(list(memory.tree.folder.views.iterdir())) == 2
    repository.git("worktree", "remove", "--force", str(other))
    write_files(repository.root, {"notes.txt": "remember the bread\n"})
    memory.sync()
    assert [path.name for path in memory.tree.folder.views.iterdir()] == [memory.tree.folder.tree]
