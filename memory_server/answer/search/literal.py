"""What stands literally in the repository, as sections of a reply: told before anything ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from indexers.summarize import Summary
from indexers.tokens import truncate
from memory_server.answer.page import Page
from memory_server.answer.search.reply import Section
from memory_server.answer.slices import MAX_KEY_LINE
from memory_server.index.fresh import Sight
from memory_server.model import Line, SearchHit
from memory_server.query.exact.find import Literal, Literals
from memory_server.query.exact.scan import Place
from memory_server.query.exact.wanted import Manner
from memory_server.query.search import describe_hit
from memory_server.query.targets import describe_symbol, find_innermost

FEW = 3
"""So many lines are shown with what stands around them."""

BEFORE, AFTER = 2, 1
"""Lines shown around each of few: what leads to a message stands before it."""

TITLES = {
    Manner.TEXT: "exact text",
    Manner.USE: "uses",
    Manner.MESSAGE: "message",
    Manner.PLACE: "at that place",
    Manner.REGEX: "matching",
}
"""What is said of lines that hold a query."""

LINES_OF_FILE = 5
"""Lines of one file that are shown; of further ones it is said how many there are."""


def tell_literal(sight: Sight, literal: Literal, score: float, room: float) -> tuple[Section, Counter[str]]:
    """A section with as many of the lines as there is room for, and how many of each file are left out.

    ``score`` is what their hits have: that of the best that is ranked, or more.
    """
    shown = _choose(literal.places)
    section = _section(sight, literal, score, shown)
    while len(shown) > 1 and not Page(room, 0).add(*section.lines()):
        shown = shown[: max(1, 4 * len(shown) // 5)]
        section = _section(sight, literal, score, shown)
    left = Counter(place.path for place in literal.places) + Counter(literal.more)
    return section, left - Counter(place.path for place in shown)


def _choose(places: Sequence[Place]) -> list[Place]:
    """The first lines of each file."""
    seen: Counter[str] = Counter()
    chosen = []
    for place in places:
        seen[place.path] += 1
        if seen[place.path] <= LINES_OF_FILE:
            chosen.append(place)
    return chosen


def _section(sight: Sight, literal: Literal, score: float, shown: Sequence[Place]) -> Section:
    files = len({place.path for place in literal.places}) + len(literal.more)
    count = len(literal.places) + sum(literal.more.values())
    told = f"{len(shown)} of {count}" if count > len(shown) else f"{count}"
    title = f"{TITLES[literal.manner]}: {told} line{'s' if count != 1 else ''}"
    title += f" in {files} files" if files > 1 else ""
    is_alone = literal.manner in (Manner.TEXT, Manner.MESSAGE, Manner.PLACE) and len(literal.places) <= FEW
    hits = _hits(sight, literal, score, shown, (BEFORE, AFTER) if is_alone else (0, 0))
    return Section(tuple(hits), title, is_brief=not is_alone)


def _hits(
    sight: Sight, literal: Literal, score: float, places: Iterable[Place], around: tuple[int, int]
) -> list[SearchHit]:
    """The innermost symbols around some lines, in the order of the lines, each with its own."""
    view = sight.view
    numbers: dict[int, list[int]] = {}
    for place in places:
        symbol = find_innermost(view, view.file_index[place.path], place.line, place.line)
        numbers.setdefault(symbol, []).append(place.line)
    hits = []
    for symbol, found in numbers.items():
        text = sight.lines_if_served(view.path_of(symbol))
        shown = _widen(
            found, around, int(view.start_line[symbol]), min(int(view.end_line[symbol]), len(text))
        )
        lines = tuple(Line(number, _cut(text[number - 1], literal.text)) for number in shown)
        hit = describe_hit(view, symbol, score, exact=True)
        summary = None
        if hit.kind != "file":
            summary = replace(describe_symbol(view, symbol), signature="")
        hits.append(replace(hit, summary=summary, lines=lines))
    return hits


def _widen(numbers: Sequence[int], around: tuple[int, int], first: int, last: int) -> list[int]:
    """Line numbers with those around them, within a symbol; what was found is never left out."""
    before, after = around
    wide = {near for number in numbers for near in range(number - before, number + after + 1)}
    return sorted({near for near in wide if first <= near <= last} | set(numbers))


def _cut(line: str, text: str) -> str:
    """A line cut to a readable length such that the text is in it."""
    line = line.rstrip()
    if len(line) <= MAX_KEY_LINE:
        return line
    start = max(line.lower().find(text.lower()), 0)
    if start + len(text) <= MAX_KEY_LINE - 1:
        return truncate(line, MAX_KEY_LINE)
    return "…" + truncate(line[max(0, start - MAX_KEY_LINE // 4) :], MAX_KEY_LINE)


def take_defining_lines(
    sight: Sight, definitions: Sequence[SearchHit], literals: Literals
) -> tuple[list[SearchHit], Literals]:
    """Definitions with the first line of each that holds their name, and what was found without these lines."""
    view = sight.view
    taken: dict[int, Place] = {}
    symbols = {hit.symbol for hit in definitions}
    for place in (place for literal in literals.found for place in literal.places):
        symbol = find_innermost(view, view.file_index[place.path], place.line, place.line)
        if symbol in symbols:
            taken.setdefault(symbol, place)
    told = []
    for hit in definitions:
        if hit.symbol in taken:
            number = taken[hit.symbol].line
            text = sight.lines_if_served(hit.path)[number - 1]
            hit = replace(
                hit, lines=(Line(number, _cut(text, hit.name)),), summary=_without_signature(hit, text)
            )
        told.append(hit)
    return told, literals.without(set(taken.values()))


def _without_signature(hit: SearchHit, line: str) -> Summary | None:
    """A summary whose signature stands in a line that is shown, without it."""
    summary = hit.summary
    is_told = summary is not None and " ".join(summary.signature.split()) in " ".join(line.split())
    return replace(summary, signature="") if summary is not None and is_told else summary
