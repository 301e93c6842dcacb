"""One tree's index in memory: every symbol of every file, as columns, and what is derived from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexers.embedding.embed import Embedder
from indexers.languages.registry import test_modules
from indexers.parsing.documents import path_text
from indexers.references.graph import Graph, GraphInput, resolve_references
from indexers.source.roles import find_roles
from indexers.terms import text_terms
from memory_server.index.lexical import LexicalIndex, build_lexical_index
from memory_server.index.manifest import MANIFEST, Manifest, read_manifest
from memory_server.store.heap import release_unused
from memory_server.store.row_source import (
    REFERENCE_GROUPS,
    SYMBOL_GROUPS,
    Rows,
    RowSource,
    gather_rows,
    read_infos,
    row_source,
    symbols_schema,
)
from memory_server.store.rows import BLOBS, REFERENCES
from memory_server.store.vectors import Vectors

PATH_SHARE = 0.6
"""What a path says of its file beside the mean of its symbols; from 0.3 to 1 the development split is flat."""

_BLOCK = 8_192
"""Vectors made floats at once: 8 MB of them."""

SIDE_ROLES = frozenset({"copies", "examples", "documents", "legacy", "declarations"})
"""Roles of files beside the code: a copy of another's, an example of its use, a text about it, what it replaced."""

COARSE_DIMENSIONS = 64
"""Leading dimensions that every symbol is compared in: a quarter of the memory traffic, which is what a query costs."""


