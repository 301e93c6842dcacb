"""The index of one tree: its view in memory, kept equal to the files by ``sync``."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from indexers.embedding.embed import Embedder
from indexers.git import GitPaths
from indexers.model import Skipped, SourceFile
from indexers.source.walk import WalkRules
from memory_server.config import Config
from memory_server.errors import StoreBusyError, StoreDamagedError
from memory_server.index.embedding import EmbeddingRun
from memory_server.index.folder import IndexFolder
from memory_server.index.manifest import MANIFEST, Diff, Manifest, blobs_of, count_changes
from memory_server.index.rebuild import RebuildReason, find_reasons, make_stamp, tell_reasons
from memory_server.index.tree_files import TreeFiles
from memory_server.index.tuned import EmbedderChoice
from memory_server.index.update import (
    Update,
    collect_garbage,
    import_store_early,
    known_rows,
    publish_view,
    read_into_view,
)
from memory_server.index.view import View, build_view, empty_view
from memory_server.index.view.snapshot import SnapshotInfo, load_view, read_info
from memory_server.index.workers import Reader
from memory_server.model import OnProgress, Progress, SyncReport
from memory_server.store.heap import release_unused

if TYPE_CHECKING:
    from memory_server.store.tables import Store


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
        self.rules = WalkRules(config.index.exclude, config.index.include, config.index.max_bytes)
        self.view: View = empty_view(1)
        self.info: SnapshotInfo | None = None
        self.shows_parts = False
        """Whether a first run shows what it has so far."""
        self._whole: bool | None = False
        self._overlaid: SnapshotInfo | None = None
        self._mutex = threading.RLock()
        self._choice = EmbedderChoice(folder.path, config.embedder, embedder)
        self._files = TreeFiles(root, self.rules, in_git=git is not None)
        self._store: Store | None = None

    @property
    def embedder(self) -> Embedder:
        """The embedding model, loaded at first use: the configured one, or else the tuned or the shipped one."""
        return self._choice.embedder

    def load(self) -> bool:
        """Take over a newer view that another process wrote; true when the view changed."""
        info = read_info(self.folder.view)
        if info is None or info in (self.info, self._overlaid) or not self._mutex.acquire(blocking=False):
            return False  # who writes in another thread loads it as well
        try:
            view = load_view(self.folder.view, info)
            if view is None:
                return False
            self.view, self.info, self._whole = view, info, None
            self._choice.renew()
            return True
        finally:
            self._mutex.release()

    @property
    def is_whole(self) -> bool:
        """Whether the view is of the whole tree, made by this version with this model."""
        if self._whole is None:
            self._whole = not self.why_rebuild()
        return self._whole

    def close(self) -> None:
        """Let go of the store; the view stays usable."""
        self._store = None

    def read(self, path: str) -> SourceFile | Skipped:
        """A file as it is now, or why it is not served: what no listing has is not read."""
        return self._files.read(path, is_listed=path in self.view.manifest)

    def has_same_folders(self) -> bool:
        """Whether no file was added to or removed from the known folders since the view was made."""
        return self._files.has_same_folders(self.view.folders)

    def is_fresh(self, paths: set[str]) -> bool:
        """Whether files are what the view says, by size and modification time; with no paths, whether all are."""
        return self._files.are_same(self.view, paths)

    def pending(self) -> Diff:
        """How the tree differs from the view."""
        return self._files.find_changes(self.view)

    def why_rebuild(self) -> str:
        """Why the stored rows cannot be used; empty when they can."""
        return tell_reasons(find_reasons(self.folder.read_stamp(), make_stamp(self.embedder.id)))

    def overlay(self) -> None:
        """Parse what changed into the view alone, when the store cannot be written; the next sync stores it.

        A view that is not whole is made anew.
        """
        with self._mutex:
            anew = not self.is_whole
            known = empty_view(self.embedder.dimensions) if anew else self.view
            diff = self._files.find_changes(known, anew=anew)
            with self._reader(diff) as reader:
                view = read_into_view(known, diff, reader, self.embedder)
            self._overlaid = read_info(self.folder.view)
            self.view, self.info, self._whole = view, None, True
            self._files.note_folders(view.folders, diff.listed_ns)

    def sync(self, on_progress: OnProgress | None = None, *, wait: float = 60.0) -> SyncReport:
        """Bring store and view up to date with the files.

        Raises:
            StoreBusyError: another process or thread kept writing for ``wait`` seconds.
            StoreError: the store cannot be written.
        """
        started = time.monotonic()
        if not self._mutex.acquire(timeout=wait):
            raise StoreBusyError(f"the index of {self.root} is being brought up to date")
        try:
            self.load()
            diff = self.pending() if self.info is not None and not self.why_rebuild() else None
            if diff is not None and not diff.changes:
                return _report(self.view, started)
            with self.folder.locked(self.root, wait):
                self._overlaid = None
                newer = self.load()
                self._choice.renew()
                reason = self.why_rebuild()
                try:
                    return self._update(started, reason, None if newer or reason else diff, on_progress)
                except StoreDamagedError as error:
                    reason = f"{RebuildReason.DAMAGE}: {error.damage}"
                    return self._update(started, reason, None, on_progress)
        finally:
            self._mutex.release()

    def check_store(self) -> None:
        """Read every table once.

        Raises:
            StoreDamagedError: one cannot be read, or lacks blobs of the view.
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
            self.view, self.info, self._whole = empty_view(1), None, False
        self.folder.remove()

    def _update(
        self, started: float, reason: str, diff: Diff | None, on_progress: OnProgress | None
    ) -> SyncReport:
        """One write: read what changed (``diff`` if it is known), store new blobs, build and publish the view."""
        anew = bool(reason) or self.info is None  # without a reason, an overlay was never stored
        likely = len(self.view) if reason else 0
        # What is shown is right until there is another.
        shown = self.view if self.is_whole and not self.why_rebuild() else None
        before: Manifest = {} if anew else self.view.manifest
        diff = diff or self._files.find_changes(self.view, anew=anew)
        if not anew and not diff.changes:
            return _report(self.view, started)
        with self._reader(diff) as reader:
            if reason:
                reader.start(frozenset())
                import_store_early()
            nothing = empty_view(self.embedder.dimensions)  # with no model, the index stays as it was
            if likely and on_progress:
                told = f"{reason}: indexing all {likely:,} symbols anew with {self.embedder.id}"
                on_progress(Progress("indexing", 0, 0, notice=told))
            if reason:
                self._erase()
            known = nothing if anew else self.view
            if anew:
                self.view, self.info, self._whole = shown or nothing, None, shown is not None
            update = Update(
                before,
                diff,
                [] if reason else known_rows(self.folder, known),
                EmbeddingRun(self.embedder, diff.work, on_progress, likely),
                self._open_store,
                self._show if self.shows_parts and shown is None else None,
                len(known),
            )
            update.read(reader, rebuilt=bool(reason))
        view, info = publish_view(self.folder, self.root, update.build(), in_git=self.git is not None)
        self.view, self.info, self._whole = view, info, True
        release_unused()  # what it was built in
        self._files.note_folders(view.folders, diff.listed_ns)
        if self._store is not None:
            collect_garbage(self._store, self.folder, view)
        changes = count_changes(before, view.manifest)
        return _report(self.view, started, changes, update.embedded, reason)

    def _erase(self) -> None:
        """Begin an index anew."""
        self._store = None
        self.folder.erase()
        self.folder.write_stamp(make_stamp(self.embedder.id))

    def _show(self, view: View) -> None:
        self.view = view

    def _open_store(self) -> Store:
        from memory_server.store.tables import Store

        if self._store is None:
            self._store = Store(self.folder.path, self.embedder.dimensions)
        return self._store

    def _reader(self, diff: Diff) -> Reader:
        return Reader(self.root, self.rules, diff.read, self.config.index.workers)


def _report(
    view: View,
    started: float,
    changes: tuple[int, int, int] = (0, 0, 0),
    embedded: int = 0,
    rebuilt: str = "",
) -> SyncReport:
    added, changed, removed = changes
    return SyncReport(
        files=len(view.paths),
        symbols=len(view),
        added=added,
        changed=changed,
        removed=removed,
        skipped=view.skip_counts(),
        problems=view.problems(),
        embedded=embedded,
        rebuilt=rebuilt,
        seconds=round(time.monotonic() - started, 3),
    )
