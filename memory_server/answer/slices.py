"""Pieces of files cut to what was asked, with just enough around them to edit from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexers.summarize import Summary
from indexers.terms import text_terms
from indexers.tokens import truncate, weigh_tokens
from memory_server.index.lexical import LexicalIndex

Line = tuple[int, str]

MAX_LINE, MAX_KEY_LINE = 400, 160
"""Characters of a source line that are shown; longer ones are data. A key line points at what to read."""

KEY_LINE_REACH = 400
"""Lines of a symbol that are looked through for key lines."""

PROSE_KINDS = frozenset({"file", "window", "section", "element"})
"""Kinds whose lines are worth reading without any mark of code in them."""

KEY_LINE_SHARE = 0.5
"""Lines worth less than this share of the best one are not shown."""

_CODE = re.compile(r"[()\[\]{}=;<>]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A search hit ready to be told: its summary and the lines of it that answer the query best."""

    summary: Summary
    key_lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """Lines of a file. ``start`` to ``end`` was asked for, ``lines`` may begin before and end after.

    ``enclosing`` holds the first lines of the symbols around it, outermost first; ``members`` summarise a
    symbol whose source does not fit.
    """

    path: str
    title: str
    start: int
    end: int
    enclosing: tuple[Line, ...]
    lines: tuple[Line, ...]
    members: tuple[Summary, ...] = ()


def split_lines(data: bytes) -> list[str]:
    """A file's lines as the parser counts them: only a line feed ends one."""
    lines = data.decode("utf-8", "replace").split("\n")
    return lines if lines[-1] else lines[:-1]


def numbered(text: Sequence[str], start: int, end: int) -> tuple[Line, ...]:
    """Lines ``start`` to ``end`` (1-based, inclusive, clipped to the file) with their numbers."""
    first, last = max(start, 1), min(end, len(text))
    return tuple((number, clip(text[number - 1])) for number in range(first, last + 1))


def clip(line: str) -> str:
    """A source line without trailing blanks, cut when it is too long to be code."""
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
    text: Sequence[str], summary: Summary, terms: Mapping[int, float], index: LexicalIndex, most: int
) -> tuple[Line, ...]:
    """The lines that hold the query's rarest terms, in order, without what signature and doc say already.

    Comments repeat the words of a question; the code under them is the answer.
    """
    told, is_prose = f"{summary.signature} {summary.doc}", summary.kind in PROSE_KINDS
    last = min(summary.end_line, summary.start_line + KEY_LINE_REACH, len(text))
    scored: list[tuple[float, int]] = []
    for number in range(summary.start_line + 1, last + 1):
        line = text[number - 1]
        found = terms.keys() & set(text_terms(line))
        value = sum(index.idf(term) * terms[term] for term in sorted(found))
        if value > 0 and (is_prose or _CODE.search(line)) and _bare(line) not in told:
            scored.append((-value, number))
    scored.sort()
    best = [number for value, number in scored[:most] if value <= KEY_LINE_SHARE * scored[0][0]]
    return tuple((number, truncate(text[number - 1].rstrip(), MAX_KEY_LINE)) for number in sorted(best))


def _bare(line: str) -> str:
    """A line as it stands in a cleaned signature or doc."""
    return " ".join(line.split()).strip("#/*\"'`{:; ")


def token_cost(line: str) -> float:
    """Estimated tokens of a line with its newline, not rounded, so that they add up to those of a text."""
    return weigh_tokens(f"{line}\n")


def cut_to_budget(lines: Sequence[Line], budget: float) -> tuple[Line, ...]:
    """The longest beginning of numbered lines that fits a token budget."""
    kept = []
    for number, text in lines:
        budget -= token_cost(f"{number}\t{text}")
        if budget < 0:
            break
        kept.append((number, text))
    return tuple(kept)