class View:
    """The index of one tree at one moment; immutable, safe to share between threads.

    Symbols are numbered by path, then by position in the file. ``files`` holds indexed files only, sorted by path.
    """

    def __init__(
        self,
        files: pa.Table,
        symbols: pa.Table,
        references: pa.Table,
        first: Sequence[int] | NDArray[np.int64],
        reference_first: Sequence[int] | NDArray[np.int64],
        graph: Graph | None = None,
        path_vectors: Vectors | None = None,
    ) -> None:
        if graph is not None:
            self.__dict__["graph"] = graph
        self.all_files = files
        indexed = pc.equal(files["skipped"], "")
        self.files = files.filter(indexed)
        self.symbols = symbols
        self.references = references
        self.first = np.asarray(first, dtype=np.int64)
        self.reference_first = np.asarray(reference_first, dtype=np.int64)
        self.paths: list[str] = self.files["path"].to_pylist()
        self.path_vectors = path_vectors
        """The embedding of each file's path; None until it is made."""
        counts = np.diff(self.first)
        self.file_of: NDArray[np.int32] = np.repeat(np.arange(len(self.paths), dtype=np.int32), counts)
        self.start_line: NDArray[np.int32] = symbols["start_line"].to_numpy()
        self.end_line: NDArray[np.int32] = symbols["end_line"].to_numpy()
        parent = symbols["parent"].to_numpy()
        self.parent: NDArray[np.int64] = np.where(
            parent >= 0, parent + np.repeat(self.first[:-1], counts), -1
        )

    def __len__(self) -> int:
        return len(self.symbols)

    def text(self, column: str, symbol: int) -> str:
        """One text value of a symbol."""
        return str(self.symbols[column][int(symbol)])

    def path_of(self, symbol: int) -> str:
        """The path of a symbol's file."""
        return self.paths[int(self.file_of[symbol])]

    @cached_property
    def kinds(self) -> list[str]:
        """Every symbol's kind."""
        kinds: list[str] = self.symbols["kind"].to_pylist()
        return kinds

    @cached_property
    def names(self) -> list[str]:
        """Every symbol's name; a file's is empty."""
        names: list[str] = self.symbols["name"].to_pylist()
        return names

    @cached_property
    def qualified_names(self) -> list[str]:
        """Every symbol's qualified name within its file."""
        names: list[str] = self.symbols["qualified_name"].to_pylist()
        return names

    @cached_property
    def by_name(self) -> Mapping[str, list[int]]:
        """Symbols by lowercased name; windows and files have none."""
        found: dict[str, list[int]] = {}
        for index, (name, kind) in enumerate(zip(self.names, self.kinds, strict=True)):
            if name and kind != "window":
                found.setdefault(name.lower(), []).append(index)
        return found

    @cached_property
    def roles(self) -> list[str]:
        """Every file's role as in ``indexers.languages.registry.PATH_ROLES``; empty for plain source."""
        return find_roles(self.paths)

    @cached_property
    def in_tests(self) -> NDArray[np.bool_]:
        """Whether each symbol is part of a test: by its file, as a test by its kind, or in a module of tests."""
        test_files = np.array([role == "tests" for role in self.roles], bool)
        modules = test_modules()
        own = [
            kind == "test" or (kind == "module" and name in modules)
            for kind, name in zip(self.kinds, self.names, strict=True)
        ]
        found: NDArray[np.bool_] = test_files[self.file_of] | np.array(own, bool)
        nested = self.parent >= 0
        while (inherited := nested & ~found & found[self.parent]).any():
            found |= inherited
        return found

    @cached_property
    def folders(self) -> list[str]:
        """Every folder that holds a known file, and those above it, sorted."""
        found = {""}
        for path in self.manifest:
            folder = path.rpartition("/")[0]
            while folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return sorted(found)

    @cached_property
    def by_file_name(self) -> Mapping[str, list[int]]:
        """Places among the files by the last part of the path."""
        found: dict[str, list[int]] = {}
        for index, path in enumerate(self.paths):
            found.setdefault(path.rpartition("/")[2], []).append(index)
        return found

    @cached_property
    def file_index(self) -> Mapping[str, int]:
        """The place of each path among the files."""
        return {path: index for index, path in enumerate(self.paths)}

    @cached_property
    def manifest(self) -> Manifest:
        """What is known of every file, left-out ones too."""
        return read_manifest(self.all_files)

    @cached_property
    def lexical(self) -> LexicalIndex:
        """The term index."""
        terms, counts = self.symbols["terms"].combine_chunks(), self.symbols["counts"].combine_chunks()
        path_terms = [text_terms(path) for path in self.paths]
        return build_lexical_index(
            offsets=terms.offsets.to_numpy().astype(np.int64) - terms.offsets[0].as_py()
            if len(terms)
            else np.zeros(1, np.int64),
            terms=terms.flatten().to_numpy(),
            counts=counts.flatten().to_numpy(),
            group_of=self.file_of,
            group_terms=path_terms,
        )

    @cached_property
    def vectors(self) -> NDArray[np.int8]:
        """Embeddings as int8, one row a symbol; multiply by ``scales``."""
        return self._vectors.values

    @cached_property
    def coarse(self) -> NDArray[np.float32]:
        """The vectors' leading dimensions as float32: read whole for every query."""
        width = min(self.vectors.shape[1], COARSE_DIMENSIONS)
        return self.vectors[:, :width].astype(np.float32) * self.scales[:, None]

    @cached_property
    def file_vectors(self) -> NDArray[np.float32]:
        """For each file the direction of its symbols' mean, and its path's with ``PATH_SHARE``: (files, dimensions)."""
        sums = np.zeros((len(self.paths), self.vectors.shape[1]), np.float32)
        for start in range(0, len(self), _BLOCK):
            part = slice(start, start + _BLOCK)
            files, first = np.unique(self.file_of[part], return_index=True)
            sums[files] += np.add.reduceat(self.vectors[part] * self.scales[part, None], first)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        sums /= np.where(lengths > 0, lengths, 1)
        if self.path_vectors is not None:
            sums += np.float32(PATH_SHARE) * self.path_vectors.values * self.path_vectors.scales[:, None]
        release_unused()  # the last thing that a view derives for its first search: making them took twice as much
        return sums

    @cached_property
    def file_importance(self) -> NDArray[np.float32]:
        """For each file the sum of its symbols' importance."""
        return np.bincount(self.file_of, self.graph.importance, minlength=len(self.paths)).astype(np.float32)

    @cached_property
    def scales(self) -> NDArray[np.float32]:
        """What makes an int8 row a unit vector."""
        return self._vectors.scales

    @cached_property
    def _vectors(self) -> Vectors:
        return Vectors.from_table(self.symbols, self.symbols.schema.field("vector").type.list_size)

    @cached_property
    def graph(self) -> Graph:
        """Resolved references and importance."""
        counts = np.diff(self.reference_first)
        base = np.repeat(self.first[:-1], counts)
        return resolve_references(
            GraphInput(
                names=self.symbols["name"].combine_chunks(),
                kinds=self.symbols["kind"].combine_chunks(),
                parents=self.parent,
                file_of=self.file_of,
                paths=self.paths,
                languages=self.files["language"].to_pylist(),
                ref_names=self.references["name"].combine_chunks(),
                ref_qualifiers=self.references["qualifier"].combine_chunks(),
                ref_kinds=self.references["kind"].combine_chunks(),
                ref_sources=self.references["source"].to_numpy() + base,
                ref_lines=self.references["line"].to_numpy(),
            )
        )

    def language_counts(self, places: Sequence[int] | None = None) -> dict[str, int]:
        """Files per language, most first; of the files at ``places`` when given."""
        languages = self.files["language"].to_pylist()
        chosen = languages if places is None else [languages[place] for place in places]
        return dict(
            sorted(Counter(name or "text" for name in chosen).items(), key=lambda item: (-item[1], item[0]))
        )

    def skip_counts(self) -> dict[str, int]:
        """How many files each reason leaves out, most first."""
        reasons = (reason for reason in self.all_files["skipped"].to_pylist() if reason)
        return dict(sorted(Counter(reasons).items(), key=lambda item: (-item[1], item[0])))

    def problems(self) -> dict[str, str]:
        """Files that are indexed in windows since their language could not be parsed, and why."""
        columns = (self.files[name].to_pylist() for name in ("path", "problem"))
        return {path: problem for path, problem in zip(*columns, strict=True) if problem}

    def as_source(self) -> RowSource:
        """This view's rows, to build the next view from."""
        blobs = self.files["blob"].to_pylist()

        def rows(table: pa.Table, first: NDArray[np.int64]) -> Rows:
            starts, counts = first.tolist(), np.diff(first).tolist()
            ranges = {blob: (start, count) for blob, start, count in zip(blobs, starts, counts, strict=False)}
            return Rows(len(table), ranges, table.select)

        return RowSource(
            read_infos(self.files),
            rows(self.symbols, self.first),
            rows(self.references, self.reference_first),
            self,
        )


