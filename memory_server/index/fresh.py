"""A tree's index as questions are put to it: never answered about files as they were."""

from __future__ import annotations

from collections.abc import Callable, Set
from pathlib import Path
from typing import TypeVar

from indexers.model import Skipped
from indexers.source.content import split_lines
from indexers.source.walk import read_source
from memory_server.errors import NotFoundError, StoreBusyError, StoreError
from memory_server.index.tree import TreeIndex
from memory_server.index.view import View

T = TypeVar("T")

Question = Callable[[View], tuple[T, Set[str]]]
"""Gives an answer from a view, with the paths of the files that it is about; none when it is about all."""


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

    def ask(self, question: Question[T], *, of_all: bool = False) -> tuple[View, T]:
        """An answer, with the view that it was taken from.

        It is asked anew when a file that it is about has changed, and when it finds nothing and any file has. With
        ``of_all``, any file could have been the answer: new and removed ones are looked for first.
        """
        self.tree.load()
        if of_all and not self.building and not self.tree.has_same_folders():
            self.refresh(set())
        view = self.view
        try:
            answer, served = question(view)
            changed = self.refresh(served if served <= view.manifest.keys() else set())
        except NotFoundError:
            if not self.refresh(set()):
                raise
            changed = True
        return (self.view, question(self.view)[0]) if changed else (view, answer)

    def refresh(self, paths: Set[str]) -> bool:
        """Compare files (all of them for no paths) with the index, and bring it up to date; true when it changed."""
        if self.building or self.tree.is_fresh(set(paths)):
            return False
        before = self.view
        try:
            self.tree.sync(wait=2.0)
        except (StoreBusyError, StoreError):
            self.tree.overlay()
        return self.view is not before

    def read_lines(self, path: str) -> list[str]:
        """A file's lines as they are now.

        Raises:
            NotFoundError: there is no such file, or it is left out of the index for its content.
        """
        source = read_source(self.root, path, self.tree.rules)
        if isinstance(source, Skipped):
            raise NotFoundError(
                f"{path} is not served: {source.reason}", "repo-memory status says what is left out"
            )
        return split_lines(source.data)
