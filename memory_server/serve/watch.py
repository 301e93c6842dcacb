"""Tell when a tree changes, without watching what is ignored."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from watchfiles import Change, watch

from indexers.errors import IndexerError
from indexers.git import find_git_folder
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

OnChange = Callable[[], object]
"""Called when something may have changed; a sync finds out what, as its pass over the tree does anyway."""


def watch_tree(
    root: Path, on_change: OnChange, stop: threading.Event, rules: WalkRules = DEFAULT_RULES
) -> None:
    """Report changes until ``stop`` is set; returns with a logged warning where it cannot go on.

    The first report comes when the watch stands, and again when it is set up anew, for folders or ignore files
    have changed; a commit and a switch of branch are changes too. Where the system grants no watches, the tree
    is polled.
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
        except (OSError, RuntimeError) as error:  # what the watch meets inside itself is a RuntimeError
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
                on_change()
            if not tree.is_same_folder() or any(tree.moves_folders(*change) for change in changes):
                return
            if any(tree.holds(path) for _, path in changes):
                on_change()


class _Tree:
    """The folders of a tree that are watched, as they were when the watch began."""

    def __init__(self, root: Path, rules: WalkRules) -> None:
        self.root = os.path.realpath(root)
        self.prefix = self.root.rstrip(os.sep) + os.sep
        self.folders: dict[str, Folder] = find_folders(Path(self.root), rules)
        self.git = find_git_folder(Path(self.root))
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

    def moves_folders(self, change: Change, full: str) -> bool:
        """Whether a change adds or removes a folder to watch, or changes what is ignored."""
        if (in_git := self._in_git(full)) is not None:
            return in_git in _GIT_FOLDERS and change is Change.added
        path = self._relative(full)
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

    def holds(self, full: str) -> bool:
        """Whether a file is one of the tree's, or one of git's that says what the tree is."""
        if (in_git := self._in_git(full)) is not None:
            return _moves_git(in_git)
        path = self._relative(full)
        parent, slash, _ = path.rpartition("/")
        folder = self.folders.get(parent + slash)
        if folder is None or path + "/" in self.folders:
            return False
        return not folder.ignores(path) and judge_name(path) is None and not Path(full).is_dir()

    def _relative(self, full: str) -> str:
        return full.removeprefix(self.prefix).replace(os.sep, "/")

    def _in_git(self, full: str) -> str | None:
        """The path inside the git folder, None for one outside."""
        if self.git is None or not Path(full).is_relative_to(self.git):
            return None
        return Path(full).relative_to(self.git).as_posix()


def _moves_git(name: str) -> bool:
    """Whether a change of that file of the git folder may change every file of the tree, or its history."""
    return (
        name in _GIT_FILES or name == "logs/HEAD" or (name.startswith("refs/") and not name.endswith(".lock"))
    )


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
