"""One write of a tree's index: new blobs are read and stored, and a view of the tree is published."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from indexers import git
from indexers.embedding.embed import Embedder
from indexers.model import Skipped, SourceFile
from indexers.source.walk import FileEntry
from memory_server.errors import StoreError
from memory_server.index.embedding import EmbeddingRun
from memory_server.index.folder import IndexFolder
from memory_server.index.manifest import Diff, Manifest, blobs_of, manifest_rows
from memory_server.index.new_rows import NewRows
from memory_server.index.view import View, build_view, empty_view, view_rows
from memory_server.index.view.snapshot import (
    SnapshotInfo,
    load_blobs,
    load_view,
    other_views,
    read_info,
    write_view,
)
from memory_server.index.workers import Reader, ReadFile
from memory_server.model import Progress
from memory_server.store.heap import release_unused
from memory_server.store.row_source import RowSource, row_source
from memory_server.store.rows import blob_id, parse_rows

if TYPE_CHECKING:
    from memory_server.store.tables import Store

WRITE_ROWS = 10_000
"""Symbols gathered before they are written, so that a killed run keeps what it finished."""

WRITE_SECONDS = 30.0
"""Seconds of embedding after which they are written all the same."""

STORE_WORK = 2_000_000
"""Work from which on blobs are looked for in the store before they are parsed: reading it takes as long as that."""


@dataclass(slots=True)
class Update:
    """Reads what a ``diff`` from the manifest ``before`` says, and makes a view of it and of the rows in ``sources``.

    ``open_store`` opens the store when it is needed. ``show`` takes views of what is indexed so far, each time that
    there are twice as many symbols as are ``shown``.
    """

    before: Manifest
    diff: Diff
    sources: list[RowSource]
    embedding: EmbeddingRun
    open_store: Callable[[], Store]
    show: Callable[[View], None] | None = None
    shown: int = 0
    files: dict[str, ReadFile] = field(default_factory=dict)
    embedded: int = 0

    def read(self, reader: Reader, *, rebuilt: bool) -> None:
        """Read the changed files; parse, embed and store blobs that no source has, and add them as sources.

        With no view to find them in, or with much to read, blobs are looked for in the store too: what a killed run
        finished is there, and another branch.
        """
        viewed = frozenset(blob for source in self.sources for blob in source.infos)
        known = viewed
        if not rebuilt and (not self.sources or self.diff.work >= STORE_WORK):
            known |= self.open_store().known_blobs()
        rows = NewRows(self.embedding, (lambda keys: self.open_store().find_vectors(keys)) if known else None)
        writes, due = 0, WRITE_SECONDS
        for batch in reader.read(known):
            self.files.update({file.entry.path: file for file in batch.files})
            rows.add(batch.rows, batch.work)
            if rows.rows >= WRITE_ROWS or self.embedding.seconds >= due:
                self._write(rows)
                writes, due = writes + 1, self.embedding.seconds + WRITE_SECONDS
                if self.show is not None and writes * WRITE_ROWS >= 2 * self.shown:
                    self._show_part(self.show)
            if self.embedding.on_progress and not self.embedding.announced:
                self.embedding.on_progress(Progress("indexing", len(self.files), len(self.diff.read)))
        last = [self._write(rows)] if rows.infos else []
        in_store = known - viewed
        found = any(file.blob in in_store for file in self.files.values())
        self.sources += [self.open_store().rows()] if writes or found else last
        self.embedded = rows.embedded

    def _write(self, rows: NewRows) -> RowSource:
        store = self.open_store()
        blobs, symbols, references = rows.take()
        store.begin()
        store.add(blobs, symbols, references)
        store.commit()
        return row_source(blobs, symbols, references)

    def _show_part(self, show: Callable[[View], None]) -> None:
        """Show what a first run has indexed so far."""
        sources = [*self.sources, self.open_store().rows()]
        stored = {blob for source in sources for blob in source.infos}
        part = {path: file for path, file in self.files.items() if file.skipped or file.blob in stored}
        rows = manifest_rows({}, Diff((), (), (), {}), part, sources)
        view = build_view(rows, sources, self.embedding.embedder)
        self.shown = len(view)
        show(view)

    def build(self) -> View:
        """The tree's view, of what was read and what was known."""
        embedder = self.embedding.embedder
        if self.embedding.on_progress:
            self.embedding.on_progress(Progress("linking", len(self.files), len(self.files)))
        release_unused()
        rows = manifest_rows(self.before, self.diff, self.files, self.sources)
        view = build_view(rows, self.sources or [view_rows(empty_view(embedder.dimensions))], embedder)
        self.sources.clear()  # the view has its own copy: publishing needs the room
        release_unused()
        return view


