"""A view on disk: what a reader loads in milliseconds, without opening the store.

One folder per tree holds the newest generation; a small JSON file names it and is replaced last, so a reader sees
either the old generation or the new one, whole.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from dataclasses import asdict, astuple, dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import pyarrow as pa

from indexers.files import read_regular
from indexers.references.graph import Graph
from memory_server.files import TEMPORARY_SUFFIX, replace_file
from memory_server.index.view.columns import View
from memory_server.store.quantised import QuantisedVectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Buffer

_TABLES = ("files", "symbols", "references", "first", "edges", "importance", "paths")


_LATEST = 1e11
"""Seconds since 1970 that no clock shows for three thousand years."""

_EDGES = ("source", "target", "kind", "line", "confidence")


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
    """The view of a generation; None when its files are missing or damaged."""
    files: list[bytes] = []
    try:
        for name in _TABLES:
            files.append((folder / str(info.generation) / f"{name}.arrow").read_bytes())
    except OSError:
        return None
    if _checksum(files) != info.checksum:
        return None
    tables = [pa.ipc.open_file(pa.py_buffer(data)).read_all() for data in files]
    manifest, symbols, references, first, edges, importance, paths = tables
    graph = Graph(
        source=edges["source"].to_numpy(),
        target=edges["target"].to_numpy(),
        kind=edges["kind"].to_numpy(),
        line=edges["line"].to_numpy(),
        confidence=edges["confidence"].to_numpy(),
        importance=importance["importance"].to_numpy(),
    )
    starts, reference_starts = first["first"].to_numpy(), first["reference_first"].to_numpy()
    return View(
        manifest,
        symbols.combine_chunks(),
        references.combine_chunks(),
        starts,
        reference_starts,
        graph,
        QuantisedVectors.from_table(paths, paths.schema.field("vector").type.list_size),
    )


def load_blobs(folder: Path, info: SnapshotInfo) -> set[str]:
    """The blobs a generation refers to; none when it is damaged."""
    try:
        with pa.OSFile(os.fspath(folder / str(info.generation) / "files.arrow"), "rb") as source:
            return set(pa.ipc.open_file(source).read_all()["blob"].to_pylist())
    except (OSError, pa.ArrowException):
        return set()


def _checksum(files: Iterable[bytes]) -> int:
    return reduce(lambda checksum, data: crc32(data, checksum), files, 0)


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
    first = pa.table({"first": view.first, "reference_first": view.reference_first})
    edges = pa.table({name: getattr(view.graph, name) for name in _EDGES})
    importance = pa.table({"importance": view.graph.importance})
    paths = (view.path_vectors or QuantisedVectors.empty(len(view.paths), 1)).to_table()
    tables = (view.all_files, view.symbols, view.references, first, edges, importance, paths)
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1))
    checksum = 0
    for name, table in zip(_TABLES, tables, strict=True):
        with (
            _ChecksummedFile(target / f"{name}.arrow", checksum) as sink,
            pa.ipc.new_file(sink, table.schema, options=options) as writer,
        ):
            writer.write_table(table)
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
