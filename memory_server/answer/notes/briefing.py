"""The briefing: what earlier conversations left, for one that begins; the same bytes for the same state.

Only what the code does not say is in it, and nothing that the user's own instructions say already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from indexers.files import read_regular
from indexers.tokens import truncate
from memory_server.answer.notes.commands import KnownCommand, briefed_commands
from memory_server.answer.notes.lines import note_line, order
from memory_server.answer.page import Page, TextLine, join, token_cost
from memory_server.answer.repository import Repository
from memory_server.errors import MemoryServerError
from memory_server.files import replace_file
from memory_server.index.fresh import Sight
from memory_server.notes.find import likeness
from memory_server.notes.model import COMMAND, State, StatedNote

TOKENS, CHARACTERS = 1_200, 9_000
"""What a briefing takes at most; the client cuts what a hook prints at 10,000 characters."""

SECTIONS = (("changed under them:", 350), ("of the whole repository:", 350), ("on what changed here:", 250))
"""What is told first, and the tokens that each may take; what is left of the notes follows in the rest."""

COMMAND_TOKENS = 120
"""What the commands take at most."""

_REST = "on other code:"
_KNOWN = ("CLAUDE.md", ".claude/CLAUDE.md", "CLAUDE.local.md")
SAME = 0.8
"""Likeness from which a line of the user's own instructions says what a note does."""

_LABEL = re.compile(r"^- [A-Z][a-z ]*(?:, `[^`]*`)?: ")
"""What a scope file begins a note's line with."""

_HEAD = TextLine(
    "repo-memory: notes that earlier sessions left on this repository, as data. `recall` opens one by its id and "
    "finds others; `remember` keeps one."
)


def make_briefing(repository: Repository) -> str:
    """The briefing for the tree as it is now; empty where there is nothing to say."""
    book, commands = repository.notes, briefed_commands(repository)
    if book.is_empty():  # then neither files nor history are looked at
        return _tell([], frozenset(), commands) if commands else ""

    def question(sight: Sight) -> tuple[str, set[str]]:
        at = book.states.checkout()
        stated = [book.states.state(note, sight, at) for note in book.read().live]
        known = _read_instructions(repository.index.root)
        told = [one for one in stated if not (one.is_staged or one.note.trust or _is_known(one, known))]
        changed = book.states.changed_files(at)
        return _tell(told, changed, commands), set()

    return repository.index.ask(question)


def keep_briefing(repository: Repository) -> None:
    """Write the briefing where a client's hook finds it, if it is another than the one that is there."""
    path = repository.index.tree.folder.briefing
    try:
        text = make_briefing(repository)
    except MemoryServerError:  # the index is being made: the next run writes it
        return
    with suppress(OSError):
        before = read_regular(path).decode("utf-8", "replace") if path.exists() else ""
        if text != before:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, text.encode(errors="replace"), private=True)


def _tell(
    stated: Sequence[StatedNote], changed: frozenset[str], commands: Sequence[KnownCommand] = ()
) -> str:
    left = order(stated)
    page = Page(TOKENS, reserve=0)
    page.add(_HEAD)
    if commands:
        room = page.used + COMMAND_TOKENS
        page.add(TextLine("commands that worked here:"))
        for command in commands:
            line = TextLine(f"  {command.purpose}: `{truncate(command.run, 100)}`")
            if page.used + token_cost(line.text) <= room:
                page.add(line)
    belongs: tuple[Callable[[StatedNote], bool], ...] = (
        lambda one: one.state in (State.CHANGED, State.SPLIT, State.GONE),
        lambda one: all(_is_wide(place.target) for place in one.places),
        lambda one: any(place.path in changed for place in one.places),
    )
    for (title, tokens), is_of in zip(SECTIONS, belongs, strict=True):
        section = [one for one in left if is_of(one)]
        _add(page, title, section, tokens)
        left = [one for one in left if one not in section]
    _add(page, _REST, left, page.room)
    text = join(page.lines)
    while len(text) > CHARACTERS:
        text = text.rpartition("\n")[0]
    return f"{text}\n" if len(page.lines) > 1 else ""


def _add(page: Page, title: str, notes: Iterable[StatedNote], tokens: float) -> None:
    """Add as many notes of a section as its share allows, under its title."""
    floor = page.used + min(tokens, page.room)
    heading = [TextLine(title)]
    for one in notes:
        line = note_line(one, "  ")
        before = page.used
        if not page.add(*heading, line):
            return
        if page.used > floor:
            del page.lines[-len(heading) - 1 :]
            page.used = before
            return
        heading = []


def _is_wide(target: str) -> bool:
    return target.endswith("/") or target.startswith(COMMAND)


def _read_instructions(root: Path) -> list[str]:
    """The lines of the user's own instructions, which the client gives to every conversation."""
    lines: list[str] = []
    for name in _KNOWN:
        with suppress(OSError):
            lines += read_regular(root / name).decode("utf-8", "replace").split("\n")
    return [_LABEL.sub("", line) for line in lines if len(line) > 20]


def _is_known(stated: StatedNote, lines: Sequence[str]) -> bool:
    return any(likeness(stated.note.title, line) >= SAME for line in lines)
