"""Ranking, pure: what a query asks for, how candidates from terms and vectors are fused, boosted and damped.

The constants were set by hand on the development benchmark's idea of a good answer; each says what it is for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from indexers.tokens import hash_term, identifier_terms, split_identifier

Floats = NDArray[np.float32]

KIND_FACTORS: Mapping[str, float] = {
    "file": 0.8,
    "window": 0.7,
    "field": 0.8,
    "variable": 0.8,
    "key": 0.6,
    "section": 0.8,
    "property": 0.9,
}
"""What a symbol's kind is worth beside a definition with a body: less than that says less."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The constants of the ranking, each with what it is for."""

    candidates: int = 300
    """Symbols taken from each side: far more than are shown, so that boosts can lift a low one."""

    rrf_k: int = 60
    """Reciprocal rank fusion (Cormack et al. 2009): the usual constant."""

    dense_weight_name: float = 0.25
    """The vectors' share for an identifier alone: names are found by their letters."""

    dense_weight_text: float = 0.5
    """The vectors' share for a question: it is found by its meaning as well."""

    name_boost: float = 1.0
    """For a symbol that the query names, in units of the best fused score; doubled when its type is named too."""

    path_boost: float = 0.6
    """For all of the query's words standing in the file's name and folder; in proportion for some."""

    coherence_boost: float = 0.25
    """For the best symbol of the file that gathers the most score."""

    importance_weight: float = 0.06
    """Per doubling of PageRank over the mean: breaks ties in favour of what much code relies on."""

    kind_boost: float = 0.25
    """For a symbol of the kind that the question asks for ("the class that ...")."""

    test_factor: float = 0.4
    """Tests use every word of what they test; they come after it unless the query asks for tests."""

    kind_factors: Mapping[str, float] = field(default_factory=lambda: KIND_FACTORS)
    """By kind of symbol; 1 for a kind that is not there."""

    same_file_factor: float = 0.7
    """For each further symbol of a file already listed: an answer is spread over files first."""

    def dense_weight(self, style: str) -> float:
        """The vectors' share for a style of query."""
        return self.dense_weight_name if style == "name" else self.dense_weight_text


RANKING = Ranking()
"""The ranking that the product answers with."""

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
    """Symbols under consideration and their features, as parallel arrays; nothing here depends on a weight.

    ``lexical`` is BM25F, ``dense`` the cosine, ``importance`` PageRank in units of its mean, ``path_match`` the share
    of the query's words in the path; ``named`` is 1 for a named symbol, 2 with its type.
    """

    symbols: NDArray[np.int64]
    lexical: Floats
    dense: Floats
    files: NDArray[np.int32]
    kinds: list[str]
    importance: Floats
    is_test: NDArray[np.bool_]
    path_match: Floats
    named: Floats


def rank_candidates(
    candidates: Candidates, query: Query, limit: int, ranking: Ranking = RANKING
) -> list[tuple[int, float]]:
    """Places of the best candidates with their scores, best first."""
    scores = score(candidates, query, ranking)
    return spread(scores, candidates.files, candidates.symbols, limit, ranking)


def fuse(lexical: Floats, dense: Floats, style: str, ranking: Ranking = RANKING) -> Floats:
    """Reciprocal rank fusion of two score arrays, scaled to a best of 1; a zero score has no rank."""
    weight = ranking.dense_weight(style)
    total = np.zeros(len(lexical), np.float32)
    for scores, share in ((lexical, 1 - weight), (dense, weight)):
        order = np.argsort(-scores, kind="stable")
        order = order[scores[order] > 0]
        total[order] += np.float32(share) / (ranking.rrf_k + 1 + np.arange(len(order), dtype=np.float32))
    best = float(total.max(initial=0.0))
    return total / np.float32(best) if best else total


def score(candidates: Candidates, query: Query, ranking: Ranking = RANKING) -> Floats:
    """Final scores of the candidates, shape of ``symbols``."""
    fused = fuse(candidates.lexical, candidates.dense, query.style, ranking)
    scores = (
        fused + ranking.name_boost * candidates.named + ranking.path_boost * candidates.path_match * fused
    )
    if query.kinds:
        asked = np.array([kind in query.kinds for kind in candidates.kinds], np.float32)
        scores = scores + ranking.kind_boost * asked
    factors = ranking.kind_factors
    scores = scores * np.array([factors.get(kind, 1.0) for kind in candidates.kinds], np.float32)
    scores = scores * (1 + ranking.importance_weight * np.log2(np.maximum(candidates.importance, 1.0)))
    if not query.wants_tests:
        scores = np.where(candidates.is_test, scores * ranking.test_factor, scores)
    return _add_coherence(scores.astype(np.float32), candidates.files, ranking.coherence_boost)


def _add_coherence(scores: Floats, files: NDArray[np.int32], boost: float) -> Floats:
    """Lift each file's best symbol by the file's share of the largest total."""
    if not len(scores):
        return scores
    distinct, inverse = np.unique(files, return_inverse=True)
    totals = np.bincount(inverse, scores, minlength=len(distinct))
    order = np.lexsort((-scores, inverse))
    best = order[np.searchsorted(inverse[order], np.arange(len(distinct)))]
    lifted = scores.copy()
    lifted[best] += (boost * totals / max(float(totals.max()), 1e-9)).astype(np.float32)
    return lifted


def spread(
    scores: Floats,
    files: NDArray[np.int32],
    symbols: NDArray[np.int64],
    limit: int,
    ranking: Ranking = RANKING,
) -> list[tuple[int, float]]:
    """Places of the best candidates with their scores, each further one of a file damped, ties by symbol."""
    order = np.lexsort((symbols, -scores))[: 10 * limit]
    taken: dict[int, int] = {}
    damped = []
    for place in order.tolist():
        seen = taken.get(int(files[place]), 0)
        taken[int(files[place])] = seen + 1
        damped.append((float(scores[place]) * ranking.same_file_factor**seen, place))
    damped.sort(key=lambda item: (-item[0], int(symbols[item[1]])))
    return [(place, value) for value, place in damped[:limit]]
