"""Notes beside the code of a reply: found without being asked for, so that nobody has to think of asking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from memory_server.answer.notes.lines import note_json, note_line, order
from memory_server.answer.page import TextLine, cost_of
from memory_server.answer.reply import Json, Reply, Told
from memory_server.answer.repository import Repository
from memory_server.index.fresh import Sight
from memory_server.notes.model import Place, State, StatedNote

SHARE = 0.15
"""Of a reply's budget, what notes beside it take at most."""

MOST_A_PLACE = 2
MOST_PLACES = 12
"""How many of the things that a reply tells of, the first ones, are looked up."""


@dataclass(frozen=True, slots=True)
class NotedReply(Reply):
    """A reply, made in the rest of the budget, with the notes on what it tells of."""

    reply: Reply
    beside: tuple[StatedNote, ...]

    def lines(self) -> tuple[TextLine, ...]:
        """The reply's lines, then a line a note."""
        return (*self.reply.lines(), *map(note_line, self.beside))

    def json(self) -> Json:
        """The reply's data with the notes."""
        return {**self.reply.json(), "notes": [note_json(one, is_whole=False) for one in self.beside]}


def answer_with_notes(
    repository: Repository, ask: Callable[..., Reply], default: int, asked: dict[str, Any]
) -> Reply:
    """A tool's reply; where notes are about what it tells of, in a budget that leaves room for them."""
    reply = ask(repository, **asked)
    if not reply.told() or repository.notes.is_empty():
        return reply
    budget = asked.get("budget") or default
    beside = _fit(_find(repository, reply.told()), SHARE * budget)
    if not beside:
        return reply
    rest = int(budget - cost_of(list(map(note_line, beside)))) - 1
    if cost_of(reply.lines()) < rest:
        return NotedReply(reply, tuple(beside))
    return NotedReply(ask(repository, **{**asked, "budget": rest}), tuple(beside))


def _find(repository: Repository, told: Sequence[Told]) -> list[StatedNote]:
    """The notes on what is told of, the most pressing first; those of other branches are left for who asks."""
    book = repository.notes

    def question(sight: Sight) -> tuple[list[StatedNote], set[str]]:
        at, paths = book.states.checkout(), {one.path for one in told}
        near = book.states.on_paths(book.read(), paths, sight, at)
        known = [book.states.state(note, sight, at) for note in near]
        shown: dict[str, StatedNote] = {}
        for one in told[:MOST_PLACES]:
            about = [
                stated
                for stated in known
                if not stated.is_staged and any(_is_on(place, one) for place in stated.places)
            ]
            for stated in order(about)[:MOST_A_PLACE]:
                shown.setdefault(stated.note.id, stated)
        return order(list(shown.values())), paths

    return repository.index.ask(question)


def _is_on(place: Place, told: Told) -> bool:
    """Whether a note's place is in what is told of, or is its file."""
    if place.path != told.path or place.state in (State.GONE, State.ELSEWHERE) or not place.start_line:
        return False
    return place.start_line <= told.end_line and told.start_line <= place.end_line


def _fit(notes: Sequence[StatedNote], room: float) -> list[StatedNote]:
    fitting: list[StatedNote] = []
    for one in notes:
        cost = cost_of([note_line(one)])
        if cost <= room:
            fitting.append(one)
            room -= cost
    return fitting
