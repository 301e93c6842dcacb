"""Checksums of files that are written once: what a disk or a crash did to them shows before they are believed."""

from __future__ import annotations

import json
from pathlib import Path
from zlib import crc32

_DATA_SUFFIXES = frozenset({".lance", ".manifest", ".arrow", ".bin"})


def record_sums(folder: Path, record: Path) -> None:
    """Record the checksum of every data file below ``folder``; one that was recorded before is not read again."""
    known = _read_record(record) or {}
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if _is_data(path)}
    sums = {name: known.get(name) or crc32(path.read_bytes()) for name, path in sorted(files.items())}
    temporary = record.with_suffix(".tmp")
    temporary.write_text(json.dumps(sums), encoding="utf-8")
    temporary.replace(record)


def find_damage(folder: Path, record: Path, *, may_lack: bool) -> str:
    """The first file that is not as recorded, "" when all are; ``may_lack`` lets recorded files be gone."""
    known = _read_record(record)
    if known is None:
        return record.name
    for name, checksum in known.items():
        path = folder / name
        if not path.exists():
            if not may_lack:
                return name
        elif crc32(path.read_bytes()) != checksum:
            return name
    return ""


def _is_data(path: Path) -> bool:
    return path.suffix in _DATA_SUFFIXES and path.is_file()


def _read_record(record: Path) -> dict[str, int] | None:
    """The recorded checksums, none of them for a new folder; None when they are damaged themselves."""
    try:
        data = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
