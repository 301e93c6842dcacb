"""Ranked hits, told as digests with their key lines; which of them are weaker, and only named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from memory_server.answer.page import TextLine, cost_of
from memory_server.answer.repository import Repository, summarize_symbol
from memory_server.answer.search.reply import hit_lines
from memory_server.answer.slices import pick_key_lines, weigh_key_terms
from memory_server.deadline import is_overdue
from memory_server.index.fresh import Sight
from memory_server.model import Line, SearchHit
from memory_server.query.question import Query
from memory_server.query.rerank import hit_text, rerank
from memory_server.query.search import search_view
from memory_server.visible import quote_path

MAX_WEAKER = 10
"""Weaker hits that are named."""

WEAKER_SHARE, NAMED_SHARE = {"name": 0.65, "text": 0.6}, {"name": 0.65, "text": 0.3}
"""Hits below this share of the best score are weaker: at most named, since what a reader skips still costs context.

On the development split a question's reply tells of 3.7 files, and 98.3% of the wanted ones are among them (99.6% with
those that are named), in 626 to 697 tokens in the median; from 0.4 on, 6.1 files, 97.5%, 969 to 1,125 tokens.
"""

KEY_LINE_HITS, KEY_LINES = 5, 3
"""How many hits show lines of their source, and how many lines each."""


def rank(
    sight: Sight,
    repository: Repository,
    query: Query,
    limit: int,
    path: str,
    kind: str,
    *,
    explained: bool = False,
) -> tuple[list[SearchHit], set[str]]:
    """The best hits, and the files that say which they are.

    Raises:
        QueryError: the kind is unknown.
        ModelError: a configured model cannot be loaded.
    """
    reranker = repository.reranker
    reranked = repository.config.reranker.hits if reranker else 0
    hits = search_view(
        sight.view,
        repository.index.tree.embedder,
        query,
        limit=max(limit, reranked),
        path=path,
        kind=kind,
        ranking=repository.ranking,
        explained=explained,
    )
    about = {hit.path for hit in hits}
    if reranker is not None and hits:
        texts = hit_texts(sight, hits[:reranked])
        if not sight.torn:  # else it is asked anew in any case
            hits = rerank(reranker, query.text, hits, texts)
    return hits[:limit], about


def hit_texts(sight: Sight, hits: Sequence[SearchHit]) -> list[str]:
    """What a reranker reads of some hits, from their files."""
    return [hit_text(hit, sight.lines_if_served(hit.path)) for hit in hits]


def tell(
    sight: Sight, hits: Sequence[SearchHit], query: Query, key_lines: int = KEY_LINES
) -> list[SearchHit]:
    """Hits with their summaries, the first with key lines; of a further overload, only the signature."""
    view = sight.view
    terms = weigh_key_terms(query, view.lexical)
    told: list[SearchHit] = []
    seen: set[tuple[str, str]] = set()
    for place, hit in enumerate(hits):
        summary = summarize_symbol(view, hit.symbol)
        lines: tuple[Line, ...] = ()
        if (hit.path, hit.name) in seen:
            summary = replace(summary, doc="", calls=())
        elif key_lines and place < KEY_LINE_HITS and not is_overdue():
            lines = pick_key_lines(sight.lines_if_served(hit.path), summary, terms, key_lines)
        told.append(replace(hit, summary=summary, lines=lines))
        seen.add((hit.path, hit.name))
    return told


def choose_strong(found: Sequence[SearchHit], style: str) -> list[SearchHit]:
    """The hits that are told of: those not far below the best."""
    best = found[0].score if found else 0.0
    return [hit for hit in found if hit.score >= WEAKER_SHARE[style] * best]


def choose_weaker(found: Sequence[SearchHit], strong: int, style: str, same_file: float) -> list[SearchHit]:
    """Of the hits after the strong ones, the best of each further file, and what only its place in a file made weak.

    Their scores, without the damping of a file's further hits, are at least `NAMED_SHARE` of the best for the first
    hit of a file and `WEAKER_SHARE` for a further one.
    """
    best = found[0].score if found else 0.0
    weaker: list[SearchHit] = []
    earlier: Counter[str] = Counter()
    for place, hit in enumerate(found):
        undamped = hit.score / same_file ** earlier[hit.path]
        share = WEAKER_SHARE[style] if earlier[hit.path] else NAMED_SHARE[style]
        if place >= strong and undamped >= share * best:
            weaker.append(hit)
        earlier[hit.path] += 1
    return weaker[:MAX_WEAKER]


def fit_hits(hits: Sequence[SearchHit], room: float) -> list[SearchHit]:
    """As many hits as fit as digests; key lines as far as there is room, the best hits first."""
    fitting: list[SearchHit] = []
    paths: set[str] = set()
    for hit in hits:
        bare = replace(hit, lines=())
        heading = [] if hit.path in paths else [TextLine(quote_path(hit.path))]
        cost, full = cost_of([*heading, *hit_lines(bare)]), cost_of([*heading, *hit_lines(hit)])
        if cost > room:
            break
        fitting.append(hit if full <= room else bare)
        room -= full if full <= room else cost
        paths.add(hit.path)
    return fitting
