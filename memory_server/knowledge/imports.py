"""Units of somebody's manifest as notes: told with where they are from, and not pushed on anyone until accepted."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from indexers.tokens import estimate_tokens, truncate
from memory_server.answer.notes.about import MOST_ANCHORS, resolve_about
from memory_server.answer.notes.briefing import keep_briefing
from memory_server.answer.notes.remember import MOST_TOKENS
from memory_server.answer.repository import Repository
from memory_server.errors import KnowledgeError, MemoryServerError
from memory_server.index.fresh import Sight
from memory_server.knowledge.manifest import OWN, Manifest, Unit
from memory_server.knowledge.validate import holds_secret
from memory_server.knowledge.yaml_text import format_yaml
from memory_server.notes.find import Notes
from memory_server.notes.model import COMMAND, FOREIGN, KINDS, Anchor, Note
from memory_server.notes.records import Record
from memory_server.notes.states import Checkout
from memory_server.visible import quote_name

LARGEST = 20_000
"""Characters of a unit, with all of its fields."""

_OURS = re.compile(r"note-([a-z2-7]{8})")
_DATE = re.compile(r"\d{4}-\d\d-\d\d[\dT:.+Z-]{0,30}")
_KINDS = {"policy": "decision", "executable": "howto", "skill": "howto"}


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a unit: imported, changed, known, or refused for a reason."""

    unit: str
    outcome: str
    note: str = ""
    reason: str = ""


def import_units(repository: Repository, manifest: Manifest) -> list[ImportReport]:
    """Keep each unit of a manifest as a note; one that is known is left, one that changed is to be accepted anew.

    Raises:
        StoreError: a note cannot be written.
    """
    book = repository.notes

    def question(sight: Sight) -> tuple[list[tuple[ImportReport, Note | None, list[Record]]], set[str]]:
        at, notes = book.states.checkout(), book.read()
        return [
            _take(repository, notes, manifest, unit, sight, at) for unit in _first_of_each(manifest)
        ], set()

    taken = repository.index.ask(question)
    for _, note, records in taken:
        if note is not None:
            book.write(note, [record for record in records if record.anchor.tokens or record.anchor.commit])
    keep_briefing(repository)
    return [report for report, _, _ in taken]


def _first_of_each(manifest: Manifest) -> Iterator[Unit]:
    seen: set[str] = set()
    for place, unit in enumerate(manifest.units):
        if (name := unit.id or f"units[{place}]") not in seen:
            yield unit
        seen.add(name)


def _take(
    repository: Repository, notes: Notes, manifest: Manifest, unit: Unit, sight: Sight, at: Checkout
) -> tuple[ImportReport, Note | None, list[Record]]:
    ours = _OURS.fullmatch(unit.id)
    if ours and (own := notes.find(ours[1])) is not None and not own.unit:
        return ImportReport(unit.id, "known", own.id), None, []
    try:
        text, path = _check(unit), manifest.place(repository.index.root, unit.path)
    except KnowledgeError as error:
        return ImportReport(truncate(unit.id, 80) or "-", "refused", reason=str(error)), None, []
    project = truncate(" ".join(manifest.root.text("project").split()), 60)
    key = blake2b(f"{project}\0{unit.id}".encode(errors="replace"), digest_size=5).digest()
    name = base64.b32encode(key).decode().lower()
    source = format_yaml({**unit.fields, **({"path": path} if manifest.folder != "." else {})})
    if same := next((note for note in notes.all if note.unit == source), None):
        return ImportReport(unit.id, "known", same.id), None, []
    old = notes.find(name)
    records = _anchor(repository, _find_targets(repository, unit, path), sight, at)
    kind = unit.text(OWN, "kind")
    created = unit.text("temporal", "recorded_at") or unit.text("validated")
    note = Note(
        id=name,
        kind=next((one for one in KINDS if one == (kind or _KINDS.get(unit.text("kind"), ""))), "summary"),
        about=tuple(record.anchor.target for record in records),
        anchors=tuple(record.anchor for record in records if record.anchor.tokens or record.anchor.commit),
        origin=f"{quote_name(project)}, imported",
        created=created if _DATE.fullmatch(created) else "",
        dropped=old.dropped if old else "",
        trust=FOREIGN,
        unit=source,
        text=text,
    )
    return ImportReport(unit.id, "changed" if old else "imported", name), note, records


def _check(unit: Unit) -> str:
    """The text of a unit that may be a note.

    Raises:
        KnowledgeError: it lacks a field, holds a secret, or is too long.
    """
    if unit.lacking:
        raise KnowledgeError(f"V003 no {', '.join(unit.lacking)}")
    if holds_secret(unit):
        raise KnowledgeError("V013 it holds what looks like a secret")
    text = (unit.text(OWN, "text") or unit.text("intent")).strip()
    if estimate_tokens(text) > MOST_TOKENS or len(format_yaml(dict(unit.fields))) > LARGEST:
        raise KnowledgeError(
            f"its text has more than {MOST_TOKENS} tokens, or it {LARGEST:,} characters in all"
        )
    return text


def _find_targets(repository: Repository, unit: Unit, path: str) -> list[str]:
    """What a unit is about: what its note was about, as far as that is inside; else its path."""
    targets = [target for target in unit.texts(OWN, "about") if not target.startswith(COMMAND)]
    inside = []
    for target in targets[:MOST_ANCHORS]:
        file, sign, name = target.partition("::")
        try:
            inside.append(f"{Manifest({}).place(repository.index.root, file)}{sign}{name}")
        except KnowledgeError:
            continue
    return inside or ([] if path == "." else [path])


def _anchor(repository: Repository, targets: list[str], sight: Sight, at: Checkout) -> list[Record]:
    """Anchors on what is there; what is not there is kept as it is called, and found gone."""
    records = []
    for target in targets:
        try:
            records += [record for record, _ in resolve_about(repository.notes, sight, [target], at)]
        except MemoryServerError:
            records.append(Record(Anchor(target=target)))
    return records
