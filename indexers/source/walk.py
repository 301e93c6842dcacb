"""From a root folder to the files worth indexing: first by name and size alone, then by content.

Symbolic links are never followed: a target inside the tree is indexed under its own path, and one outside is
not the repository's.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from pathlib import Path

from indexers.errors import IndexerError
from indexers.files import read_head
from indexers.languages.registry import find_language
from indexers.model import Skipped, SkipReason, SourceFile
from indexers.source.content import is_generated, to_utf8
from indexers.source.file_names import judge_name
from indexers.source.ignore import IgnoreRules, parse_ignore
from indexers.source.masking import mask_secrets

IGNORE_FILE = ".repo-memoryignore"
"""At the root, in the syntax of ``.gitignore``; holds also for files that git tracks."""

NEVER_ENTERED = frozenset({
    ".git", ".hg", ".svn", ".jj", ".repo-memory",
    "node_modules", "bower_components", "site-packages", "__pypackages__", ".venv", ".eggs", ".yarn",
    "__pycache__", ".cache", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis",
    ".gradle", ".terraform", ".next", ".nuxt", ".svelte-kit", ".parcel-cache", ".turbo", ".direnv",
    ".ipynb_checkpoints", ".ssh", ".gnupg", ".aws", ".kube",
})  # fmt: skip
"""Folders that hold other people's code, caches, histories or keys, wherever they stand."""

_ENVIRONMENT_MARKERS = frozenset({"pyvenv.cfg", "CACHEDIR.TAG"})
"""A folder with one of these files is a virtual environment or a cache, whatever its name."""

_STRANGE_PARTS = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class WalkRules:
    """What the configuration leaves out.

    ``exclude`` and ``include`` have the syntax of ``.gitignore``; what is included is listed although git ignores it.
    A file may have ``max_bytes`` in a known language and
    ``max_plain_bytes`` otherwise: large text that no grammar knows is data.
    """

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    max_bytes: int = 1_000_000
    max_plain_bytes: int = 250_000

    def allows_size(self, path: str, size: int) -> bool:
        """Whether a file of that name may be that large, in bytes."""
        if size <= self.max_plain_bytes:
            return size <= self.max_bytes
        return size <= self.max_bytes and find_language(path) is not None


DEFAULT_RULES = WalkRules()


