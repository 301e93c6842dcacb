"""The LanceDB store of one repository: rows by blob (see ``rows``), shared by every worktree and branch.

Three tables: ``blobs`` (one row a blob), ``symbols`` (with vectors) and ``references``. A blob's row in
``blobs`` is written last, so one found there is whole; what a killed run left behind is removed by the next one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from memory_server.errors import StoreDamagedError
from memory_server.store.checksums import Checksums
from memory_server.store.connection import connect, guard
from memory_server.store.quantised import QuantisedVectors
from memory_server.store.row_source import Rows, RowSource, find_runs, read_infos, symbols_schema
from memory_server.store.rows import BLOBS, REFERENCES

COMPACT_AFTER = 24
"""Versions of a table after which it is compacted: reading stays one pass, and writing one file costs 10 ms."""

KEPT_SHARE = 0.25
"""Blobs that no tree uses any more stay, up to this share of those in use: their rows save work on a way back."""

_WRITING, _SUMS = "writing", "checksums.json"


class Store:
    """An open store. Only the holder of the write lock may call the writing methods."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        """Open or create the tables.

        Raises:
            StoreDamagedError: the files of a table are damaged.
            StoreError: the folder cannot be written.
        """
        self.folder = folder
        self.dimensions = dimensions
        schemas = {
            "blobs": BLOBS,
            "symbols": symbols_schema(dimensions),
            "references": REFERENCES,
        }

        unfinished = (folder / _WRITING).exists()
        self._sums = Checksums(folder / "lance", folder / _SUMS)
        damaged = guard(lambda: self._sums.find_damage(may_lack=unfinished))
        if damaged:
            raise StoreDamagedError(damaged)

        def open_tables() -> dict[str, Any]:
            connection = connect(folder / "lance")
            return {
                name: connection.create_table(name, schema=schema, exist_ok=True)
                for name, schema in schemas.items()
            }

        self._tables = guard(open_tables)
        self._text_keys: NDArray[np.int64] | None = None
        for name, schema in schemas.items():
            if self._tables[name].schema.names != schema.names:
                raise StoreDamagedError(f"table {name} has other columns than this version writes")

    def _sound(self, name: str) -> Any:  # noqa: ANN401 - lancedb is not typed
        """A table whose rows are what was written: what reads rows takes it from here."""
        damaged = guard(lambda: self._sums.find_damaged_rows(name))
        if damaged:
            raise StoreDamagedError(damaged)
        return self._tables[name]

    def known_blobs(self) -> set[str]:
        """Every blob that is stored whole."""
        return set(guard(self._sound("blobs").to_arrow)["blob"].to_pylist())

    def rows(self) -> RowSource:
        """Everything stored, read column by column as it is asked for."""
        infos = read_infos(guard(self._sound("blobs").to_arrow))
        return RowSource(infos, self._rows("symbols"), self._rows("references"))

    def _rows(self, name: str) -> Rows:
        blobs = self._scan(name, ["blob"])

        def read(columns: Sequence[str]) -> pa.Table:
            found = self._scan(name, columns)
            if not found["_rowid"].equals(blobs["_rowid"]):
                raise StoreDamagedError(f"table {name} changes while it is read")
            return found.select(list(columns))

        return Rows(len(blobs), find_runs(blobs), read)

    def _scan(self, name: str, columns: Sequence[str]) -> pa.Table:
        query = self._sound(name).search().select(list(columns)).with_row_id(True)
        return guard(query.to_arrow)

    def find_vectors(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], QuantisedVectors]:
        """The vectors of texts embedded before, with their keys, distinct and sorted."""
        table = self._sound("symbols")
        if self._text_keys is None:
            stored = guard(lambda: table.search().select(["text_key"]).to_arrow())
            self._text_keys = np.unique(stored["text_key"].to_numpy())
        wanted = np.intersect1d(self._text_keys, np.unique(keys), assume_unique=True)
        if not len(wanted):
            return wanted, QuantisedVectors.empty(0, self.dimensions)
        condition = f"text_key IN ({','.join(map(str, wanted.tolist()))})"
        found = guard(
            lambda: table.search().where(condition).select(["text_key", "vector", "scale"]).to_arrow()
        )
        distinct, place = np.unique(found["text_key"].to_numpy(), return_index=True)
        return distinct, QuantisedVectors.from_table(found, self.dimensions).take(place)

    def begin(self) -> None:
        """Mark a write as under way, removing first what a killed one left behind."""
        marker = self.folder / _WRITING
        if marker.exists():
            whole = self.known_blobs()
            for name in ("symbols", "references"):
                table = self._sound(name)
                present = guard(table.search().select(["blob"]).to_arrow)["blob"]
                self._delete(name, set(present.unique().to_pylist()) - whole)
        guard(marker.touch)

    def add(self, blobs: pa.Table, symbols: pa.Table, references: pa.Table) -> None:
        """Add whole blobs, leaving out those stored already."""
        stored = pa.array(sorted(self.known_blobs()), pa.string())
        blobs, symbols, references = (
            rows.filter(pc.invert(pc.is_in(rows["blob"], stored))) for rows in (blobs, symbols, references)
        )  # fmt: skip
        for name, rows in (("references", references), ("symbols", symbols), ("blobs", blobs)):
            if len(rows):
                guard(partial(self._tables[name].add, rows))

    def remove(self, blobs: set[str]) -> None:
        """Remove blobs; ``blobs`` first, so that none is ever found in part."""
        for name in ("blobs", "symbols", "references"):
            self._delete(name, blobs)

    def commit(self, *, compact: bool = False) -> None:
        """End a write; prune old versions and merge small files when enough have gathered."""
        for name, table in self._tables.items():
            if compact or len(guard(table.list_versions)) > COMPACT_AFTER:
                self._sound(name)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)
                    guard(partial(table.optimize, cleanup_older_than=timedelta(0), delete_unverified=True))
        self._text_keys = None
        guard(self._sums.write)
        (self.folder / _WRITING).unlink(missing_ok=True)

    def collect_garbage(self, used: set[str]) -> None:
        """Remove blobs that are not ``used``, once there are enough of them."""
        dead = self.known_blobs() - used
        if len(dead) > max(4, KEPT_SHARE * len(used)):
            self.begin()
            self.remove(dead)
            self.commit(compact=True)

    def _delete(self, name: str, blobs: set[str]) -> None:
        ordered = sorted(blobs)
        for start in range(0, len(ordered), 500):
            condition = _in(ordered[start : start + 500])
            guard(partial(self._sound(name).delete, condition))


def _in(blobs: Iterable[str]) -> str:
    return "blob IN ({})".format(",".join(f"'{blob}'" for blob in blobs))
