"""The ranking, and what is left of it with signals taken out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.errors import MeasureError
from memory_server.query.rank import RANKING, Ranking
from memory_server.query.signals import SIGNALS

FULL, RIPGREP = "full", "ripgrep"
"""The product's ranking; an agent's search without an index, beside which to set the product's."""

ABLATIONS: Mapping[str, Ranking] = {
    FULL: RANKING,
    "bm25": RANKING.alone("lexical"),
    "dense": RANKING.alone("dense_text", "dense_name", "file_dense"),
    "no-graph": RANKING.without("importance", "file_importance"),
    **{f"no-{signal.name}": RANKING.without(signal.name) for signal in SIGNALS},
}
"""The product's ranking; BM25F of symbols alone; cosine of symbols and files alone; all but the reference graph; and
all but any one signal."""


def choose_ablations(names: Sequence[str]) -> tuple[str, ...]:
    """Ablations by their names, each once.

    Raises:
        MeasureError: there is none of that name.
    """
    known = (*ABLATIONS, RIPGREP)
    if unknown := [name for name in names if name not in known]:
        raise MeasureError(f"no ablation is called {unknown[0]}", f"choose from {', '.join(known)}")
    return tuple(dict.fromkeys(names))
