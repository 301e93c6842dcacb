"""``read``: exact source of several targets with line numbers, the lines around it and the enclosing signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from indexers.summarize import Detail, Summary
from indexers.tokens import truncate
from memory_server.answer.page import (
    HEAD_WIDTH,
    Page,
    TextLine,
    cost_of,
    cut_to_budget,
    numbered_text,
    share_out,
    token_cost,
)
from memory_server.answer.parameters import MOST_TARGETS, ContextLines, Targets, TokenBudget
from memory_server.answer.reply import (
    Ambiguity,
    Json,
    LeftOut,
    Reply,
    Told,
    fit_candidates,
    lines_json,
    symbol_json,
)
from memory_server.answer.repository import Repository
from memory_server.answer.slices import numbered, with_context
from memory_server.answer.tool import Tool
from memory_server.deadline import check_time
from memory_server.errors import NotFoundError, OutsideRepositoryError, QueryError
from memory_server.index.fresh import Sight
from memory_server.index.view import View
from memory_server.model import Line
from memory_server.query.targets import (
    MAX_PATH,
    FileTarget,
    are_overloads,
    describe_symbol,
    find_innermost,
    find_named_file,
    resolve_target,
)
from memory_server.visible import quote_path

BODY_KINDS = frozenset({"function", "method", "macro"})
"""Too long for the budget, these show how they begin; others show what they hold."""

LINES, FILE = "lines", "file"
"""Kinds of a slice that is no symbol's: some lines of a file, or all of it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Lines of a file. ``start_line`` to ``end_line`` was asked for, ``lines`` may begin before and end after.

    ``name`` and ``kind`` are the symbol's that was asked for; of plain lines, ``name`` is the symbol's around them.
    ``enclosing`` holds the first lines of the symbols around it that stand before ``lines``, outermost first.
    ``members`` summarise what a symbol holds whose source does not fit, and stand in its place; ``members_left`` are
    too many even so. ``left_out`` counts the lines that were asked for and are not shown, ``rest`` is the target that
    reads them where they are one stretch at the end.
    """

    path: str
    start_line: int
    end_line: int
    name: str
    kind: str
    enclosing: tuple[Line, ...]
    lines: tuple[Line, ...]
    members: tuple[Summary, ...] = ()
    detail: Detail | None = None
    members_left: int = 0
    rest: str = ""
    left_out: int = 0

    def text_lines(self) -> list[TextLine]:
        """The slice as text, under a heading."""
        if self.end_line < self.start_line:
            return [TextLine(f"{quote_path(self.path)} is empty")]
        lines = [TextLine(self._heading()), *numbered_text([*self.enclosing, *self.lines], self.path)]
        if self.detail is not None:
            lines += _member_lines(self.path, self.members, self.detail)
            and_members = f" and {self.members_left} members" if self.members_left else ""
            how = f"read a member by its name, or {quote_path(self.path, ':FIRST-LAST')}"
            return [*lines, TextLine(f"left out: the source{and_members}; {how}")]
        return [*lines, _rest(self.path, self.rest)] if self.rest else lines

    def _heading(self) -> str:
        about = f"{self.kind} {self.name}"
        if self.kind in (LINES, FILE):
            about = f"in {self.name}" if self.name else ""
        return f"{quote_path(self.path, f':{self.start_line}-{self.end_line}')}  {about}".rstrip()

    def json(self) -> Json:
        """The slice as data."""
        found: dict[str, object] = {
            "path": self.path,
            "start_line": self.start_line,
            "end_line": self.end_line,
            "name": self.name,
            "kind": self.kind,
            "enclosing": lines_json(self.enclosing),
            "lines": lines_json(self.lines),
        }
        members = {"members": [symbol_json(member) for member in self.members]} if self.members else {}
        rest = {"rest": self.rest} if self.rest else {}
        return found | members | rest


@dataclass(frozen=True, slots=True)
class Unread:
    """A target, among others, that could not be read, and why."""

    target: str
    problem: str
    hint: str

    def text_lines(self) -> list[TextLine]:
        """The problem with its hint."""
        return [TextLine(f"{self.problem}; {self.hint}")]

    def json(self) -> Json:
        """The problem as data."""
        return {"target": self.target, "problem": self.problem, "hint": self.hint}


Piece = Slice | Ambiguity | Unread

_BLANK = TextLine("")


@dataclass(frozen=True, slots=True)
class ReadReply(Reply):
    """What became of each target, in their order."""

    pieces: tuple[Piece, ...]
    left_out: LeftOut
    notes: tuple[str, ...]
    budget: int

    @property
    def slices(self) -> tuple[Slice, ...]:
        """The targets that were read."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Slice))

    def told(self) -> Sequence[Told]:
        """The slices that were read."""
        return self.slices

    def lines(self) -> tuple[TextLine, ...]:
        """The lines of the text, within the budget."""
        told, dropped = self._lay_out(self.notes)
        if dropped:  # there is room for saying so only with less of the rest
            told, dropped = self._lay_out((*self.notes, self._dropped(len(self.pieces))))
        return told.close(*([self._dropped(dropped)] if dropped else []), *self.notes)

    def _lay_out(self, notes: Sequence[str]) -> tuple[Page, int]:
        """The pieces that fit beside closing notes, and how many do not: of a slice its beginning, others whole."""
        page, dropped = _page(self.budget, notes), 0
        for piece in self.pieces:
            lines = [*_text_lines(piece), _BLANK]
            rows = [[line] for line in lines] if isinstance(piece, Slice) else [lines[:-1], lines[-1:]]
            shown = 0
            while shown < len(rows) and page.add(*rows[shown]):
                shown += 1
            dropped += not shown
        while page.lines and not page.lines[-1].text:
            page.lines.pop()
        return page, dropped

    def _dropped(self, count: int) -> str:
        return f"left out: {count} of {len(self.pieces)} targets; raise budget"

    def json(self) -> Json:
        """The reply for a script."""
        return {
            "slices": [piece.json() for piece in self.slices],
            "ambiguous": [piece.json() for piece in self.pieces if isinstance(piece, Ambiguity)],
            "unread": [piece.json() for piece in self.pieces if isinstance(piece, Unread)],
            "left_out": self.left_out.json(),
        }


