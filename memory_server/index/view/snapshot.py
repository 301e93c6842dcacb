"""A view on disk: what a reader maps in milliseconds, without opening the store.

One folder per tree holds the newest generation; a small JSON file names it and is replaced last, so a reader sees
either the old generation or the new one, whole.
"""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import asdict, astuple, dataclass, replace
from functools import partial
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import pyarrow as pa

from indexers.files import open_regular, read_regular
from memory_server.files import TEMPORARY_SUFFIX, replace_file
from memory_server.index.manifest import MANIFEST
from memory_server.index.view.arrays import ARRAYS, from_table, pack_view, unpack_view
from memory_server.index.view.columns import View
from memory_server.store.row_source import REFERENCE_GROUPS, SYMBOL_GROUPS, TERM_COLUMNS, symbols_schema
from memory_server.store.rows import REFERENCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Buffer

_MAPPED = ("symbols", "arrays")
"""What questions read, here and there: as it lies in memory, mapped into it."""

_PACKED = ("files", "terms", "references")
"""What is read whole, and seldom: compressed."""

_LATEST = 1e11
"""Seconds since 1970 that no clock shows for three thousand years."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """What is known of a tree's newest view without loading it."""

    generation: int
    root: str
    commit: str
    synced_at: float
    checksum: int = 0


def read_info(folder: Path) -> SnapshotInfo | None:
    """The newest generation's description; None when there is none or it cannot be read."""
    try:
        info = SnapshotInfo(**json.loads(read_regular(folder / "current.json")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    kinds = (int, str, str, int | float, int)
    sound = all(map(isinstance, astuple(info), kinds)) and 0 <= info.synced_at < _LATEST
    return info if sound and "\0" not in info.root else None


def other_views(views: Path, own: str) -> Iterator[tuple[Path, SnapshotInfo]]:
    """The views of a repository's other trees than its ``own``; those of trees that are gone are deleted."""
    for folder in sorted(views.iterdir()) if views.is_dir() else ():
        info = read_info(folder)
        if folder.name == own or info is None:
            continue
        if Path(info.root).exists():
            yield folder, info
        else:
            shutil.rmtree(folder, ignore_errors=True)


def load_view(folder: Path, info: SnapshotInfo) -> View | None:
    """The view of a generation, mapped into memory; None when its files are missing or damaged."""
    checksum = 0
    files = {}
    try:
        for name in (*_PACKED, *_MAPPED):
            with open_regular(folder / str(info.generation) / f"{name}.arrow") as file:
                while block := file.read(_BLOCK):
                    checksum = crc32(block, checksum)
                files[name] = pa.py_buffer(mmap(file.fileno(), 0, access=ACCESS_READ))
        if checksum != info.checksum:
            return None
        _check_schemas(files)
        symbols, arrays = _read_table(files["symbols"]), from_table(_read_table(files["arrays"]))
        view = View(
            _read_table(files["files"]),
            symbols,
            partial(_read_table, files["terms"]),
            partial(_read_table, files["references"]),
            arrays["first"],
            arrays["reference_first"],
        )
        unpack_view(view, arrays)
    except (OSError, ValueError, TypeError, LookupError, pa.ArrowException):
        return None
    return view


def _check_schemas(files: Mapping[str, pa.Buffer]) -> None:
    """Compare what the files hold with what a view has.

    Raises:
        ValueError, pa.ArrowException: they hold something else.
    """
    found = {name: pa.ipc.open_file(file).schema for name, file in files.items()}
    rows = symbols_schema(found["symbols"].field("vector").type.list_size)
    symbols = [rows.field(name) for group in SYMBOL_GROUPS if group != TERM_COLUMNS for name in group]
    wanted = {
        "files": MANIFEST,
        "terms": pa.schema([rows.field(name) for name in TERM_COLUMNS]),
        "references": pa.schema([REFERENCES.field(name) for group in REFERENCE_GROUPS for name in group]),
        "symbols": pa.schema(symbols),
        "arrays": ARRAYS,
    }
    if found != wanted:
        raise ValueError("not the files of a view")


def _read_table(file: pa.Buffer) -> pa.Table:
    """The table of a file, each column in one piece."""
    return pa.ipc.open_file(file).read_all().combine_chunks()


def load_blobs(folder: Path, info: SnapshotInfo) -> set[str]:
    """The blobs a generation refers to; none when it is damaged."""
    try:
        with open_regular(folder / str(info.generation) / "files.arrow") as file:
            return set(_read_table(pa.py_buffer(file.read()))["blob"].to_pylist())
    except (OSError, LookupError, pa.ArrowException):
        return set()


class _ChecksummedFile(io.RawIOBase):
    """A file that sums up what is written to it."""

    def __init__(self, path: Path, checksum: int) -> None:
        self.checksum = checksum
        self._file = path.open("wb")

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        self.checksum = crc32(data, self.checksum)
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def write_view(folder: Path, info: SnapshotInfo, view: View) -> SnapshotInfo:
    """Write a view as a new generation, drop the older ones and describe it. Call under the write lock."""
    target = folder / str(info.generation)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    tables = {
        "files": view.all_files,
        "terms": view.read_terms(),
        "references": view.references,
        "symbols": view.symbols,
        "arrays": pack_view(view),
    }
    checksum = 0
    for name in (*_PACKED, *_MAPPED):
        codec = pa.Codec("zstd", compression_level=1) if name in _PACKED else None
        with (
            _ChecksummedFile(target / f"{name}.arrow", checksum) as sink,
            pa.ipc.new_file(
                sink, tables[name].schema, options=pa.ipc.IpcWriteOptions(compression=codec)
            ) as writer,
        ):
            writer.write_table(tables[name])
        checksum = sink.checksum
    info = replace(info, checksum=checksum)
    write_info(folder, info)
    for old in folder.iterdir():
        if old.is_dir() and old.name != str(info.generation):
            shutil.rmtree(old, ignore_errors=True)
        elif old.suffix == TEMPORARY_SUFFIX:
            old.unlink(missing_ok=True)
    return info


def write_info(folder: Path, info: SnapshotInfo) -> None:
    """Replace the description, atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / "current.json", json.dumps(asdict(info)).encode())