FILE_WORK = 500
"""What reading and parsing a file costs beside its length, in bytes of source."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file that may be worth reading: its path, relative and posix, and what tells that it changed."""

    path: str
    size: int
    mtime_ns: int

    @property
    def work(self) -> int:
        """How long indexing it takes, in bytes of source: a file is some work whatever its size."""
        return self.size + FILE_WORK


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that a walk enters, and the ignore files that hold in it.

    ``path`` is "" for the root, others end in a slash. ``rules`` come deepest first, each with the length of
    its own folder's path.
    """

    path: str
    rules: tuple[tuple[int, IgnoreRules], ...]

    def ignores(self, path: str) -> bool:
        """Whether a path directly in this folder is ignored; the path of a folder ends in a slash."""
        return next((v for start, rules in self.rules if (v := rules.judge(path[start:])) is not None), False)


def list_entries(
    root: Path, paths: Iterable[str] | None = None, rules: WalkRules = DEFAULT_RULES
) -> tuple[list[FileEntry], list[Skipped]]:
    """The files to index, and those left out for a reason, by name, size and kind alone; both sorted by path.

    ``paths`` are candidates, relative and posix; without them the folder is walked as git would, with its
    ``.gitignore`` files and ``.git/info/exclude``. What is ignored, gone, no file, or a link within the tree
    is in neither list. A folder left out ends in a slash; a path not in UTF-8 has replacement characters.

    Raises:
        IndexerError: ``root`` is no folder that can be read.
    """
    listing = _Listing(root, rules)
    found = listing.walk_files() if paths is None else paths
    for path in dict.fromkeys(chain(found, listing.walk_included())):
        listing.add(path)
    by_path = attrgetter("path")
    return sorted(listing.entries, key=by_path), sorted(set(listing.skipped), key=by_path)


def find_folders(root: Path, rules: WalkRules = DEFAULT_RULES) -> dict[str, Folder]:
    """Every folder that a walk enters, by path ("" for the root, the others end in a slash).

    Raises:
        IndexerError: ``root`` is no folder that can be read.
    """
    return {folder.path: folder for folder, _ in _Listing(root, rules).walk()}


def judge_path(
    root: Path, path: str, *, by_git: bool | None, rules: WalkRules = DEFAULT_RULES
) -> SkipReason | None:
    """Why a listing made now would not have a file that can be read; None where it would.

    ``by_git`` says whether git lists the file, None outside a repository of git.
    """
    listing = _Listing(root, rules)
    is_listed = not listing.ignores(path) if by_git is None else by_git
    if not is_listed and not listing.includes(path):
        return SkipReason.IGNORED
    listing.add(path)
    if listing.entries:
        return None
    return listing.skipped[0].reason if listing.skipped else SkipReason.EXCLUDED


class _Listing:
    """One pass over a tree: what was found so far, and which folders may be entered."""

    def __init__(self, root: Path, rules: WalkRules) -> None:
        self.prefix = f"{root}/"
        self.rules = rules
        self.entries: list[FileEntry] = []
        self.skipped: list[Skipped] = []
        try:
            os.scandir(root).close()
        except OSError as error:
            message = f"cannot read {root}: {error.strerror}"
            raise IndexerError(message, "check the path and its permissions") from error
        own = self._read_ignore(IGNORE_FILE)
        self._includes = parse_ignore("\n".join(rules.include).encode())
        self._excludes = parse_ignore(own + b"\n" + "\n".join(rules.exclude).encode())
        self._entered: dict[str, bool] = {}

    def add(self, path: str) -> None:
        """Judge one candidate by what its name and a stat tell."""
        folder, slash, _ = path.rpartition("/")
        if slash and not self._enters(folder):
            return
        try:
            status = os.lstat(self.prefix + path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, ValueError):
            self._skip(path, SkipReason.UNREADABLE)
            return
        if stat.S_ISLNK(status.st_mode):
            self._judge_link(path)
        elif stat.S_ISREG(status.st_mode):
            if reason := self._judge(path, status.st_size):
                self._skip(path, reason)
            else:
                self.entries.append(FileEntry(path, status.st_size, status.st_mtime_ns))

    def walk_files(self) -> Iterator[str]:
        """Every path that git would list as tracked or untracked."""
        for _, files in self.walk():
            yield from files

    def walk_included(self) -> Iterator[str]:
        """Every path that the configuration includes, whatever ignores it."""
        pending = [("", False)] if self.rules.include else []
        while pending:
            folder, is_included = pending.pop()
            with suppress(OSError), os.scandir(self.prefix + folder) as found:
                for child in found:
                    path = folder + child.name
                    if not child.is_dir(follow_symlinks=False):
                        if _prefer(self._includes.judge(path), is_included):
                            yield path
                    elif child.name not in NEVER_ENTERED:
                        pending.append((path + "/", _prefer(self._includes.judge(path + "/"), is_included)))

    def includes(self, path: str) -> bool:
        """Whether the configuration includes a path."""
        is_included = False
        for part in _with_folders(path):
            is_included = _prefer(self._includes.judge(part), is_included)
        return is_included

    def ignores(self, path: str) -> bool:
        """Whether a path is ignored as git would, or in a folder that is."""
        folder = Folder("", ((0, parse_ignore(self._read_ignore(".git/info/exclude"))),))
        for part in _with_folders(path):
            own = parse_ignore(self._read_ignore(folder.path + ".gitignore"))
            folder = Folder(folder.path, ((len(folder.path), own), *folder.rules))
            if folder.ignores(part):
                return True
            folder = Folder(part, folder.rules)
        return False

    def walk(self) -> Iterator[tuple[Folder, list[str]]]:
        """Every folder that is not ignored, with the paths directly in it that are no folders."""
        outer = self._read_ignore(".git/info/exclude")
        pending: list[Folder] = [Folder("", ((0, parse_ignore(outer)),))]
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(self.prefix + folder.path) as found:
                    children = [(child.name, child.is_dir(follow_symlinks=False)) for child in found]
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                self._skip(folder.path, SkipReason.UNREADABLE)
                continue
            if any(name == ".gitignore" for name, _ in children):
                own = parse_ignore(self._read_ignore(folder.path + ".gitignore"))
                folder = Folder(folder.path, ((len(folder.path), own), *folder.rules))
            files = []
            for name, is_folder in children:
                path = folder.path + name
                if not is_folder:
                    if not folder.ignores(path):
                        files.append(path)
                elif name not in NEVER_ENTERED and not folder.ignores(path + "/") and self._enters(path):
                    pending.append(Folder(path + "/", folder.rules))
            yield folder, files

    def _enters(self, path: str) -> bool:
        """Whether no folder on the way to ``path``, itself included, is left out."""
        known = self._entered.get(path)
        if known is None:
            parts = path.split("/")
            ancestors = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
            known = all(self._enters_one(ancestor) for ancestor in ancestors) and self._enters_one(path)
            self._entered[path] = known
        return known

    def _enters_one(self, path: str) -> bool:
        known = self._entered.get(path)
        if known is None:
            known = self._entered[path] = self._judge_folder(path)
        return known

    def _judge_folder(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        if name in NEVER_ENTERED:
            return False
        if name in _STRANGE_PARTS:
            self._skip(path + "/", SkipReason.OUTSIDE)
        elif not _is_utf8(path):
            self._skip(path + "/", SkipReason.UNREADABLE)
        elif self._is_link(path):
            self._judge_link(path)
        elif self._excludes.judge(path + "/"):
            self._skip(path + "/", SkipReason.EXCLUDED)
        else:
            markers = (f"{self.prefix}{path}/{marker}" for marker in _ENVIRONMENT_MARKERS)
            return not any(map(os.path.lexists, markers))
        return False

    def _is_link(self, path: str) -> bool:
        try:
            return _is_link(self.prefix + path)
        except (OSError, ValueError):
            return False  # its files tell why it cannot be read

    def _judge_link(self, path: str) -> None:
        """Report a link that leads outside; one within the tree has a target with a path of its own."""
        with suppress(OSError, ValueError):
            if _leads_outside(self.prefix, path):
                self._skip(path, SkipReason.OUTSIDE)

    def _judge(self, path: str, size: int) -> SkipReason | None:
        if not _is_utf8(path):
            return SkipReason.UNREADABLE
        if self._excludes.judge(path):
            return SkipReason.EXCLUDED
        return judge_name(path) or (None if self.rules.allows_size(path, size) else SkipReason.TOO_LARGE)

    def _skip(self, path: str, reason: SkipReason) -> None:
        self.skipped.append(Skipped(_printable(path), reason))

    def _read_ignore(self, path: str) -> bytes:
        """An ignore file's bytes; git does not follow a link there either."""
        try:
            return read_head(self.prefix + path)
        except OSError:
            return b""


