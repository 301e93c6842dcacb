"""A tree's index as questions are put to it: never answered about files as they were, nor about two states of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from pathlib import Path
from typing import TypeVar

from indexers.model import Skipped, SkipReason, SourceFile
from indexers.source.content import split_lines
from memory_server.deadline import check_time
from memory_server.errors import AbsentError, NotFoundError, StoreBusyError, StoreError, UnknownYetError
from memory_server.index.tree import TreeIndex
from memory_server.index.update import put_into_view
from memory_server.index.view import View, empty_view
from memory_server.store.rows import blob_id
from memory_server.visible import quote_path

T = TypeVar("T")

SYNC_WAIT = 2.0
"""Seconds that a question waits for whoever writes the index."""

CAUGHT_UP_WORK = 700_000
"""Work up to which all that changed is parsed for a question that cannot wait: about half a second."""


_HINTS = {
    SkipReason.IGNORED: "name it in index.include of .repo-memory.toml, and it is indexed and served",
    SkipReason.EXCLUDED: "index.exclude or .repo-memoryignore leaves it out, or no file of its folder is ever indexed",
    SkipReason.SECRET: "a file that is secret by its name is never served; no setting changes that",
    SkipReason.TOO_LARGE: "raise index.max_bytes in .repo-memory.toml, and it is indexed and served",
}
"""What to do about a file that is not served, by the reason."""


class Sight:
    """What a question is answered from: a view, and the files as they were read for it, each once.

    ``doubt`` says why the view may lack something; empty when it is of all files as they are.
    """

    def __init__(
        self,
        view: View,
        read: Callable[[str], SourceFile | Skipped],
        doubt: str = "",
        found: Mapping[str, SourceFile | Skipped] | None = None,
    ) -> None:
        self.view, self.doubt = view, doubt
        self.found = dict(found or {})
        """What was read, by path."""
        self.torn: set[str] = set()
        """Files that hold something else than the view says of them."""
        self._read = read
        self._lines: dict[str, list[str]] = {}

    @property
    def current(self) -> Set[str]:
        """Files that were read, and hold what the view says of them."""
        return self.found.keys() - self.torn

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines that every reply ends with, outside what it left out."""
        return (self.doubt,) if self.doubt else ()

    def lines(self, path: str) -> list[str]:
        """A file's lines.

        Raises:
            NotFoundError: there is no such file, or it is left out of the index for its content.
        """
        source = self.find(path)
        if isinstance(source, Skipped):
            hint = _HINTS.get(source.reason, "repo-memory status says what is left out")
            raise NotFoundError(f"{quote_path(path)} is not served: {source.reason}", hint)
        if path not in self._lines:
            self._lines[path] = split_lines(source.data)
        return self._lines[path]

    def lines_if_served(self, path: str) -> list[str]:
        """A file's lines; none for one that is not served any more."""
        return [] if isinstance(self.find(path), Skipped) else self.lines(path)

    def include(self, path: str) -> None:
        """Let a file that is asked for by its path be in the view, even in one that is not whole."""
        if (
            path
            and self.doubt
            and path not in self.view.manifest
            and not isinstance(self.find(path), Skipped)
        ):
            self.torn.add(path)

    def judge(self, error: NotFoundError) -> NotFoundError:
        """The error as it may be told: what is not in a view that is not whole may be there all the same."""
        return UnknownYetError(self.doubt) if self.doubt and isinstance(error, AbsentError) else error

    def find(self, path: str) -> SourceFile | Skipped:
        """A file as it was read for this answer."""
        if path not in self.found:
            self.found[path] = source = self._read(path)
            known = self.view.manifest.get(path)
            blob = "" if isinstance(source, Skipped) else blob_id(source)
            if known is not None and known.blob != blob:
                self.torn.add(path)
        return self.found[path]


Question = Callable[[Sight], tuple[T, Set[str]]]
"""Gives an answer, with the paths of the files that it is about; none when it is about all."""


