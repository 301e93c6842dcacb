"""Tell which files of a tree change, without watching what is ignored."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from watchfiles import Change, watch
from watchfiles._rust_notify import WatchfilesRustInternalError

from indexers.errors import IndexerError
from indexers.source.file_names import judge_name
from indexers.source.walk import DEFAULT_RULES, IGNORE_FILE, NEVER_ENTERED, Folder, WalkRules, find_folders

logger = logging.getLogger(__name__)

QUIET_MS = 100
"""Changes are reported once nothing has changed for this long: an editor's save is several events."""

BATCH_MS = 1_000
"""A tree that never rests is reported this often."""

CHECK_MS = 300
"""How often a quiet tree is looked at for having been deleted or replaced; one stat each."""

POLL_MS = 2_000
"""Where the system grants no watches; a pass over 5,000 files takes about 30 ms."""

PAUSE_SECONDS = 1.0
"""Between a failure and the next attempt."""

_RECURSIVE = sys.platform != "linux"
"""Linux takes a watch for each folder, so ignored ones get none; others take one for the tree."""

_IGNORE_FILES = frozenset({".gitignore", IGNORE_FILE})
_GIT_FILES = frozenset({"HEAD", "index", "packed-refs"})
_GIT_FOLDERS = ("logs", "refs/heads")

OnChange = Callable[[set[str]], None]
"""Takes the relative posix paths that changed; an empty set says that anything may have."""


def watch_tree(
    root: Path, on_change: OnChange, stop: threading.Event, rules: WalkRules = DEFAULT_RULES
) -> None:
    """Report changes until ``stop`` is set; returns with a logged warning where it cannot go on.

    The first report, of the empty set, comes when the watch stands; others like it follow a commit, a switch
    of branch, a change of ignore files or of folders. Where the system grants no watches, the tree is polled.
    """
    polling = False
    while not stop.is_set():
        try:
            tree = _Tree(root, rules)
        except IndexerError as error:
            logger.warning("no longer watching: %s", error)
            return
        try:
            _watch_once(tree, on_change, stop, polling)
        except FileNotFoundError:  # a folder went between being listed and being watched
            stop.wait(PAUSE_SECONDS)
        except (OSError, WatchfilesRustInternalError) as error:
            if not tree.stands and polling:
                logger.warning("no longer watching %s: %s", root, error)
                return
            if not tree.stands:
                logger.warning("polling %s, as it cannot be watched: %s", root, error)
                polling = True
            stop.wait(PAUSE_SECONDS)


def _watch_once(tree: _Tree, on_change: OnChange, stop: threading.Event, polling: bool) -> None:
    """Report changes until ``stop`` is set or the folders to watch are others."""
    batches = watch(
        *tree.watched(),
        watch_filter=None,
        debounce=BATCH_MS,
        step=QUIET_MS,
        stop_event=stop,
        rust_timeout=CHECK_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
        force_polling=polling or None,
        poll_delay_ms=POLL_MS,
        recursive=_RECURSIVE,
        ignore_permission_denied=True,
    )
    with closing(batches):
        for changes in batches:
            if not tree.stands:
                tree.stands = True
                on_change(set())
            if not tree.is_same_folder():
                return
            found = tree.sort(changes)
            if found is None:
                return
            paths, everything = found
            if paths or everything:
                on_change(set() if everything else paths)


class _Tree:
    """The folders of a tree that are watched, as they were when the watch began."""

    def __init__(self, root: Path, rules: WalkRules) -> None:
        self.root = os.path.realpath(root)
        self.prefix = self.root.rstrip(os.sep) + os.sep
        self.folders: dict[str, Folder] = find_folders(Path(self.root), rules)
        self.git = _find_git_folder(Path(self.root))
        self.stands = False
        self._identity = _identify(self.root)

    def watched(self) -> list[str]:
        """The paths to hand to the system."""
        git = [] if self.git is None else [self.git, *(self.git / name for name in _GIT_FOLDERS)]
        own = [""] if _RECURSIVE else sorted(self.folders)
        return [self.prefix + path for path in own] + [str(folder) for folder in git if folder.is_dir()]

    def is_same_folder(self) -> bool:
        """Whether the root is still the folder that is watched."""
        return self._identity is not None and _identify(self.root) == self._identity

    def sort(self, changes: Iterable[tuple[Change, str]]) -> tuple[set[str], bool] | None:
        """The files that changed and whether git moved; None when the folders to watch are others now."""
        paths: set[str] = set()
        everything = False
        for change, full in changes:
            if self.git is not None and Path(full).is_relative_to(self.git):
                name = Path(full).relative_to(self.git).as_posix()
                if name in _GIT_FOLDERS and change is Change.added:
                    return None
                everything = everything or _moves_git(name)
                continue
            path = full.removeprefix(self.prefix).replace(os.sep, "/")
            if self._moves_folders(change, full, path):
                return None
            if self._holds(path):
                paths.add(path)
        return paths, everything

    def _moves_folders(self, change: Change, full: str, path: str) -> bool:
        """Whether a change adds or removes a folder to watch, or changes what is ignored."""
        parent, slash, name = path.rpartition("/")
        folder = self.folders.get(parent + slash)
        if folder is None or full == self.root:
            return full == self.root and change is Change.deleted
        if name in _IGNORE_FILES or path == ".git":
            return True
        if change is Change.modified:
            return False
        if path + "/" in self.folders:
            return True
        is_folder = Path(full).is_dir() and not Path(full).is_symlink()
        return is_folder and name not in NEVER_ENTERED and not folder.ignores(path + "/")

    def _holds(self, path: str) -> bool:
        parent, slash, _ = path.rpartition("/")
        folder = self.folders.get(parent + slash)
        if folder is None or path + "/" in self.folders:
            return False
        return not folder.ignores(path) and judge_name(path) is None and not Path(self.prefix + path).is_dir()


def _moves_git(name: str) -> bool:
    """Whether a change of that file of the git folder may change every file of the tree, or its history."""
    return (
        name in _GIT_FILES or name == "logs/HEAD" or (name.startswith("refs/") and not name.endswith(".lock"))
    )


def _find_git_folder(root: Path) -> Path | None:
    """Where git keeps this tree's HEAD and index: ``.git``, or what it points to in a worktree."""
    git = root / ".git"
    if git.is_dir():
        return git
    try:
        kind, _, target = git.read_text(encoding="utf-8").partition(":")
    except (OSError, UnicodeDecodeError):
        return None
    folder = root / target.strip()
    return Path(os.path.realpath(folder)) if kind == "gitdir" and folder.is_dir() else None


def _identify(folder: str) -> tuple[int, int] | None:
    try:
        status = Path(folder).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Watcher:
    """Watches a tree in a thread of its own; ``on_change`` runs in that thread, as for `watch_tree`."""

    def __init__(self, root: Path, on_change: OnChange, rules: WalkRules = DEFAULT_RULES) -> None:
        self._stop = threading.Event()
        arguments = (root, on_change, self._stop, rules)
        self._thread = threading.Thread(target=watch_tree, args=arguments, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to watch; once."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch and wait until it has ended, which takes a moment; harmless when it has."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
