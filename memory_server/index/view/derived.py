"""What a view's columns say between the lines: names to look up, tests, folders, terms and edges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indexers.languages.registry import test_modules
from indexers.references.graph import Graph, GraphInput, resolve_references
from indexers.terms import text_terms
from memory_server.index.view.lexical import LexicalIndex, build_lexical_index
from memory_server.index.view.texts import Labels, Texts
from memory_server.store.pieces import in_one_piece


def index_file_names(paths: Sequence[str]) -> dict[str, list[int]]:
    """Places of paths by their last part."""
    found: dict[str, list[int]] = {}
    for index, path in enumerate(paths):
        found.setdefault(path.rpartition("/")[2], []).append(index)
    return found


def find_folders(paths: Iterable[str]) -> list[str]:
    """Every folder that holds one of the paths, and those above it, sorted."""
    found = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(found)


def find_tests(
    kinds: Labels, names: Texts, parent: NDArray[np.int64], in_test_file: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether each symbol is part of a test: by its file, as a test by its kind, or in a module of tests."""
    is_module = kinds.are_in(["module"]) & names.are_in(sorted(test_modules()))
    found: NDArray[np.bool_] = in_test_file | kinds.are_in(["test"]) | is_module
    nested = parent >= 0
    while (inherited := nested & ~found & found[parent]).any():
        found |= inherited
    return found


def index_terms(rows: pa.Table, file_of: NDArray[np.int32], paths: Sequence[str]) -> LexicalIndex:
    """The term index of symbols, and of the files that they are in."""
    terms, counts = in_one_piece(rows["terms"]), in_one_piece(rows["counts"])
    return build_lexical_index(
        offsets=terms.offsets.to_numpy().astype(np.int64) - terms.offsets[0].as_py()
        if len(terms)
        else np.zeros(1, np.int64),
        terms=terms.flatten().to_numpy(),
        counts=counts.flatten().to_numpy(),
        group_of=file_of,
        group_terms=[text_terms(path) for path in paths],
    )


def link_symbols(
    files: pa.Table,
    symbols: pa.Table,
    references: pa.Table,
    parent: NDArray[np.int64],
    file_of: NDArray[np.int32],
    sources: NDArray[np.int64],
) -> Graph:
    """Resolved references and importance; ``sources`` are the symbols that the references stand in."""
    return resolve_references(
        GraphInput(
            names=in_one_piece(symbols["name"]),
            kinds=in_one_piece(symbols["kind"]),
            parents=parent,
            file_of=file_of,
            paths=files["path"].to_pylist(),
            languages=files["language"].to_pylist(),
            ref_names=in_one_piece(references["name"]),
            ref_qualifiers=in_one_piece(references["qualifier"]),
            ref_kinds=in_one_piece(references["kind"]),
            ref_sources=sources,
            ref_lines=references["line"].to_numpy(),
        )
    )