def read(
    repository: Repository, targets: Targets, context: ContextLines = 2, budget: TokenBudget = 0
) -> ReadReply:
    """Source of several targets, each within its share of the budget.

    Raises:
        NotFoundError: a single target names nothing.
        OutsideRepositoryError: the path of a single target leads outside the repository.
        QueryError: a single target is too long, or there are more than `MOST_TARGETS`.
    """
    if len(targets) > MOST_TARGETS:
        raise QueryError(
            f"{len(targets):,} targets, {MOST_TARGETS} is the most", "read them in several calls"
        )
    limit = budget or repository.config.budget.read
    distinct = list(dict.fromkeys(targets))

    def question(sight: Sight) -> tuple[tuple[list[Piece], tuple[str, ...]], set[str]]:
        pieces: list[Piece] = []
        about: set[str] = set()
        everywhere = False
        for target in distinct:
            try:
                check_time()
                room = limit // min(max(len(distinct), 2), 4)
                piece, paths = _read_one(sight, repository.index.root, target, context, room)
                pieces.append(piece)
                about |= paths
            except (NotFoundError, OutsideRepositoryError, QueryError) as error:
                if len(distinct) == 1:
                    raise
                everywhere |= isinstance(error, NotFoundError)
                told = sight.judge(error) if isinstance(error, NotFoundError) else error
                pieces.append(Unread(truncate(target, MAX_PATH), str(told), told.hint))
        return (pieces, sight.notes), set() if everywhere else about

    pieces, notes = repository.index.ask(question)
    return fit(pieces, limit, notes)


def _read_one(sight: Sight, root: Path, target: str, context: int, budget: int) -> tuple[Piece, set[str]]:
    """What became of a target, and the files that it is about."""
    if sight.doubt:
        sight.include(find_named_file(root, target))
    view, found = sight.view, resolve_target(sight.view, root, target)
    if isinstance(found, FileTarget):
        return _slice_file(view, found, sight.lines(found.path), context), {found.path}
    about = {view.path_of(symbol) for symbol in found.symbols}
    if not are_overloads(view, found.symbols):
        return fit_candidates(target, [describe_symbol(view, one) for one in found.symbols], budget), about
    text = sight.lines(view.path_of(found.symbols[0]))
    return _slice_symbol(view, found.symbols, text, context), about


def _slice_symbol(view: View, symbols: Sequence[int], text: Sequence[str], context: int) -> Slice:
    symbol = symbols[0]
    start = int(view.start_line[symbol])
    end = max(int(view.end_line[overload]) for overload in symbols)
    lines = with_context(text, start, end, context)
    return Slice(
        path=view.path_of(symbol),
        start_line=start,
        end_line=end,
        name=view.qualified_names[symbol],
        kind=view.kinds[symbol],
        enclosing=_enclosing(view, int(view.parent[symbol]), text, lines),
        lines=lines,
        members=() if view.kinds[symbol] in BODY_KINDS else _members(view, symbol),
    )


def _slice_file(view: View, target: FileTarget, text: Sequence[str], context: int) -> Slice:
    path, place = target.path, view.file_index.get(target.path)
    if target.end == 0:
        members = _members(view, int(view.first[place])) if place is not None else ()
        return Slice(path, 1, len(text), "", FILE, (), numbered(text, 1, len(text)), members)
    if target.start > len(text):
        raise NotFoundError(
            f"{quote_path(path)} has {len(text)} lines", f"outline {quote_path(path)} lists its symbols"
        )
    start, end = target.start, min(target.end, len(text))
    lines = with_context(text, start, end, context)
    inner = find_innermost(view, place, start, end) if place is not None else -1
    around = _around(view, inner)
    name = view.qualified_names[inner] if around else ""
    return Slice(path, start, end, name, LINES, _enclosing(view, inner, text, lines), lines)


def _around(view: View, symbol: int) -> list[int]:
    """A symbol and those around it, outermost first; neither files nor windows of lines."""
    found: list[int] = []
    while symbol >= 0 and view.kinds[symbol] != "file":
        if view.kinds[symbol] != "window":
            found.insert(0, symbol)
        symbol = int(view.parent[symbol])
    return found


