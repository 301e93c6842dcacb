"""Writing files whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"
"""How the name of a file ends that a killed process left half written."""


def replace_file(path: Path, data: bytes, *, executable: bool = False) -> None:
    """Give a file new content in one move: who reads it sees the old content or the new. It keeps its mode.

    ``executable``: whoever may read the file may run it.

    Raises:
        OSError: it cannot be written; it is as it was.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        temporary.write_bytes(data)
        if path.exists():
            shutil.copymode(path, temporary)
        if executable:
            mode = temporary.stat().st_mode
            temporary.chmod(mode | (mode & 0o444) >> 2)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
