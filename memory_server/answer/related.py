"""``related``: callers, callees, implementations, importers or tests of a symbol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from indexers.summarize import Detail, Summary
from memory_server.answer.history import HistoryReply, tell_history
from memory_server.answer.page import HEAD_WIDTH, Page, TextLine, cost_of, numbered_text
from memory_server.answer.parameters import Depth, Relation, SymbolName, TokenBudget
from memory_server.answer.reply import (
    Ambiguity,
    Json,
    LeftOut,
    Reply,
    Told,
    ambiguity_lines,
    fit_candidates,
    lines_json,
    symbol_json,
)
from memory_server.answer.repository import Repository
from memory_server.answer.slices import clip
from memory_server.answer.tool import Tool
from memory_server.deadline import is_overdue
from memory_server.index.fresh import Sight
from memory_server.index.view import View
from memory_server.model import Line
from memory_server.query.relations import HISTORY, SURE, RelatedSymbol, count_unresolved, find_related
from memory_server.query.targets import (
    SymbolTarget,
    are_overloads,
    describe_symbol,
    find_innermost,
    find_named_file,
    find_symbols,
    resolve_target,
)
from memory_server.visible import quote_name, quote_path

SHOWN_REFERENCES = 2
"""How many referring lines of one symbol are shown; of further ones, the numbers."""

RELATIVE_TOKENS = 15
"""No symbol with a referring line takes less; the files of more than fit are not read."""

NAMED_LINES = 5
"""How many line numbers of one symbol are named."""

WITH_SOURCE = ("callers", "tests")
"""Relations whose referring lines say more than the signature of what refers."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A related symbol: the lines that refer, how far away it is, how sure the tie.

    ``shown`` says of how many of the lines the text shows the source.
    """

    summary: Summary
    lines: tuple[Line, ...]
    depth: int
    confidence: float
    shown: int = 0

    @property
    def sure(self) -> bool:
        """Whether the reference is told as a fact."""
        return self.confidence >= SURE

    def full_lines(self) -> list[TextLine]:
        """The symbol with the lines that refer, or its signature."""
        if not self.shown:
            return [self._row(self.summary.head(Detail.SIGNATURE, HEAD_WIDTH), self.lines)]
        shown = numbered_text(self.lines[: self.shown], self.summary.path, indent="    ")
        return [self._row(self.summary.head(Detail.NAMES), self.lines[self.shown :]), *shown]

    def short_lines(self) -> list[TextLine]:
        """The symbol's name with the numbers of the lines that refer."""
        return [self._row(f"{self.summary.span} {self.summary.name}", self.lines)]

    def _row(self, text: str, lines: Sequence[Line]) -> TextLine:
        unsure = "" if self.sure else " ?"
        said = "file" if self.summary.kind == "file" else text
        return TextLine(f"  {said}{_at(lines)}{unsure}", self.summary.path)

    def json(self) -> Json:
        """The relative as data."""
        return {
            **symbol_json(self.summary),
            "depth": self.depth,
            "sure": self.sure,
            "lines": lines_json(self.lines),
        }


@dataclass(frozen=True, slots=True)
class RelatedReply(Reply):
    """A symbol's relatives, nearest first; ``found`` counts them all, ``ambiguity`` is set when no one symbol is meant.

    ``unresolved`` counts further references that may belong to the relation, but whose target is not known.
    """

    symbol: Summary | None
    relation: str
    found: int
    relatives: tuple[Relative, ...]
    is_short: bool
    unresolved: int
    left_out: LeftOut
    notes: tuple[str, ...]
    budget: int
    ambiguity: Ambiguity | None = None
    has_unsure: bool = False

    def told(self) -> Sequence[Told]:
        """The symbol that was asked about."""
        return (self.symbol,) if self.symbol else ()

    def lines(self) -> tuple[TextLine, ...]:
        """The lines of the text, within the budget."""
        if self.ambiguity is not None:
            return ambiguity_lines(self.ambiguity, self.budget)
        page = Page(self.budget)
        page.add(_title(self))
        for lines in _rows(self.relatives, Relative.short_lines if self.is_short else Relative.full_lines):
            page.add(*lines)
        return page.close(self.left_out.text(), *self.notes)

    def json(self) -> Json:
        """The reply for a script."""
        ambiguous = {"ambiguous": [self.ambiguity.json()]} if self.ambiguity else {}
        return {
            "symbol": symbol_json(self.symbol) if self.symbol else None,
            "relation": self.relation,
            "relatives": [relative.json() for relative in self.relatives],
            "unresolved": self.unresolved,
            "left_out": self.left_out.json(),
            **ambiguous,
        }


def related(
    repository: Repository, symbol: SymbolName, relation: Relation, depth: Depth = 1, budget: TokenBudget = 0
) -> RelatedReply | HistoryReply:
    """What calls, is called by, implements, imports or tests a symbol; its commits, and what changes with it.

    Raises:
        NotFoundError: no symbol or file has that name.
        QueryError: the relation is unknown.
        OutsideRepositoryError: the symbol is a path that leads outside the repository.
    """
    limit = budget or repository.config.budget.related

    def question(sight: Sight) -> tuple[RelatedReply | HistoryReply, set[str]]:
        view = sight.view
        starts = _starts(sight, repository.index.root, symbol)
        if relation in HISTORY and are_overloads(view, starts):
            return tell_history(repository, sight, starts[0], relation, limit), {view.path_of(starts[0])}
        relations = find_related(view, starts, relation, depth) if are_overloads(view, starts) else []
        about = {view.path_of(one) for one in (*starts, *(other.symbol for other in relations))}
        whole = RelatedReply(
            symbol=describe_symbol(view, starts[0]),
            relation=relation,
            found=len(relations),
            relatives=(),
            is_short=False,
            unresolved=0,
            left_out=LeftOut(0, "more", "raise budget"),
            notes=sight.notes,
            budget=limit,
        )
        if not are_overloads(view, starts):
            candidates = fit_candidates(symbol, [describe_symbol(view, start) for start in starts], limit)
            return replace(whole, symbol=None, ambiguity=candidates), about
        return _tell(sight, whole, starts, relations), about

    return repository.index.ask(question)


