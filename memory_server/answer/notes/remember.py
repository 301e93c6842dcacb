"""``remember``: what the code does not say, kept for later conversations."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from indexers.source.masking import mask_secrets
from indexers.tokens import estimate_tokens, truncate
from memory_server.answer.notes.about import resolve_about, resolve_named
from memory_server.answer.notes.briefing import keep_briefing
from memory_server.answer.notes.lines import place_json
from memory_server.answer.page import Page, TextLine
from memory_server.answer.parameters import About, Kind, NoteText, Origin, Replaces
from memory_server.answer.reply import Json, Reply
from memory_server.answer.repository import Repository
from memory_server.answer.tool import Tool
from memory_server.errors import AbsentError, QueryError
from memory_server.index.fresh import Sight
from memory_server.notes.book import NoteBook
from memory_server.notes.find import likeness
from memory_server.notes.model import Note, Place
from memory_server.notes.records import Record
from memory_server.visible import quote_path

MOST_TOKENS = 400
"""Tokens of a note; a longer one is several."""

SAME, SIMILAR = 0.9, 0.6
"""Likeness from which another note on the same says the same, and from which it is told of."""

_NOTHING: list[str] = []

MANY = 500
REPLY_TOKENS = 200
MOST_SIMILAR = 2


@dataclass(frozen=True, slots=True)
class RememberReply(Reply):
    """What was kept, on what, beside which notes; ``done`` is kept, dropped, or known already."""

    id: str
    done: str
    places: tuple[Place, ...] = ()
    similar: tuple[Note, ...] = ()
    warnings: tuple[str, ...] = ()

    def lines(self) -> tuple[TextLine, ...]:
        """What became of it, a line an anchor."""
        page = Page(REPLY_TOKENS, reserve=0)
        page.add(TextLine(f"{self.done} note {self.id}"))
        for place in self.places:
            where = f" at lines {place.start_line}-{place.end_line}" if place.start_line else ""
            path, sign, name = place.target.partition("::")
            page.add(TextLine(f"  about {quote_path(path, sign + name)}{where}"))
        if self.similar:
            page.add(TextLine("similar; replaces=ID puts this one in its place:"))
        for note in self.similar:
            page.add(TextLine(f"  note {note.id} {note.kind}: {truncate(note.title, 80)}"))
        return page.close(*self.warnings)

    def json(self) -> Json:
        """The reply for a script."""
        return {
            "id": self.id,
            "done": self.done,
            "anchors": [place_json(place) for place in self.places],
            "similar": [{"id": note.id, "kind": note.kind, "text": note.shown} for note in self.similar],
            "warnings": list(self.warnings),
        }


def remember(
    repository: Repository,
    text: NoteText,
    about: About = _NOTHING,
    kind: Kind = "decision",
    replaces: Replaces = "",
    *,
    origin: Origin = "",
) -> RememberReply:
    """Keep a note, put it in another's place, or drop that one where there is no text.

    Raises:
        QueryError: the text is empty, too long or holds a secret; a target means several symbols.
        NotFoundError: a target names nothing, or there is no note to replace.
        StoreError: the note cannot be written.
    """
    book, text = repository.notes, text.strip()
    old = _find_replaced(book, replaces)
    if not text:
        if old is None:
            raise QueryError("a note without a text", "say in a sentence what is to be remembered, and why")
        book.write(old.model_copy(update={"dropped": _now()}))
        keep_briefing(repository)
        return RememberReply(old.id, "dropped")
    _check(text)

    def question(sight: Sight) -> tuple[list[tuple[Record, Place]], set[str]]:
        at = book.states.checkout()
        targets = list(about) or (list(old.about) if old else [])
        found = resolve_about(book, sight, targets, at) if targets else resolve_named(book, sight, text, at)
        return found, {place.path for _, place in found if place.start_line}

    anchored = repository.index.ask(question)
    places = tuple(place for _, place in anchored)
    targets = {place.target for place in places}
    alike = _find_similar(book, text, replaces)
    same = [note for note, value in alike if value >= SAME and set(note.about) == targets and not note.trust]
    if same and old is None:
        return RememberReply(same[0].id, "known already:", places)
    note = _make(book, text, kind, [record for record, _ in anchored], origin or repository.asker, replaces)
    book.write(note, [record for record, _ in anchored])
    keep_briefing(repository)
    warnings = [] if places else ["about nothing in particular: name symbols or paths in `about`"]
    if (count := len(book.read().live)) > MANY:
        warnings.append(f"{count} notes are more than anyone keeps true: see `repo-memory notes audit`")
    return RememberReply(
        note.id, "kept", places, tuple(note for note, _ in alike)[:MOST_SIMILAR], tuple(warnings)
    )


def _find_replaced(book: NoteBook, replaces: str) -> Note | None:
    if not replaces:
        return None
    found = book.read().find(replaces)
    if found is None:
        raise AbsentError(f"no note {truncate(replaces, 40)}", "recall tells the ids of notes")
    return found


def _check(text: str) -> None:
    """Refuse what is no note.

    Raises:
        QueryError: it holds a secret, or is too long.
    """
    data = text.encode(errors="replace")
    masked = mask_secrets("note.md", data)
    if masked != data:
        place = next(at for at, (old, new) in enumerate(zip(data, masked, strict=True)) if old != new)
        line = data.count(b"\n", 0, place) + 1
        raise QueryError(
            f"the text holds what looks like a secret, in line {line}", "say where it is kept, not what it is"
        )
    if (tokens := estimate_tokens(text)) > MOST_TOKENS:
        raise QueryError(f"a note of {tokens} tokens, {MOST_TOKENS} is the most", "make several notes of it")


def _find_similar(book: NoteBook, text: str, replaces: str) -> list[tuple[Note, float]]:
    """Live notes that say much the same, the likest first."""
    alike = [(note, likeness(note.text, text)) for note in book.read().live if note.id != replaces]
    return sorted((one for one in alike if one[1] >= SIMILAR), key=lambda one: -one[1])


def _make(
    book: NoteBook, text: str, kind: str, records: Sequence[Record], origin: str, replaces: str
) -> Note:
    created = _now()
    key = blake2b(f"{created}\0{os.getpid()}\0{origin}\0{text}".encode(errors="replace"), digest_size=5)
    at = book.states.checkout()
    return Note.model_validate({
        "id": base64.b32encode(key.digest()).decode().lower(),
        "kind": kind,
        "about": tuple(record.anchor.target for record in records),
        "anchors": tuple(record.anchor for record in records if record.anchor.tokens or record.anchor.commit),
        "origin": origin,
        "created": created,
        "replaces": replaces,
        "branch": at.branch,
        "commit": at.head,
        "text": text,
    })  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


REMEMBER = Tool(
    name="remember",
    description="Keep what the code does not say. Returns an id and similar notes.",
    help="Keep a note on symbols, files or folders, for later conversations.",
    ask=remember,
    writes=True,
)
