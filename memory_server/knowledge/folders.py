"""What is told of a folder to whoever works in it: its purpose, what is used of it, what was noted, its tests."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from indexers.tokens import truncate
from memory_server.answer.notes.lines import order
from memory_server.answer.outline.links import Links
from memory_server.answer.outline.survey import survey
from memory_server.answer.page import Page, TextLine, join
from memory_server.index.view import SIDE_ROLES, View
from memory_server.notes.model import COMMAND, State, StatedNote
from memory_server.query.filters import path_filter
from memory_server.query.relations import SURE

TOKENS = 300
"""What the text of a folder takes at most."""

_CLOSING = 15
"""Tokens that are kept for the line which says how many notes had no room."""

PURPOSE_WIDTH, NOTE_WIDTH = 400, 240
"""Characters of what a folder is for, and of a note."""

FEW_TESTS = 2
"""Files of tests that are named; of more, the folder that holds most."""

_LABELS = {"pitfall": "Pitfall", "decision": "Decision", "howto": "How to"}
_IMPORT = re.compile(r"(?<!\S)@")
"""How a client's instructions name a file that is to be read in."""


class FolderNote(NamedTuple):
    """A note on a folder or on something in it; ``on`` is the symbol or the file, empty for the folder itself."""

    stated: StatedNote
    on: str


def group_by_folder(stated: Sequence[StatedNote]) -> Mapping[str, list[FolderNote]]:
    """The notes that hold, by the folder that each is on; those on nothing of the code are the repository's."""
    found: dict[str, dict[str, FolderNote]] = {}
    for one in order(stated):
        if one.is_staged or one.note.trust or one.has_broken_claim:
            continue
        for folder, on in dict.fromkeys(_homes(one)):
            if one.note.kind != "summary" or not on:
                found.setdefault(folder, {}).setdefault(one.note.id, FolderNote(one, on))
    return {folder: list(notes.values()) for folder, notes in found.items()}


def _homes(one: StatedNote) -> Iterator[tuple[str, str]]:
    """The folders that a note is on, each with what in it."""
    for place in one.places:
        path = posixpath.normpath(place.path) if place.path else ""
        if place.state in (State.GONE, State.SPLIT, State.ELSEWHERE):
            continue
        if place.target.startswith(COMMAND):
            yield "", place.target.removeprefix(COMMAND)
        elif place.target.endswith("/"):
            yield ("" if path == "." else path), ""
        else:
            folder, _, file = path.rpartition("/")
            yield folder, (place.now or place.target).partition("::")[2] or file
    if not one.places:
        yield "", ""


def tell_folder(view: View, folder: str, notes: Sequence[FolderNote], read: Callable[[str], str]) -> str:
    """The text of a folder; ``read`` gives that of a file. The same index and notes give the same bytes."""
    fits = path_filter(folder)
    inside = [place for place, path in enumerate(view.paths) if fits(path)]
    own = [note.stated.note.shown for note in notes if note.stated.note.kind == "summary" and not note.on]
    purpose = " ".join(
        (own[0] if own else survey(view, inside, folder, 1, read).manifest.description).split()
    )
    names = _find_central(view, inside)
    tests = _find_tests(view, inside)
    page = Page(TOKENS, reserve=_CLOSING)
    for line in (
        truncate(purpose, PURPOSE_WIDTH) if any(map(str.isalpha, purpose)) else "",
        f"- Central: {', '.join(map(_code, names))}" if names else "",
        f"- Tests: {', '.join(map(_code, tests))}" if tests else "",
    ):
        if line:
            page.add(_plain(line))
    told = [note for note in notes if note.stated.note.kind in _LABELS]
    shown = 0
    while shown < len(told) and page.add(_note_line(told[shown])):
        shown += 1
    if left := len(told) - shown:
        page.lines.append(TextLine(f"- {left} more notes: `recall` tells them"))
    return join(page.lines)


def _note_line(one: FolderNote) -> TextLine:
    note = one.stated.note
    on = f", {_code(one.on)}" if one.on else ""
    return _plain(f"- {_LABELS[note.kind]}{on}: {truncate(' '.join(note.shown.split()), NOTE_WIDTH)}")


def _plain(text: str) -> TextLine:
    """A line in which nothing ends the marked text, or makes a client read another file in."""
    return TextLine(_IMPORT.sub("`@`", text.replace("<!--", "<! --")))


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"


def _find_central(view: View, inside: Sequence[int]) -> list[str]:
    """What the files of other folders use most of some; where they use nothing, what matters most inside."""
    plain = np.array([role not in (*SIDE_ROLES, "tests") for role in view.roles], bool)
    part_of = np.full(len(view.paths), -1, np.int64)
    part_of[[place for place in inside if plain[place]]] = 0
    links = Links(view, part_of, plain[view.file_of] & ~view.in_tests)
    return next(filter(None, map(list, (*links.central(), *links.important()))), [])


def _find_tests(view: View, inside: Sequence[int]) -> list[str]:
    """The files of tests that use what some files define, or the folder of most of them."""
    graph, here = view.graph, np.zeros(len(view.paths), bool)
    here[list(inside)] = True
    used = here[view.file_of[graph.target]] & ~view.in_tests[graph.target] & (graph.confidence >= SURE)
    files = view.file_of[graph.source[used & view.in_tests[graph.source]]]
    paths = [view.paths[file] for file in np.unique(files).tolist()]
    if len(paths) <= FEW_TESTS:
        return sorted(paths)
    folders = Counter(f"{path.rpartition('/')[0] or '.'}/" for path in paths)
    return [min(folders, key=lambda name: (-folders[name], name))]
