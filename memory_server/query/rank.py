"""Ranking, pure: what a query asks for, and how the evidence for each candidate becomes one score.

Evidence is scaled to the best candidate's and summed (a convex combination, which Bruch, Gai and Ingber 2023 found
better than reciprocal rank fusion), then multiplied by what the symbol is, where it lies, and how much code refers to
it. A symbol's file counts beside the symbol: often a file answers a question of which no one symbol says it all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from indexers.terms import hash_term, identifier_terms, split_identifier, stem_word

Floats = NDArray[np.float32]

KIND_FACTORS: Mapping[str, float] = {
    "file": 0.9,
    "window": 0.6,
    "field": 0.6,
    "variable": 0.7,
    "constant": 0.7,
    "key": 0.7,
    "section": 0.6,
    "property": 0.7,
}
"""What a symbol's kind is worth beside a definition with a body: less than that says less."""

ROLE_FACTORS: Mapping[str, float] = {
    "tests": 0.3,
    "copies": 0.3,
    "examples": 0.5,
    "documents": 0.6,
    "legacy": 0.5,
    "declarations": 0.5,
    "foreign": 0.7,
}
"""What a file's role (``indexers.languages.registry.PATH_ROLES``) is worth beside source, unless the query asks for it.

Tests and copies use every word of what they test or copy. Below these floors the development split, whose labels are
all source, would still gain a little; a user's question about a test or a text would lose.
"""


