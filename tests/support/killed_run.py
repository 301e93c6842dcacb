"""Runs that end at a chosen call."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

STAGES: dict[str, tuple[str, int]] = {
    "before the stamp is written": ("memory_server.index.folder.IndexFolder.write_stamp", 1),
    "before the tables are made": ("lancedb.connect", 1),
    "before references are written": ("lancedb.table.LanceTable.add", 1),
    "after references are written": ("lancedb.table.LanceTable.add", 2),
    "after symbols are written": ("lancedb.table.LanceTable.add", 3),
    "before a write is committed": ("memory_server.store.tables.Store.commit", 1),
    "before checksums are recorded": ("memory_server.store.checksums.Checksums.write", 1),
    "before the second part is written": ("memory_server.store.tables.Store.add", 2),
    "before the view is built": ("memory_server.index.update.build_view", 1),
    "before the view is written": ("memory_server.index.update.write_view", 1),
    "in the middle of the view": ("pyarrow.ipc.new_file", 3),
    "before the view is named": ("memory_server.index.view.snapshot.write_info", 1),
    "before older views are dropped": ("memory_server.index.view.snapshot.shutil.rmtree", 2),
    "before blobs are removed": ("memory_server.store.tables.Store.remove", 1),
    "after removed blobs lose their own row": ("lancedb.table.LanceTable.delete", 2),
    "before the last table loses its rows": ("lancedb.table.LanceTable.delete", 3),
    "before compaction": ("lancedb.table.LanceTable.optimize", 1),
    "in the middle of compaction": ("lancedb.table.LanceTable.optimize", 2),
    "while an old index is erased": ("memory_server.index.folder.shutil.rmtree", 2),
}
"""The call, and which time it is made, at which a run ends."""


@contextmanager
def ended_at(stage: str, end: Callable[[], None]) -> Iterator[None]:
    """Run ``end`` before the call of a stage is made."""
    target, last = STAGES[stage]
    original: Callable[..., Any] = resolve_name(target)
    calls = 0

    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == last:
            end()
        return original(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, call)
        yield


def die_once(path: str, marker: str) -> Path:
    """A path, where a process before this one has died of it."""
    if not Path(marker).exists():
        Path(marker).touch()
        os._exit(3)
    return Path(path)
