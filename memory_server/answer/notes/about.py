"""What a note is to be about: the targets that are given, or those that its text names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memory_server.errors import MemoryServerError, NotFoundError, QueryError
from memory_server.index.fresh import Sight
from memory_server.notes.book import NoteBook
from memory_server.notes.model import COMMAND, Anchor, Place, State
from memory_server.notes.records import Record
from memory_server.notes.states import Checkout
from memory_server.query.targets import (
    MINOR_KINDS,
    FileTarget,
    are_overloads,
    find_innermost,
    find_named_file,
    inside_root,
    resolve_target,
)
from memory_server.visible import quote_name

MOST_ANCHORS = 10
MOST_NAMED = 3
"""Symbols that a text which names no target is taken to be about."""

_NAMED = re.compile(
    r"`([^`\s]{2,120})`|\b([A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)+|[a-z0-9]+_\w+|[A-Za-z]+[a-z][A-Z]\w*)\b"
)


def resolve_about(
    book: NoteBook, sight: Sight, targets: Sequence[str], at: Checkout
) -> list[tuple[Record, Place]]:
    """Each target as an anchor on what it names now, with where that is.

    Raises:
        NotFoundError: a target names nothing; the hint has near names.
        QueryError: one names several symbols, or there are too many.
    """
    if len(targets) > MOST_ANCHORS:
        raise QueryError(f"{len(targets)} targets, {MOST_ANCHORS} is the most", "make several notes")
    found = [_resolve(book, sight, target, at) for target in targets]
    return list({place.target: (record, place) for record, place in found}.values())


def resolve_named(book: NoteBook, sight: Sight, text: str, at: Checkout) -> list[tuple[Record, Place]]:
    """The symbols that a text names, as far as each name means one alone."""
    found: dict[str, tuple[Record, Place]] = {}
    for code, name in _NAMED.findall(text):
        try:
            record, place = _resolve(book, sight, (code or name).removesuffix("()"), at)
        except MemoryServerError:
            continue
        if "::" in place.target:
            found.setdefault(place.target, (record, place))
    return list(found.values())[:MOST_NAMED]


def _resolve(book: NoteBook, sight: Sight, target: str, at: Checkout) -> tuple[Record, Place]:
    root, view = book.index.root, sight.view
    target = target.strip()
    if target.startswith(COMMAND):
        return Record(Anchor(target=target)), Place(target, State.FRESH)
    if target and (root / (folder := inside_root(root, target))).is_dir():
        folder = f"{folder}/"
        return Record(Anchor(target=folder, commit=at.head)), Place(folder, State.FRESH, folder)
    if sight.doubt:
        sight.include(find_named_file(root, target))
    found = resolve_target(view, root, target)
    if isinstance(found, FileTarget):
        path, name, line = found.path, "", 0
        place = view.file_index.get(path)
        if found.end and place is not None:
            symbol = find_innermost(view, place, found.start, found.end)
            name, line = view.qualified_names[symbol], int(view.start_line[symbol])
    else:
        if not are_overloads(view, found.symbols):
            said = ", ".join(f"{view.path_of(one)}::{view.qualified_names[one]}" for one in found.symbols[:5])
            if not all(view.kinds[one] in MINOR_KINDS for one in found.symbols[1:]):
                raise QueryError(f"{quote_name(target)} is ambiguous", f"name one of: {said}")
        symbol = found.symbols[0]
        path, name = view.path_of(symbol), view.qualified_names[symbol]
        line = int(view.start_line[symbol])
    version = book.states.locator.files.version(sight, path)
    one = version.find(name, line) if version else None
    if one is None:
        raise NotFoundError(f"{quote_name(target)} cannot be read", "name another file or symbol")
    record = book.states.record(one.target, one, sight, at)
    return record, Place(one.target, State.FRESH, path, one.start_line, one.end_line)
