"""Where the rows of parsed blobs are found: the store, a batch just parsed, or a view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from memory_server.store.pieces import in_one_piece
from memory_server.store.rows import REFERENCES, SYMBOL_FIELDS, BlobInfo

Ranges = Mapping[str, tuple[int, int]]

STORE_COLUMNS = frozenset({"blob", "ordinal", "text_key"})
"""What rows carry in the store alone: a view knows each file's blob and rows."""

TERM_COLUMNS = ("terms", "counts")

SYMBOL_GROUPS = (
    ("parent", "kind", "name", "qualified_name", "start_line", "end_line"),
    ("signature", "doc"),
    TERM_COLUMNS,
    ("vector", "scale"),
)
REFERENCE_GROUPS = (tuple(name for name in REFERENCES.names if name not in STORE_COLUMNS),)
"""Columns that are read together: all at once would be in memory twice while a view is laid out."""


def symbols_schema(dimensions: int) -> pa.Schema:
    """The rows of symbols as stored: parsed columns, and vectors as int8 with a scale each."""
    vector = pa.field("vector", pa.list_(pa.int8(), dimensions))
    return pa.schema([*SYMBOL_FIELDS, vector, pa.field("scale", pa.float32())])


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table: ``ranges`` map a blob to (first row, rows), ``read`` gives some columns of all rows."""

    size: int
    ranges: Ranges
    read: Callable[[Sequence[str]], pa.Table]


@dataclass(frozen=True, slots=True)
class RowSource:
    """Rows of many blobs."""

    infos: Mapping[str, BlobInfo]
    symbols: Rows
    references: Rows


def row_source(files: pa.Table, symbols: pa.Table, references: pa.Table) -> RowSource:
    """Rows in memory."""
    found = [Rows(len(rows), find_runs(rows), rows.select) for rows in (symbols, references)]
    return RowSource(read_infos(files), found[0], found[1])


def read_infos(files: pa.Table) -> dict[str, BlobInfo]:
    """What is known of each blob."""
    columns = (files[name].to_pylist() for name in ("blob", "language", "lines", "problem"))
    return {row[0]: BlobInfo(*row) for row in zip(*columns, strict=True)}


def find_runs(table: pa.Table) -> Ranges:
    """Each blob's rows, which stand together; of a blob that has several runs, the first counts."""
    if not len(table):
        return {}
    codes = in_one_piece(table["blob"]).dictionary_encode()
    indices = codes.indices.to_numpy()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(indices)) + 1, [len(indices)]])
    names = codes.dictionary.to_pylist()
    ranges: dict[str, tuple[int, int]] = {}
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        ranges.setdefault(names[indices[start]], (start, end - start))
    return ranges


def gather_rows(
    blobs: Sequence[str], sources: Sequence[Rows], groups: Sequence[Sequence[str]]
) -> tuple[pa.Table, list[int]]:
    """The rows of some blobs in their order, each from the first source that has it, and where each blob's begin."""
    offsets = np.concatenate([[0], np.cumsum([rows.size for rows in sources])]).tolist()
    pieces = []
    first = [0]
    for blob in blobs:
        start, count = next(
            (
                (offset + rows.ranges[blob][0], rows.ranges[blob][1])
                for offset, rows in zip(offsets, sources, strict=False)
                if blob in rows.ranges
            ),
            (0, 0),
        )
        pieces.append(np.arange(start, start + count))
        first.append(first[-1] + count)
    indices = np.concatenate(pieces) if pieces else np.zeros(0, np.int64)
    as_they_are = np.array_equal(indices, np.arange(offsets[-1]))
    places = pa.array(indices)
    columns: dict[str, pa.Array] = {}
    for names in groups:
        found = pa.concat_tables([rows.read(names) for rows in sources])
        for name in names:
            column = found[name] if as_they_are else found[name].take(places)
            columns[name] = in_one_piece(column)
    return pa.table(columns), first
