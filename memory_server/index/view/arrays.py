"""What is derived from a view's symbols as one table of arrays, so that a reader maps it and derives nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pyarrow as pa

from indexers.references.graph import Graph
from memory_server.index.view.columns import View
from memory_server.index.view.lexical import LexicalIndex, Postings
from memory_server.index.view.texts import NameIndex, Texts
from memory_server.index.view.vectors import COARSE_DIMENSIONS
from memory_server.store.pieces import in_one_piece
from memory_server.store.quantised import QuantisedVectors

_GRAPH = [field.name for field in fields(Graph)]
_POSTINGS = {"terms": pa.uint32(), "starts": pa.int64(), "documents": pa.int32(), "weights": pa.float32()}

ARRAYS = pa.schema([
    pa.field(name, pa.large_list(kind))
    for name, kind in {
        "first": pa.int64(),
        "reference_first": pa.int64(),
        "graph.source": pa.int64(),
        "graph.target": pa.int64(),
        "graph.kind": pa.int8(),
        "graph.line": pa.int32(),
        "graph.confidence": pa.float32(),
        "graph.importance": pa.float32(),
        **{f"documents.{name}": kind for name, kind in _POSTINGS.items()},
        **{f"groups.{name}": kind for name, kind in _POSTINGS.items()},
        "lexical.group_sizes": pa.int64(),
        "lexical.frequencies": pa.float16(),
        "lexical.group_norms": pa.float32(),
        "names.lowered": pa.string(),
        "names.starts": pa.int64(),
        "names.symbols": pa.int32(),
        "coarse": pa.int8(),
        "file_vectors": pa.float32(),
        "paths.values": pa.int8(),
        "paths.scales": pa.float32(),
    }.items()
])  # fmt: skip
"""The table of one row: what lies in each array. Those of paths are empty where no path was embedded."""


def to_table(arrays: Mapping[str, Any]) -> pa.Table:
    """Arrays of any lengths, flat, as a table of one row."""
    columns = []
    for field in ARRAYS:
        array = arrays[field.name]
        values = pa.array(array.ravel(), field.type.value_type) if isinstance(array, np.ndarray) else array
        columns.append(pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), values))
    return pa.table(columns, schema=ARRAYS)


def from_table(table: pa.Table) -> dict[str, Any]:
    """The arrays of such a table, where they lie: numbers as numpy's, texts as Arrow's."""
    found = {name: in_one_piece(table[name]).flatten() for name in table.column_names}
    return {
        name: array if pa.types.is_string(array.type) else array.to_numpy() for name, array in found.items()
    }


def pack_view(view: View) -> pa.Table:
    """Everything that a view derives for a question, and where the rows of each file begin."""
    lexical, names, paths = view.lexical, view.by_name, view.path_vectors or QuantisedVectors.empty(0, 0)
    return to_table({
        "first": view.first,
        "reference_first": view.reference_first,
        **{f"graph.{name}": getattr(view.graph, name) for name in _GRAPH},
        **{f"documents.{name}": getattr(lexical.documents, name) for name in _POSTINGS},
        **{f"groups.{name}": getattr(lexical.groups, name) for name in _POSTINGS},
        "lexical.group_sizes": lexical.group_sizes,
        "lexical.frequencies": lexical.frequencies,
        "lexical.group_norms": lexical.group_norms,
        "names.lowered": names.lowered.column,
        "names.starts": names.starts,
        "names.symbols": names.symbols,
        "coarse": view.coarse.values,
        "file_vectors": view.file_vectors,
        "paths.values": paths.values,
        "paths.scales": paths.scales,
    })  # fmt: skip


def unpack_view(view: View, arrays: Mapping[str, Any]) -> None:
    """Let a view know what ``pack_view`` packed.

    Raises:
        ValueError: something is of the wrong size.
    """
    files, dimensions = len(view.paths), view.vectors.shape[1]
    view.know(
        graph=Graph(**{name: arrays[f"graph.{name}"] for name in _GRAPH}),
        lexical=LexicalIndex(
            size=len(view),
            documents=Postings(**{name: arrays[f"documents.{name}"] for name in _POSTINGS}),
            groups=Postings(**{name: arrays[f"groups.{name}"] for name in _POSTINGS}),
            group_of=view.file_of,
            group_sizes=arrays["lexical.group_sizes"],
            frequencies=arrays["lexical.frequencies"],
            group_norms=arrays["lexical.group_norms"],
        ),
        by_name=NameIndex(Texts(arrays["names.lowered"]), arrays["names.starts"], arrays["names.symbols"]),
        coarse=QuantisedVectors(
            arrays["coarse"].reshape(len(view), min(dimensions, COARSE_DIMENSIONS)), view.scales
        ),
        file_vectors=arrays["file_vectors"].reshape(files, dimensions),
        path_vectors=QuantisedVectors(
            arrays["paths.values"].reshape(files, dimensions), arrays["paths.scales"]
        )
        if len(arrays["paths.scales"]) == files
        else None,
    )
