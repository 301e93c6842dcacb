"""Checksums of files that are written once: what a disk or a crash did to them shows before they are believed.

To open a store reads none of its rows. When it is opened, every recorded file has to be there with its recorded size,
and the small files that say which rows there are have to be as recorded. The rows of a table are compared before the
first of them is read in this process, or merged into another file: an edit that adds to a table reads none.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any
from zlib import crc32

from indexers.files import parse_json, read_regular
from memory_server.files import replace_file

_LARGEST = 100_000_000
"""Bytes of a record: a million files."""

_DATA_SUFFIXES = frozenset({".lance", ".manifest", ".arrow", ".bin"})
_ROWS = "data"
"""The folder of a table that holds its rows; beside it stands what says which of them there are."""

Record = dict[str, tuple[int, int]]
"""Size and checksum of files, by their path below the folder."""


class Checksums:
    """The recorded checksums of the tables below a folder, and which of them were compared in this process."""

    def __init__(self, folder: Path, record: Path) -> None:
        self._folder, self._record = folder, record
        self._compared: set[str] = set()

    def write(self) -> None:
        """Record every data file; one that was recorded before is not read again."""
        known = self._read_record() or {}
        files = {path.relative_to(self._folder).as_posix(): path for path in self._folder.rglob("*")}
        sums: Record = {}
        for name, path in sorted(files.items()):
            if path.suffix not in _DATA_SUFFIXES or not path.is_file():
                continue
            if name in known:
                sums[name] = known[name]
            else:
                sums[name] = _sum_up(path)
                self._compared.add(name)
        self._compared &= sums.keys()
        replace_file(self._record, json.dumps(sums).encode())

    def find_damage(self, *, may_lack: bool) -> str:
        """The first file that is gone, cut or, if it holds no rows, changed; "" for none.

        ``may_lack`` lets recorded files be gone.
        """
        known = self._read_record()
        if known is None:
            return self._record.name
        for name, (size, _) in known.items():
            try:
                found = (self._folder / name).stat().st_size
            except OSError:
                found = size if may_lack else -1
            if found != size:
                return name
        return self._find_changed({name: told for name, told in known.items() if not _holds_rows(name)})

    def find_damaged_rows(self, table: str) -> str:
        """The first file with rows of a table that is not as recorded, "" when all are; each is read once."""
        known = self._read_record()
        if known is None:
            return self._record.name
        rows = f"{table}.lance/"
        own = {name: told for name, told in known.items() if name.startswith(rows) and _holds_rows(name)}
        return self._find_changed(own)

    def _find_changed(self, known: Record) -> str:
        for name, told in known.items():
            if name in self._compared:
                continue
            path = self._folder / name
            if path.exists() and _sum_up(path) != told:
                return name
            self._compared.add(name)
        return ""

    def _read_record(self) -> Record | None:
        """What is recorded, nothing for a new folder; None when the record is damaged itself."""
        try:
            data: Any = parse_json(read_regular(self._record, _LARGEST))
            return {name: (size, checksum) for name, (size, checksum) in data.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError):
            return None


def _holds_rows(name: str) -> bool:
    return name.split("/")[1:2] == [_ROWS]


def _sum_up(path: Path) -> tuple[int, int]:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", os.fspath(path))
    data = path.read_bytes()
    return len(data), crc32(data)