WHOLE_PATH = 3.0
"""``Candidates.named`` of the one file whose path is the query: also a copy or a text is then what is wanted."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The constants of the ranking, each with what it is for; fitted on the development split (see README)."""

    candidates: int = 300
    """Symbols taken from each side: far more than are shown, so that other evidence can lift a low one."""

    candidate_files: int = 30
    """Files whose best symbol is taken for the file's own evidence."""

    lexical: float = 1.0
    """For the best BM25F of a symbol; in proportion for less."""

    dense_text: float = 0.9
    """For the best cosine of a symbol with a question."""

    dense_name: float = 0.5
    """The same for an identifier alone: names are found by their letters."""

    named: float = 0.4
    """For a symbol that the query names; doubled when its type is named too."""

    file_lexical: float = 0.7
    """For the best BM25F of a whole file."""

    file_dense: float = 0.5
    """For the best cosine of a file's mean with the query."""

    file_name: float = 0.4
    """For a file whose name's words all stand in the query; in proportion for some."""

    kind: float = 0.05
    """For a symbol of the kind that the question asks for ("the class that ...")."""

    importance: float = 0.03
    """Per doubling of a symbol's PageRank over the mean: what much code relies on."""

    file_importance: float = 0.03
    """The same of a file's symbols together."""

    coherence: float = 0.25
    """For the file that gathers the most evidence over its candidates; in proportion for less."""

    one_line: float = 0.8
    """For a symbol of a single line, a declaration or an alias, beside one that says more."""

    kind_factors: Mapping[str, float] = field(default_factory=lambda: KIND_FACTORS)
    """By kind of symbol; 1 for a kind that is not there."""

    role_factors: Mapping[str, float] = field(default_factory=lambda: ROLE_FACTORS)
    """By role of the file; 1 for a role that is not there."""

    same_file: float = 0.7
    """For each further symbol of a file already listed: an answer is spread over files first."""

    def dense(self, style: str) -> float:
        """The weight of the vectors for a style of query."""
        return self.dense_name if style == "name" else self.dense_text


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
_PLACE = re.compile(r"""([\w./\\@+-]+\.\w{1,6})(?::|\(|["'],? line |, line )(\d{1,7})\b""")
_VERSION = re.compile(r"\bv\d+\b", re.IGNORECASE)
_ROLE_WORDS = {
    "test": "tests", "tests": "tests", "testing": "tests", "spec": "tests", "specs": "tests",
    "example": "examples", "examples": "examples", "benchmark": "examples", "benchmarks": "examples",
    "docs": "documents", "documentation": "documents", "readme": "documents", "changelog": "documents",
    "legacy": "legacy", "deprecated": "legacy", "compat": "legacy", "compatibility": "legacy",
    "windows": "foreign", "win32": "foreign", "macos": "foreign", "darwin": "foreign", "linux": "foreign",
    "bsd": "foreign", "freebsd": "foreign", "solaris": "foreign", "aix": "foreign", "platform": "foreign",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """A question taken apart.

    ``names`` are identifiers written as such, outermost first (``["Flask", "route"]``); ``terms`` are hashed search
    terms with weights; ``words`` the plain words' stems; ``style`` is "name" for an identifier alone, else "text";
    ``roles`` are the roles of files that it asks for; ``places`` the paths and lines of a stack trace or a compiler.
    """

    text: str
    style: str
    names: tuple[tuple[str, ...], ...]
    terms: dict[int, float]
    words: frozenset[str]
    kinds: frozenset[str]
    roles: frozenset[str]
    places: tuple[tuple[str, int], ...] = ()


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
    words = {part for word in found for part in split_identifier(word) if part not in STOP_WORDS}
    return Query(
        text,
        style="name" if is_name else "text",
        names=names,
        terms=terms,
        words=frozenset(map(stem_word, words)),
        kinds=frozenset(kind for word in words if not is_name for kind in KIND_WORDS.get(word, ())),
        roles=frozenset(_ROLE_WORDS[word] for word in words & _ROLE_WORDS.keys())
        | ({"legacy"} if _VERSION.search(text) else set()),
        places=tuple(dict.fromkeys((path, int(line)) for path, line in _PLACE.findall(text))),
    )


@lru_cache(maxsize=50_000)
def name_words(name: str) -> frozenset[str]:
    """The stems of an identifier's words, as in ``Query.words``."""
    return frozenset(map(stem_word, split_identifier(name)))


def _looks_like_name(word: str) -> bool:
    return bool(_HUMPS.search(word)) or "." in word or "::" in word or (len(word) > 3 and word.isupper())


@dataclass(frozen=True, slots=True)
class Candidates:
    """Symbols under consideration and their features, as parallel arrays; nothing here depends on a weight.

    Of a symbol: ``one_line`` whether it has a single line, ``lexical`` is BM25F, ``dense`` the cosine, ``importance``
    PageRank in units of its mean, ``named`` 1 for a named symbol, 2 with its type and more for a whole path,
    ``roles`` its file's as in ``indexers.languages.registry.PATH_ROLES``, tests within a file of source included. Of
    its file: the same three measures, and ``file_name``, the share of the name's words that stand in the query.
    """

    symbols: NDArray[np.int64]
    files: NDArray[np.int32]
    kinds: list[str]
    roles: list[str]
    one_line: NDArray[np.bool_]
    lexical: Floats
    dense: Floats
    named: Floats
    importance: Floats
    file_lexical: Floats
    file_dense: Floats
    file_name: Floats
    file_importance: Floats


def rank_candidates(
    candidates: Candidates, query: Query, limit: int, ranking: Ranking = RANKING
) -> list[tuple[int, float]]:
    """Places of the best candidates with their scores, best first."""
    scores = score(candidates, query, ranking)
    return spread(scores, candidates.files, candidates.symbols, limit, ranking)


def score(candidates: Candidates, query: Query, ranking: Ranking = RANKING) -> Floats:
    """Final scores of the candidates, shape of ``symbols``."""
    evidence = (
        ranking.lexical * _scale(candidates.lexical)
        + ranking.dense(query.style) * _scale(candidates.dense)
        + ranking.named * candidates.named
        + ranking.file_lexical * _scale(candidates.file_lexical)
        + ranking.file_dense * _scale(candidates.file_dense)
        + ranking.file_name * candidates.file_name
    )
    if query.kinds:
        evidence = evidence + ranking.kind * np.array([kind in query.kinds for kind in candidates.kinds])
    factors = (
        1
        + ranking.importance * np.log2(np.maximum(candidates.importance, 1))
        + ranking.file_importance * np.log2(np.maximum(candidates.file_importance, 1))
    )
    factors = factors * _substance(candidates, query, ranking)
    unasked = {role: factor for role, factor in ranking.role_factors.items() if role not in query.roles}
    roles = np.array([unasked.get(role, 1.0) for role in candidates.roles])
    factors = factors * np.where(candidates.named >= WHOLE_PATH, 1.0, roles)
    return _add_coherence((evidence * factors).astype(np.float32), candidates.files, ranking.coherence)


def _substance(candidates: Candidates, query: Query, ranking: Ranking) -> NDArray[np.float64]:
    """What each candidate's kind and length are worth; a symbol that is asked for by its name is what is wanted."""
    worth = np.array([ranking.kind_factors.get(kind, 1.0) for kind in candidates.kinds])
    worth = worth * np.where(candidates.one_line, ranking.one_line, 1.0)
    return np.where(candidates.named > 0, 1.0, worth) if query.style == "name" else worth


def _scale(scores: Floats) -> Floats:
    """Scores in units of the best, none below 0."""
    best = float(scores.max(initial=0.0))
    return (np.maximum(scores, 0) / (best or 1)).astype(np.float32)


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
    order = np.lexsort((symbols, -scores, files))
    first = np.flatnonzero(np.diff(files[order], prepend=-1))
    seen = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    damped = scores[order] * ranking.same_file**seen
    best = np.lexsort((symbols[order], -damped))[:limit]
    return list(zip(order[best].tolist(), damped[best].tolist(), strict=True))
