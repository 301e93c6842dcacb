"""Where a repository's index lives on disk, and what it was made by."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from filelock import FileLock, Timeout

from indexers.git import GitPaths
from memory_server.config import Config
from memory_server.errors import StoreBusyError, StoreError, UnsafeRootError
from memory_server.files import replace_file
from memory_server.index.rebuild import IndexStamp
from memory_server.places import NAME, user_data

_CACHE_TAG = """\
Signature: 8a477f597d28d172789f06886806bc55
# repo-memory keeps what it derived here; deleting it loses nothing.
"""


@dataclass(frozen=True, slots=True)
class IndexFolder:
    """The folder of one repository's index; ``tree`` names the worktree at hand within it."""

    path: Path
    tree: str

    @property
    def views(self) -> Path:
        """Where every tree's view is kept."""
        return self.path / "views"

    @property
    def view(self) -> Path:
        """Where this tree's view is kept."""
        return self.views / self.tree

    @property
    def lock(self) -> Path:
        """The file whose lock the one writer holds."""
        return self.path / "write.lock"

    @contextmanager
    def locked(self, root: Path, wait: float) -> Iterator[None]:
        """Hold the write lock of the index of ``root``'s repository.

        Raises:
            StoreBusyError: another process kept it for ``wait`` seconds.
            StoreError: the folder cannot be written, or the repository is gone.
        """
        if not root.is_dir():  # making the index's folder would bring it back, empty
            raise StoreError(f"{root} is gone", "go back to where it was, or start anew where it is now")
        self.create()
        lock = FileLock(self.lock, timeout=wait)
        try:
            lock.acquire()
        except Timeout as error:
            raise StoreBusyError(f"another process is writing the index of {root}") from error
        except OSError as error:
            raise StoreError(f"cannot lock {self.lock}: {error.strerror}") from error
        try:
            yield
        finally:
            lock.release()

    def size(self) -> int:
        """Bytes on disk."""
        return sum(entry.stat().st_size for entry in self.path.rglob("*") if entry.is_file())

    def create(self) -> None:
        """Make the folder, marked so that git and backups leave it out.

        Raises:
            StoreError: it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _CACHE_TAG)):
                if not (self.path / name).exists():
                    (self.path / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}") from error

    def read_stamp(self) -> IndexStamp | None:
        """What the index was made by; None for a new or unreadable one."""
        try:
            return IndexStamp.from_json((self.path / "store.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def write_stamp(self, stamp: IndexStamp) -> None:
        """Record what the index is made by.

        Raises:
            StoreError: it cannot be written.
        """
        try:
            replace_file(self.path / "store.json", stamp.to_json().encode())
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}") from error

    def erase(self) -> None:
        """Remove everything derived from files; what people wrote stays, and so does a tuned model."""
        for name in ("store.json", "checksums.json"):
            (self.path / name).unlink(missing_ok=True)
        for name in ("lance", "views"):
            shutil.rmtree(self.path / name, ignore_errors=True)
        (self.path / "writing").unlink(missing_ok=True)


def locate(root: Path, git: GitPaths | None, config: Config) -> IndexFolder:
    """The index folder of the tree at ``root``, which need not exist yet."""
    tree = blake2b(os.fsencode(root), digest_size=6).hexdigest()
    if config.store.uri:
        repository = git.common_dir if git else root
        key = blake2b(os.fsencode(repository), digest_size=6).hexdigest()
        name = f"{repository.parent.name or repository.name}-{key}"
        return IndexFolder(Path(config.store.uri).expanduser() / name, tree)
    inside = git.common_dir / NAME if git else root / f".{NAME}"
    if inside.is_dir() or os.access(inside.parent, os.W_OK):
        return IndexFolder(inside, tree)
    return IndexFolder(user_data() / blake2b(os.fsencode(inside), digest_size=10).hexdigest(), tree)


def check_root(root: Path) -> None:
    """Refuse a folder that is no project.

    Raises:
        UnsafeRootError: the folder is a home, the root of a disk, or holds the home.
    """
    home = Path.home().resolve()
    if root == Path(root.anchor) or root == home or home.is_relative_to(root):
        raise UnsafeRootError(f"refusing to index {root}: it is not a project folder")
