"""Where a repository's index lives on disk, and what it was made by."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from filelock import FileLock, Timeout

from indexers.files import read_regular
from indexers.git import GitPaths, find_git
from memory_server.config import Config, find_place, load_config
from memory_server.errors import NotFoundError, StoreBusyError, StoreError, UnsafeRootError
from memory_server.files import TEMPORARY_SUFFIX, is_real_folder, remove_entry, replace_file, walk_entries
from memory_server.index.rebuild import IndexStamp
from memory_server.places import NAME, user_data
from memory_server.turns import MARK, tree_name

_TAG, _STAMP, _LOCK = MARK, "store.json", "write.lock"

_MARKS = {
    _TAG: b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# repo-memory keeps what it derived here; deleting it loses nothing.\n",
    ".gitignore": b"*\n",
}
"""What an index folder is marked with, so that backups and git leave it out, and nothing but it is ever erased."""

_PASS = "pass --repo PATH with an existing folder"

_FILES, _FOLDERS = (_STAMP, "checksums.json", "writing"), ("lance", "views", "briefings", "episodes")
"""What is made from files alone, its stamp first: what is left of a killed erasure is no index."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of files, found from any folder in it: its settings, and where its index lies."""

    root: Path
    git: GitPaths | None
    config: Config
    folder: IndexFolder


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
        return self.path / _LOCK

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
        try:
            return sum(found.st_size for _, found in walk_entries(self.path) if stat.S_ISREG(found.st_mode))
        except OSError:
            return 0

    def check(self) -> None:
        """Refuse a folder that somebody else laid here: what is in it may lead anywhere.

        An index holds folders and regular files alone, and is marked, unless it was only just begun.

        Raises:
            StoreError: it is not ours, or cannot be read.
        """
        try:
            status = self.path.lstat()
            if not is_real_folder(status):
                raise _refusal(self.path, "is no folder")
            entries = list(walk_entries(self.path))
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise StoreError(f"cannot read {self.path}: {_say(error)}") from error
        for path, found in entries:
            if not stat.S_ISREG(found.st_mode) and not is_real_folder(found):
                raise _refusal(path, "is a link or a device")
        own = {path.name for path, _ in entries if path.parent == self.path}
        begun = all(name.endswith(TEMPORARY_SUFFIX) for name in own - {*_MARKS, _LOCK})
        if not begun and not self._is_marked():
            raise _refusal(self.path, "was not made by repo-memory")

    def _is_marked(self) -> bool:
        """Whether the tag or the stamp is ours: either may be damaged."""
        try:
            if read_regular(self.path / _TAG) == _MARKS[_TAG]:
                return True
        except OSError:
            pass
        stamp = self.read_stamp()
        return stamp is not None and bool(stamp.embedding_model)

    def create(self) -> None:
        """Make the folder, or see that the one that is there is ours; mark it.

        Raises:
            StoreError: it is not ours, or cannot be written.
        """
        self.check()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._clear()
            for name, data in _MARKS.items():
                if not self._holds(name, data):
                    (self.path / name).write_text(data.decode(), encoding="utf-8")
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}") from error

    def _clear(self) -> None:
        """Remove files where folders belong, and folders where files do: nothing could be written there."""
        folders = (self.path / "lance", self.views, self.view)
        files = (self.lock, *(self.path / name for name in _FILES), self.view / "current.json")
        for path in (*folders, *files):
            if os.path.lexists(path) and path.is_dir() != (path in folders):
                remove_entry(path)

    def _holds(self, name: str, data: bytes) -> bool:
        path = self.path / name
        try:
            return path.is_dir() or read_regular(path) == data
        except OSError:
            return False

    def read_stamp(self) -> IndexStamp | None:
        """What the index was made by; None for a new or unreadable one."""
        try:
            return IndexStamp.from_json(read_regular(self.path / _STAMP).decode())
        except (OSError, ValueError):
            return None

    def write_stamp(self, stamp: IndexStamp) -> None:
        """Record what the index is made by.

        Raises:
            StoreError: it cannot be written.
        """
        try:
            replace_file(self.path / _STAMP, stamp.to_json().encode())
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}") from error

    def erase(self) -> None:
        """Remove everything derived from files; what people wrote stays, and so does a tuned model.

        Raises:
            StoreError: the folder is not ours, or cannot be written.
        """
        self.check()
        try:
            for name in _FILES:
                remove_entry(self.path / name)
            for name in _FOLDERS:
                shutil.rmtree(self.path / name, ignore_errors=True)
                remove_entry(self.path / name)  # says why, where something stays
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}") from error

    def remove(self) -> None:
        """Remove what is derived, and the folder unless notes or conversations lie in it; what cannot be, stays.

        Raises:
            StoreError: it is not ours.
        """
        self.check()
        if not self.holds_memory():
            shutil.rmtree(self.path, ignore_errors=True)
            return
        kept = {self.notes, self.sessions, *(self.path / name for name in _MARKS)}
        with suppress(OSError):
            for path in self.path.iterdir():
                if path not in kept:
                    remove_entry(path)

    @property
    def briefing(self) -> Path:
        """Where what a conversation is told as it begins in this tree is kept ready."""
        return self.path / "briefings" / f"{self.tree}.txt"

    @property
    def notes(self) -> Path:
        """Where private notes lie: written by people and agents, and derived from nothing."""
        return self.path / "notes"

    @property
    def sessions(self) -> Path:
        """Where past conversations are kept, which may outlive their logs."""
        return self.path / "sessions"

    @property
    def episodes(self) -> Path:
        """The tables that find past conversations; derived from them."""
        return self.path / "episodes"

    def holds_memory(self) -> bool:
        """Whether any note or past conversation lies here."""
        return any(self.notes.glob("*/*.md")) or any(self.sessions.glob("*.json"))


