"""An embedder that counts, a note of what is parsed, and when two indexes are equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from eval.faults.ground.equality import compare_views
from indexers.embedding.embed import Embedder, Vectors
from memory_server.index.view import View
from memory_server.memory import Memory
from memory_server.query.question import read_query
from memory_server.query.search import search_view
from memory_server.store.quick_import import import_lancedb
from memory_server.store.rows import parse_rows

TABLES = ("blobs", "symbols", "references")


@dataclass(slots=True)
class CountingEmbedder:
    """Vectors of a text's hash, the same wherever they are made; notes what it was asked to embed."""

    id: str = "counting-1"
    dimensions: int = 8
    texts: list[str] = field(default_factory=list)

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        digests = b"".join(blake2b(text.encode(), digest_size=self.dimensions).digest() for text in texts)
        raw = np.frombuffer(digests, np.uint8).reshape(-1, self.dimensions).astype(np.float32) - 127.5
        vectors: Vectors = raw / np.linalg.norm(raw, axis=1, keepdims=True)
        return vectors

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed([text])[0]
        return vector

    def take(self) -> list[str]:
        """The texts embedded since the last time."""
        texts, self.texts = self.texts, []
        return texts


def open_memory(root: Path, embedder: Embedder | None = None) -> Memory:
    """The memory of a folder, with an embedder that needs no model."""
    return Memory.open(root, embedder=embedder or CountingEmbedder())


@contextmanager
def fresh_memory(root: Path, embedder: Embedder | None = None) -> Iterator[Memory]:
    """A folder's memory indexed from nothing, in a place of its own."""
    with TemporaryDirectory() as elsewhere, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPO_MEMORY_STORE", elsewhere)
        with open_memory(root, embedder) as memory:
            assert memory.sync().rebuilt == "no index yet"
            yield memory


def assert_equal_to_fresh(view: View, root: Path) -> None:
    """A view holds what a first index of the same tree would."""
    with fresh_memory(root) as memory:
        assert_same_view(view, memory.view)


def assert_same_view(view: View, other: View) -> None:
    """Two views hold the same files, symbols, terms, references, and all that is derived from them."""
    assert compare_views(view, other) == []


def table_rows(memory: Memory, blobs: set[str]) -> dict[str, Counter[str]]:
    """Every table's rows of some blobs, without their vectors."""
    connection = import_lancedb().connect(str(memory.tree.folder.path / "lance"))
    found = {}
    for name in TABLES:
        rows = connection.open_table(name).to_arrow().to_pylist()
        found[name] = Counter(repr({**row, "vector": None}) for row in rows if row["blob"] in blobs)
    return found


def assert_whole(memory: Memory) -> None:
    """View and store equal a fresh index: every content once, no row without its content, no file left behind."""
    index, blobs = memory.tree, set(memory.view.files["blob"].to_pylist())
    with fresh_memory(memory.root, index.embedder) as fresh:
        assert_same_view(memory.view, fresh.view)
        assert table_rows(memory, blobs) == table_rows(fresh, blobs)
    connection = import_lancedb().connect(str(index.folder.path / "lance"))
    stored = {name: connection.open_table(name).to_arrow()["blob"].to_pylist() for name in TABLES}
    assert len(stored["blobs"]) == len(set(stored["blobs"]))
    assert set(stored["symbols"]) | set(stored["references"]) <= set(stored["blobs"])
    assert index.info is not None
    assert {path.name for path in index.folder.view.iterdir()} == {str(index.info.generation), "current.json"}
    assert not (index.folder.path / "writing").exists()


def note_parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files that are parsed from now on."""
    parsed: list[str] = []

    def note(sources: Any, problem: str = "") -> Any:
        known = list(sources)
        parsed.extend(source.path for _, source in known)
        return parse_rows(known, problem)

    monkeypatch.setattr("memory_server.index.workers.parse_rows", note)
    return parsed


def search_is_answered(memory: Memory) -> bool:
    """Whether the index as it is answers, without a look at the files."""
    return bool(search_view(memory.view, memory.tree.embedder, read_query("pay an invoice"), limit=3))
