"""A search's reply in the making: sections within the budget, and what is named or counted after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from memory_server.answer.page import Page
from memory_server.answer.reply import LeftOut
from memory_server.answer.search.ranked import fit_hits
from memory_server.answer.search.reply import SearchReply, Section, naming
from memory_server.model import SearchHit
from memory_server.visible import quote_path

NAMES_ROOM = 0.1
"""Of the budget, kept free for naming the weaker hits: each takes a tenth of what telling of it takes."""

MOST_FOLDERS = 4
"""Folders that are named with the lines that they hold and that are left out."""


@dataclass(slots=True)
class Draft:
    """What is told so far, and the room that is left."""

    budget: int
    unread: Set[str] = frozenset()
    """Files for which there was no time, though they may hold what was asked for."""
    page: Page = field(init=False)
    sections: list[Section] = field(default_factory=list)
    first: list[SearchHit] = field(default_factory=list)
    """Hits that come before all that is ranked."""
    weaker: list[SearchHit] = field(default_factory=list)
    lines_left: Counter[str] = field(default_factory=Counter)
    """How many lines of each file are not shown though they hold what was asked for."""

    def __post_init__(self) -> None:
        self.page = Page(self.budget)

    @property
    def told(self) -> set[int]:
        """The symbols that are told of."""
        return {hit.symbol for section in self.sections for hit in section.hits}

    @property
    def misses(self) -> bool:
        """Whether it says that something is not there."""
        return any(not section.hits for section in self.sections)

    def say(self, words: str) -> None:
        """Add a line of our own."""
        self.add(Section((), words))

    def add(self, section: Section) -> None:
        """Add a section, if there is room for all of it."""
        if (section.hits or section.title) and self.page.add(*section.lines()):
            self.sections.append(section)

    def add_hits(self, told: Sequence[SearchHit], weaker: Sequence[SearchHit] = ()) -> None:
        """Add as many hits as fit; the others are named before the weaker ones."""
        hits = fit_hits(told, self.page.room - NAMES_ROOM * self.budget)
        self.add(Section(tuple(hits)))
        self.weaker += [*told[len(hits) :], *weaker]

    def close(
        self, ranked: Sequence[SearchHit], notes: tuple[str, ...] = (), limit: int | None = None
    ) -> SearchReply:
        """The reply, with as many of the weaker hits named as fit; as a list, it has at most ``limit`` hits."""
        if not self.sections and not self.weaker and not self.unread:
            self.say("no hits; try other words or fewer filters, `outline` shows what there is")
        weaker = list(self.weaker)
        while weaker and not self.page.add(naming(weaker)):
            weaker.pop()
        first = {hit.symbol for hit in self.first}
        return SearchReply(
            [*self.first, *(hit for hit in ranked if hit.symbol not in first)][:limit],
            sections=self.sections,
            weaker=weaker,
            left_out=self._left_out(len(self.weaker) - len(weaker)),
            notes=notes,
            budget=self.budget,
        )

    def _left_out(self, weaker: int) -> LeftOut:
        if self.unread:
            what = "files that could not be searched for the text in time"
            return LeftOut(len(self.unread), what, "narrow with path=, or ask again")
        if not self.lines_left:
            return LeftOut(weaker, "weaker hits", "narrow with path= or kind=, or raise budget")
        folders: Counter[str] = Counter()
        for path, count in self.lines_left.items():
            folders[path.split("/")[0]] += count
        where = ", ".join(f"{quote_path(name)} {count}" for name, count in folders.most_common(MOST_FOLDERS))
        return LeftOut(folders.total(), f"lines ({where})", "narrow with path=, or raise budget")
