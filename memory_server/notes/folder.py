"""The folders that notes lie in: one Markdown file each, written whole, for their owner alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from indexers.files import read_regular
from memory_server.errors import StoreError
from memory_server.files import leads_through_link, replace_file
from memory_server.notes.model import KINDS, Note, Problem, hide_secrets
from memory_server.notes.text import format_note, parse_note

LARGEST = 64_000
"""Bytes of a note's file; what is larger is none."""

_LINK = (-1, -1)
"""The stamp of what is not read for a link."""


@dataclass(slots=True)
class NoteFolder:
    """Notes in one folder, ``<kind>/<id>.md`` below it; read again where a file changed.

    A link on the way from ``base``, which is trusted, is not followed: a clone may hold one that leads outside.
    ``is_private``: what is made in it can be read by its owner alone.
    """

    base: Path
    path: Path
    is_private: bool = True
    _known: dict[str, tuple[tuple[int, int], Note | Problem]] = field(default_factory=dict)
    _read: tuple[tuple[Note, ...], tuple[Problem, ...]] = ((), ())

    def is_empty(self) -> bool:
        """Whether no file is there that may be a note."""
        return next(self._files(), None) is None

    def read(self) -> tuple[tuple[Note, ...], tuple[Problem, ...]]:
        """Every note and every file that is broken; the same value as before where no file has changed."""
        stamps = dict(self._files())
        if stamps != {name: stamp for name, (stamp, _) in self._known.items()}:
            known = {name: one for name, one in self._known.items() if one[0] == stamps.get(name)}
            self._known = {
                name: known.get(name) or (stamp, self._load(name)) for name, stamp in stamps.items()
            }
            found = [one for _, one in self._known.values()]
            self._read = (
                tuple(one for one in found if isinstance(one, Note)),
                tuple(one for one in found if isinstance(one, Problem)),
            )
        return self._read

    def write(self, note: Note) -> Path:
        """Write a note, over the one of its id.

        Raises:
            StoreError: the folder cannot be written.
        """
        target = self.path / note.kind / f"{note.id}.md"
        if leads_through_link(self.base, target.parent):
            raise StoreError(f"{target.parent} is a link or lies behind one, which is not followed")
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if self.is_private else 0o777)
            replace_file(target, format_note(note).encode(), private=self.is_private)
            for kind in KINDS:  # where a hand edit gave it another kind
                if kind != note.kind and not leads_through_link(self.base, self.path / kind):
                    (self.path / kind / target.name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write {target}: {error.strerror}") from error
        return target

    def _files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for kind in KINDS:
            if leads_through_link(self.base, self.path / kind):
                yield kind, _LINK
                continue
            try:
                with os.scandir(self.path / kind) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in listed:
                if entry.name.endswith(".md"):
                    with suppress(FileNotFoundError):  # it was dropped since
                        found = entry.stat(follow_symlinks=False)
                        yield f"{kind}/{entry.name}", (found.st_mtime_ns, found.st_size)

    def _load(self, name: str) -> Note | Problem:
        if name in KINDS:
            return Problem(name, "a link or behind one, which is not followed")
        try:
            text = read_regular(self.path / name, LARGEST).decode("utf-8")
            note = parse_note(text)
        except OSError as error:
            return Problem(name, error.strerror or str(error))
        except ValueError as error:
            return Problem(name, hide_secrets(str(error)))
        stem = name.rpartition("/")[2].removesuffix(".md")
        return note if note.id == stem else Problem(name, f"id: the file is called {stem}")
