"""``search``: ranked hits as digests by file, the best with their key lines, weaker ones by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from indexers.summarize import Detail
from memory_server.answer.page import Page, TextLine, cost_of, numbered_text
from memory_server.answer.parameters import (
    Explained,
    HitLimit,
    KindFilter,
    PathFilter,
    SearchQuery,
    TokenBudget,
)
from memory_server.answer.reply import Json, LeftOut, Reply, lines_json, symbol_json
from memory_server.answer.repository import Repository, summarize_symbol
from memory_server.answer.slices import pick_key_lines, weigh_key_terms
from memory_server.answer.tool import Tool
from memory_server.deadline import is_overdue
from memory_server.index.fresh import Sight
from memory_server.model import Line, SearchHit
from memory_server.query.question import Query, read_query
from memory_server.query.rerank import hit_text, rerank
from memory_server.query.search import search_view
from memory_server.visible import quote_name, quote_path

FOUND_HITS, MAX_HITS, MAX_WEAKER = 60, 12, 10
"""Hits to choose from; of them, at most so many are told of, and so many of the weaker ones named."""

WEAKER_SHARE, NAMED_SHARE = {"name": 0.65, "text": 0.4}, {"name": 0.65, "text": 0.3}
"""Hits below this share of the best score are weaker: at most named, since what a reader skips still costs context.

