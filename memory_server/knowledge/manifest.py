"""A manifest of the Knowledge Context Protocol as it was read: fields that mean nothing here are kept, too."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from memory_server.errors import KnowledgeError, MemoryServerError
from memory_server.knowledge.places import read_if_there
from memory_server.knowledge.yaml_text import parse_yaml
from memory_server.query.targets import inside_root

FILE = "knowledge.yaml"
VERSION = "0.20"

OWN = "x-repo-memory"
"""The field of a unit that holds what a note is beyond a unit: its kind, what it is about, and its text."""

REQUIRED = ("id", "path", "intent", "scope", "audience")
MOST_UNITS = 2_000

_ELSEWHERE = re.compile(r"[\\\0]|^/|^[A-Za-z][A-Za-z0-9+.-]*:")
"""What no relative path with slashes has."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with all of its fields; what is not of the type that a reader asks for reads as nothing."""

    fields: Mapping[str, object]

    def text(self, *names: str) -> str:
        """A field's text, of one inside another by both names."""
        found: object = self.fields
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(found, bool):
            return str(found).lower()
        return str(found) if isinstance(found, str | int | float) else ""

    def texts(self, *names: str) -> tuple[str, ...]:
        """The texts of a list; a text by itself is a list of one."""
        found: object = self.fields
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(found, list):
            return tuple(str(one) for one in found if isinstance(one, str))
        return (str(found),) if isinstance(found, str) and found else ()

    def number(self, *names: str) -> int:
        """A whole number that is not negative; 0 for none."""
        text = self.text(*names)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0

    @property
    def id(self) -> str:
        """What it is called in its manifest."""
        return self.text("id")

    @property
    def path(self) -> str:
        """Where its content lies, from the manifest's folder."""
        return self.text("path")

    @property
    def lacking(self) -> list[str]:
        """The required fields that it has not."""
        return [
            name for name in REQUIRED if not (self.texts(name) if name == "audience" else self.text(name))
        ]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest; ``folder`` is where it lies, from the repository's root."""

    fields: Mapping[str, object]
    folder: str = "."

    @property
    def root(self) -> Unit:
        """Its own fields, read as those of a unit are."""
        return Unit(self.fields)

    @property
    def entries(self) -> list[object]:
        """Its units as they were written."""
        found = self.fields.get("units")
        return list(found) if isinstance(found, list) else []

    @property
    def units(self) -> list[Unit]:
        """Its units."""
        return [Unit(one) for one in self.entries if isinstance(one, dict)]

    @property
    def relationships(self) -> list[object]:
        """Its relationships as they were written."""
        found = self.fields.get("relationships")
        return list(found) if isinstance(found, list) else []

    def place(self, root: Path, path: str) -> str:
        """A unit's path from the repository's root.

        Raises:
            KnowledgeError: it is no relative path with slashes, or leads out of the manifest's folder.
        """
        inside = posixpath.normpath(path)
        if not _ELSEWHERE.search(path) and inside.split("/")[0] != "..":
            with suppress(MemoryServerError):  # a link leads out
                return inside_root(root, posixpath.join(self.folder, inside))
        raise KnowledgeError(f"V004 path {path[:80]!r} leads out of the manifest's folder")


def parse_manifest(data: bytes, folder: str = ".") -> Manifest:
    """The manifest that a file holds.

    Raises:
        KnowledgeError: it is none; the message begins with the rule that it breaks.
    """
    try:
        fields = parse_yaml(data)
    except ValueError as error:
        raise KnowledgeError(f"V001 not YAML in UTF-8: {error}", "mend the file") from error
    manifest = Manifest(fields if isinstance(fields, dict) else {}, folder)
    for name, is_there in (("project", manifest.root.text("project")), ("units", manifest.entries)):
        if not is_there:
            raise KnowledgeError(f"V002 no {name}", f"give the manifest its {name}")
    if len(manifest.entries) > MOST_UNITS:
        raise KnowledgeError(
            f"V002 {len(manifest.entries)} units, {MOST_UNITS} is the most", "make several of it"
        )
    return manifest


def read_manifest(root: Path, file: Path) -> Manifest:
    """The manifest of a file; one from outside the repository is of the repository's root.

    Raises:
        KnowledgeError: there is none, or it cannot be read.
    """
    data = read_if_there(file)
    if data is None:
        raise KnowledgeError(f"no file {file}", "`repo-memory knowledge export` writes one")
    above = file.parent.resolve()
    inside = above.relative_to(root.resolve()) if above.is_relative_to(root.resolve()) else Path()
    return parse_manifest(data, inside.as_posix())
