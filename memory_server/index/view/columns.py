"""A view: every symbol of every file as columns, and what is derived from them when it is first asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexers.references.graph import Graph
from indexers.source.roles import find_roles
from memory_server.index.manifest import Manifest, read_manifest
from memory_server.index.view import derived
from memory_server.index.view.lexical import LexicalIndex
from memory_server.index.view.texts import Labels, NameIndex, Texts, index_names
from memory_server.index.view.vectors import sum_by_file, take_leading
from memory_server.store.quantised import QuantisedVectors

SIDE_ROLES = frozenset({"copies", "examples", "documents", "legacy", "declarations"})
"""Roles of files beside the code: a copy of another's, an example of its use, a text about it, what it replaced."""

_OF_ROWS = ("graph", "lexical", "by_name", "coarse")
"""What is derived from rows alone, and takes long."""


class View:
    """The index of one tree at one moment; immutable, safe to share between threads.

    Symbols are numbered by path, then by position in the file. ``files`` holds indexed files only, sorted by path.
    """

    def __init__(
        self,
        files: pa.Table,
        symbols: pa.Table,
        read_terms: Callable[[], pa.Table],
        read_references: Callable[[], pa.Table],
        first: Sequence[int] | NDArray[np.int64],
        reference_first: Sequence[int] | NDArray[np.int64],
    ) -> None:
        self.all_files = files
        self.files = files.filter(pc.equal(files["skipped"], ""))
        self.symbols = symbols
        self.read_terms = read_terms
        """Reads each symbol's ``terms`` and ``counts``, which only the next view and its term index are made from."""
        self.read_references = read_references
        self.first = np.asarray(first, dtype=np.int64)
        self.reference_first = np.asarray(reference_first, dtype=np.int64)
        self.paths: list[str] = self.files["path"].to_pylist()
        self.path_vectors: QuantisedVectors | None = None
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

    def know(self, **values: object) -> None:
        """Take over what was derived from the same rows before."""
        self.__dict__.update(values)

    def with_files(self, files: pa.Table, path_vectors: QuantisedVectors | None) -> View:
        """The same rows for files that hold the same, with what was derived from them."""
        rows = (self.symbols, self.read_terms, self.read_references, self.first, self.reference_first)
        view = View(files, *rows)
        view.know(**{name: self.__dict__[name] for name in _OF_ROWS if name in self.__dict__})
        view.know(path_vectors=path_vectors)
        return view

    @cached_property
    def references(self) -> pa.Table:
        """Every reference as it is written, by file."""
        return self.read_references()

    @cached_property
    def kinds(self) -> Labels:
        """Every symbol's kind."""
        return Labels(self.symbols["kind"])

    @cached_property
    def names(self) -> Texts:
        """Every symbol's name; a file's is empty."""
        return Texts(self.symbols["name"])

    @cached_property
    def qualified_names(self) -> Texts:
        """Every symbol's qualified name within its file."""
        return Texts(self.symbols["qualified_name"])

    @cached_property
    def by_name(self) -> NameIndex:
        """Symbols by lowercased name; windows and files have none."""
        return index_names(self.symbols["name"], ~self.kinds.are_in(["window"]))

    @cached_property
    def roles(self) -> list[str]:
        """Every file's role as in ``indexers.languages.registry.PATH_ROLES``; empty for plain source."""
        return find_roles(self.paths)

    @cached_property
    def in_tests(self) -> NDArray[np.bool_]:
        """Whether each symbol is part of a test: by its file, as a test by its kind, or in a module of tests."""
        test_files = np.array([role == "tests" for role in self.roles], bool)
        return derived.find_tests(self.kinds, self.names, self.parent, test_files[self.file_of])

    @cached_property
    def folders(self) -> list[str]:
        """Every folder that holds a known file, and those above it, sorted."""
        return derived.find_folders(self.manifest)

    @cached_property
    def by_file_name(self) -> Mapping[str, list[int]]:
        """Places among the files by the last part of the path."""
        return derived.index_file_names(self.paths)

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
        return derived.index_terms(self.read_terms(), self.file_of, self.paths)

    @cached_property
    def graph(self) -> Graph:
        """Resolved references and importance."""
        base = np.repeat(self.first[:-1], np.diff(self.reference_first))
        sources = self.references["source"].to_numpy() + base
        tables = (self.files, self.symbols, self.references)
        return derived.link_symbols(*tables, self.parent, self.file_of, sources)

    @cached_property
    def file_importance(self) -> NDArray[np.float32]:
        """For each file the sum of its symbols' importance."""
        return np.bincount(self.file_of, self.graph.importance, minlength=len(self.paths)).astype(np.float32)

    @cached_property
    def _vectors(self) -> QuantisedVectors:
        return QuantisedVectors.from_table(self.symbols, self.symbols.schema.field("vector").type.list_size)

    @property
    def vectors(self) -> NDArray[np.int8]:
        """Embeddings as int8, one row a symbol; multiply by ``scales``."""
        return self._vectors.values

    @property
    def scales(self) -> NDArray[np.float32]:
        """What makes an int8 row a unit vector."""
        return self._vectors.scales

    @cached_property
    def coarse(self) -> QuantisedVectors:
        """The vectors' leading dimensions: read whole for every query."""
        return take_leading(self._vectors)

    @cached_property
    def file_vectors(self) -> NDArray[np.float32]:
        """For each file the direction that its symbols and its path have: (files, dimensions)."""
        return sum_by_file(self._vectors, self.file_of, len(self.paths), self.path_vectors)

    def language_counts(self, places: Sequence[int] | None = None) -> dict[str, int]:
        """Files per language, most first; of the files at ``places`` when given."""
        languages = self.files["language"].to_pylist()
        chosen = languages if places is None else [languages[place] for place in places]
        return _count(name or "text" for name in chosen)

    def skip_counts(self) -> dict[str, int]:
        """How many files each reason leaves out, most first."""
        return _count(reason for reason in self.all_files["skipped"].to_pylist() if reason)

    def problems(self) -> dict[str, str]:
        """Files that are indexed in windows since their language could not be parsed, and why."""
        columns = (self.files[name].to_pylist() for name in ("path", "problem"))
        return {path: problem for path, problem in zip(*columns, strict=True) if problem}


def _count(names: Iterable[str]) -> dict[str, int]:
    """How often each name stands there, most first."""
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
