"""The ranking, and what is left of it with parts taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from memory_server.query.rank import RANKING, Ranking


class Ablation(StrEnum):
    """What takes part in the ranking, or what else ranks."""

    FULL = "full"
    BM25 = "bm25"
    DENSE = "dense"
    NO_GRAPH = "no-graph"
    RIPGREP = "ripgrep"


_NOTHING = Ranking(
    lexical=0.0,
    dense_text=0.0,
    dense_name=0.0,
    named=0.0,
    file_lexical=0.0,
    file_dense=0.0,
    file_name=0.0,
    kind=0.0,
    importance=0.0,
    file_importance=0.0,
    coherence=0.0,
    one_line=1.0,
    kind_factors={},
    role_factors={},
    same_file=RANKING.same_file,
)
"""No evidence at all."""

ABLATIONS: Mapping[Ablation, Ranking] = {
    Ablation.FULL: RANKING,
    Ablation.BM25: replace(_NOTHING, lexical=1.0),
    Ablation.DENSE: replace(_NOTHING, dense_text=1.0, dense_name=1.0, file_dense=1.0),
    Ablation.NO_GRAPH: replace(RANKING, importance=0.0, file_importance=0.0),
}
"""The product's ranking; BM25F of symbols alone; cosine of symbols and files alone; all but the reference graph.

``RIPGREP`` is none of the product's: an agent's search without an index (``grep``), beside which to set the others.
"""
