"""Notes as units of a manifest, beside those that others wrote into it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from indexers.git import read_git
from indexers.tokens import estimate_tokens, truncate
from memory_server.answer.repository import Repository
from memory_server.errors import KnowledgeError
from memory_server.files import replace_file
from memory_server.index.fresh import Sight
from memory_server.knowledge.manifest import FILE, OWN, VERSION, Manifest, Unit, parse_manifest
from memory_server.knowledge.places import read_if_there, resolve_inside
from memory_server.knowledge.validate import MOST_TRIGGERS, TRIGGER_WIDTH, holds_secret
from memory_server.knowledge.yaml_text import format_yaml, parse_yaml
from memory_server.notes.model import COMMAND, Note, State, StatedNote

INTENT_WIDTH = 300
"""Characters of an intent; the note's whole text stands beside it."""

_STATUS = {State.FRESH: "verified", State.MOVED: "verified", State.GONE: "deprecated"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

_MADE = frozenset({
    "id", "path", "intent", "scope", "audience", "validated", "supersedes", "triggers", "hints", "temporal",
    "discovery", OWN,
})  # fmt: skip
"""The fields of a unit that are made of its note; others that somebody added stay."""

_MADE_INSIDE = frozenset({
    "token_estimate", "load_strategy", "priority", "recorded_at", "verification_status", "source", "contradicted_by",
})  # fmt: skip
"""The same of those inside one."""

Fields = dict[str, object]


def export_notes(repository: Repository) -> tuple[bool, int, list[str]]:
    """Bring the manifest at the repository's root up to date with the notes that hold.

    Whether it was written, how many units it has, and the notes that were left out since they hold a secret.

    Raises:
        KnowledgeError: there is nothing to tell, or what lies there is no manifest.
    """
    root = repository.index.root
    path = resolve_inside(root, FILE)
    data = read_if_there(path)
    old = parse_manifest(data) if data is not None else None
    made, secret = _make_units(repository)
    fields = _merge(repository, old, made)
    if not (units := fields["units"]) or not isinstance(units, list):
        raise KnowledgeError("there is no note to tell of", "keep one with `repo-memory remember`")
    if old is not None and _is_same(fields, old):
        return False, len(units), secret
    if updated := _head_date(repository):
        fields["updated"] = updated
    replace_file(path, format_yaml(fields).encode(errors="replace"))
    return True, len(units), secret


def _is_same(fields: Fields, old: Manifest) -> bool:
    """Whether a manifest says what one that was read does; the day it was changed does not count."""
    made = parse_yaml(format_yaml({**fields, "updated": ""}).encode(errors="replace"))
    return made == {**old.fields, "updated": ""}


def parse_unit(note: Note) -> Fields:
    """The unit that a note was brought in as; nothing where a hand edit broke it."""
    try:
        found = parse_yaml(note.unit.encode(errors="replace"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def unit_id(note: str) -> str:
    """What the unit of a note is called."""
    return f"note-{note}"


def _make_units(repository: Repository) -> tuple[list[Fields], list[str]]:
    """The units of the notes of this branch, and the ids of those that hold a secret."""
    book = repository.notes

    def question(sight: Sight) -> tuple[list[StatedNote], set[str]]:
        at = book.states.checkout()
        return [book.states.state(note, sight, at) for note in book.read().live if not note.unit], set()

    stated = [one for one in repository.index.ask(question) if not one.is_staged]
    rivals = _find_rivals(stated)
    made = [_make_unit(one, rivals) for one in stated]
    secret = [one.note.id for one, unit in zip(stated, made, strict=True) if holds_secret(Unit(unit))]
    return [unit for one, unit in zip(stated, made, strict=True) if one.note.id not in secret], secret


def _find_rivals(stated: Iterable[StatedNote]) -> Mapping[str, str]:
    """Of decisions on the same thing, each with the next one, by unit."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for one in stated:
        if one.note.kind == "decision" and one.note.about:
            groups.setdefault(one.note.about, []).append(unit_id(one.note.id))
    pairs = [pair for ids in groups.values() for pair in pairwise(ids)]
    return {other: one for one, other in pairs} | dict(pairs)


def _make_unit(one: StatedNote, rivals: Mapping[str, str]) -> Fields:
    note, name = one.note, unit_id(one.note.id)
    places = [place.path or place.target.partition("::")[0] for place in one.places]
    paths = [path.rstrip("/") for path in places if not path.startswith(COMMAND)]
    is_wide = not any(path not in ("", ".") for path in paths)
    status = _STATUS.get(one.state, "observed")
    discovery: Fields = {"verification_status": status, "source": "manual"}
    if name in rivals:
        discovery["contradicted_by"] = rivals[name]
    checked = _DATE.search(note.checked) or _DATE.search(note.created)
    hints: Fields = {
        "token_estimate": estimate_tokens(note.text),
        "load_strategy": "eager" if is_wide else "lazy",
        "priority": "critical" if note.kind == "pitfall" else "supplementary",
    }
    return {
        "id": name,
        "path": "." if is_wide else paths[0],
        "intent": truncate(note.title, INTENT_WIDTH) or note.kind,
        "scope": "project" if is_wide else "module",
        "audience": ["agent", "developer"],
        **({"validated": checked[0]} if checked else {}),
        **({"supersedes": unit_id(note.replaces)} if note.replaces else {}),
        **({"triggers": triggers} if (triggers := _find_triggers(note.about)) else {}),
        "hints": hints,
        **({"temporal": {"recorded_at": note.created}} if note.created else {}),
        "discovery": discovery,
        OWN: {"kind": note.kind, "about": list(note.about), "text": note.text},
    }


def _find_triggers(about: Sequence[str]) -> list[str]:
    """The names by which what a note is about may be asked for."""
    names = []
    for target in about:
        path, _, name = target.removeprefix(COMMAND).partition("::")
        names += [name, path.rstrip("/").rpartition("/")[2]]
    return [name[:TRIGGER_WIDTH] for name in dict.fromkeys(names) if name.strip(". ")][:MOST_TRIGGERS]


def _merge(repository: Repository, old: Manifest | None, made: Sequence[Fields]) -> Fields:
    """The manifest's fields: others' units as they stand, then those of notes by path and id."""
    own = {unit_id(note.id) for note in repository.notes.read().all if not note.unit}
    before = {unit.id: unit.fields for unit in (old.units if old else []) if unit.id in own}
    kept = [
        one for one in (old.entries if old else []) if not (isinstance(one, dict) and Unit(one).id in own)
    ]
    known = {Unit(one).id for one in kept if isinstance(one, dict)}
    brought = [parse_unit(note) for note in repository.notes.read().live if note.unit and not note.trust]
    added = [unit for unit in brought if Unit(unit).id not in known | {""}]
    ours: list[Fields] = [*added, *(_keep_foreign(unit, before.get(str(unit["id"]), {})) for unit in made)]
    units = [*kept, *sorted(ours, key=lambda unit: (Unit(unit).path, Unit(unit).id))]
    ids = {Unit(one).id for one in units if isinstance(one, dict)}
    fields: Fields = {
        "kcp_version": VERSION,
        "project": repository.index.root.name or "project",
        "version": "1.0.0",
        "updated": _head_date(repository),
        **(old.fields if old else {}),
        "hints": _sum_hints(old, units, ids),
        "units": units,
        "relationships": _relate(old, made, own, ids),
    }
    return {name: value for name, value in fields.items() if value or name == "units"}


def _keep_foreign(unit: Fields, before: Mapping[str, object]) -> Fields:
    """A unit with what somebody else added to it."""
    merged = dict(unit)
    for name, value in before.items():
        made = merged.get(name)
        if isinstance(made, dict) and isinstance(value, dict) and name != OWN:
            merged[name] = made | {inner: one for inner, one in value.items() if inner not in _MADE_INSIDE}
        elif name not in _MADE:
            merged[name] = value
    return merged


def _sum_hints(old: Manifest | None, units: Sequence[object], ids: set[str]) -> Fields:
    before = old.fields.get("hints") if old else None
    hints: Fields = dict(before) if isinstance(before, dict) else {}
    tokens = sum(Unit(one).number("hints", "token_estimate") for one in units if isinstance(one, dict))
    entry = next((Unit(one).id for one in units if isinstance(one, dict) and _is_overview(Unit(one))), "")
    if str(hints.get("recommended_entry_point", "")) not in ids:
        hints.pop("recommended_entry_point", None)
        hints |= {"recommended_entry_point": entry} if entry else {}
    return hints | {"unit_count": len(units), "total_token_estimate": tokens}


def _is_overview(unit: Unit) -> bool:
    return unit.path == "." and unit.text(OWN, "kind") == "summary"


def _relate(old: Manifest | None, made: Sequence[Fields], own: set[str], ids: set[str]) -> list[object]:
    """Others' relationships, then what a summary of a folder says to the notes in it, and what contradicts what."""
    kept = [
        one
        for one in (old.relationships if old else [])
        if not (isinstance(one, dict) and {Unit(one).text("from"), Unit(one).text("to")} <= own)
    ]
    units = sorted((Unit(fields) for fields in made), key=lambda unit: unit.id)
    summaries = {unit.path: unit.id for unit in units if unit.text(OWN, "kind") == "summary"}
    related: list[object] = []
    for unit in units:
        above = summaries.get(unit.path.rpartition("/")[0] or ".")
        if above and above != unit.id:
            related.append({"from": above, "to": unit.id, "type": "context"})
        rival = unit.text("discovery", "contradicted_by")
        if rival in ids and unit.id < rival:
            related.append({"from": unit.id, "to": rival, "type": "contradicts"})
    return [*kept, *related]


def _head_date(repository: Repository) -> str:
    """The day of the commit that is checked out; empty outside git and before the first."""
    if not repository.notes.states.checkout().head:
        return ""
    return read_git(repository.index.root, "log", "-1", "--format=%cs").decode().strip()