def embed_paths(paths: Sequence[str], known: Sequence[View], embedder: Embedder) -> Vectors:
    """The embeddings of paths, taken from the first of the ``known`` views that has them, or made now."""
    vectors = Vectors.empty(len(paths), embedder.dimensions)
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
            places, Vectors.quantise(embedder.embed([path_text(paths[place]) for place in places.tolist()]))
        )
    return vectors


def build_view(files: pa.Table, sources: Sequence[RowSource], embedder: Embedder | None = None) -> View:
    """Lay out a tree's rows by path, taking each blob's from the first source that has it; embed the paths.

    Raises:
        KeyError: no source holds a blob that ``files`` names.
    """
    files = files.sort_by("path")
    indexed = files.filter(pc.equal(files["skipped"], "")).select(["path", "blob"])
    views = [source.view for source in sources if source.view is not None]
    vectors = embed_paths(indexed["path"].to_pylist(), views, embedder) if embedder else None
    for view in views:
        if view.files.select(["path", "blob"]).equals(indexed):
            parts = (view.symbols, view.references, view.first, view.reference_first)
            return View(files, *parts, graph=view.graph, path_vectors=vectors)
    blobs = indexed["blob"].to_pylist()
    for blob in blobs:
        if not any(blob in source.infos for source in sources):
            raise KeyError(blob)
    symbols, first = gather_rows(blobs, [source.symbols for source in sources], SYMBOL_GROUPS)
    references, reference_first = gather_rows(
        blobs, [source.references for source in sources], REFERENCE_GROUPS
    )
    return View(files, symbols, references, first, reference_first, path_vectors=vectors)


def empty_view(dimensions: int) -> View:
    """A view of nothing."""
    nothing = row_source(
        BLOBS.empty_table(), symbols_schema(dimensions).empty_table(), REFERENCES.empty_table()
    )
    return build_view(MANIFEST.empty_table(), [nothing])
