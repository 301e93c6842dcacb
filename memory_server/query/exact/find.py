"""What stands literally in the repository of what a query says, the surest reading first."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from memory_server.index.fresh import Sight
from memory_server.index.view import SIDE_ROLES
from memory_server.query.exact.messages import find_messages
from memory_server.query.exact.scan import Place, find_text
from memory_server.query.exact.wanted import Manner, Wanted, read_wanted
from memory_server.query.mentions import find_places
from memory_server.query.question import Query

MOST_MESSAGES = 3
"""Places that are told of where a printed message may be written at several."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Lines that hold a text of the query, as ``manner`` says, and how often it stands in ``more`` files.

    ``is_sure``: it is what the query is about, whatever else is like it.
    """

    manner: Manner
    text: str
    places: tuple[Place, ...]
    more: Mapping[str, int] = field(default_factory=dict)
    is_sure: bool = False


@dataclass(frozen=True, slots=True)
class Literals:
    """What was found of a query literally; ``missing`` is what it says must stand somewhere, and nowhere does.

    In files that are ``unread`` there may be more, for which there was no time: then nothing is sure, nor missing.
    """

    found: tuple[Literal, ...] = ()
    missing: str = ""
    unread: frozenset[str] = frozenset()
    is_regex: bool = False
    is_sure: bool = False
    """Whether nothing else can be meant."""
    is_prose: bool = False
    """Whether it stands only in texts about the code and the like, as a question may be worded too."""

    @property
    def is_name(self) -> bool:
        """Whether it is a name that is used, and no option."""
        return any(one.manner is Manner.USE and not one.text.startswith("-") for one in self.found)

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(len(literal.places) + sum(literal.more.values()) for literal in self.found)

    @property
    def is_use(self) -> bool:
        """Whether it is a name that is used."""
        return any(literal.manner is Manner.USE for literal in self.found)

    def without(self, places: Set[Place]) -> Literals:
        """The same without some lines."""
        kept = (replace(one, places=tuple(p for p in one.places if p not in places)) for one in self.found)
        return replace(self, found=tuple(one for one in kept if one.places or one.more))

    @property
    def paths(self) -> set[str]:
        """The files with the lines."""
        return {place.path for literal in self.found for place in literal.places}


def find_literals(
    sight: Sight, root: str | os.PathLike[str], query: Query, allowed: NDArray[np.bool_] | None = None
) -> Literals:
    """Every line that holds what a query says, in files that are ``allowed``, as far as there is time.

    Raises:
        QueryError: the query is a regular expression that cannot be read.
    """
    if query.is_place:
        return _find_place(sight, query)
    asked = read_wanted(query)
    is_regex = any(wanted.manner is Manner.REGEX for wanted in asked)
    literals, unread = _find_all(sight, root, asked, allowed)
    if not literals and query.style == "text" and not is_regex:
        messages, unlooked = find_messages(sight, root, query.text, allowed)
        unread |= unlooked
        is_trace = bool(query.places)  # which says as well where it went wrong
        literals = [
            Literal(Manner.MESSAGE, query.text, m.places, is_sure=not is_trace)
            for m in messages[:MOST_MESSAGES]
        ]
    missed = [wanted.text for wanted in asked if wanted.is_certain]
    return Literals(
        tuple(literals),
        missed[0] if missed and not literals and not unread else "",
        frozenset(unread),
        is_regex,
        is_sure=not unread and any(literal.is_sure for literal in literals),
        is_prose=bool(literals) and not any(_is_in_code(sight, literal.places) for literal in literals),
    )


def _find_place(sight: Sight, query: Query) -> Literals:
    """The line that a query is the place of, in each file that may be meant."""
    paths = [(sight.view.paths[file], line) for file, line in find_places(sight.view, query)]
    places = tuple(Place(path, line) for path, line in paths if line <= len(sight.lines_if_served(path)))
    found = Literal(Manner.PLACE, query.text, places, is_sure=True)
    return Literals((found,) if places else (), "" if places else query.text, is_sure=bool(places))


def _find_all(
    sight: Sight, root: str | os.PathLike[str], asked: Sequence[Wanted], allowed: NDArray[np.bool_] | None
) -> tuple[list[Literal], set[str]]:
    """What is found of what is wanted, each line once, and the files for which there was no time.

    A name that is used is not looked for as a text as well.
    """
    seen: set[Place] = set()
    literals: list[Literal] = []
    unread: set[str] = set()
    for wanted in asked:
        if wanted.manner is Manner.TEXT and any(literal.manner is Manner.USE for literal in literals):
            continue
        found = find_text(sight, root, wanted, allowed)
        unread |= found.unread
        places = tuple(place for place in found.places if place not in seen)
        seen.update(places)
        if places:
            sure = wanted.is_certain or wanted.is_telling
            literals.append(Literal(wanted.manner, wanted.text, places, found.more, sure))
    return literals, unread


def _is_in_code(sight: Sight, places: Sequence[Place]) -> bool:
    files = {sight.view.file_index[place.path] for place in places}
    return any(sight.view.roles[file] not in SIDE_ROLES for file in files)
