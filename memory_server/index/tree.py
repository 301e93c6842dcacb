"""The index of one tree: its view in memory, kept equal to the files by ``sync``."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from indexers import git as git_commands
from indexers.embedding.embed import Embedder, load_embedder
from indexers.errors import EmbedderError
from indexers.git import GitPaths
from indexers.model import Skipped
from indexers.source.walk import FileEntry, WalkRules, list_entries, read_source
from memory_server.config import Config
from memory_server.errors import StoreDamagedError, StoreError
from memory_server.index.embedding import EmbeddingRun
from memory_server.index.folder import IndexFolder
from memory_server.index.folder_times import FolderTimes
from memory_server.index.manifest import MANIFEST, Diff, Manifest, blobs_of, compare, manifest_rows
from memory_server.index.rebuild import RebuildReason, find_reasons, make_stamp, tell_reasons
from memory_server.index.snapshot import (
    SnapshotInfo,
    load_blobs,
    load_view,
    other_views,
    read_info,
    write_view,
)
from memory_server.index.sync import FreshRows, import_store_early
from memory_server.index.tuned import find_tuned
from memory_server.index.view import View, build_view, empty_view
from memory_server.index.workers import Reader, ReadFile, read_batch
from memory_server.model import OnProgress, Progress, SyncReport
from memory_server.store.heap import release_unused
from memory_server.store.row_source import RowSource, row_source
from memory_server.store.rows import blob_id

if TYPE_CHECKING:
    from memory_server.store.tables import Store

WRITE_ROWS = 10_000
"""Symbols gathered before they are written, so that a killed run keeps what it finished."""

WRITE_SECONDS = 30.0
"""Seconds of embedding after which they are written all the same."""

STORE_WORK = 2_000_000
"""Work from which on contents are looked for in the store before they are parsed: reading it takes as long as that."""


class TreeIndex:
    """One tree's index; thread-safe. ``view`` is always a whole, consistent state."""

    def __init__(
        self,
        root: Path,
        git: GitPaths | None,
        folder: IndexFolder,
        config: Config,
        embedder: Embedder | None = None,
    ) -> None:
        self.root, self.git, self.folder, self.config = root, git, folder, config
        self.rules = WalkRules(max_bytes=config.index.max_bytes, exclude=config.index.exclude)
        self._mutex = threading.RLock()
        self._model_mutex = threading.Lock()
        self._embedder = embedder
        self._takes_tuned = embedder is None and not config.embedder.model
        self._tuned: Path | None = None
        self._store: Store | None = None
        self.view: View = empty_view(1)
        self.info: SnapshotInfo | None = None
        self._folder_times = FolderTimes(root)
        self.shows_parts = False
        """Whether a first run shows what it has so far."""

    @property
    def embedder(self) -> Embedder:
        """The embedding model, loaded at first use: the configured one, or else the tuned or the shipped one."""
        with self._model_mutex:
            if self._embedder is None:
                self._tuned = find_tuned(self.folder.path) if self._takes_tuned else None
                model = str(self._tuned or self.config.embedder.model)
                try:
                    self._embedder = load_embedder(model or None, self.config.embedder.device or None)
                except EmbedderError as error:
                    error.hint = "run `repo-memory tune --undo`" if self._tuned else error.hint
                    raise
            return self._embedder

    def load(self) -> bool:
        """Take over a newer view that another process wrote; true when the view changed."""
        info = read_info(self.folder.view)
        if info is None or info == self.info:
            return False
        with self._mutex:
            view = load_view(self.folder.view, info)
            if view is None:
                return False
            self.view, self.info = view, info
            self._renew_model()
            return True

    def _renew_model(self) -> None:
        """Let go of a model in whose place another process, tuning or undoing it, put the one of the newer view."""
        with self._model_mutex:
            if self._takes_tuned and self._embedder and find_tuned(self.folder.path) != self._tuned:
                self._embedder = None

    def close(self) -> None:
        """Let go of the store; the view stays usable."""
        self._store = None

    def has_same_folders(self) -> bool:
        """Whether no file was added to or removed from the known folders since the view was made."""
        return self._folder_times.are_same(self.view.folders)

    def is_fresh(self, paths: set[str]) -> bool:
        """Whether files are what the view says, by size and modification time; with no paths, whether all are."""
        if not paths:
            return not self.pending().changes
        manifest = self.view.manifest
        return all(
            path in manifest and (manifest[path].stands_for(*self._stat(path)) or self._same_content(path))
            for path in sorted(paths)
        )

    def _stat(self, path: str) -> tuple[int, int]:
        try:
            found = (self.root / path).stat()
        except OSError:
            return (-1, -1)
        return found.st_size, found.st_mtime_ns

    def _same_content(self, path: str) -> bool:
        source = read_source(self.root, path, self.rules)
        return not isinstance(source, Skipped) and blob_id(source) == self.view.manifest[path].blob

    def overlay(self) -> None:
        """Parse what changed into the view alone, when the store cannot be written now; the next sync stores it."""
        with self._mutex:
            diff = self.pending()
            rows = FreshRows(EmbeddingRun(self.embedder), None)
            files: dict[str, ReadFile] = {}
            known = frozenset(entry.blob for entry in self.view.manifest.values())
            with self._reader(diff) as reader:
                for batch in reader.read(known):
                    files.update({file.entry.path: file for file in batch.files})
                    rows.add(batch.rows)
            view = self.view if len(self.view) else empty_view(self.embedder.dimensions)
            sources = [view.as_source()] + ([row_source(*rows.take())] if rows.files else [])
            rows_now = manifest_rows(self.view.manifest, diff, files, sources)
            self.view, self.info = build_view(rows_now, sources, self.embedder), None

    def list_tree(self) -> tuple[list[FileEntry], list[Skipped]]:
        """The tree's files now: what git knows and does not ignore, or the folder's without git."""
        return list_entries(self.root, git_commands.list_files(self.root) if self.git else None, self.rules)

    def pending(self, *, anew: bool = False) -> Diff:
        """How the tree differs from the view (from nothing when ``anew``), racily young files by their content."""
        listed_ns = time.time_ns()
        diff = compare(*self.list_tree(), {} if anew else self.view.manifest, listed_ns)
        if anew:
            return diff
        manifest = self.view.manifest
        young = [
            entry
            for entry in diff.read
            if entry.path in manifest and manifest[entry.path].stands_for(entry.size, 0)
        ]
        if young:
            known = frozenset(entry.blob for entry in manifest.values())
            read = read_batch(self.root, young, self.rules, known).files
            same = {file.entry.path for file in read if manifest[file.entry.path].holds(file)}
            diff = diff.without(same)
        if not diff.changes:
            self._folder_times.remember(self.view.folders, listed_ns)
        return diff

    def sync(self, on_progress: OnProgress | None = None, *, wait: float = 60.0) -> SyncReport:
        """Bring store and view up to date with the files.

        Raises:
            StoreBusyError: another process kept the write lock for ``wait`` seconds.
            StoreError: the store cannot be written.
        """
        started = time.monotonic()
        with self._mutex:
            self.load()
            diff = self.pending() if self.info is not None and not self.why_rebuild() else None
            if diff is not None and not diff.changes:
                return self._report(started)
            with self.folder.locked(self.root, wait):
                newer = self.load()
                self._renew_model()
                reason = self.why_rebuild()
                try:
                    return self._update(started, reason, None if newer or reason else diff, on_progress)
                except StoreDamagedError as error:
                    reason = f"{RebuildReason.DAMAGE}: {error.damage}"
                    return self._update(started, reason, None, on_progress)

    def why_rebuild(self) -> str:
        """Why the stored rows cannot be used; empty when they can."""
        return tell_reasons(find_reasons(self.folder.read_stamp(), make_stamp(self.embedder.id)))

    def check_store(self) -> None:
        """Read every table once.

        Raises:
            StoreDamagedError: one cannot be read, or lacks contents of the view.
        """
        stored = self._open_store().rows()
        build_view(MANIFEST.empty_table(), [stored])
        missing = blobs_of(self.view.manifest) - set(stored.infos)
        if missing:
            raise StoreDamagedError(f"it lacks {len(missing)} of the indexed files")

    def forget(self) -> None:
        """Delete the index folder."""
        with self._mutex, self.folder.locked(self.root, 60.0):
            self.close()
            self.view, self.info = empty_view(1), None
        shutil.rmtree(self.folder.path, ignore_errors=True)

    def _update(
        self, started: float, reason: str, diff: Diff | None, on_progress: OnProgress | None
    ) -> SyncReport:
        """One write: read what changed (``diff`` if it is known), store new contents, build and publish the view."""
        anew = bool(reason) or self.info is None  # without a reason, an overlay was never stored
        likely = len(self.view) if reason else 0
        before: Manifest = {} if anew else self.view.manifest
        diff = diff or self.pending(anew=anew)
        if not anew and not diff.changes:
            return self._report(started)
        with self._reader(diff) as reader:
            if reason:
                reader.start(frozenset())
                import_store_early()
            nothing = empty_view(self.embedder.dimensions)  # with no model, the index stays as it was
            if likely and on_progress:
                told = f"{reason}: indexing all {likely:,} symbols anew with {self.embedder.id}"
                on_progress(Progress("indexing", 0, 0, notice=told))
            if reason:
                self._store = None
                self.folder.erase()
                self.folder.write_stamp(make_stamp(self.embedder.id))
            if anew:
                self.view, self.info = nothing, None
            sources = [] if reason else self._known_views()
            embedding = EmbeddingRun(self.embedder, diff.work, on_progress, likely)
            files, embedded = self._read(diff, reader, sources, embedding, rebuilt=bool(reason))
        if on_progress:
            on_progress(Progress("linking", len(files), len(files)))
        release_unused()
        rows = manifest_rows(before, diff, files, sources)
        view = build_view(rows, sources or [nothing.as_source()], self.embedder)
        sources.clear()  # the view has its own copy: publishing needs the room
        release_unused()
        self._publish(view)
        release_unused()
        self._folder_times.remember(view.folders, diff.listed_ns)
        self._collect_garbage()
        was = {path for path, entry in before.items() if entry.blob}
        now = {path for path, entry in self.view.manifest.items() if entry.blob}
        changed = sum(1 for path in was & now if before[path].blob != self.view.manifest[path].blob)
        return self._report(started, len(now - was), changed, len(was - now), embedded, reason)

    def _known_views(self) -> list[RowSource]:
        """The views that rows are found in without parsing: this one, or one of the repository's other trees."""
        others = list(other_views(self.folder.views, self.folder.tree))
        if len(self.view):
            return [self.view.as_source()]
        loaded = (load_view(folder, info) for folder, info in others)
        return [view.as_source() for view in islice(filter(None, loaded), 1)]

    def _open_store(self) -> Store:
        from memory_server.store.tables import Store

        if self._store is None:
            self._store = Store(self.folder.path, self.embedder.dimensions)
        return self._store

    def _reader(self, diff: Diff) -> Reader:
        return Reader(self.root, self.rules, diff.read, self.config.index.workers)

    def _read(
        self,
        diff: Diff,
        reader: Reader,
        sources: list[RowSource],
        embedding: EmbeddingRun,
        *,
        rebuilt: bool,
    ) -> tuple[dict[str, ReadFile], int]:
        """Read the changed files; parse, embed and store contents that no source has, and add them as sources.

        With no view to find them in, or with much to read, contents are looked for in the store too: what a killed run
        finished is there, and another branch.
        """
        viewed = frozenset(blob for source in sources for blob in source.infos)
        known = viewed
        if not rebuilt and (not sources or diff.work >= STORE_WORK):
            known |= self._open_store().known_blobs()
        find = (lambda keys: self._open_store().find_vectors(keys)) if known else None
        rows = FreshRows(embedding, find)
        files: dict[str, ReadFile] = {}
        shown = len(self.view)
        writes, due = 0, WRITE_SECONDS
        for batch in reader.read(known):
            files.update({file.entry.path: file for file in batch.files})
            rows.add(batch.rows, batch.work)
            if rows.rows >= WRITE_ROWS or embedding.seconds >= due:
                self._write(rows)
                writes, due = writes + 1, embedding.seconds + WRITE_SECONDS
                if self.shows_parts and writes * WRITE_ROWS >= 2 * shown:
                    self._show_part(files, [*sources, self._open_store().rows()])
                    shown = len(self.view)
            if embedding.on_progress and not embedding.announced:
                embedding.on_progress(Progress("indexing", len(files), len(diff.read)))
        last = [self._write(rows)] if rows.files else []
        in_store = known - viewed
        found = any(file.blob in in_store for file in files.values())
        sources += [self._open_store().rows()] if writes or found else last
        return files, rows.embedded

    def _write(self, rows: FreshRows) -> RowSource:
        store = self._open_store()
        files, symbols, references = rows.take()
        store.begin()
        store.add(files, symbols, references)
        store.commit()
        return row_source(files, symbols, references)

    def _show_part(self, read: Mapping[str, ReadFile], sources: Sequence[RowSource]) -> None:
        """Answer from what a first run has indexed so far."""
        stored = {blob for source in sources for blob in source.infos}
        part = {path: file for path, file in read.items() if file.skipped or file.blob in stored}
        rows = manifest_rows({}, Diff((), (), (), {}), part, sources)
        self.view = build_view(rows, sources, self.embedder)

    def _publish(self, view: View) -> None:
        info = SnapshotInfo(
            generation=time.time_ns(),
            root=os.fspath(self.root),
            commit=git_commands.head_commit(self.root) if self.git else "",
            synced_at=time.time(),
        )
        try:
            info = write_view(self.folder.view, info, view)
        except OSError as error:
            raise StoreError(f"cannot write the index: {error.strerror}") from error
        self.view, self.info = view, info

    def _collect_garbage(self) -> None:
        """Let the store, if it is open, drop contents that no tree uses."""
        if self._store is None:
            return
        used = blobs_of(self.view.manifest)
        for folder in self.folder.views.iterdir():
            info = read_info(folder)
            used |= load_blobs(folder, info) if info is not None else set()
        self._store.collect_garbage(used)

    def _report(
        self,
        started: float,
        added: int = 0,
        changed: int = 0,
        removed: int = 0,
        embedded: int = 0,
        rebuilt: str = "",
    ) -> SyncReport:
        return SyncReport(
            files=len(self.view.paths),
            symbols=len(self.view),
            added=added,
            changed=changed,
            removed=removed,
            skipped=self.view.skip_counts(),
            problems=self.view.problems(),
            embedded=embedded,
            rebuilt=rebuilt,
            seconds=round(time.monotonic() - started, 3),
        )
