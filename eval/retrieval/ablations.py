"""The ranking, and what is left of it with signals taken out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from memory_server.query.rank import RANKING, Ranking


class Ablation(StrEnum):
    """What takes part in the ranking, or what else ranks."""

    FULL = "full"
    BM25 = "bm25"
    DENSE = "dense"
    NO_GRAPH = "no-graph"
    RIPGREP = "ripgrep"


ABLATIONS: Mapping[Ablation, Ranking] = {
    Ablation.FULL: RANKING,
    Ablation.BM25: RANKING.alone("lexical"),
    Ablation.DENSE: RANKING.alone("dense_text", "dense_name", "file_dense"),
    Ablation.NO_GRAPH: RANKING.without("importance", "file_importance"),
}
"""The product's ranking; BM25F of symbols alone; cosine of symbols and files alone; all but the reference graph.

``RIPGREP`` is none of the product's: an agent's search without an index (``grep``), beside which to set the others.
"""