def read_source(root: Path, entry: FileEntry | str, rules: WalkRules = DEFAULT_RULES) -> SourceFile | Skipped:
    """A file's text as UTF-8, or why it is left out.

    The data is what spans refer to: a byte order mark is gone, UTF-16 and UTF-32 are transcoded, and a byte
    that is not UTF-8 is read as Windows-1252; line endings stay, secrets are masked. Names are judged here too, for
    callers without a listing; only ``rules.exclude`` and ignore files are the listing's alone. A file that is gone,
    no file, or reached through a link within the tree is unreadable.
    """
    path = entry if isinstance(entry, str) else entry.path
    reason = SkipReason.EXCLUDED if not NEVER_ENTERED.isdisjoint(path.split("/")) else judge_name(path)
    data = reason or _read_inside(root, path, rules)
    if isinstance(data, SkipReason):
        return Skipped(_printable(path), data)
    text = to_utf8(data)
    if text is None:
        return Skipped(path, SkipReason.BINARY)
    if is_generated(path, text):
        return Skipped(path, SkipReason.GENERATED)
    return SourceFile(path, mask_secrets(path, text))


def _read_inside(root: Path, path: str, rules: WalkRules) -> bytes | SkipReason:
    if not _is_utf8(path):
        return SkipReason.UNREADABLE
    if not _STRANGE_PARTS.isdisjoint(path.split("/")):
        return SkipReason.OUTSIDE
    full = f"{root}/{path}"
    try:
        if _passes_link(f"{root}/", path):
            return SkipReason.OUTSIDE if _leads_outside(f"{root}/", path) else SkipReason.UNREADABLE
        data = read_head(full, rules.max_bytes + 1)
    except (OSError, ValueError):
        return SkipReason.UNREADABLE
    return data if rules.allows_size(path, len(data)) else SkipReason.TOO_LARGE


def _prefer(verdict: bool | None, otherwise: bool) -> bool:
    return otherwise if verdict is None else verdict


def _with_folders(path: str) -> list[str]:
    """The folders that a path lies in, outermost first, each with a slash, and the path."""
    return [path[: at + 1] for at, character in enumerate(path) if character == "/"] + [path]


def _passes_link(prefix: str, path: str) -> bool:
    """Whether the path, or a folder on the way to it from the root, is a link (or a junction on Windows)."""
    ends = [index for index, character in enumerate(path) if character == "/"]
    return any(_is_link(prefix + path[:end]) for end in (*ends, len(path)))


def _is_link(full: str) -> bool:
    status = os.lstat(full)
    return stat.S_ISLNK(status.st_mode) or bool(getattr(status, "st_reparse_tag", 0))


def _leads_outside(prefix: str, path: str) -> bool:
    """Whether a link's target is outside the root.

    Raises:
        OSError: there is no target, or only another link, without end.
    """
    Path(prefix + path).stat()  # the system counts links, where resolving them one by one would go on
    real, real_root = os.path.realpath(prefix + path), os.path.realpath(prefix)
    return real != real_root and not real.startswith(real_root.rstrip(os.sep) + os.sep)


def _is_utf8(path: str) -> bool:
    if path.isascii():
        return True
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