def _enclosing(view: View, symbol: int, text: Sequence[str], lines: Sequence[Line]) -> tuple[Line, ...]:
    """The signature lines of a symbol and of those around it, as far as they stand before ``lines``."""
    firsts = (_signature_line(view, around, text) for around in _around(view, symbol))
    before = lines[0].number if lines else 0
    return tuple(line for first in firsts for line in numbered(text, first, first) if first < before)


def _signature_line(view: View, symbol: int, text: Sequence[str]) -> int:
    """The line of a symbol that names it, after its attributes."""
    start, name = int(view.start_line[symbol]), view.names[symbol]
    near = range(start, min(start + 8, int(view.end_line[symbol]), len(text)) + 1)
    return next((number for number in near if name in text[number - 1]), start)


def _members(view: View, symbol: int) -> tuple[Summary, ...]:
    last = int(view.first[view.file_of[symbol] + 1])
    inside = (symbol + 1 + np.flatnonzero(view.parent[symbol + 1 : last] == symbol)).tolist()
    members = (describe_symbol(view, member) for member in inside if view.kinds[member] != "window")
    return tuple(replace(member, name=member.name.rpartition(".")[2]) for member in members)


def _page(budget: int, notes: Sequence[str]) -> Page:
    return Page(budget, reserve=sum(map(token_cost, notes)) + 1)


def fit(pieces: Sequence[Piece], budget: int, notes: tuple[str, ...] = ()) -> ReadReply:
    """The reply with each slice cut to its share of the budget; what is small is never cut."""
    whole = [cost_of([*_text_lines(piece), _BLANK]) for piece in pieces]
    shares = share_out(whole, _page(budget, notes).room)
    fitting = [
        piece if not isinstance(piece, Slice) else _whole(piece) if cost <= share else _shorten(piece, share)
        for piece, cost, share in zip(pieces, whole, shares, strict=True)
    ]
    left = sum(piece.left_out for piece in fitting if isinstance(piece, Slice))
    how = "read the rest or a member of a slice, or raise budget"
    return ReadReply(tuple(fitting), LeftOut(left, "lines", how), notes, budget)


def _text_lines(piece: Piece) -> list[TextLine]:
    if isinstance(piece, Ambiguity):
        left = piece.left_out.text()
        return [*piece.lines(), *([TextLine(left)] if left else [])]
    return piece.text_lines()


def _whole(piece: Slice) -> Slice:
    """A slice that fits: its members are in the source."""
    return replace(piece, members=())


def _shorten(piece: Slice, room: float) -> Slice:
    """A slice cut to its room: by its end or, where it holds other symbols, to their summaries."""
    heading = replace(piece, lines=(), members=()).text_lines()
    room -= cost_of(heading) + token_cost("")
    if piece.members:
        return _shorten_to_members(piece, room)
    lines = [line for line in piece.lines if line.number >= piece.start_line]
    kept = cut_to_budget(
        lines, room - cost_of([_rest(piece.path, f"{piece.path}:{piece.end_line}-{piece.end_line}")])
    )
    first = (kept[-1].number if kept else piece.start_line - 1) + 1
    left = max(piece.end_line - first + 1, 0)
    return replace(
        piece, lines=kept, rest=f"{piece.path}:{first}-{piece.end_line}" if left else "", left_out=left
    )


def _rest(path: str, target: str) -> TextLine:
    asked = quote_path(path, target.removeprefix(path))
    return TextLine(f"left out: lines {target.rpartition(':')[2]}; read {asked}, or raise budget")


def _shorten_to_members(piece: Slice, room: float) -> Slice:
    """What a large symbol holds, in place of its source."""
    note = f"left out: the source; read a member by its name, or {quote_path(piece.path, ':FIRST-LAST')}"
    page = Page(room - token_cost(f"{note} and 10000 members"), reserve=0)
    first = [line for line in piece.lines if line.number == piece.start_line][:1]
    for detail in (Detail.SIGNATURE, Detail.NAMES):
        lines = [*numbered_text(first, piece.path), *_member_lines(piece.path, piece.members, detail)]
        if cost_of(lines) <= page.room:
            break
    shown = 0
    while shown < len(lines) and page.add(lines[shown]):
        shown += 1
    members = piece.members[: max(shown - len(first), 0)]
    return replace(
        piece,
        lines=tuple(first[:shown]),
        members=members,
        detail=detail,
        members_left=len(lines) - shown,
        left_out=piece.end_line - piece.start_line + 1 - len(first[:shown]),
    )


def _member_lines(path: str, members: Sequence[Summary], detail: Detail) -> list[TextLine]:
    return [TextLine(f"  {member.head(detail, HEAD_WIDTH)}", path) for member in members]


READ = Tool(
    name="read",
    description=(
        "Exact current source of symbols or lines, numbered, with enclosing signatures. Pass several. "
        "Before Edit, Claude Code needs its own Read of the shown lines (offset, limit)."
    ),
    help="Show the source of symbols, or lines of files.",
    ask=read,
)
