"""A note as replies tell it: a line with what became of it, or whole."""

from __future__ import annotations

from collections.abc import Sequence

from indexers.tokens import truncate
from memory_server.answer.page import TextLine
from memory_server.answer.reply import Json
from memory_server.notes.model import COMMAND, Place, State, StatedNote
from memory_server.visible import quote_path

TITLE_WIDTH = 160
CHANGE_WIDTH = 160
"""Characters of a title, and of one thing that changed, in a line."""

LINE_CHANGES = 2
"""Changes that a line tells; the note itself tells all."""


def note_line(stated: StatedNote, indent: str = "") -> TextLine:
    """The note on one line: id, kind, state, what changed most, title."""
    note = stated.note
    changes = [truncate(change, CHANGE_WIDTH) for change in stated.changes[:LINE_CHANGES]]
    state = (
        ""
        if stated.state is State.FRESH
        else f" [{': '.join([stated.state, '; '.join(changes)][: 1 + bool(changes)])}]"
    )
    foreign = f" by {note.origin}, not accepted" if note.trust else ""
    return TextLine(
        f"{indent}note {note.id} {note.kind}{state}{foreign}: {truncate(note.title, TITLE_WIDTH)}"
    )


def note_lines(stated: StatedNote) -> list[TextLine]:
    """The note whole: what it is about and what became of that, over its text."""
    note = stated.note
    staged = f", made on branch {note.branch}, which is not merged here" if stated.is_staged else ""
    when = f", {note.created[:10]}" if note.created else ""
    foreign = ", not accepted" if note.trust else ""
    head = TextLine(f"note {note.id} {note.kind}, {stated.state}{when}, by {note.origin}{foreign}{staged}")
    about = [TextLine(f"  about {_about(place)}") for place in stated.places]
    changes = [TextLine(f"  ! {change}") for change in stated.changes]
    return [head, *about, *changes, *(TextLine(f"  | {line}") for line in note.shown.split("\n"))]


def _about(place: Place) -> str:
    where = (
        f" at {quote_path(place.path, f':{place.start_line}-{place.end_line}')}" if place.start_line else ""
    )
    state = "" if place.state is State.FRESH else f" ({place.state})"
    path, sign, name = place.target.partition("::")
    target = place.target if place.target.startswith(COMMAND) else quote_path(path, sign + name)
    return f"{target}{where}{state}"


def note_json(stated: StatedNote, *, is_whole: bool = True) -> Json:
    """The note as data."""
    note = stated.note
    return {
        "source": "notes",
        "id": note.id,
        "kind": note.kind,
        "state": str(stated.state),
        "changes": list(stated.changes),
        "text": note.shown if is_whole else note.title,
        "about": [place_json(place) for place in stated.places],
        "created": note.created,
        "origin": note.origin,
        **({"trust": note.trust} if note.trust else {}),
        **({"branch": note.branch, "staged": True} if stated.is_staged else {}),
    }


def place_json(place: Place) -> Json:
    """Where what a note is about is now."""
    return {
        "target": place.target,
        "state": str(place.state),
        "path": place.path,
        "line": place.start_line,
        "end_line": place.end_line,
    }


_KINDS = ("pitfall", "decision", "howto", "summary")


def order(stated: Sequence[StatedNote]) -> list[StatedNote]:
    """Pitfalls first whose claim broke, then by kind."""
    return sorted(
        stated,
        key=lambda one: (
            not (one.has_broken_claim and one.note.kind == "pitfall"),
            _KINDS.index(one.note.kind),
            one.note.id,
        ),
    )
