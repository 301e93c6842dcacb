"""Every signal of the ranking, one row each: what it measures, how it is scaled, what it weighs and why.

Scoring, fitting, ablations and ``search --explain`` go through this table; a new signal is a row, and where it needs a
new feature of a candidate, a field of ``Candidates``. Evidence is scaled to the best candidate's and summed (a convex
combination, which Bruch, Gai and Ingber 2023 found better than reciprocal rank fusion), then multiplied by what the
symbol is, where it lies, and how much code refers to it. A symbol's file counts beside the symbol: often a file answers
a question of which no one symbol says it all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memory_server.query.question import Query

Floats = NDArray[np.float32]
Values = NDArray[Any]
"""Floats or booleans, one a candidate."""

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


MENTIONED_FACTOR = 0.6
"""What a role is worth at least that the query mentions without asking for it: "test" also stands in what source is
called, and a question about that found nothing but tests.
"""

WHOLE_PATH = 3.0
"""``Candidates.named`` of the one file whose path is the query: also a copy or a text is then what is wanted."""

ONE_LINE_FACTOR = 0.8
"""What a symbol of a single line, a declaration or an alias, is worth beside one that says more."""


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


class Part(Enum):
    """How a signal enters the score: (sum of evidence) * (1 + sum of boosts) * (product of worths), then the lifts."""

    EVIDENCE = "evidence"
    BOOST = "boost"
    WORTH = "worth"
    """Raised to the weight: with 0 it does nothing."""
    LIFT = "lift"
    """Added at the end; its value may depend on the score so far."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One row of the table. ``value`` gives one value a candidate, from the score so far where it is a lift."""

    name: str
    part: Part
    weight: float
    scale: Callable[[Values], Values]
    value: Callable[[Candidates, Query, Floats], Values]

    def contribute(self, candidates: Candidates, query: Query, weight: float, so_far: Floats) -> Values:
        """What it adds to its part, or as a worth what it multiplies by."""
        values = self.scale(self.value(candidates, query, so_far))
        return values**weight if self.part is Part.WORTH else weight * values


def _as_it_is(values: Values) -> Values:
    return values


def _share_of_best(values: Values) -> Values:
    """In units of the best, none below 0."""
    best = float(values.max(initial=0.0))
    return (np.maximum(values, 0) / (best or 1)).astype(np.float32)


def _doublings(values: Values) -> Values:
    """Doublings over the mean, which is 1; none below."""
    return np.log2(np.maximum(values, 1))


def _for_style(style: str) -> Callable[[Candidates, Query, Floats], Values]:
    return lambda candidates, query, _: (
        candidates.dense if query.style == style else np.zeros_like(candidates.dense)
    )


def _asked_kind(candidates: Candidates, query: Query, _: Floats) -> Values:
    return np.array([kind in query.kinds for kind in candidates.kinds], np.float64)


def _kind_worth(candidates: Candidates, query: Query, _: Floats) -> Values:
    """By kind; a symbol that is asked for by its name is what is wanted, whatever its kind."""
    worth = np.array([KIND_FACTORS.get(kind, 1.0) for kind in candidates.kinds])
    return np.where(candidates.named > 0, 1.0, worth) if query.style == "name" else worth


def _length_worth(candidates: Candidates, query: Query, _: Floats) -> Values:
    worth = np.where(candidates.one_line, ONE_LINE_FACTOR, 1.0)
    return np.where(candidates.named > 0, 1.0, worth) if query.style == "name" else worth


def _role_worth(candidates: Candidates, query: Query, _: Floats) -> Values:
    """By the file's role, less where the query asks for that role, or is the path of this very file."""
    mentioned = {role: max(MENTIONED_FACTOR, ROLE_FACTORS[role]) for role in query.mentioned}
    factors = {**ROLE_FACTORS, **mentioned, **dict.fromkeys(query.roles, 1.0)}
    worth = np.array([factors.get(role, 1.0) for role in candidates.roles])
    return np.where(candidates.named >= WHOLE_PATH, 1.0, worth)


def _coherence(candidates: Candidates, _: Query, so_far: Floats) -> Values:
    """At each file's best symbol, the file's share of the largest total; 0 elsewhere."""
    shares = np.zeros_like(so_far)
    if not len(so_far):
        return shares
    distinct, inverse = np.unique(candidates.files, return_inverse=True)
    totals = np.bincount(inverse, so_far, minlength=len(distinct))
    order = np.lexsort((-so_far, inverse))
    best = order[np.searchsorted(inverse[order], np.arange(len(distinct)))]
    shares[best] = totals / max(float(totals.max()), 1e-9)
    return shares


SIGNALS: tuple[Signal, ...] = (
    # The best BM25F of a symbol; in proportion for less.
    Signal("lexical", Part.EVIDENCE, 1.0, _share_of_best, lambda c, _q, _s: c.lexical),
    # The best cosine of a symbol with a question; the same for an identifier alone: names are found by their letters.
    Signal("dense_text", Part.EVIDENCE, 0.9, _share_of_best, _for_style("text")),
    Signal("dense_name", Part.EVIDENCE, 0.5, _share_of_best, _for_style("name")),
    # A symbol that the query names; doubled when its type is named too.
    Signal("named", Part.EVIDENCE, 0.4, _as_it_is, lambda c, _q, _s: c.named),
    # The best BM25F of a whole file, and the best cosine of a file's mean with the query.
    Signal("file_lexical", Part.EVIDENCE, 0.7, _share_of_best, lambda c, _q, _s: c.file_lexical),
    Signal("file_dense", Part.EVIDENCE, 0.5, _share_of_best, lambda c, _q, _s: c.file_dense),
    # A file whose name's words all stand in the query; in proportion for some.
    Signal("file_name", Part.EVIDENCE, 0.4, _as_it_is, lambda c, _q, _s: c.file_name),
    # A symbol of the kind that the question asks for ("the class that ...").
    Signal("kind", Part.EVIDENCE, 0.05, _as_it_is, _asked_kind),
    # What much code relies on, per doubling of a symbol's PageRank; the same of a file's symbols together.
    Signal("importance", Part.BOOST, 0.03, _doublings, lambda c, _q, _s: c.importance),
    Signal("file_importance", Part.BOOST, 0.03, _doublings, lambda c, _q, _s: c.file_importance),
    Signal("kind_worth", Part.WORTH, 1.0, _as_it_is, _kind_worth),
    Signal("length_worth", Part.WORTH, 1.0, _as_it_is, _length_worth),
    Signal("role_worth", Part.WORTH, 1.0, _as_it_is, _role_worth),
    # The file that gathers the most evidence over its candidates; in proportion for less.
    Signal("coherence", Part.LIFT, 0.25, _as_it_is, _coherence),
)
"""The ranking's signals; the weights were fitted on the development split (see ``eval/README.md``)."""
