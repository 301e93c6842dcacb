"""Where sessions are kept, longer than the client keeps its logs: one JSON file each, for their owner alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from pydantic import TypeAdapter

from indexers.files import parse_json, read_regular
from memory_server.episodes.model import Session
from memory_server.errors import StoreError
from memory_server.files import leads_through_link, remove_entry, replace_file

LARGEST = 50_000_000
"""Bytes of a session's file; what is larger is none."""

_SESSION = TypeAdapter(Session)
_FORGOTTEN = "forgotten.json"
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(slots=True)
class SessionFolder:
    """The sessions of one repository, each read once for each state of its file."""

    path: Path
    _known: dict[str, tuple[tuple[int, int], Session | None]] = field(default_factory=dict)

    def is_empty(self) -> bool:
        """Whether no session is kept."""
        return next((file for file in self.path.glob("*.json") if file.name != _FORGOTTEN), None) is None

    def stamps(self) -> dict[str, tuple[int, int]]:
        """The names of the files of sessions, each with what changes when the file does."""
        if leads_through_link(self.path.parent, self.path):
            return {}
        found = {}
        for file in sorted(self.path.glob("*.json")):
            if file.name != _FORGOTTEN and file.is_file() and not file.is_symlink():
                status = file.stat()
                found[file.stem] = (status.st_mtime_ns, status.st_size)
        return found

    def read(self, name: str) -> Session | None:
        """The session of a file; None where it is gone or none."""
        try:
            status = (self.path / f"{name}.json").lstat()
        except OSError:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        if name not in self._known or self._known[name][0] != stamp:
            self._known[name] = (stamp, self._load(name))
        return self._known[name][1]

    def all(self) -> Iterator[Session]:
        """Every session, oldest first."""
        found = [session for name in self.stamps() if (session := self.read(name)) is not None]
        yield from sorted(found, key=lambda session: (session.started, session.id))

    def write(self, session: Session) -> None:
        """Keep a session, in the place of the one of its id.

        Raises:
            StoreError: the folder cannot be written.
        """
        self._put(f"{name_of(session.id)}.json", _SESSION.dump_json(session))

    def forget(self, session: Session) -> None:
        """Remove a session, so that no import brings it back.

        Raises:
            StoreError: the folder cannot be written.
        """
        forgotten = sorted({*self.forgotten(), name_of(session.id)})
        self._put(_FORGOTTEN, TypeAdapter(list[str]).dump_json(forgotten))
        try:
            remove_entry(self.path / f"{name_of(session.id)}.json")
        except OSError as error:
            raise StoreError(f"cannot remove a session: {error.strerror}") from error

    def forgotten(self) -> set[str]:
        """The names of the files of sessions that were removed."""
        try:
            return set(TypeAdapter(list[str]).validate_python(parse_json(self._bytes(_FORGOTTEN))))
        except (OSError, ValueError):
            return set()

    def _load(self, name: str) -> Session | None:
        try:
            return _SESSION.validate_python(parse_json(self._bytes(f"{name}.json")))
        except (OSError, ValueError):
            return None

    def _bytes(self, name: str) -> bytes:
        return read_regular(self.path / name, LARGEST)

    def _put(self, name: str, data: bytes) -> None:
        if leads_through_link(self.path.parent, self.path):
            raise StoreError(f"{self.path} is a link, which is not followed")
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self.path / name, data, private=True)
        except OSError as error:
            raise StoreError(f"cannot write {self.path / name}: {error.strerror}") from error


def name_of(session: str) -> str:
    """How the file of a session is called."""
    if _NAME.fullmatch(session):
        return session
    return blake2b(session.encode(errors="replace"), digest_size=16).hexdigest()