def read_into_view(view: View, diff: Diff, reader: Reader, embedder: Embedder) -> View:
    """A view with what changed since, which is not stored."""
    rows = NewRows(EmbeddingRun(embedder), None)
    files: dict[str, ReadFile] = {}
    for batch in reader.read(frozenset(blobs_of(view.manifest))):
        files.update({file.entry.path: file for file in batch.files})
        rows.add(batch.rows)
    return _with_rows(view, diff, files, rows)


def put_into_view(view: View, found: Mapping[str, SourceFile | Skipped], embedder: Embedder) -> View:
    """A view in which some files are what was ``found`` of them; one that is left out is in it no more."""
    known = blobs_of(view.manifest)
    files: dict[str, ReadFile] = {}
    fresh: dict[str, SourceFile] = {}
    for path, source in found.items():
        if isinstance(source, Skipped):
            files[path] = ReadFile(FileEntry(path, 0, 0), "", str(source.reason))
            continue
        blob = blob_id(source)
        files[path] = ReadFile(FileEntry(path, len(source.data), 0), blob, "")
        if blob not in known:
            fresh[blob] = source
    rows = NewRows(EmbeddingRun(embedder), None)
    rows.add(parse_rows(fresh.items()))
    kept = tuple(path for path in view.manifest if path not in files)
    return _with_rows(view, Diff(kept, (), (), {}), files, rows)


def _with_rows(view: View, diff: Diff, files: Mapping[str, ReadFile], rows: NewRows) -> View:
    embedder = rows.embedding.embedder
    sources: list[RowSource] = [view_rows(view if len(view) else empty_view(embedder.dimensions))]
    sources += [row_source(*rows.take())] if rows.infos else []
    return build_view(manifest_rows(view.manifest, diff, files, sources), sources, embedder)


def known_rows(folder: IndexFolder, view: View) -> list[RowSource]:
    """What has rows without parsing: the tree's view, or where that is empty one of the repository's other trees."""
    others = list(other_views(folder.views, folder.tree))
    if len(view):
        return [view_rows(view)]
    loaded = (load_view(place, info) for place, info in others)
    return [view_rows(found) for found in islice(filter(None, loaded), 1)]


def publish_view(folder: IndexFolder, root: Path, view: View, *, in_git: bool) -> tuple[View, SnapshotInfo]:
    """Write a view as the tree's newest; gives it as it is read from there, mapped.

    Raises:
        StoreError: it cannot be written.
    """
    info = SnapshotInfo(
        generation=time.time_ns(),
        root=os.fspath(root),
        commit=git.head_commit(root) if in_git else "",
        synced_at=time.time(),
    )
    try:
        info = write_view(folder.view, info, view)
    except OSError as error:
        raise StoreError(f"cannot write the index: {error.strerror}") from error
    return load_view(folder.view, info) or view, info


def collect_garbage(store: Store, folder: IndexFolder, view: View) -> None:
    """Let the store drop blobs that neither the view nor another tree of the repository uses."""
    used = blobs_of(view.manifest)
    for place in folder.views.iterdir():
        info = read_info(place)
        used |= load_blobs(place, info) if info is not None else set()
    store.collect_garbage(used)


def import_store_early() -> None:
    """Import lancedb (a second or two) beside the parsing instead of after it."""
    threading.Thread(target=lambda: __import__("memory_server.store.tables"), daemon=True).start()