def find_task(tree: TreeIndex) -> str:
    """How a tree is to be indexed whose index is not whole."""
    reason = tree.why_rebuild() if len(tree.view) else ""
    return f"anew ({reason})" if reason else "for the first time"


def tell_building(task: str) -> str:
    """What is said while a tree is indexed."""
    return f"indexing this repository {task}; ask again in a moment"


class FreshIndex:
    """The one way to a view: the files that an answer is about are compared, and it is asked anew if need be."""

    def __init__(self, tree: TreeIndex) -> None:
        self.tree = tree
        self.building = ""
        """What a first index run in the background says of itself; empty when none is under way."""

    @property
    def root(self) -> Path:
        """The tree's folder."""
        return self.tree.root

    @property
    def view(self) -> View:
        """The index as it is now."""
        return self.tree.view

    def ask(self, question: Question[T], *, of_all: bool = False) -> T:
        """An answer.

        It is asked anew when a file that it is about has changed, and when it finds nothing and any file has. With
        ``of_all``, any file could have been the answer: new and removed ones are looked for first. What is shown of a
        file and what is said of it come from the same bytes: where a file is replaced again and again, from those that
        were read last, which are parsed for this answer alone.

        Raises:
            NotFoundError: nothing answers to what was asked.
            UnknownYetError: nothing does in an index that is not whole.
            OverdueError: the time for the answer is over.
        """
        self.tree.load()
        sight = self._look()
        if of_all and not self.building and not self.tree.has_same_folders():
            sight = self._catch_up(sight, None) or sight
        caught_up = False
        while True:
            absent: NotFoundError | None = None
            try:
                answer, about = question(sight)
            except NotFoundError as error:
                absent, about = error, set()
            newer = None
            if not caught_up:
                caught_up = True
                is_known = about and about <= sight.view.manifest.keys()
                newer = self._catch_up(sight, about - sight.current if is_known else None)
            if newer is None and sight.torn:
                newer = self._with_files(sight, sight.torn)
            if newer is None:
                break
            check_time()
            sight = newer
        if absent is not None:
            raise sight.judge(absent)
        return answer

    def _look(self) -> Sight:
        """The index as it is now."""
        view = self.view
        if self.tree.is_whole:
            return self._sight(view, self.building)
        if len(view) and view.symbols.schema.field("vector").type.list_size != self.tree.embedder.dimensions:
            view = empty_view(self.tree.embedder.dimensions)  # another model's
        return self._sight(view, self.building or tell_building(find_task(self.tree)))

    def _sight(
        self, view: View, doubt: str, found: Mapping[str, SourceFile | Skipped] | None = None
    ) -> Sight:
        return Sight(view, self.tree.read, doubt, found)

    def _with_files(self, sight: Sight, paths: Iterable[str], doubt: str = "") -> Sight:
        """The same with a view in which some files are what was read of them, for one answer."""
        view = put_into_view(sight.view, {path: sight.find(path) for path in paths}, self.tree.embedder)
        return self._sight(view, doubt or sight.doubt, sight.found)

    def _catch_up(self, sight: Sight, paths: Set[str] | None) -> Sight | None:
        """Compare files (all of them for None) with the index, and bring it up to date; None when it was."""
        if self.building:
            return None
        is_fresh = paths == set() or self.tree.is_fresh(set(paths or ()))
        if not (is_fresh and self.tree.is_whole):
            try:
                self.tree.sync(wait=SYNC_WAIT)
            except StoreBusyError:
                if self.tree.is_whole:
                    return self._catch_up_alone(paths or set())
            except StoreError:
                self.tree.overlay()
        return self._look() if self.view is not sight.view else None

    def _catch_up_alone(self, paths: Set[str]) -> Sight:
        """What changed is parsed for one answer where another writes the index: all of it, or else some files."""
        sight, changes = self._look(), self.tree.pending()
        changed: Set[str] = {*(entry.path for entry in changes.read), *changes.removed}
        doubt = ""
        if changes.work > CAUGHT_UP_WORK:
            doubt = f"{changes.size} changed files are being indexed; answers are incomplete"
            changed = changed & paths
        return self._with_files(sight, changed, doubt)
