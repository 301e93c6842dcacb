"""Whether files came or went: a folder's modification time changes with its entries."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from memory_server.index.manifest import RACY_NS


class FolderTimes:
    """When folders of a tree last changed, as of a listing of it."""

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._seen: dict[str, int] = {}

    def remember(self, folders: Sequence[str], listed_ns: int) -> None:
        """Note the times for a listing made at ``listed_ns``; one that changed about then is not trusted."""
        horizon = listed_ns - RACY_NS
        self._seen = {
            folder: changed if changed < horizon else -2 for folder, changed in self._read(folders).items()
        }

    def are_same(self, folders: Sequence[str]) -> bool:
        """Whether no entry was added to or removed from these folders since they were remembered."""
        return self._read(folders) == self._seen

    def _read(self, folders: Sequence[str]) -> dict[str, int]:
        times = {}
        for folder in folders:
            try:
                times[folder] = os.stat(f"{self._root}/{folder}").st_mtime_ns  # noqa: PTH116 - a thousand of these a query
            except OSError:
                times[folder] = -1
        return times