def _refusal(path: Path, why: str) -> StoreError:
    hint = "move it away, or name another place for the index (`store.uri`) in your own settings"
    return StoreError(f"{path} {why}, so it is no index of ours and stays as it is", hint)


def _say(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def find_tree(place: str | os.PathLike[str]) -> Tree:
    """The tree that holds a folder.

    Raises:
        NotFoundError: there is no such folder.
        UnsafeRootError: the folder is a home or the root of a disk.
        ConfigError: the settings cannot be read.
        GitError: git refuses the repository.
        StoreError: what lies where the index belongs is not ours.
    """
    try:
        folder = Path(os.path.realpath(os.path.expanduser(place)))  # noqa: PTH111 - there may be no home
    except (OSError, ValueError) as error:  # the current folder is gone; a null character
        raise NotFoundError(f"no folder {place}: {error}", _PASS) from error
    if not folder.is_dir():
        raise NotFoundError(f"no folder {folder}", _PASS)
    git = find_git(folder)
    root = git.worktree if git else folder
    check_root(root)
    config = load_config(root)
    return Tree(root, git, config, locate(root, git, config))


def locate(root: Path, git: GitPaths | None, config: Config) -> IndexFolder:
    """The index folder of the tree at ``root``, which need not exist yet.

    It lies in the git common folder where that is the tree's own, in the tree where there is no git, and among the
    user's data where neither can be written. No link is followed below that place.

    Raises:
        ConfigError: the settings name no folder.
        StoreError: what is there is not ours.
    """
    own = git.common_dir if git and git.owns_common_dir() else None
    folder = IndexFolder(_place(root, own, git, config), tree_name(root))
    folder.check()
    return folder


def _place(root: Path, own: Path | None, git: GitPaths | None, config: Config) -> Path:
    repository = own or root
    if config.store.uri:
        key = blake2b(os.fsencode(repository), digest_size=6).hexdigest()
        place = Path(find_place(root, config.store.uri, "store.uri"))
        return place / f"{repository.parent.name or repository.name}-{key}"
    inside = own / NAME if own else root / f".{NAME}"
    writable = inside.is_dir() or os.access(inside.parent, os.W_OK)
    if writable and (own or not git):
        return inside
    return user_data().resolve() / blake2b(os.fsencode(inside), digest_size=10).hexdigest()


def check_root(root: Path) -> None:
    """Refuse a folder that is no project.

    Raises:
        UnsafeRootError: the folder is a home, the root of a disk, or holds the home.
    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - "~" where there is none
    holds_home = home.is_absolute() and Path(os.path.realpath(home)).is_relative_to(root)
    if root == Path(root.anchor) or holds_home:
        raise UnsafeRootError(f"refusing to index {root}: it is not a project folder")
