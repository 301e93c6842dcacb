"""Bringing a tree's index up to date: which files changed, their rows, the store, the new view."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexers.model import Skipped
from indexers.source.walk import FileEntry
from memory_server.index.embedding import EmbeddingRun
from memory_server.index.folder_times import RACY_NS
from memory_server.index.view import FILES
from memory_server.index.workers import ReadFile
from memory_server.store.row_source import RowSource
from memory_server.store.rows import PARSED_SYMBOLS, REFERENCES, BlobInfo, ParsedRows
from memory_server.store.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Diff:
    """How a tree differs from its manifest: entries to read, paths gone, files left out by name or size."""

    kept: tuple[str, ...]
    read: tuple[FileEntry, ...]
    removed: tuple[str, ...]
    skipped: Mapping[str, str]
    new_skips: bool = False
    listed_ns: int = 0

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.read or self.removed or self.new_skips)

    @property
    def size(self) -> int:
        """How many files differ."""
        return len(self.read) + len(self.removed)

    @property
    def work(self) -> int:
        """That of the files to read."""
        return sum(entry.work for entry in self.read)

    def without(self, same: set[str]) -> Diff:
        """This difference less files that turned out the same."""
        read = tuple(entry for entry in self.read if entry.path not in same)
        return replace(self, kept=tuple(sorted({*self.kept, *same})), read=read)


def compare(
    entries: Sequence[FileEntry],
    skipped: Sequence[Skipped],
    manifest: Mapping[str, tuple[int, int, str, str]],
    listed_ns: int,
) -> Diff:
    """Compare a listing, made at ``listed_ns``, with the manifest by size and modification time."""
    kept: list[FileEntry] = []
    read: list[FileEntry] = []
    for entry in entries:
        known = manifest.get(entry.path)
        same = known is not None and known[0] == entry.size and known[1] == entry.mtime_ns
        (kept if same else read).append(entry)
    listed = {entry.path for entry in entries}
    reasons = {skip.path: str(skip.reason) for skip in skipped if skip.path not in listed}
    present = listed | reasons.keys()
    removed = tuple(path for path in manifest if path not in present)
    new_reason = any(path not in manifest or manifest[path][3] != reason for path, reason in reasons.items())
    return Diff(tuple(entry.path for entry in kept), tuple(read), removed, reasons, new_reason, listed_ns)


FindVectors = Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], Vectors]]


@dataclass(slots=True)
class FreshRows:
    """Rows of new contents as they gather, each content once, with their vectors."""

    embedding: EmbeddingRun
    find_stored: FindVectors | None
    files: list[BlobInfo] = field(default_factory=list)
    symbols: list[pa.Table] = field(default_factory=list)
    references: list[pa.RecordBatch] = field(default_factory=list)
    embedded: int = 0
    rows: int = 0
    _blobs: set[str] = field(default_factory=set)
    _made: list[tuple[NDArray[np.int64], Vectors]] = field(default_factory=list)

    def add(self, rows: ParsedRows, work: int = 0) -> None:
        """Take the rows of a batch, so much of the ``work``, embedding the texts that have no vector yet."""
        self.embedding.work_done += work
        fresh = [info for info in rows.blobs if info.blob not in self._blobs]
        if not fresh:
            return
        symbols, references = pa.Table.from_batches([rows.symbols]), rows.references
        if len(fresh) < len(rows.blobs):
            wanted = pa.array([info.blob for info in fresh])
            symbols = symbols.filter(pc.is_in(symbols["blob"], wanted))
            references = references.filter(pc.is_in(references["blob"], wanted))
        self._blobs.update(info.blob for info in fresh)
        self.files += fresh
        self.symbols.append(self._embed(symbols).add_to(symbols.drop_columns(["text"])))
        self.references.append(references)
        self.rows += len(symbols)

    def _embed(self, symbols: pa.Table) -> Vectors:
        """The symbols' vectors: made in this run, stored by an earlier one, or made now."""
        keys, first, inverse = np.unique(
            symbols["text_key"].to_numpy(), return_index=True, return_inverse=True
        )
        vectors = Vectors.empty(len(keys), self.embedding.embedder.dimensions)
        known = np.zeros(len(keys), bool)
        for made, made_vectors in self._made:
            common, place, source = np.intersect1d(keys, made, assume_unique=True, return_indices=True)
            if len(common):
                vectors.put(place, made_vectors.take(source))
                known[place] = True
        if self.find_stored is not None and not known.all():
            stored, stored_vectors = self.find_stored(keys[~known])
            place = np.searchsorted(keys, stored)
            vectors.put(place, stored_vectors)
            known[place] = True
        missing = np.flatnonzero(~known)
        if len(missing):
            texts = symbols["text"].take(pa.array(first[missing])).to_pylist()
            fresh = Vectors.quantise(self.embedding.embed(texts))
            vectors.put(missing, fresh)
            self.embedded += len(missing)
            self._made.append((keys[missing], fresh))
        return vectors.take(inverse)

    def take(self) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Hand over (files, symbols, references) as the store takes them, and start afresh."""
        files = pa.table({
            "blob": pa.array([info.blob for info in self.files], pa.string()),
            "language": pa.array([info.language for info in self.files], pa.string()),
            "lines": pa.array([info.lines for info in self.files], pa.int32()),
            "problem": pa.array([info.problem for info in self.files], pa.string()),
        })  # fmt: skip
        symbols = pa.concat_tables(self.symbols) if self.symbols else PARSED_SYMBOLS.empty_table()
        references = pa.Table.from_batches(self.references, schema=REFERENCES)
        self.files, self.symbols, self.references, self.rows = [], [], [], 0
        return files, symbols, references


def manifest_rows(
    before: Mapping[str, tuple[int, int, str, str]],
    diff: Diff,
    read: Mapping[str, ReadFile],
    sources: Sequence[RowSource],
) -> pa.Table:
    """A tree's new manifest: the kept files as they were, those read, and those left out."""
    infos = {blob: info for source in reversed(sources) for blob, info in source.infos.items()}
    nothing = BlobInfo("", "", 0, "")
    horizon = diff.listed_ns - RACY_NS
    rows = [(path, *before[path]) for path in diff.kept]
    for path, file in read.items():
        mtime_ns = file.entry.mtime_ns if file.entry.mtime_ns < horizon else 0
        rows.append((path, file.entry.size, mtime_ns, file.blob, file.skipped))
    rows += [(path, 0, 0, "", reason) for path, reason in diff.skipped.items()]
    found = [infos.get(row[3], nothing) for row in rows]
    columns = {
        "path": [row[0] for row in rows],
        "blob": [row[3] for row in rows],
        "size": [row[1] for row in rows],
        "mtime_ns": [row[2] for row in rows],
        "language": [info.language for info in found],
        "lines": [info.lines for info in found],
        "problem": [info.problem for info in found],
        "skipped": [row[4] for row in rows],
    }
    return pa.table(columns, schema=FILES)


def import_store_early() -> None:
    """Import lancedb (a second or two) beside the parsing instead of after it."""
    threading.Thread(target=lambda: __import__("memory_server.store.tables"), daemon=True).start()
