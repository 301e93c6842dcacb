"""Writing files whole, and telling and removing what a folder holds without following links."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"
"""How the name of a file ends that a killed process left half written."""

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def replace_file(path: Path, data: bytes, *, executable: bool = False, private: bool = False) -> None:
    """Give a file new content in one move: who reads it sees the old content or the new. It keeps its mode.

    A link of that name is replaced, not followed. ``executable``: whoever may read the file may run it;
    ``private``: nobody but its owner may read it.

    Raises:
        OSError: it cannot be written; it is as it was.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    temporary.unlink(missing_ok=True)  # of a killed process, or laid there to be written through
    try:
        with os.fdopen(os.open(temporary, _NEW_FILE, 0o600 if private else 0o666), "wb") as file:
            file.write(data)
        with suppress(FileNotFoundError):
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and not private:
                temporary.chmod(mode & 0o777)
        if executable:
            mode = temporary.stat().st_mode
            temporary.chmod(mode | (mode & 0o444) >> 2)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def walk_entries(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything below a folder with its own status, that of a link and not of its target; what vanishes is left out.

    Raises:
        OSError: a folder cannot be read.
    """
    pending = [folder]
    while pending:
        try:
            with os.scandir(pending.pop()) as found:
                entries = list(found)
        except FileNotFoundError:
            continue
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            path = Path(entry.path)
            if is_real_folder(status):
                pending.append(path)
            yield path, status


def is_real_folder(status: os.stat_result) -> bool:
    """Whether a status is that of a folder, not of a link or a junction to one."""
    return stat.S_ISDIR(status.st_mode) and not getattr(status, "st_reparse_tag", 0)


def leads_through_link(base: Path, path: Path) -> bool:
    """Whether a link stands on the way from a folder that is trusted down to a path, or is that path."""
    return path.resolve() != base.resolve() / path.relative_to(base)


def remove_entry(path: Path) -> None:
    """Remove a file, a link itself, or a folder with all that is in it, if it is there; no link is followed.

    Raises:
        OSError: it cannot be removed.
    """
    with suppress(FileNotFoundError):
        if is_real_folder(path.lstat()):
            shutil.rmtree(path)
        else:
            path.unlink()
