"""What was billed, kept beyond the client's own thirty days: SQLite, written by several processes at once.

No text of a prompt or file is in it. Rows are never dropped because a log is gone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from eval.errors import MeasureError
from indexers.transcripts.billed import Billed, BilledFile
from indexers.transcripts.claude_code.billing import find_files, read_billed

VERSION = 1
"""The layout of the tables."""

_MARK = 256
"""Bytes before a file's offset that tell whether it is still the file that was read so far."""

_TABLES = """
CREATE TABLE IF NOT EXISTS file (
  path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, offset INTEGER, mark INTEGER, lines INTEGER, settled INTEGER
);
CREATE TABLE IF NOT EXISTS skip (path TEXT, place INTEGER, reason TEXT, PRIMARY KEY (path, place));
CREATE TABLE IF NOT EXISTS request (
  id TEXT PRIMARY KEY, at INTEGER, model TEXT, session TEXT, project TEXT, branch TEXT, version TEXT, agent TEXT,
  origin INTEGER, input INTEGER, output INTEGER, writes INTEGER, write_1h INTEGER, read INTEGER, web INTEGER,
  speed TEXT, tier TEXT, geo TEXT, content INTEGER, provisional INTEGER
);
"""

_PLACE = ("session", "project", "branch", "version", "agent", "origin")
_LARGEST = ("input", "output", "writes", "write_1h", "read", "web", "content")
_FIRST = ("speed", "tier", "geo")
_UPSERT = f"""
INSERT INTO request VALUES ({", ".join("?" * 20)}) ON CONFLICT (id) DO UPDATE SET
  at = min(coalesce(at, excluded.at), coalesce(excluded.at, at)), provisional = min(provisional, excluded.provisional),
  {", ".join(f"{name} = iif(excluded.origin < origin, excluded.{name}, {name})" for name in _PLACE)},
  {", ".join(f"{name} = max({name}, excluded.{name})" for name in _LARGEST)},
  {", ".join(f"{name} = iif({name} = '', excluded.{name}, {name})" for name in _FIRST)}
"""
"""As `Billed.merge` has it; who came first is preferred among records of the same kind."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: files found, of them read, requests seen there."""

    files: int
    read: int
    requests: int


@dataclass(frozen=True, slots=True)
class _Known:
    size: int
    mtime: int
    offset: int
    mark: int
    settled: int


class Ledger:
    """The tables; ``path`` None keeps them in memory."""

    def __init__(self, path: Path | None) -> None:
        """Open the tables, or make them.

        Raises:
            MeasureError: they cannot be opened, or are of a later layout.
        """
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self.database = sqlite3.connect(path or ":memory:", timeout=30, isolation_level=None)
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.execute("PRAGMA synchronous = NORMAL")
            self.database.execute(
                "PRAGMA wal_autocheckpoint = 10000"
            )  # pages: a first import writes them once
            (version,) = self.database.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                self.database.close()
                raise MeasureError(f"{path} was written by a later version", "update repo-memory")
            if version < VERSION:
                self.database.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {VERSION};COMMIT;")
        except (OSError, sqlite3.Error) as error:
            raise MeasureError(f"{path}: {error}", "pass --ledger FILE with another place") from error

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()

    def import_logs(self, folders: Sequence[Path], show: Callable[[int, int], None]) -> Imported:
        """Take in what is new below some folders, a file a transaction; ``show`` is told the files done."""
        files = find_files(folders)
        read = requests = 0
        columns = self.database.execute("SELECT path, size, mtime, offset, mark, settled FROM file")
        known = {path: _Known(*values) for path, *values in columns}
        for nth, path in enumerate(files):
            show(nth, len(files))
            found = self._import_file(path, known.get(str(path)))
            if found is not None:
                read, requests = read + 1, requests + len(found.requests)
        return Imported(len(files), read, requests)

    def _import_file(self, path: Path, known: _Known | None) -> BilledFile | None:
        """What was new in a file; None where nothing was, or it cannot be read."""
        try:
            told = path.stat()
            if known and (known.size, known.mtime) == (told.st_size, told.st_mtime_ns):
                return None
            goes_on = known is not None and _read_mark(path, known.offset) == known.mark
            offset, settled = (known.offset, known.settled) if known and goes_on else (0, 0)
            found = read_billed(path, offset)
            mark = _read_mark(path, found.offset)
        except OSError:
            return None
        name = str(path)
        with self._transaction():
            self.database.executemany(_UPSERT, map(_row, found.requests))
            if not goes_on:
                self.database.execute("DELETE FROM skip WHERE path = ?", (name,))
            skips = [(name, place, reason) for place, reason in found.skips.items()]
            self.database.executemany("INSERT OR REPLACE INTO skip VALUES (?, ?, ?)", skips)
            counts = (settled + found.lines, settled + found.settled)
            values = (name, told.st_size, told.st_mtime_ns, found.offset, mark, *counts)
            self.database.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return found

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.database.execute("COMMIT")
        finally:
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")


def _read_mark(path: Path, offset: int) -> int:
    """A checksum of what stands before the offset, which stays as it is when a file grows."""
    with path.open("rb") as file:
        file.seek(max(offset - _MARK, 0))
        return crc32(file.read(min(offset, _MARK)))


def _row(request: Billed) -> tuple[object, ...]:
    usage, place = request.usage, request.place
    return (
        request.id,
        None if request.time is None else int(request.time),
        request.model,
        place.session,
        place.project,
        place.branch,
        place.version,
        place.agent,
        int(place.origin),
        usage.input,
        usage.output,
        usage.write,
        usage.write_1h,
        usage.read,
        usage.web_searches,
        usage.speed,
        usage.tier,
        usage.geography,
        request.content,
        int(request.provisional),
    )
