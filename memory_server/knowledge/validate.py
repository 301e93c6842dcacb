"""What is wrong with a manifest by the rules of the Knowledge Context Protocol: errors reject it, warnings do not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from indexers.source.masking import mask_secrets
from memory_server.errors import KnowledgeError
from memory_server.knowledge.manifest import FILE, Manifest, Unit
from memory_server.knowledge.yaml_text import format_yaml

MOST_TRIGGERS, TRIGGER_WIDTH = 20, 60
NEWEST_KNOWN = (0, 33)

_ID = re.compile(r"[a-z0-9.-]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_KNOWN = {
    "scope": {"global", "project", "module"},
    "audience": {"human", "agent", "developer", "architect", "operator", "devops"},
    "kind": {"knowledge", "schema", "service", "policy", "executable", "skill"},
    "format": {
        "markdown", "pdf", "openapi", "json-schema", "jupyter", "html", "asciidoc", "rst", "vtt", "yaml", "json",
        "csv", "text",
    },
    "access": {"public", "authenticated", "restricted"},
    "sensitivity": {"public", "internal", "confidential", "restricted"},
}  # fmt: skip
_RELATIONSHIPS = {"enables", "context", "supersedes", "contradicts", "depends_on", "governs"}


class Finding(NamedTuple):
    """What is wrong with a unit, or with the manifest where it names none; an error rejects it."""

    code: str
    unit: str
    what: str
    is_error: bool = False

    def line(self) -> str:
        """The finding on one line."""
        return f"{'error' if self.is_error else 'warning'} {self.code} {self.unit or '-'}: {self.what}"


def check_manifest(manifest: Manifest, root: Path) -> list[Finding]:
    """Everything that is wrong, in the order of the file."""
    ids = {unit.id for unit in manifest.units}
    found = list(_check_root(manifest.root))
    seen: set[str] = set()
    for place, entry in enumerate(manifest.entries):
        unit = Unit(entry) if isinstance(entry, dict) else Unit({})
        name = unit.id or f"units[{place}]"
        if lacking := unit.lacking:
            found.append(Finding("V003", name, f"no {', '.join(lacking)}", is_error=True))
        if unit.id in seen:
            found.append(Finding("V006", name, "the id is there twice; the first one counts"))
        seen.add(unit.id)
        told = (
            *_check_path(manifest, unit, root),
            *_check_words(unit),
            *_check_links(unit, ids),
            *_check_discovery(unit),
        )
        found += [one._replace(unit=name) for one in told]
    found += _check_relationships(manifest.relationships, ids)
    return found


def holds_secret(unit: Unit) -> bool:
    """Whether a unit holds what looks like a secret, in whatever field."""
    fields = {name: value for name, value in unit.fields.items() if name != "content_hash"}
    if _is_masked(FILE, format_yaml(fields)):
        return True
    return any(_is_masked("unit.md", text) for text in _texts(fields))  # as they are, where YAML writes \n


def _is_masked(path: str, text: str) -> bool:
    data = text.encode(errors="replace")
    return mask_secrets(path, data) != data


def _texts(value: object) -> Iterator[str]:
    """Every text in a value of YAML."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _check_root(root: Unit) -> Iterator[Finding]:
    version = root.text("kcp_version")
    parts = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", version)
    if not version or parts is None or (int(parts[1]), int(parts[2])) > NEWEST_KNOWN:
        yield Finding("V010", "", f"kcp_version {version!r} is not known" if version else "no kcp_version")
    if (updated := root.text("updated")) and not _DATE.fullmatch(updated):
        yield Finding("V011", "", f"updated {updated[:40]!r} is no date as 2026-01-31")


def _check_path(manifest: Manifest, unit: Unit, root: Path) -> Iterator[Finding]:
    if not unit.path:
        return
    try:
        inside = manifest.place(root, unit.path)
    except KnowledgeError as error:
        yield Finding("V004", "", str(error).removeprefix("V004 "), is_error=True)
        return
    if not (root / inside).exists():
        yield Finding("V007", "", f"nothing lies at path {unit.path[:80]!r}")


def _check_words(unit: Unit) -> Iterator[Finding]:
    if unit.id and not _ID.fullmatch(unit.id):
        yield Finding("V005", "", "an id has lowercase letters, digits, hyphens and dots")
    triggers = unit.texts("triggers")
    if len(triggers) > MOST_TRIGGERS:
        yield Finding("V009", "", f"{len(triggers)} triggers, the first {MOST_TRIGGERS} count")
    if any(len(trigger) > TRIGGER_WIDTH for trigger in triggers):
        yield Finding("V009", "", f"a trigger of more than {TRIGGER_WIDTH} characters")
    for name, known in _KNOWN.items():
        for value in unit.texts(name):
            if value not in known:
                yield Finding("V010", "", f"{name} {value[:40]!r} is not known")
    if (validated := unit.text("validated")) and not _DATE.fullmatch(validated):
        yield Finding("V011", "", f"validated {validated[:40]!r} is no date as 2026-01-31")
    if holds_secret(unit):
        yield Finding("V013", "", "it holds what looks like a secret", is_error=True)


def _check_links(unit: Unit, ids: set[str]) -> Iterator[Finding]:
    for names in (
        ("depends_on",), ("hints", "summary_unit"), ("hints", "summary_of"), ("discovery", "contradicted_by"),
    ):  # fmt: skip
        yield from _check_references(".".join(names), unit.texts(*names), ids)


def _check_discovery(unit: Unit) -> Iterator[Finding]:
    status = unit.text("discovery", "verification_status")
    try:
        confidence = float(unit.text("discovery", "confidence") or (0 if status == "rumored" else 1))
    except ValueError:
        confidence = -1.0
    if not 0 <= confidence <= 1:
        yield Finding("V012", "", "discovery.confidence is no number from 0 to 1")
    elif (status == "rumored" and confidence >= 0.5) or (status == "verified" and confidence < 0.8):
        yield Finding("V012", "", f"discovery says {status} with confidence {confidence:g}")
    if unit.text("auth_scope") and unit.text("access") != "restricted":
        yield Finding("V012", "", "auth_scope without access: restricted")
    if status in ("rumored", "observed") and unit.text("discovery", "verified_at"):
        yield Finding("V012", "", f"discovery says {status}, and when it was verified")


def _check_references(name: str, references: Iterable[str], ids: set[str]) -> Iterator[Finding]:
    for reference in references:
        if reference not in ids:
            yield Finding("V008", "", f"{name} names {reference[:60]!r}, which is no unit here")


def _check_relationships(relationships: Iterable[object], ids: set[str]) -> Iterator[Finding]:
    for entry in relationships:
        one = Unit(entry) if isinstance(entry, dict) else Unit({})
        ends = (one.text("from"), one.text("to"))
        yield from _check_references("a relationship", ends, ids)
        if one.text("type") not in _RELATIONSHIPS:
            yield Finding("V010", "", f"relationship type {one.text('type')[:40]!r} is not known")
