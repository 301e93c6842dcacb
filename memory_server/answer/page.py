"""Lines under a token budget: what they cost, which of them fit, and the text that never exceeds it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from indexers.tokens import estimate_tokens, truncate, weigh_tokens
from memory_server.model import Line
from memory_server.visible import show_line

LEFT_OUT_TOKENS = 60
"""Kept free for the closing line."""

HEAD_WIDTH = 140
"""Characters of a signature in a list, where only the kind of thing matters."""

LEAST_OF_HINT = 0.3
"""Share of a hint that still says something."""


class TextLine(NamedTuple):
    """A line of a reply's text; where it shows a file's source, the path and, if it is told, the line's number."""

    text: str
    path: str = ""
    number: int = 0


@dataclass(slots=True)
class Page:
    """Lines under a token budget; a line that does not fit is refused, and the page says so."""

    budget: float
    reserve: float = LEFT_OUT_TOKENS
    lines: list[TextLine] = field(default_factory=list)
    used: float = 0.0

    @property
    def room(self) -> float:
        """Tokens left for lines before the closing ones."""
        return self.budget - self.reserve - self.used

    def add(self, *lines: TextLine) -> bool:
        """Append all lines, or none when they do not fit."""
        cost = cost_of(lines)
        if cost > self.room:
            return False
        self.lines += lines
        self.used += cost
        return True

    def close(self, *notes: str) -> tuple[TextLine, ...]:
        """The lines with the closing notes; their text is never over the budget."""
        lines = self.lines + [TextLine(note) for note in notes if note]
        while len(lines) > 1 and estimate_tokens(join(lines)) > self.budget:
            lines.pop(-2 if len(lines) > 2 else -1)
        if len(lines) == 1:
            lines = [lines[0]._replace(text=cut_text(show_line(lines[0].text), self.budget))]
        return tuple(lines)


def join(lines: Sequence[TextLine]) -> str:
    """Lines as one text, in which nothing that a file holds or is called acts unseen."""
    return "\n".join(show_line(line.text) for line in lines)


def cut_text(text: str, budget: float) -> str:
    """The longest beginning of a text that fits; only for a budget too small for a single line."""
    low, high = 0, len(text)
    if estimate_tokens(text) <= budget:
        return text
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if estimate_tokens(text[:middle]) <= budget else (low, middle - 1)
    return text[:low]


def cut_error(problem: str, hint: str, room: float) -> tuple[str, str]:
    """A problem and its hint in the room for both: the hint in whole words, as half a name is none; or without it."""
    shares = share_out([token_cost(problem), token_cost(f"hint: {hint}")], room)
    blanks = (blank.start() for blank in re.finditer(" ", hint))
    cuts = [*(f"{hint[:blank].rstrip(',;:')}…" for blank in blanks), hint]
    fitting = bisect_right(cuts, shares[1], key=lambda cut: token_cost(f"hint: {cut}"))
    told = cuts[fitting - 1] if fitting else ""
    if len(told) < LEAST_OF_HINT * len(hint):
        told = ""
    left = room - (token_cost(f"hint: {told}") if told else 0)
    limits = range(2, len(problem) + 1)
    fitting = bisect_right(limits, left, key=lambda limit: token_cost(truncate(problem, limit)))
    return (truncate(problem, limits[fitting - 1]) if fitting else cut_text(problem, left)), told


def numbered_text(lines: Sequence[Line], path: str, indent: str = "") -> list[TextLine]:
    """Source lines of a file with their numbers, as they are shown everywhere."""
    return [TextLine(f"{indent}{number}\t{text}", path, number) for number, text in lines]


def token_cost(line: str) -> float:
    """Estimated tokens of a line with its newline, not rounded, so that they add up to those of a text."""
    return weigh_tokens(f"{line}\n")


def cost_of(lines: Sequence[TextLine]) -> float:
    """Estimated tokens of some lines."""
    return sum(token_cost(line.text) for line in lines)


def cut_to_budget(lines: Sequence[Line], budget: float) -> tuple[Line, ...]:
    """The longest beginning of numbered lines that fits a token budget."""
    kept = []
    for number, text in lines:
        budget -= token_cost(f"{number}\t{text}")
        if budget < 0:
            break
        kept.append(Line(number, text))
    return tuple(kept)


def share_out(wanted: Sequence[float], room: float) -> list[float]:
    """Room for each: what it wants where that is little, an equal part of the rest where it is not."""
    shares = [0.0] * len(wanted)
    for place, index in enumerate(sorted(range(len(wanted)), key=lambda index: (wanted[index], index))):
        shares[index] = min(wanted[index], room / (len(wanted) - place))
        room -= shares[index]
    return shares
