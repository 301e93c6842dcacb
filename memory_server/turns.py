"""Index runs that git hooks start for a tree: one goes on and one waits, however many are started.

A hook's run learns whether it is needed before it imports anything that takes long: of five hundred commits in a row
nearly all are not.
"""

from __future__ import annotations

import os
import stat
from hashlib import blake2b

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

MARK = "CACHEDIR.TAG"
"""The file that marks an index folder."""

_LOCK = os.O_RDWR | os.O_CREAT | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK"))

_held: dict[tuple[str, str], int] = {}
"""The locks of runs that go on in this process; they end with it."""


def tree_name(root: str | os.PathLike[str]) -> str:
    """What a tree is called within the index folder of its repository."""
    return blake2b(os.fsencode(root), digest_size=6).hexdigest()


def take_turn(folder: str | os.PathLike[str], tree: str) -> bool:
    """Wait until no other run goes on for a tree, and keep the others waiting until this process ends.

    It is false at once where another waits already, which will see all that was there before this was asked. Where the
    index folder cannot be written, and on systems without such locks, nobody waits for anybody.
    """
    place = (os.fspath(folder), tree)
    if fcntl is None or place in _held:
        return True
    try:
        waiting = _open_lock(*place, "waiting")
    except OSError:
        return True
    try:
        fcntl.flock(waiting, fcntl.LOCK_EX | fcntl.LOCK_NB)
        running = _open_lock(*place, "running")
        fcntl.flock(running, fcntl.LOCK_EX)
        _held[place] = running
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        os.close(waiting)
    return True


def _open_lock(folder: str, tree: str, name: str) -> int:
    descriptor = os.open(os.path.join(folder, f"{tree}.{name}.lock"), _LOCK, 0o666)  # noqa: PTH118 - no pathlib yet
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"the lock {name} is no file")
    return descriptor


def leave_to_another(root: str) -> bool:
    """Whether another run waits already for a tree whose index lies in its git folder; else its turn is waited for."""
    root = os.path.realpath(root)
    try:
        common = f"{root}/.git" if _is_folder(f"{root}/.git") else _common_folder(root)
        index = f"{common}/repo-memory"
        if not _is_folder(index) or not stat.S_ISREG(os.lstat(f"{index}/{MARK}").st_mode):
            return False
    except (OSError, ValueError):
        return False
    return not take_turn(index, tree_name(root))


def _common_folder(root: str) -> str:
    """The git folder that a linked worktree shares, which names the worktree in turn.

    Raises:
        OSError, ValueError: there is none.
    """
    own = _read_line(f"{root}/.git").removeprefix("gitdir: ")
    if os.path.realpath(_read_line(f"{own}/gitdir")) != f"{root}/.git":
        raise ValueError("it belongs to another tree")
    return os.path.realpath(f"{own}/{_read_line(f'{own}/commondir')}")


def _read_line(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        return os.fsdecode(os.read(descriptor, 10_000)).rstrip("\n")
    finally:
        os.close(descriptor)


def _is_folder(path: str) -> bool:
    return stat.S_ISDIR(os.lstat(path).st_mode)
