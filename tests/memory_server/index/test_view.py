"""A view on disk: mapped, checked, and the same as the one that was built."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa
import pytest

from memory_server.index.view.snapshot import load_view, read_info
from memory_server.index.view.texts import Labels, Texts, index_names
from memory_server.index.view.vectors import multiply
from memory_server.memory import Memory
from memory_server.store.quantised import QuantisedVectors
from tests.support.git_project import Project
from tests.support.indexing import assert_same_view, open_memory

ORDER = ("files", "terms", "references", "symbols", "arrays")
"""The files of a view as its checksum takes them."""


@pytest.fixture
def memory(repository: Project) -> Memory:
    memory = open_memory(repository.root)
    memory.sync()
    return memory


def test_a_view_answers_after_its_files_are_gone(memory: Memory) -> None:
    folder = memory.tree.folder.view
    info = read_info(folder)
    assert info is not None
    view, again = load_view(folder, info), load_view(folder, info)
    assert view is not None
    assert again is not None
    shutil.rmtree(folder)
    assert_same_view(view, again)
    assert view.names[:] == [*view.names]


def write_tables(folder: Path, tables: dict[str, bytes]) -> None:
    """Gives a view other files, and a checksum that fits."""
    info = json.loads((folder / "current.json").read_bytes())
    checksum = 0
    for name in ORDER:
        path = folder / str(info["generation"]) / f"{name}.arrow"
        path.write_bytes(tables.get(name, path.read_bytes()))
        checksum = crc32(path.read_bytes(), checksum)
    (folder / "current.json").write_text(json.dumps({**info, "checksum": checksum}), encoding="utf-8")


def table_file(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


@pytest.mark.slow
@pytest.mark.parametrize("name", ORDER)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"ARROW1\0\0" + b"\xff" * 64 + b"ARROW1", id="no footer"),
        pytest.param(table_file(pa.table({"other": [1]})), id="other columns"),
        pytest.param(
            table_file(pa.table({"path": [[1]], "first": [["x"]], "kind": [1.5]})), id="other types"
        ),
    ],
)
def test_files_that_hold_no_view_are_damage_whatever_their_checksum(
    memory: Memory, name: str, data: bytes
) -> None:
    folder = memory.tree.folder.view
    write_tables(folder, {name: data})
    info = read_info(folder)
    assert info is not None
    assert load_view(folder, info) is None


def test_names_are_found_by_their_lowercase_form() -> None:
    names = ["", "Read", "read", "İx", "write", "READ", "read"]
    windows = np.array([False] * 6 + [True])
    index = index_names(pa.array(names), ~windows)
    expected = {"read": [1, 2, 5], "İx".lower(): [3], "write": [4]}
    assert dict(index) == expected
    assert list(index) == sorted(expected)
    assert "" not in index
    assert "reader" not in index
    assert not index_names(pa.array([], pa.string()), np.zeros(0, bool))


def test_texts_and_labels_are_sequences() -> None:
    values = ["a", "b", "", "a"]
    columns: list[Texts | Labels] = [
        Texts(pa.chunked_array([values[:1], values[1:]])),
        Labels(pa.array(values)),
    ]
    for column in columns:
        assert [*column] == column[:] == values
        assert column[1:3] == ["b", ""]
        assert column[3] == "a"
        assert column.are_in(["a", "c"]).tolist() == [True, False, False, True]
        with pytest.raises(IndexError):
            column[4]


def test_vectors_are_multiplied_in_blocks() -> None:
    rng = np.random.default_rng(7)
    vectors = QuantisedVectors.quantise(rng.standard_normal((5_000, 16)).astype(np.float32))
    vector = rng.standard_normal(16).astype(np.float32)
    whole = (vectors.values.astype(np.float64) @ vector) * vectors.scales
    assert np.allclose(multiply(vectors, vector), whole, atol=1e-4)
