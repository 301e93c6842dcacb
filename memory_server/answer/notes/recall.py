"""``recall``: what earlier conversations left and said, and what became of the code under it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from indexers.tokens import truncate
from memory_server.answer.notes.commands import search_commands
from memory_server.answer.notes.lines import note_json, note_line, note_lines, order
from memory_server.answer.notes.sessions import session_json, session_line, session_lines
from memory_server.answer.page import Page, TextLine, token_cost
from memory_server.answer.parameters import RecallQuery, RecallSource, TokenBudget
from memory_server.answer.reply import TARGET_WIDTH, Json, LeftOut, Reply
from memory_server.answer.repository import Repository
from memory_server.answer.tool import Tool
from memory_server.episodes.model import EpisodeHit
from memory_server.errors import MemoryServerError, QueryError, StoreError
from memory_server.index.fresh import Sight
from memory_server.notes.find import Notes
from memory_server.notes.model import StatedNote
from memory_server.notes.states import Checkout
from memory_server.query.targets import FileTarget, resolve_target
from memory_server.visible import quote

MOST = 20
"""Notes whose state is looked up for an answer."""

WEAK = 0.35
"""Share of the best score below which a note answers nothing."""

NOTES, SESSIONS, COMMANDS = "notes", "sessions", "commands"

_NOBODY = {
    "": "no note answers {asked}",
    NOTES: "no note answers {asked}",
    SESSIONS: "no past conversation answers {asked}",
    COMMANDS: "no command answers {asked}",
}

_ID = re.compile(r"[0-9a-f][0-9a-zA-Z-]{5,63}")

MOST_OTHERS, FEW_OTHERS = 8, 2
"""Past conversations, and commands, that are told where they are asked for, and beside notes."""


class Other(NamedTuple):
    """A hit that is no note: whole, on a line, as data."""

    whole: Sequence[TextLine]
    line: TextLine
    json: Json


@dataclass(frozen=True, slots=True)
class RecallReply(Reply):
    """Notes that answer, then past conversations, best first; whole as far as there is room, then a line each."""

    query: str
    source: str
    kept: str
    found: tuple[StatedNote, ...]
    others: tuple[Other, ...]
    whole: int
    left_out: LeftOut
    notes: tuple[str, ...]
    budget: int

    def lines(self) -> tuple[TextLine, ...]:
        """The lines of the text, within the budget."""
        page = Page(self.budget)
        if not (self.found or self.others):
            asked = quote(truncate(self.query, TARGET_WIDTH))
            page.add(TextLine(f"{_NOBODY[self.source].format(asked=asked)}: {self.kept}"))
        for place, stated in enumerate(self.found):
            page.add(*(note_lines(stated) if place < self.whole else [note_line(stated)]))
        for place, other in enumerate(self.others, len(self.found)):
            page.add(*(other.whole if place < self.whole else [other.line]))
        return page.close(self.left_out.text(), *self.notes)

    def json(self) -> Json:
        """The reply for a script."""
        hits = [*map(note_json, self.found), *(other.json for other in self.others)]
        return {"hits": hits, "left_out": self.left_out.json()}


def recall(
    repository: Repository, query: RecallQuery, source: RecallSource = "", *, budget: TokenBudget = 0
) -> RecallReply:
    """What a question, an error, a symbol, a path or an id finds: notes, each with what became of it, and sessions.

    Raises:
        QueryError: the query is empty, or the source unknown.
    """
    query = query.strip()
    if not query:
        raise QueryError("an empty query", "ask for an error, a symbol, a path, or what was decided")
    if source not in _NOBODY:
        raise QueryError(f"unknown source {source[:40]!r}", f"use one of: {NOTES}, {SESSIONS}, {COMMANDS}")
    book = repository.notes
    limit = budget or repository.config.budget.recall

    def question(sight: Sight) -> tuple[RecallReply, set[str]]:
        notes, at = book.read(), book.states.checkout()
        chosen = [] if source in {SESSIONS, COMMANDS} else _choose(repository, notes, query, sight, at)
        others, problem = _look_beside(repository, query, source, chosen)
        whole = RecallReply(
            query,
            source,
            _tell_kept(repository, source, notes),
            tuple(chosen),
            others,
            0,
            LeftOut(0, "hits", "raise budget"),
            (*_tell_problems(notes), *problem, *sight.notes),
            limit,
        )
        return _fit(whole), {place.path for one in chosen for place in one.places if place.start_line}

    return repository.index.ask(question)


def _tell_kept(repository: Repository, source: str, notes: Notes) -> str:
    """What there is to look through, for a question that nothing of it answers."""
    if source == COMMANDS:
        return "`repo-memory commands --all` lists those that are known"
    if source == SESSIONS:
        count = len(repository.episodes.folder.stamps())
        return (
            f"{count} are kept here" if count else "none is kept; `repo-memory sessions import` takes them in"
        )
    count = len(notes.live)
    return f"{count} notes are kept here" if count else "none is kept here yet; `remember` keeps one"


def _look_beside(
    repository: Repository, query: str, source: str, notes: Sequence[StatedNote]
) -> tuple[tuple[Other, ...], tuple[str, ...]]:
    """What answers beside notes, and why that may not be all: notes are told where conversations cannot be read."""
    try:
        return tuple(_find_others(repository, query, source, notes)), ()
    except StoreError as error:
        return (), (f"past conversations were not looked through: {error}",)


def _find_others(
    repository: Repository, query: str, source: str, notes: Sequence[StatedNote]
) -> Iterator[Other]:
    """What answers beside notes: past conversations, and commands where they are asked for."""
    if source == NOTES or any(one.note.id == query for one in notes):
        return
    if source == COMMANDS:
        for command in search_commands(repository, query, MOST_OTHERS):
            yield Other([command.line()], command.line(), command.json())
        return
    for hit in _find_sessions(repository, query, MOST_OTHERS if source == SESSIONS else FEW_OTHERS):
        yield Other(session_lines(hit), session_line(hit), session_json(hit))


def _find_sessions(repository: Repository, query: str, limit: int) -> list[EpisodeHit]:
    """The passages of the one of an id, or the past conversations found by their words."""
    book = repository.episodes
    if _ID.fullmatch(query) and len(named := book.find(query)) == 1:
        return [EpisodeHit(named[0], one, 0.0) for one in named[0].passages[:MOST_OTHERS]]
    return book.search(query, limit)


def _choose(repository: Repository, notes: Notes, query: str, sight: Sight, at: Checkout) -> list[StatedNote]:
    """The notes that answer: the one of an id, those about a target, then those found by their words."""
    states = repository.notes.states
    if (known := notes.find(query)) is not None:
        return [states.state(known, sight, at)]
    about = _find_about(repository, notes, query, sight, at)
    ids = {one.note.id for one in about}
    found = [one for one in notes.search(query, repository.index.tree.embedder) if one.note.id not in ids]
    best = found[0].score if found else 0.0
    worded = [one.note for one in found if one.score >= WEAK * best][: max(MOST - len(about), 0)]
    return [*about, *(states.state(note, sight, at) for note in worded)]


def _find_about(
    repository: Repository, notes: Notes, query: str, sight: Sight, at: Checkout
) -> list[StatedNote]:
    """Notes on what a query names, as it is called now or as it was."""
    if " " in query or not notes.live:
        return []
    states, targets = repository.notes.states, _read_targets(sight, repository.index.root, query)
    ending = tuple(f"{sign}{query}" for sign in ("::", ".", "/"))
    was = {
        note.id
        for note in notes.live
        if any(t == query or t.rstrip("/").endswith(ending) for t in note.about)
    }
    files = {target.partition("::")[0] for target in targets}
    may_be = {note.id for note in states.on_paths(notes, files, sight, at)} if files else set()
    stated = [states.state(note, sight, at) for note in notes.live if note.id in was | may_be]
    return order([one for one in stated if one.note.id in was or targets & _targets_now(one)])[:MOST]


def _read_targets(sight: Sight, root: Path, query: str) -> set[str]:
    """What a query names, as anchors write it."""
    try:
        named = resolve_target(sight.view, root, query)
    except MemoryServerError:
        return set()
    if isinstance(named, FileTarget):
        return {named.path}
    view = sight.view
    return {f"{view.path_of(one)}::{view.qualified_names[one]}" for one in named.symbols}


def _targets_now(stated: StatedNote) -> set[str]:
    """What its places may be asked for by: their files, and what they are called now."""
    places = [place for place in stated.places if place.path]
    return {place.path for place in places} | {place.now or place.target for place in places}


def _tell_problems(notes: Notes) -> list[str]:
    problems = notes.problems
    if not problems:
        return []
    first = problems[0]
    more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
    return [f"a note's file is broken: {first.path} ({truncate(first.why, 80)}){more}"]


def _fit(whole: RecallReply) -> RecallReply:
    """As many hits as fit: whole, then by a line each."""
    page = Page(whole.budget - sum(map(token_cost, whole.notes)))
    hits: list[tuple[Sequence[TextLine], TextLine]] = [
        (note_lines(one), note_line(one)) for one in whole.found
    ]
    hits += [(one.whole, one.line) for one in whole.others]
    entire = 0
    while entire < len(hits) and page.add(*hits[entire][0]):
        entire += 1
    shown = entire
    while shown < len(hits) and page.add(hits[shown][1]):
        shown += 1
    left = replace(whole.left_out, count=len(hits) - shown)
    others = whole.others[: max(shown - len(whole.found), 0)]
    return replace(whole, found=whole.found[:shown], others=others, whole=entire, left_out=left)


RECALL = Tool(
    name="recall",
    description="What past sessions noted and did, what changed since; commands.",
    help="Find notes, what became of the code under them, past conversations, and commands.",
    ask=recall,
)
