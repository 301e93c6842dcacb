"""The passages of past conversations in LanceDB: found by their words, compared by their vectors.

The table is made from files that hold all of it, and can be made anew from them at any time.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from indexers.embedding.embed import Vectors
from memory_server.errors import StoreDamagedError
from memory_server.store.checksums import Checksums
from memory_server.store.connection import connect, guard, lancedb
from memory_server.store.passage_rows import FoundPassage, PassageRow

_TABLE, _EMBEDDER = "passages", b"embedder"


class Passages:
    """The open table; one that another model embedded is emptied."""

    def __init__(self, folder: Path, embedder: str, dimensions: int) -> None:
        """Open or create it.

        Raises:
            StoreDamagedError: its files are damaged.
            StoreError: the folder cannot be written.
        """
        fields: list[tuple[str, pa.DataType]] = [
            ("session", pa.string()),
            ("stamp", pa.string()),
            ("number", pa.int32()),
            ("words", pa.string()),
            ("vector", pa.list_(pa.float32(), dimensions)),
        ]
        self._schema = pa.schema(fields, metadata={_EMBEDDER: embedder.encode()})
        self._sums = Checksums(folder / "lance", folder / "checksums.json")
        damaged = guard(
            lambda: self._sums.find_damage(may_lack=False) or self._sums.find_damaged_rows(_TABLE)
        )
        if damaged:
            raise StoreDamagedError(damaged)
        self._table: Any = guard(lambda: self._make(folder / "lance"))

    def _make(self, folder: Path) -> Any:  # noqa: ANN401 - lancedb is not typed
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = connect(folder)
        table = connection.create_table(_TABLE, schema=self._schema, exist_ok=True)
        told = (table.schema.metadata or {}).get(_EMBEDDER)
        if told != (self._schema.metadata or {})[_EMBEDDER] or table.schema.names != self._schema.names:
            table = connection.create_table(_TABLE, schema=self._schema, mode="overwrite")
        return table

    def is_empty(self) -> bool:
        """Whether there is no row."""
        return not guard(self._table.count_rows)

    def stamps(self) -> dict[str, str]:
        """The sessions that are stored, each with its stamp."""
        found = guard(lambda: self._table.search().select(["session", "stamp"]).to_arrow())
        return dict(zip(found["session"].to_pylist(), found["stamp"].to_pylist(), strict=True))

    def add(self, rows: Sequence[PassageRow], vectors: Vectors) -> None:
        """Add rows with their vectors, of shape (rows, dimensions).

        Raises:
            StoreError: they cannot be written.
        """
        if not rows:
            return
        flat = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1))
        columns = [
            pa.array(column, field.type)
            for column, field in zip(zip(*rows, strict=True), self._schema, strict=False)
        ]
        columns.append(pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]))
        guard(lambda: self._table.add(pa.table(columns, schema=self._schema)))

    def remove(self, sessions: Iterable[str]) -> None:
        """Remove the rows of sessions.

        Raises:
            StoreError: they cannot be removed.
        """
        names = sorted(sessions)
        if names:
            listed = ",".join("'{}'".format(name.replace("'", "''")) for name in names)
            guard(lambda: self._table.delete(f"session IN ({listed})"))

    def finish(self) -> None:
        """Index the words of what was added, and keep nothing of what was removed.

        Raises:
            StoreError: it cannot be written.
        """
        if not self.is_empty():
            self._index()
        guard(self._sums.write)

    def _index(self) -> None:
        words = lancedb.index.FTS(
            base_tokenizer="whitespace", stem=True, remove_stop_words=True, with_position=False
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            guard(lambda: self._table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True))
            guard(lambda: self._table.create_index("words", config=words, replace=True))

    def search(self, words: str, limit: int) -> list[FoundPassage]:
        """The rows that have any of the words, with the best BM25 scores.

        Raises:
            StoreDamagedError: the table is damaged.
        """
        if self.is_empty():
            return []
        query = self._table.search(lancedb.query.MatchQuery(words, "words"), query_type="fts")
        found = guard(lambda: query.select(["session", "number", "vector", "_score"]).limit(limit).to_arrow())
        if not len(found):
            return []
        vectors = np.asarray(found["vector"].combine_chunks().flatten()).reshape(len(found), -1)
        told = zip(
            found["session"].to_pylist(),
            found["number"].to_pylist(),
            found["_score"].to_pylist(),
            strict=True,
        )
        return [FoundPassage(*one, vectors[place]) for place, one in enumerate(told)]
