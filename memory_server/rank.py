"""Ranking, pure: what a query asks for, how candidates from terms and vectors are fused, boosted and damped.

The constants were set by hand on the development benchmark's idea of a good answer; each says what it is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexers.tokens import hash_term, identifier_terms, split_identifier

Floats = NDArray[np.float32]

CANDIDATES = 300
"""Symbols taken from each side: far more than are shown, so that boosts can lift a low one."""

RRF_K = 60
"""Reciprocal rank fusion (Cormack et al. 2009): the usual constant."""

DENSE_WEIGHT = {"name": 0.25, "text": 0.5}
"""The vectors' share: names are found by their letters, questions by their meaning as well."""

NAME_BOOST = 1.0
"""For a symbol that the query names, in units of the best fused score; doubled when its type is named too."""

PATH_BOOST = 0.6
"""For all of the query's words standing in the file's name and folder; in proportion for some."""

COHERENCE_BOOST = 0.25
"""For the best symbol of the file that gathers the most score."""

IMPORTANCE_WEIGHT = 0.06
"""Per doubling of PageRank over the mean: breaks ties in favour of what much code relies on."""

KIND_BOOST = 0.25
"""For a symbol of the kind that the question asks for (\"the class that ...\")."""

TEST_FACTOR = 0.4
"""Tests use every word of what they test; they come after it unless the query asks for tests."""

KIND_FACTORS = {
    "file": 0.8,
    "window": 0.7,
    "field": 0.8,
    "variable": 0.8,
    "key": 0.6,
    "section": 0.8,
    "property": 0.9,
}
"""Less than a definition with a body says less."""

SAME_FILE_FACTOR = 0.7
"""For each further symbol of a file already listed: an answer is spread over files first."""

STOP_WORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "has", "have", "how", "i",
    "if", "in", "is", "it", "its", "me", "my", "of", "on", "or", "our", "should", "that", "the", "their", "them",
    "there", "these", "this", "to", "used", "uses", "using", "was", "we", "what", "when", "where", "which", "who",
    "why", "will", "with", "you", "your",
})  # fmt: skip

KIND_WORDS = {
    "class": ("class", "struct", "interface", "trait"), "classes": ("class",), "struct": ("struct", "class"),
    "interface": ("interface", "trait"), "trait": ("trait", "interface"), "enum": ("enum",),
    "function": ("function", "method"), "method": ("method", "function"), "constant": ("constant",),
    "macro": ("macro",), "module": ("module", "file"), "type": ("type", "class", "struct"),
}  # fmt: skip

_WORD = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|#|->)[A-Za-z_$][\w$]*)*[!?]?|\d+")
_HUMPS = re.compile(r"[a-z0-9][A-Z]|_|[A-Z]{2,}[a-z]")
_TEST_WORDS = frozenset({"test", "tests", "testing", "spec", "specs"})


@dataclass(frozen=True, slots=True)
class Query:
    """A question taken apart.

    ``names`` are identifiers written as such, outermost first (``["Flask", "route"]``); ``terms`` are hashed search
    terms with weights; ``words`` the plain words; ``style`` is "name" for an identifier alone, else "text".
    """

    text: str
    style: str
    names: tuple[tuple[str, ...], ...]
    terms: dict[int, float]
    words: frozenset[str]
    kinds: frozenset[str]
    wants_tests: bool


def read_query(text: str) -> Query:
    """Take a question apart."""
    found = _WORD.findall(text)
    is_name = len(found) <= 2 and len(text.split()) == 1
    names = tuple(tuple(re.split(r"\.|::|#|->", word)) for word in found if is_name or _looks_like_name(word))
    terms: dict[int, float] = {}
    for word in found:
        if not is_name and word.lower() in STOP_WORDS:
            continue
        for part in re.split(r"\.|::|#|->", word):
            for term in identifier_terms(part.encode()):
                terms[term] = min(terms.get(term, 0.0) + 1.0, 2.0)
            if len(part) == 1:
                terms.setdefault(hash_term(part.lower()), 0.5)
    words = frozenset(part for word in found for part in split_identifier(word) if part not in STOP_WORDS)
    kinds = frozenset(kind for word in words if not is_name for kind in KIND_WORDS.get(word, ()))
    return Query(text, "name" if is_name else "text", names, terms, words, kinds, bool(words & _TEST_WORDS))


def _looks_like_name(word: str) -> bool:
    return bool(_HUMPS.search(word)) or "." in word or "::" in word or (len(word) > 3 and word.isupper())


@dataclass(frozen=True, slots=True)
class Candidates:
    """Symbols under consideration, as parallel arrays; ``named`` is 1 for a named symbol, 2 with its type."""

    symbols: NDArray[np.int64]
    fused: Floats
    files: NDArray[np.int32]
    kinds: list[str]
    importance: Floats
    is_test: NDArray[np.bool_]
    path_match: Floats
    named: Floats


def fuse(lexical: Floats, dense: Floats, style: str) -> Floats:
    """Reciprocal rank fusion of two score arrays, scaled to a best of 1; a zero score has no rank."""
    weight = DENSE_WEIGHT[style]
    total = np.zeros(len(lexical), np.float32)
    for scores, share in ((lexical, 1 - weight), (dense, weight)):
        order = np.argsort(-scores, kind="stable")
        order = order[scores[order] > 0]
        total[order] += np.float32(share) / (RRF_K + 1 + np.arange(len(order), dtype=np.float32))
    best = float(total.max(initial=0.0))
    return total / np.float32(best) if best else total


def score(candidates: Candidates, query: Query) -> Floats:
    """Final scores of the candidates, shape of ``symbols``."""
    scores = (
        candidates.fused
        + NAME_BOOST * candidates.named
        + PATH_BOOST * candidates.path_match * candidates.fused
    )
    if query.kinds:
        scores = scores + KIND_BOOST * np.array(
            [kind in query.kinds for kind in candidates.kinds], np.float32
        )
    scores = scores * np.array([KIND_FACTORS.get(kind, 1.0) for kind in candidates.kinds], np.float32)
    scores = scores * (1 + IMPORTANCE_WEIGHT * np.log2(np.maximum(candidates.importance, 1.0)))
    if not query.wants_tests:
        scores = np.where(candidates.is_test, scores * TEST_FACTOR, scores)
    return _add_coherence(scores.astype(np.float32), candidates.files)


def _add_coherence(scores: Floats, files: NDArray[np.int32]) -> Floats:
    """Lift each file's best symbol by the file's share of the largest total."""
    if not len(scores):
        return scores
    distinct, inverse = np.unique(files, return_inverse=True)
    totals = np.bincount(inverse, scores, minlength=len(distinct))
    order = np.lexsort((-scores, inverse))
    best = order[np.searchsorted(inverse[order], np.arange(len(distinct)))]
    lifted = scores.copy()
    lifted[best] += (COHERENCE_BOOST * totals / max(float(totals.max()), 1e-9)).astype(np.float32)
    return lifted


def spread(
    scores: Floats, files: NDArray[np.int32], symbols: NDArray[np.int64], limit: int
) -> list[tuple[int, float]]:
    """Places of the best candidates with their scores, each further one of a file damped, ties by symbol."""
    order = np.lexsort((symbols, -scores))[: 10 * limit]
    taken: dict[int, int] = {}
    damped = []
    for place in order.tolist():
        seen = taken.get(int(files[place]), 0)
        taken[int(files[place])] = seen + 1
        damped.append((float(scores[place]) * SAME_FILE_FACTOR**seen, place))
    damped.sort(key=lambda item: (-item[0], int(symbols[item[1]])))
    return [(place, value) for value, place in damped[:limit]]
