"""Laying out a view: each blob's rows from where they are at hand, in the order of the tree's paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexers.embedding.embed import Embedder
from indexers.parsing.documents import path_text
from memory_server.index.manifest import MANIFEST
from memory_server.index.view.columns import View
from memory_server.store.quantised import QuantisedVectors
from memory_server.store.row_source import (
    REFERENCE_GROUPS,
    SYMBOL_GROUPS,
    TERM_COLUMNS,
    Rows,
    RowSource,
    gather_rows,
    read_infos,
    row_source,
    symbols_schema,
)
from memory_server.store.rows import BLOBS, REFERENCES


@dataclass(frozen=True, slots=True)
class ViewRows(RowSource):
    """The rows of a view, all of them, in its order."""

    view: View


def view_rows(view: View) -> ViewRows:
    """A view's rows, to build the next view from."""
    blobs = view.files["blob"].to_pylist()

    def rows(first: NDArray[np.int64], read: Callable[[Sequence[str]], pa.Table]) -> Rows:
        starts, counts = first.tolist(), np.diff(first).tolist()
        ranges = {blob: (start, count) for blob, start, count in zip(blobs, starts, counts, strict=False)}
        return Rows(starts[-1], ranges, read)

    def read_symbols(names: Sequence[str]) -> pa.Table:
        return (view.read_terms() if names[0] in TERM_COLUMNS else view.symbols).select(names)

    return ViewRows(
        read_infos(view.files),
        rows(view.first, read_symbols),
        rows(view.reference_first, lambda names: view.references.select(names)),
        view,
    )


def embed_paths(paths: Sequence[str], known: Sequence[View], embedder: Embedder) -> QuantisedVectors:
    """The embeddings of paths, taken from the first of the ``known`` views that has them, or made now."""
    vectors = QuantisedVectors.empty(len(paths), embedder.dimensions)
    missing = np.ones(len(paths), bool)
    for view in known:
        if view.path_vectors is None:
            continue
        found = np.array([view.file_index.get(path, -1) for path in paths], np.int64)
        places = np.flatnonzero(missing & (found >= 0))
        vectors.put(places, view.path_vectors.take(found[places]))
        missing[places] = False
    places = np.flatnonzero(missing)
    if len(places):
        vectors.put(
            places,
            QuantisedVectors.quantise(embedder.embed([path_text(paths[place]) for place in places.tolist()])),
        )
    return vectors


def build_view(files: pa.Table, sources: Sequence[RowSource], embedder: Embedder | None = None) -> View:
    """Lay out a tree's rows by path, taking each blob's from the first source that has it; embed the paths.

    Raises:
        KeyError: no source holds a blob that ``files`` names.
    """
    files = files.sort_by("path")
    indexed = files.filter(pc.equal(files["skipped"], "")).select(["path", "blob"])
    views = [source.view for source in sources if isinstance(source, ViewRows)]
    vectors = embed_paths(indexed["path"].to_pylist(), views, embedder) if embedder else None
    for view in views:
        if view.files.select(["path", "blob"]).equals(indexed):
            return view.with_files(files, vectors)
    blobs = indexed["blob"].to_pylist()
    for blob in blobs:
        if not any(blob in source.infos for source in sources):
            raise KeyError(blob)
    symbols, first = gather_rows(blobs, [source.symbols for source in sources], SYMBOL_GROUPS)
    references, reference_first = gather_rows(
        blobs, [source.references for source in sources], REFERENCE_GROUPS
    )
    terms = symbols.select(TERM_COLUMNS)
    view = View(
        files, symbols.drop_columns(TERM_COLUMNS), lambda: terms, lambda: references, first, reference_first
    )
    view.know(path_vectors=vectors)
    return view


def empty_view(dimensions: int) -> View:
    """A view of nothing."""
    nothing = row_source(
        BLOBS.empty_table(), symbols_schema(dimensions).empty_table(), REFERENCES.empty_table()
    )
    return build_view(MANIFEST.empty_table(), [nothing])
