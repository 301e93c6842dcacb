"""The ranking, and what is left of it with parts taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from memory_server.rank import RANKING, Ranking


class Ablation(StrEnum):
    """What takes part in the ranking."""

    FULL = "full"
    BM25 = "bm25"
    DENSE = "dense"
    NO_GRAPH = "no-graph"


_PLAIN = Ranking(
    name_boost=0.0,
    path_boost=0.0,
    coherence_boost=0.0,
    importance_weight=0.0,
    kind_boost=0.0,
    test_factor=1.0,
    kind_factors={},
    same_file_factor=1.0,
)
"""Fusion alone."""

ABLATIONS: Mapping[Ablation, Ranking] = {
    Ablation.FULL: RANKING,
    Ablation.BM25: replace(_PLAIN, dense_weight_name=0.0, dense_weight_text=0.0),
    Ablation.DENSE: replace(_PLAIN, dense_weight_name=1.0, dense_weight_text=1.0),
    Ablation.NO_GRAPH: replace(RANKING, importance_weight=0.0),
}
"""The product's ranking; BM25F alone; cosine alone; everything but the reference graph's importance."""
