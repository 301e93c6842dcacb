"""Pieces of files cut to what was asked, with just enough around them to edit from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexers.summarize import Summary
from indexers.tokens import estimate_tokens, text_terms
from memory_server.lexical import LexicalIndex

Line = tuple[int, str]

MAX_LINE = 400
"""Characters of a source line that are shown; longer ones are data."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A search hit ready to be told: its summary and the lines of it that answer the query best."""

    summary: Summary
    key_lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """Lines of a file. ``start`` to ``end`` was asked for, ``lines`` may begin before and end after.

    ``enclosing`` holds the first lines of the symbols around it, outermost first; ``members`` summarise a symbol
    whose source does not fit.
    """

    path: str
    title: str
    start: int
    end: int
    enclosing: tuple[Line, ...]
    lines: tuple[Line, ...]
    members: tuple[Summary, ...] = ()


def numbered(text: Sequence[str], start: int, end: int) -> tuple[Line, ...]:
    """Lines ``start`` to ``end`` (1-based, inclusive, clipped to the file) with their numbers."""
    first, last = max(start, 1), min(end, len(text))
    return tuple((number, _clip(text[number - 1])) for number in range(first, last + 1))


def _clip(line: str) -> str:
    line = line.rstrip()
    return line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]}… ({len(line) - MAX_LINE} more characters)"


def with_context(text: Sequence[str], start: int, end: int, context: int) -> tuple[Line, ...]:
    """Lines with ``context`` lines on both sides, blank ones trimmed from the edges."""
    lines = list(numbered(text, start - context, end + context))
    while lines and lines[0][0] < start and not lines[0][1].strip():
        lines.pop(0)
    while lines and lines[-1][0] > end and not lines[-1][1].strip():
        lines.pop()
    return tuple(lines)


def pick_key_lines(
    text: Sequence[str], start: int, end: int, terms: dict[int, float], index: LexicalIndex, most: int
) -> tuple[Line, ...]:
    """The lines that hold the query's rarest terms, in order; none when only the first line does."""
    scored = []
    for number in range(start + 1, min(end, start + 400, len(text)) + 1):
        line = text[number - 1]
        found = terms.keys() & set(text_terms(line))
        value = sum(index.idf(term) * terms[term] for term in sorted(found))
        if value > 0:
            scored.append((-value, number))
    return tuple((number, _clip(text[number - 1])) for number in sorted(number for _, number in sorted(scored)[:most]))


def cut_to_budget(lines: Sequence[Line], budget: int) -> tuple[Line, ...]:
    """The longest beginning of numbered lines that fits a token budget."""
    kept = []
    for number, text in lines:
        budget -= estimate_tokens(f"{number}\t{text}\n")
        if budget < 0:
            break
        kept.append((number, text))
    return tuple(kept)
