"""The symbols worth ranking for a query, by terms, vectors and names, with their features."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from indexers.embedding.embed import Embedder
from indexers.languages.registry import package_stems
from indexers.terms import text_words
from memory_server.index.view import View
from memory_server.index.view.vectors import COARSE_DIMENSIONS, multiply
from memory_server.query.mentions import named_symbols
from memory_server.query.question import Query, name_words
from memory_server.query.rank import RANKING, Ranking
from memory_server.query.signals import Candidates


def find_candidates(
    view: View,
    embedder: Embedder,
    query: Query,
    allowed: NDArray[np.bool_] | None = None,
    ranking: Ranking = RANKING,
) -> Candidates:
    """The symbols worth ranking, by terms, vectors and names, with their features.

    ``allowed`` is what ``allowed_symbols`` says; of the ranking, only the number of candidates counts.
    """
    vector = embedder.embed_query(" ".join(text_words(query.text)))
    lexical, coarse = view.lexical.score(query.terms), coarse_scores(view, vector)
    named = named_symbols(view, query)
    if allowed is not None:
        lexical, coarse = np.where(allowed, lexical, 0), np.where(allowed, coarse, 0)
        named = {symbol: value for symbol, value in named.items() if allowed[symbol]}
    file_lexical, file_dense = view.lexical.score_groups(query.terms), file_scores(view, vector)
    chosen = (
        _top(lexical, ranking.candidates),
        _top(coarse, ranking.candidates),
        np.array(sorted(named), np.int64),
        _best_of_files(view, lexical, coarse, file_lexical, file_dense, ranking.candidate_files),
    )
    symbols = np.unique(np.concatenate(chosen))
    files = view.file_of[symbols]
    paths = [view.paths[file] for file in files.tolist()]
    return Candidates(
        symbols=symbols,
        files=files,
        kinds=[view.kinds[symbol] for symbol in symbols.tolist()],
        roles=[
            "tests" if tested else view.roles[file]
            for file, tested in zip(files.tolist(), view.in_tests[symbols].tolist(), strict=True)
        ],
        one_line=view.start_line[symbols] == view.end_line[symbols],
        lexical=lexical[symbols],
        dense=exact_scores(view, vector, symbols),
        named=np.array([named.get(symbol, 0.0) for symbol in symbols.tolist()], np.float32),
        importance=view.graph.importance[symbols],
        file_lexical=file_lexical[files],
        file_dense=file_dense[files],
        file_name=np.array([_name_match(path, query) for path in paths], np.float32),
        file_importance=view.file_importance[files],
    )


def _top(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Places of the ``count`` highest positive scores; among equals the first places win."""
    places = np.flatnonzero(scores > _floor(scores, count))
    if len(places) < count:
        places = np.flatnonzero(scores > 0)
    if len(places) <= count:
        return places
    found = scores[places]
    threshold = np.partition(found, len(found) - count)[len(found) - count]
    above, equal = places[found > threshold], places[found == threshold]
    return np.concatenate([above, equal[: count - len(above)]])


def _floor(scores: NDArray[np.float32], count: int) -> float:
    """A value that somewhat more than enough scores exceed, judged from every 16th: partitioning all takes longer."""
    sample, enough = scores[::16], max(count // 4, 1)
    if len(sample) <= 4 * enough:
        return 0.0
    return max(float(np.partition(sample, len(sample) - enough)[len(sample) - enough]), 0.0)


def _best_of_files(
    view: View,
    lexical: NDArray[np.float32],
    coarse: NDArray[np.float32],
    file_lexical: NDArray[np.float32],
    file_dense: NDArray[np.float32],
    count: int,
) -> NDArray[np.int64]:
    """The best symbol of each of the files that their own evidence puts first."""
    best_lexical, best_dense = file_lexical.max(initial=0.0), file_dense.max(initial=0.0)
    evidence = file_lexical / max(best_lexical, 1e-9) + file_dense / max(best_dense, 1e-9)
    found = []
    for file in _top(evidence, count).tolist():
        start, end = int(view.first[file]), int(view.first[file + 1])
        within = lexical[start:end] + coarse[start:end]
        if len(within) and within.max() > 0:
            found.append(start + int(within.argmax()))
    return np.array(found, np.int64)


def coarse_scores(view: View, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The likeness of every symbol to a query's vector by the leading dimensions, shape (symbols,)."""
    if view.vectors.shape[1] != len(vector):
        return np.zeros(len(view), np.float32)
    return multiply(view.coarse, vector[:COARSE_DIMENSIONS])


def exact_scores(view: View, vector: NDArray[np.float32], symbols: NDArray[np.int64]) -> NDArray[np.float32]:
    """The cosine of some symbols with a query's vector, shape (symbols,)."""
    if view.vectors.shape[1] != len(vector):
        return np.zeros(len(symbols), np.float32)
    scores: NDArray[np.float32] = (view.vectors[symbols].astype(np.float32) @ vector) * view.scales[symbols]
    return scores


def file_scores(view: View, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of every file's mean with a query's vector, shape (files,)."""
    if view.vectors.shape[1] != len(vector):
        return np.zeros(len(view.paths), np.float32)
    scores: NDArray[np.float32] = view.file_vectors @ vector
    return scores


@lru_cache(maxsize=50_000)
def _file_words(path: str) -> frozenset[str]:
    """The words of a file's name; of its folder's where the file stands for that."""
    *folders, name = path.split("/")
    stem = name.split(".")[0]
    return name_words(folders[-1] if folders and stem in package_stems() else stem)


def _name_match(path: str, query: Query) -> float:
    words = _file_words(path)
    return len(words & query.words) / len(words) if words else 0.0
