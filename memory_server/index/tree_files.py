"""A tree's files as they are now, compared with a view of it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from indexers import git
from indexers.model import Skipped, SourceFile
from indexers.source.walk import WalkRules, judge_path, list_entries, read_source
from memory_server.index.manifest import RACY_NS, Diff, ManifestEntry, blobs_of, compare
from memory_server.index.view import View
from memory_server.index.workers import read_batch
from memory_server.store.rows import blob_id


class TreeFiles:
    """The files of one tree, and when its folders last changed."""

    def __init__(self, root: Path, rules: WalkRules, *, in_git: bool) -> None:
        self.root, self.rules = root, rules
        self._in_git = in_git
        self._folder_times: dict[str, int] = {}

    def are_same(self, view: View, paths: set[str]) -> bool:
        """Whether files are what the view says, by size and modification time; with no paths, whether all are."""
        if not paths:
            return not self.find_changes(view).changes
        return all(
            path in view.manifest and self._is_same(path, view.manifest[path]) for path in sorted(paths)
        )

    def _is_same(self, path: str, entry: ManifestEntry) -> bool:
        try:
            found = (self.root / path).stat()
        except OSError:
            return False
        if entry.stands_for(found.st_size, found.st_mtime_ns):
            return True
        source = read_source(self.root, path, self.rules)
        return not isinstance(source, Skipped) and blob_id(source) == entry.blob

    def read(self, path: str, *, is_listed: bool) -> SourceFile | Skipped:
        """A file as it is now, or why it is not served."""
        source = read_source(self.root, path, self.rules)
        if is_listed or isinstance(source, Skipped):
            return source
        by_git = git.lists_file(self.root, path) if self._in_git else None
        reason = judge_path(self.root, path, by_git=by_git, rules=self.rules)
        return Skipped(path, reason) if reason else source

    def find_changes(self, view: View, *, anew: bool = False) -> Diff:
        """How the tree differs from a view (from nothing when ``anew``), racily young files by their content."""
        listed_ns = time.time_ns()
        listed = git.list_files(self.root) if self._in_git else None
        entries, skipped = list_entries(self.root, listed, self.rules)
        diff = compare(entries, skipped, {} if anew else view.manifest, listed_ns)
        if anew:
            return diff
        manifest = view.manifest
        young = [
            entry
            for entry in diff.read
            if entry.path in manifest and manifest[entry.path].stands_for(entry.size, 0)
        ]
        if young:
            read = read_batch(self.root, young, self.rules, frozenset(blobs_of(manifest))).files
            diff = diff.without({
                file.entry.path for file in read if manifest[file.entry.path].holds(file)
            })  # fmt: skip
        if not diff.changes:
            self.note_folders(view.folders, listed_ns)
        return diff

    def note_folders(self, folders: Sequence[str], listed_ns: int) -> None:
        """Note when folders changed, for a listing made at ``listed_ns``; one that did about then is not trusted."""
        horizon = listed_ns - RACY_NS
        times = self._read_folder_times(folders)
        self._folder_times = {
            folder: changed if changed < horizon else -2 for folder, changed in times.items()
        }

    def has_same_folders(self, folders: Sequence[str]) -> bool:
        """Whether no entry was added to or removed from these folders since they were noted."""
        return self._read_folder_times(folders) == self._folder_times

    def _read_folder_times(self, folders: Sequence[str]) -> dict[str, int]:
        times, root = {}, os.fspath(self.root)
        for folder in folders:
            try:
                times[folder] = os.stat(f"{root}/{folder}").st_mtime_ns  # noqa: PTH116 - a thousand of these a query
            except OSError:
                times[folder] = -1
        return times
