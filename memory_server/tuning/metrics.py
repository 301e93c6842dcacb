"""Measures of a ranking, and how sure their means are."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CUTOFF = 10
"""Results that count."""

RESAMPLES = 10_000
"""Draws of the bootstrap: the ends of the interval move by about 1% of its width from seed to seed."""

SEED = 20_250_101
"""Fixed, so that the same scores give the same interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95% interval."""

    mean: float
    low: float
    high: float


def ndcg(ranks: Collection[int], targets: int, cutoff: int = CUTOFF) -> float:
    """Normalised discounted cumulative gain with binary relevance (Järvelin and Kekäläinen 2002).

    ``ranks`` are those of the targets' first hits, from 1; several targets hit by one result count once, as the
    benchmark's own runner has it. The ideal has the ``targets`` on the first ranks.
    """
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(cutoff, targets) + 1))
    gained = sum(1 / math.log2(rank + 1) for rank in set(ranks) if rank <= cutoff)
    return gained / ideal if ideal else 0.0


def recall(ranks: Collection[int], targets: int, cutoff: int = CUTOFF) -> float:
    """The share of the targets that are among the first results; ``ranks`` as in ``ndcg``."""
    return sum(rank <= cutoff for rank in ranks) / targets if targets else 0.0


def reciprocal_rank(ranks: Collection[int], cutoff: int = CUTOFF) -> float:
    """One over the rank of the first hit, 0 without one; over many questions the mean is MRR."""
    best = min(ranks, default=cutoff + 1)
    return 1 / best if best <= cutoff else 0.0


def estimate_mean(values: Floats) -> Estimate:
    """The mean with its percentile bootstrap interval (Efron 1979); of paired differences, it is the paired one.

    ``values`` has shape (n,) with n over 0.
    """
    picks = np.random.default_rng(SEED).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), (2.5, 97.5))
    return Estimate(round(float(values.mean()), 4), round(float(low), 4), round(float(high), 4))
