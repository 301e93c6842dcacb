"""A query to ranked hits."""

from __future__ import annotations

from indexers.embedding.embed import Embedder
from memory_server.index.view import View
from memory_server.model import SearchHit
from memory_server.query.candidates import find_candidates
from memory_server.query.filters import allowed_symbols
from memory_server.query.question import Query
from memory_server.query.rank import RANKING, Ranking, explain, rank_candidates
from memory_server.query.signals import WHOLE_PATH


def search_view(
    view: View,
    embedder: Embedder,
    query: Query,
    *,
    limit: int = 10,
    path: str = "",
    kind: str = "",
    ranking: Ranking = RANKING,
    explained: bool = False,
) -> list[SearchHit]:
    """The best symbols for a query, best first; the same view and query give the same list.

    ``explained`` hits say what each signal contributes.

    Raises:
        QueryError: ``kind`` is not a kind of symbol.
    """
    allowed = allowed_symbols(view, path, kind)
    if not len(view) or (allowed is not None and not allowed.any()):
        return []
    candidates = find_candidates(view, embedder, query, allowed, ranking)
    return [
        describe_hit(
            view,
            int(candidates.symbols[place]),
            value,
            exact=bool(candidates.named[place] >= (1 if query.style == "name" else WHOLE_PATH)),
            signals=explain(candidates, query, place, ranking) if explained else (),
        )
        for place, value in rank_candidates(candidates, query, limit, ranking)
    ]


def describe_hit(
    view: View, symbol: int, value: float, *, exact: bool = False, signals: tuple[tuple[str, float], ...] = ()
) -> SearchHit:
    """A symbol as a hit with a score."""
    return SearchHit(
        path=view.path_of(symbol),
        start_line=int(view.start_line[symbol]),
        end_line=int(view.end_line[symbol]),
        name=view.qualified_names[symbol],
        kind=view.kinds[symbol],
        score=round(value, 4),
        exact=exact,
        symbol=symbol,
        signals=signals,
    )
