"""Lines of a file as they are shown: numbered, clipped, with what stands around them; and those that matter most."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexers.summarize import Summary
from indexers.terms import text_terms
from indexers.tokens import truncate
from memory_server.index.view.lexical import LexicalIndex
from memory_server.model import Line
from memory_server.query.question import Query

MAX_LINE, MAX_KEY_LINE = 400, 160
"""Characters of a source line that are shown; longer ones are data. A key line points at what to read."""

KEY_LINE_REACH = 400
"""Lines of a symbol that are looked through for key lines."""

KEY_LINE_LENGTH = 2_000
"""Characters of a line in which a query's terms are looked for; the rest of a longer one is data."""

PROSE_KINDS = frozenset({"file", "window", "section", "element"})
"""Kinds whose lines are worth reading without any mark of code in them."""

KEY_LINE_SHARE = 0.5
"""Lines worth less than this share of the best one are not shown."""

_CODE = re.compile(r"[()\[\]{}=;<>]")


def numbered(text: Sequence[str], start: int, end: int) -> tuple[Line, ...]:
    """Lines ``start`` to ``end`` (1-based, inclusive, clipped to the file) with their numbers."""
    first, last = max(start, 1), min(end, len(text))
    return tuple(Line(number, clip(text[number - 1])) for number in range(first, last + 1))


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


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What makes a line matter to a query: its terms' weights by rarity, and a pattern that any line with one fits."""

    weights: Mapping[int, float]
    pattern: re.Pattern[str]


def weigh_key_terms(query: Query, index: LexicalIndex) -> KeyTerms:
    """A query's terms, the rarest the weightiest."""
    weights = {term: index.idf(term) * weight for term, weight in sorted(query.terms.items())}
    # A stem is how its words begin, so that a line without any of them is passed over at a fraction of the cost.
    return KeyTerms(weights, re.compile("|".join(map(re.escape, sorted(query.stems))), re.IGNORECASE))


def pick_key_lines(text: Sequence[str], summary: Summary, terms: KeyTerms, most: int) -> tuple[Line, ...]:
    """The lines that hold the query's rarest terms, in order, without what signature and doc say already.

    Comments repeat the words of a question; the code under them is the answer.
    """
    told, is_prose = f"{summary.signature} {summary.doc}", summary.kind in PROSE_KINDS
    last = min(summary.end_line, summary.start_line + KEY_LINE_REACH, len(text))
    scored: list[tuple[float, int]] = []
    for number in range(summary.start_line + 1, last + 1):
        line = text[number - 1][:KEY_LINE_LENGTH]
        if not terms.pattern.search(line):
            continue
        found = terms.weights.keys() & set(text_terms(line))
        value = sum(terms.weights[term] for term in sorted(found))
        if value > 0 and (is_prose or _CODE.search(line)) and _bare(line) not in told:
            scored.append((-value, number))
    scored.sort()
    best = [number for value, number in scored[:most] if value <= KEY_LINE_SHARE * scored[0][0]]
    return tuple(Line(number, truncate(text[number - 1].rstrip(), MAX_KEY_LINE)) for number in sorted(best))


def _bare(line: str) -> str:
    """A line as it stands in a cleaned signature or doc."""
    return " ".join(line.split()).strip("#/*\"'`{:; ")
