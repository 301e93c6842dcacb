"""The real index of one tree, asked as an agent asks it: a search, then one read of what it found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from eval.logs.replay import Reply
from eval.retrieval.indexes import open_index
from eval.savings.own import OwnTools
from indexers.model import Skipped
from indexers.walk import read_source
from memory_server.folder import check_root
from memory_server.memory import Memory
from memory_server.slices import split_lines


class IndexAnswers:
    """A tree's index; each question is put once, each file read once."""

    def __init__(self, folder: Path, indexes: Path) -> None:
        """Index the folder, in a place of its own: the folder is not written to.

        Raises:
            MemoryServerError: the folder is not to be indexed, or its index cannot be written.
        """
        check_root(folder)
        started = time.perf_counter()
        self._memory: Memory = open_index(folder, indexes)
        self.seconds = time.perf_counter() - started
        self._tools = OwnTools(self._memory)
        self._indexed = frozenset(self._memory.view.paths)
        self._lines: dict[str, tuple[str, ...]] = {}
        self._replies: dict[str, Reply] = {}

    def close(self) -> None:
        """Let go of the store."""
        self._memory.close()

    @cached_property
    def overhead(self) -> int:
        """Tokens that the tools' schemas and the instructions take."""
        return self._tools.overhead()

    def lines(self, path: str) -> tuple[str, ...]:
        """A file's lines as they are today; none where it is not indexed."""
        if path not in self._indexed:
            return ()
        if path not in self._lines:
            source = read_source(self._memory.root, path, self._memory.tree.rules)
            texts: Iterator[str] = iter(()) if isinstance(source, Skipped) else iter(split_lines(source.data))
            self._lines[path] = tuple(text.strip() for text in texts)
        return self._lines[path]

    def ask(self, question: str) -> Reply:
        """A search with the default budget; one read of all that it lists and does not show, within its budget."""
        if question not in self._replies:
            turns = list(self._tools.look(question))
            shown = {
                (line.path, line.start_line)
                for turn in turns
                for line in turn.lines
                if line.path and line.start_line
            }
            self._replies[question] = Reply(
                tokens=sum(turn.tokens for turn in turns),
                calls=sum(turn.call_tokens for turn in turns),
                turns=len(turns),
                shown=frozenset(shown),
            )
        return self._replies[question]
