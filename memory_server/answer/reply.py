"""What every reply is: values, told as text for a model and a terminal or as JSON for a script."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from indexers.summarize import Summary
from indexers.tokens import truncate
from memory_server.answer.page import HEAD_WIDTH, Page, TextLine, cost_of, join, token_cost
from memory_server.model import Line, SearchHit
from memory_server.visible import quote_name, quote_path

Json = Mapping[str, object]

TARGET_WIDTH = 80
"""Characters of the asker's own words that are said back."""


class Told(Protocol):
    """A piece of the code: lines of a file, 1-based and inclusive."""

    @property
    def path(self) -> str:
        """The file's path."""

    @property
    def start_line(self) -> int:
        """The first line."""

    @property
    def end_line(self) -> int:
        """The last line."""


class Reply(ABC):
    """What a tool replies with."""

    __slots__ = ()

    @abstractmethod
    def lines(self) -> tuple[TextLine, ...]:
        """The lines of the text, within the reply's budget."""

    @abstractmethod
    def json(self) -> Json:
        """The reply for a script."""

    def told(self) -> Sequence[Told]:
        """What notes may be about: the pieces of the code that it tells of."""
        return ()

    def text(self) -> str:
        """The reply for a model and a terminal."""
        return join(self.lines())


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many of ``what`` are there that the reply does not show, and how to get them."""

    count: int
    what: str
    how: str

    def text(self) -> str:
        """The closing line of a reply; empty when nothing is left out."""
        return f"left out: {self.count} {self.what}; {self.how}" if self.count else ""

    def json(self) -> Json:
        """The same as data; empty when nothing is left out."""
        return {"count": self.count, "what": self.what, "how": self.how} if self.count else {}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several symbols that a name fits, with the ``target`` that means it alone."""

    target: str
    summary: Summary

    def line(self, *, with_signature: bool) -> TextLine:
        """The target and, where that does not tell them, the lines."""
        where = "" if self.target.endswith(f":{self.summary.span}") else f"  {self.summary.span}"
        said = truncate(self.summary.signature, HEAD_WIDTH) or self.summary.kind
        target = quote_path(self.summary.path, self.target.removeprefix(self.summary.path))
        return TextLine(f"  {target}{where}" + (f" {said}" if with_signature else ""))


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A name that fits several symbols: those of them that fit the budget."""

    target: str
    candidates: tuple[Candidate, ...]
    with_signatures: bool
    left_out: LeftOut

    def lines(self) -> list[TextLine]:
        """The question to choose, and a line a candidate."""
        rows = [found.line(with_signature=self.with_signatures) for found in self.candidates]
        return [_ambiguity_title(self.target), *rows]

    def json(self) -> Json:
        """The candidates as data."""
        found = [{"target": c.target, **symbol_json(c.summary)} for c in self.candidates]
        return {"target": self.target, "candidates": found, "left_out": self.left_out.json()}


_MORE = LeftOut(10_000, "more", "say its class or its path as well")
_MORE_TOKENS = token_cost(_MORE.text())


def fit_candidates(target: str, summaries: Sequence[Summary], budget: float) -> Ambiguity:
    """As many candidates as fit, with their signatures where there is room for all."""
    page = Page(budget, reserve=_MORE_TOKENS)
    page.add(_ambiguity_title(target))
    named = Counter((summary.path, summary.name) for summary in summaries)
    candidates = [
        Candidate(f"{s.path}::{s.name}" if named[s.path, s.name] == 1 else f"{s.path}:{s.span}", s)
        for s in summaries
    ]
    full = [candidate.line(with_signature=True) for candidate in candidates]
    with_signatures = cost_of(full) <= page.room
    rows = full if with_signatures else [candidate.line(with_signature=False) for candidate in candidates]
    shown = 0
    while shown < len(rows) and page.add(rows[shown]):
        shown += 1
    left = replace(_MORE, count=len(rows) - shown)
    return Ambiguity(target, tuple(candidates[:shown]), with_signatures, left)


def ambiguity_lines(ambiguity: Ambiguity, budget: float) -> tuple[TextLine, ...]:
    """An ambiguity as a text of its own."""
    page = Page(budget, reserve=_MORE_TOKENS)
    for line in ambiguity.lines():
        page.add(line)
    return page.close(ambiguity.left_out.text())


def _ambiguity_title(target: str) -> TextLine:
    return TextLine(f"{quote_name(truncate(target, TARGET_WIDTH))} is ambiguous; ask for one of:")


def symbol_json(symbol: Summary | SearchHit) -> dict[str, object]:
    """A symbol as every reply's JSON names it."""
    return {
        "path": symbol.path,
        "start_line": symbol.start_line,
        "end_line": symbol.end_line,
        "name": symbol.name,
        "kind": symbol.kind,
    }


def lines_json(lines: Sequence[Line]) -> list[dict[str, object]]:
    """Numbered lines as every reply's JSON holds them."""
    return [{"line": line.number, "text": line.text} for line in lines]
