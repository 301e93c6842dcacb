"""A tree's manifest: every file with its size, time and blob, and how the tree differs from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import pyarrow as pa

from indexers.model import Skipped
from indexers.source.walk import FileEntry
from memory_server.index.workers import ReadFile
from memory_server.store.row_source import RowSource
from memory_server.store.rows import BlobInfo

MANIFEST = pa.schema([
    pa.field("path", pa.string()),
    pa.field("blob", pa.string()),
    pa.field("size", pa.int64()),
    pa.field("mtime_ns", pa.int64()),
    pa.field("language", pa.string()),
    pa.field("lines", pa.int32()),
    pa.field("problem", pa.string()),
    pa.field("skipped", pa.string()),
])  # fmt: skip
"""A tree's files. ``skipped`` names why a file is left out; such a file has no blob."""

RACY_NS = 20_000_000
"""What changed this shortly before it was looked at may change again within its clock's tick."""


class ManifestEntry(NamedTuple):
    """What is known of one file; a tuple, since of these 50,000 are made in half the time.

    ``mtime_ns`` is 0 for a file that was too young to be told by its time.
    """

    size: int
    mtime_ns: int
    blob: str
    skipped: str

    def stands_for(self, size: int, mtime_ns: int) -> bool:
        """Whether a file of this size and time is the one that is known."""
        return self.size == size and self.mtime_ns == mtime_ns

    def holds(self, file: ReadFile) -> bool:
        """Whether a file, as it was read, says what is known."""
        return (self.blob, self.skipped) == (file.blob, file.skipped)


Manifest = Mapping[str, ManifestEntry]
"""By path, left-out files too."""


def read_manifest(files: pa.Table) -> dict[str, ManifestEntry]:
    """The manifest that a table with the schema ``MANIFEST`` holds."""
    columns = (files[name].to_pylist() for name in ("size", "mtime_ns", "blob", "skipped"))
    return dict(zip(files["path"].to_pylist(), map(ManifestEntry, *columns), strict=True))


def blobs_of(manifest: Manifest) -> set[str]:
    """Every blob that a manifest names."""
    return {entry.blob for entry in manifest.values() if entry.blob}


def count_changes(before: Manifest, after: Manifest) -> tuple[int, int, int]:
    """How many indexed files were added, changed and removed."""
    was = {path for path, entry in before.items() if entry.blob}
    now = {path for path, entry in after.items() if entry.blob}
    changed = sum(1 for path in was & now if before[path].blob != after[path].blob)
    return len(now - was), changed, len(was - now)


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
    entries: Sequence[FileEntry], skipped: Sequence[Skipped], manifest: Manifest, listed_ns: int
) -> Diff:
    """Compare a listing, made at ``listed_ns``, with the manifest by size and modification time."""
    kept: list[str] = []
    read: list[FileEntry] = []
    for entry in entries:
        known = manifest.get(entry.path)
        if known is not None and known.stands_for(entry.size, entry.mtime_ns):
            kept.append(entry.path)
        else:
            read.append(entry)
    listed = {entry.path for entry in entries}
    reasons = {skip.path: str(skip.reason) for skip in skipped if skip.path not in listed}
    present = listed | reasons.keys()
    removed = tuple(path for path in manifest if path not in present)
    new_reason = any(
        path not in manifest or manifest[path].skipped != reason for path, reason in reasons.items()
    )
    return Diff(tuple(kept), tuple(read), removed, reasons, new_reason, listed_ns)


def manifest_rows(
    before: Manifest, diff: Diff, read: Mapping[str, ReadFile], sources: Sequence[RowSource]
) -> pa.Table:
    """A tree's new manifest: the kept files as they were, those read, and those left out."""
    horizon = diff.listed_ns - RACY_NS
    entries = {path: before[path] for path in diff.kept}
    for path, file in read.items():
        mtime_ns = file.entry.mtime_ns if file.entry.mtime_ns < horizon else 0
        entries[path] = ManifestEntry(file.entry.size, mtime_ns, file.blob, file.skipped)
    entries |= {path: ManifestEntry(0, 0, "", reason) for path, reason in diff.skipped.items()}
    infos = {blob: info for source in reversed(sources) for blob, info in source.infos.items()}
    nothing = BlobInfo("", "", 0, "")
    found = [infos.get(entry.blob, nothing) for entry in entries.values()]
    columns = {
        "path": list(entries),
        "blob": [entry.blob for entry in entries.values()],
        "size": [entry.size for entry in entries.values()],
        "mtime_ns": [entry.mtime_ns for entry in entries.values()],
        "language": [info.language for info in found],
        "lines": [info.lines for info in found],
        "problem": [info.problem for info in found],
        "skipped": [entry.skipped for entry in entries.values()],
    }
    return pa.table(columns, schema=MANIFEST)
