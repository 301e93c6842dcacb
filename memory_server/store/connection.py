"""A connection to LanceDB, and its errors as ours."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from memory_server.errors import StoreDamagedError, StoreError
from memory_server.store.quick_import import import_lancedb

CACHE_BYTES = 4 << 20
"""What LanceDB keeps of files it read: tables are read whole and seldom, and its own limit is gigabytes (a server took
0.2 MiB more at every edit)."""

_REFUSALS = (
    "no space",
    "permission denied",
    "read-only",
    "quota",
    "file too large",
    "too many open files",
    "cannot allocate memory",
    "file too large",
)
"""What the system says, in the words that reach us through LanceDB, of a store that is sound."""

T = TypeVar("T")

lancedb = import_lancedb()


def connect(folder: Path) -> Any:  # noqa: ANN401 - lancedb is not typed
    """The tables of a folder, whose readers see every write at once."""
    return lancedb.connect(
        os.fspath(folder),
        read_consistency_interval=timedelta(0),
        session=lancedb.Session(index_cache_size_bytes=0, metadata_cache_size_bytes=CACHE_BYTES),
    )


def guard(action: Callable[[], T]) -> T:
    """Run one call to LanceDB, turning its errors into ours."""
    try:
        return action()
    except PermissionError as error:
        raise StoreError(f"the store cannot be written: {error}") from error
    except (RuntimeError, ValueError, OSError) as error:
        text = str(error).splitlines()[0][:300]
        if any(word in text.lower() for word in _REFUSALS):
            raise StoreError(f"the store cannot be written: {text}") from error
        raise StoreDamagedError(text) from error
