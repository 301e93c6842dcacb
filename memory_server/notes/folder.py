"""The folders that notes lie in: one Markdown file each, written whole, for their owner alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from indexers.files import read_regular
from memory_server.errors import StoreError
from memory_server.files import replace_file
from memory_server.notes.model import KINDS, Note, Problem
from memory_server.notes.text import format_note, parse_note

LARGEST = 64_000
"""Bytes of a note's file; what is larger is none."""


@dataclass(slots=True)
class NoteFolder:
    """Notes in one folder, ``<kind>/<id>.md`` below it; read again where a file changed.

    ``is_private``: what is made in it can be read by its owner alone.
    """

    path: Path
    is_private: bool = True
    _read: dict[str, tuple[tuple[int, int], Note | Problem]] = field(default_factory=dict)

    def signature(self) -> tuple[tuple[str, int, int], ...]:
        """What changes when any note does."""
        return tuple((name, *stamp) for name, stamp in self._files())

    def notes(self) -> tuple[list[Note], list[Problem]]:
        """Every note, sorted by id, and every file that is broken."""
        known: dict[str, tuple[tuple[int, int], Note | Problem]] = {}
        for name, stamp in self._files():
            before = self._read.get(name)
            known[name] = before if before and before[0] == stamp else (stamp, self._load(name))
        self._read = known
        found = [one for _, one in known.values()]
        notes = {note.id: note for note in found if isinstance(note, Note)}
        return [notes[key] for key in sorted(notes)], [one for one in found if isinstance(one, Problem)]

    def write(self, note: Note) -> Path:
        """Write a note, over the one of its id.

        Raises:
            StoreError: the folder cannot be written.
        """
        target = self.path / note.kind / f"{note.id}.md"
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if self.is_private else 0o777)
            replace_file(target, format_note(note).encode(), private=self.is_private)
            for kind in KINDS:  # where a hand edit gave it another kind
                if kind != note.kind:
                    (self.path / kind / target.name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write {target}: {error.strerror}") from error
        return target

    def _files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for kind in KINDS:
            try:
                with os.scandir(self.path / kind) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in listed:
                if entry.name.endswith(".md") and entry.is_file(follow_symlinks=False):
                    found = entry.stat(follow_symlinks=False)
                    yield f"{kind}/{entry.name}", (found.st_mtime_ns, found.st_size)

    def _load(self, name: str) -> Note | Problem:
        try:
            text = read_regular(self.path / name, LARGEST).decode("utf-8")
            note = parse_note(text)
        except OSError as error:
            return Problem(name, error.strerror or str(error))
        except ValueError as error:
            return Problem(name, str(error))
        stem = name.rpartition("/")[2].removesuffix(".md")
        return note if note.id == stem else Problem(name, f"id: the file is called {stem}")
