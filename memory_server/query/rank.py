"""Ranking, pure: the signals of each candidate become one score, and the best are spread over files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from memory_server.query.question import Query
from memory_server.query.signals import SIGNALS, Candidates, Floats, Part, Values


@dataclass(frozen=True, slots=True)
class Ranking:
    """The constants of a ranking: each signal's weight by name, and how results are gathered and spread."""

    weights: Mapping[str, float] = field(default_factory=lambda: {s.name: s.weight for s in SIGNALS})

    candidates: int = 300
    """Symbols taken from each side: far more than are shown, so that other evidence can lift a low one."""

    candidate_files: int = 30
    """Files whose best symbol is taken for the file's own evidence."""

    same_file: float = 0.7
    """For each further symbol of a file already listed: an answer is spread over files first."""

    def reweighted(self, weights: Mapping[str, float]) -> Ranking:
        """The same with other weights for some signals.

        Raises:
            KeyError: no signal has one of the names.
        """
        if unknown := weights.keys() - self.weights.keys():
            raise KeyError(min(unknown))
        return replace(self, weights={**self.weights, **weights})

    def without(self, *names: str) -> Ranking:
        """The same without some signals."""
        return self.reweighted(dict.fromkeys(names, 0.0))

    def alone(self, *names: str) -> Ranking:
        """Nothing but some signals, each with the weight 1."""
        return self.without(*self.weights).reweighted(dict.fromkeys(names, 1.0))


RANKING = Ranking()
"""The ranking that the product answers with."""


def rank_candidates(
    candidates: Candidates, query: Query, limit: int, ranking: Ranking = RANKING
) -> list[tuple[int, float]]:
    """Places of the best candidates with their scores, best first."""
    scores = score(candidates, query, ranking)
    return spread(scores, candidates.files, candidates.symbols, limit, ranking)


def score(candidates: Candidates, query: Query, ranking: Ranking = RANKING) -> Floats:
    """Final scores of the candidates, shape of ``symbols``."""
    scores = np.zeros(len(candidates.symbols), np.float32)
    parts = {part: [s for s in SIGNALS if s.part is part and ranking.weights[s.name]] for part in Part}

    def contributions(part: Part) -> list[Values]:
        return [s.contribute(candidates, query, ranking.weights[s.name], scores) for s in parts[part]]

    evidence = sum(contributions(Part.EVIDENCE), scores)
    boosts = sum(contributions(Part.BOOST), np.ones_like(scores))
    worth = np.prod([np.ones(len(scores)), *contributions(Part.WORTH)], axis=0)
    scores = (evidence * (boosts * worth)).astype(np.float32)
    return sum(contributions(Part.LIFT), scores).astype(np.float32)


def explain(
    candidates: Candidates, query: Query, place: int, ranking: Ranking = RANKING
) -> tuple[tuple[str, float], ...]:
    """What each signal that says something contributes to a candidate's score, before files are spread."""
    before = score(candidates, query, ranking.without(*(s.name for s in SIGNALS if s.part is Part.LIFT)))
    found = []
    for signal in SIGNALS:
        value = float(signal.contribute(candidates, query, ranking.weights[signal.name], before)[place])
        if value != (1.0 if signal.part is Part.WORTH else 0.0):
            found.append((signal.name, round(value, 3)))
    return tuple(found)


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