def _tell(
    sight: Sight, reply: RelatedReply, starts: Sequence[int], relations: Sequence[RelatedSymbol]
) -> RelatedReply:
    """The reply with its relatives, as many as fit."""
    relatives = [_describe(sight.view, other) for other in relations]
    unsure = any(not relative.sure for relative in relatives)
    unresolved = count_unresolved(sight.view, starts, reply.relation)
    whole = replace(reply, relatives=tuple(relatives), has_unsure=unsure, unresolved=unresolved)
    if reply.relation in WITH_SOURCE and len(relations) * RELATIVE_TOKENS <= reply.budget:
        return fit(_quote(sight, whole, SHOWN_REFERENCES))
    return _quote(sight, fit(whole), 0)


def _starts(sight: Sight, root: Path, text: str) -> tuple[int, ...]:
    if sight.doubt:
        sight.include(find_named_file(root, text))
    view = sight.view
    found = resolve_target(view, root, text)
    if isinstance(found, SymbolTarget):
        return found.symbols
    place = view.file_index.get(found.path)
    if place is None:
        return find_symbols(view, text)
    return (find_innermost(view, place, found.start, found.end) if found.end else int(view.first[place]),)


def _describe(view: View, other: RelatedSymbol) -> Relative:
    """A related symbol with the numbers of the lines that refer."""
    lines = tuple(Line(number, "") for number in other.lines)
    return Relative(describe_symbol(view, other.symbol), lines, other.depth, other.confidence)


def _quote(sight: Sight, reply: RelatedReply, shown: int) -> RelatedReply:
    """The reply with the source of the lines that refer, of which the text shows so many a relative."""

    def quote(relative: Relative) -> Relative:
        text = sight.lines_if_served(relative.summary.path) if relative.lines and not is_overdue() else []
        lines = tuple(Line(n, clip(text[n - 1]) if n <= len(text) else "") for n, _ in relative.lines)
        told = sum(number <= len(text) for number, _ in lines[:shown])
        return replace(relative, lines=lines, shown=told)

    return replace(reply, relatives=tuple(map(quote, reply.relatives)))


def _title(reply: RelatedReply) -> TextLine:
    symbol = reply.symbol
    assert symbol is not None
    where = quote_path(symbol.path, f":{symbol.start_line}" if symbol.name else "")
    where = f"{quote_name(symbol.name)} ({where})" if symbol.name else where
    none = "none found; search may find uses that are not resolved"
    title = f"{reply.relation} of {where}: {reply.found or none}"
    return TextLine(f"{title}; ? = the name alone fits" if reply.has_unsure else title)


def fit(whole: RelatedReply) -> RelatedReply:
    """As many relatives as fit, nearest first, in full when all of them do."""
    page = Page(whole.budget)
    page.add(_title(whole))
    rows = _rows(whole.relatives, Relative.full_lines)
    is_short = cost_of([line for lines in rows for line in lines]) > page.room
    if is_short:
        rows = _rows(whole.relatives, Relative.short_lines)
    shown = 0
    while shown < len(rows) and page.add(*rows[shown]):
        shown += 1
    left = Counter(relative.summary.path.split("/")[0] for relative in whole.relatives[shown:])
    where = ", ".join(f"{quote_path(name)} {count}" for name, count in left.most_common(4))
    return replace(
        whole,
        relatives=whole.relatives[:shown],
        is_short=is_short,
        left_out=replace(whole.left_out, count=len(rows) - shown, what=f"more ({where})"),
    )


def _rows(relatives: Sequence[Relative], tell: Callable[[Relative], list[TextLine]]) -> list[list[TextLine]]:
    """Each relative's lines, under a heading where its file or its distance differs from the one before."""
    rows: list[list[TextLine]] = []
    path, depth = "", 1
    for relative in relatives:
        heading = [f"at distance {relative.depth}:"] if relative.depth != depth else []
        lines = tell(relative)
        if heading or relative.summary.path != path:
            heading.append(quote_path(relative.summary.path))
        path, depth = relative.summary.path, relative.depth
        if heading and relative.summary.kind == "file":
            heading[-1] += lines.pop(0).text.removeprefix("  file")
        rows.append([*map(TextLine, heading), *lines])
    return rows


def _at(lines: Sequence[Line]) -> str:
    numbers = ", ".join(str(line.number) for line in lines[:NAMED_LINES])
    more = f" and {len(lines) - NAMED_LINES} more" if len(lines) > NAMED_LINES else ""
    return f" @{numbers}{more}" if lines else ""


RELATED = Tool(
    name="related",
    description=(
        "Who calls, is called by, implements, imports or tests a symbol, with lines; its commits (changes); files "
        "that change with it (together). ? = the name alone fits: maybe incomplete."
    ),
    help="Show a symbol's callers, callees, implementations, importers, tests, or its history.",
    ask=related,
)