On the development split that leaves 2.5 hits of 12 for an identifier and 9.9 for a question, with 97% and 99.6% of the
wanted files among the 12 still there; at 0.5 a question's tokens until its files are shown rise by 4%.
"""

KEY_LINE_HITS, KEY_LINES = 5, 3
"""How many hits show lines of their source, and how many lines each."""

NAMES_ROOM = 0.1
"""Of the budget, kept free for naming the weaker hits: each takes a tenth of what telling of it takes."""


class SearchReply(list[SearchHit], Reply):
    """The answer to a search; as a list, the best hits as ranked, as many as were asked for.

    ``hits`` are those told of, with summary and key lines, ``weaker`` those only named.
    """

    def __init__(
        self,
        ranked: Sequence[SearchHit],
        *,
        hits: Sequence[SearchHit],
        weaker: Sequence[SearchHit],
        left_out: LeftOut,
        notes: tuple[str, ...],
        budget: int,
    ) -> None:
        super().__init__(ranked)
        self.hits, self.weaker = tuple(hits), tuple(weaker)
        self.left_out, self.notes, self.budget = left_out, notes, budget

    def lines(self) -> tuple[TextLine, ...]:
        """The lines of the text, within the budget."""
        page = Page(self.budget)
        if not self:
            nothing = "no hits; try other words or fewer filters, `outline` shows what there is"
            return page.close(nothing, *self.notes)
        page.add(*_told(self.hits))
        if self.weaker:
            page.add(_naming(self.weaker))
        return page.close(self.left_out.text(), *self.notes)

    def json(self) -> Json:
        """The reply for a script."""
        return {
            "hits": [_hit_json(hit) | {"lines": lines_json(hit.lines)} for hit in self.hits],
            "weaker": [_hit_json(hit) for hit in self.weaker],
            "left_out": self.left_out.json(),
        }


def search(
    repository: Repository,
    query: SearchQuery,
    path: PathFilter = "",
    kind: KindFilter = "",
    budget: TokenBudget = 0,
    *,
    limit: HitLimit = MAX_HITS,
    explain: Explained = False,
) -> SearchReply:
    """Ranked hits for a question, of which at most ``limit`` are told of.

    Raises:
        QueryError: the query is empty or the kind unknown.
        OutsideRepositoryError: the path leads outside the repository.
        ModelError: a configured model cannot be loaded.
    """
    tokens = budget or repository.config.budget.search
    asked = read_query(query)
    path = repository.inside(path)

    def question(sight: Sight) -> tuple[SearchReply, set[str]]:
        found, about = _find(sight, repository, asked, max(limit, FOUND_HITS), path, kind, explained=explain)
        best = found[0].score if found else 0.0
        strong = [hit for hit in found[:limit] if hit.score >= WEAKER_SHARE[asked.style] * best]
        told = _tell(sight, strong, asked)
        named = _choose_weaker(
            found, len(strong), NAMED_SHARE[asked.style] * best, WEAKER_SHARE[asked.style] * best,
            repository.ranking.same_file,
        )  # fmt: skip
        return fit(found[:limit], told, named, tokens, sight.notes), about

    return repository.index.ask(question, of_all=True)


def find(
    repository: Repository, query: Query, limit: int, *, path: str = "", kind: str = ""
) -> list[SearchHit]:
    """The best hits of files as they are now, reranked where a model is configured.

    Raises:
        QueryError: the kind is unknown.
        ModelError: a configured model cannot be loaded.
    """

    def question(sight: Sight) -> tuple[list[SearchHit], set[str]]:
        return _find(sight, repository, query, limit, path, kind)

    return repository.index.ask(question, of_all=True)


def _find(
    sight: Sight,
    repository: Repository,
    query: Query,
    limit: int,
    path: str,
    kind: str,
    *,
    explained: bool = False,
) -> tuple[list[SearchHit], set[str]]:
    """The best hits, and the files that say which they are."""
    sight.include(path)
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


def _tell(sight: Sight, hits: Sequence[SearchHit], query: Query) -> list[SearchHit]:
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
        elif place < KEY_LINE_HITS and not is_overdue():
            lines = pick_key_lines(sight.lines_if_served(hit.path), summary, terms, KEY_LINES)
        told.append(replace(hit, summary=summary, lines=lines))
        seen.add((hit.path, hit.name))
    return told


def _choose_weaker(
    found: Sequence[SearchHit], strong: int, least: float, least_again: float, same_file: float
) -> list[SearchHit]:
    """Of the hits after the strong ones, the best of each further file, and what only its place in a file made weak.

    Their scores, without the damping of a file's further hits, are at least ``least`` for the first hit of a file and
    ``least_again`` for a further one.
    """
    weaker: list[SearchHit] = []
    earlier: Counter[str] = Counter()
    for place, hit in enumerate(found):
        undamped = hit.score / same_file ** earlier[hit.path]
        if place >= strong and undamped >= (least_again if earlier[hit.path] else least):
            weaker.append(hit)
        earlier[hit.path] += 1
    return weaker[:MAX_WEAKER]


def fit(
    ranked: Sequence[SearchHit],
    told: Sequence[SearchHit],
    named: Sequence[SearchHit],
    budget: int,
    notes: tuple[str, ...] = (),
) -> SearchReply:
    """The reply that tells of as many hits as the budget holds, then names as many of the others and of ``named``."""
    page = Page(budget)
    hits = _fit_hits(told, page.room - NAMES_ROOM * budget)
    page.add(*_told(hits))
    weaker = [*told[len(hits) :], *named]
    count = len(weaker)
    while weaker and not page.add(_naming(weaker)):
        weaker.pop()
    left = LeftOut(count - len(weaker), "weaker hits", "narrow with path= or kind=, or raise budget")
    return SearchReply(ranked, hits=hits, weaker=weaker, left_out=left, notes=notes, budget=budget)


def _fit_hits(hits: Sequence[SearchHit], room: float) -> list[SearchHit]:
    """As many hits as fit as digests; key lines as far as there is room, the best hits first."""
    fitting: list[SearchHit] = []
    paths: set[str] = set()
    for hit in hits:
        bare = replace(hit, lines=())
        heading = [] if hit.path in paths else [TextLine(quote_path(hit.path))]
        cost, full = cost_of([*heading, *_hit_lines(bare)]), cost_of([*heading, *_hit_lines(hit)])
        if cost > room:
            break
        fitting.append(hit if full <= room else bare)
        room -= full if full <= room else cost
        paths.add(hit.path)
    return fitting


def _told(hits: Sequence[SearchHit]) -> list[TextLine]:
    """Hits under their files, best file first."""
    by_file: dict[str, list[TextLine]] = {}
    for hit in hits:
        by_file.setdefault(hit.path, []).extend(_hit_lines(hit))
    return [line for path, lines in by_file.items() for line in (TextLine(quote_path(path)), *lines)]


def _hit_lines(hit: SearchHit) -> list[TextLine]:
    """A hit's summary, of which a signature and a doc show its file's text and a mere span does not; its key lines."""
    summary = hit.summary.text(Detail.DIGEST).split("\n") if hit.summary else []
    told = [TextLine(f"  {line}", hit.path) for line in summary]
    if told and hit.kind == "file":
        told[0] = TextLine(told[0].text)
    signals = [TextLine(f"    {_signals_text(hit.signals)}")] if hit.signals else []
    return [*told, *numbered_text(hit.lines, hit.path, indent="    "), *signals]


def _signals_text(signals: Sequence[tuple[str, float]]) -> str:
    return "signals: " + ", ".join(f"{name} {value:g}" for name, value in signals)


def _naming(hits: Sequence[SearchHit]) -> TextLine:
    """One line: each file with the lines and the names of what it holds."""
    files: dict[str, list[str]] = {}
    for hit in hits:
        lines = f"{hit.start_line}-{hit.end_line} {quote_name(hit.name.rpartition('.')[2])}"
        files.setdefault(hit.path, []).append(lines.rstrip())
    return TextLine(
        "weaker: " + "; ".join(f"{quote_path(path)} {', '.join(found)}" for path, found in files.items())
    )


def _hit_json(hit: SearchHit) -> dict[str, object]:
    signals = {"signals": dict(hit.signals)} if hit.signals else {}
    return {**symbol_json(hit), "score": hit.score, "exact": hit.exact, **signals}


SEARCH = Tool(
    name="search",
    description=(
        "Find code by name or meaning. Returns ranked symbols with file, lines, signature and key lines."
    ),
    help="Find code by name or meaning.",
    ask=search,
)
