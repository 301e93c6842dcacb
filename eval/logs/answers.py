"""The real index of one tree, asked as an agent asks it: a search, then one read of what it found."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.logs.replay import IndexReply
from eval.savings.context import Turn
from eval.savings.own import OwnTools
from eval.tokens.count import EstimateCounter
from indexers.model import Skipped
from indexers.source.content import split_lines
from indexers.source.walk import read_source
from indexers.tokens import FAMILIES, Family
from memory_server.index.folder import check_root
from memory_server.memory import Memory
from memory_server.tuning.indexes import open_index


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
        self._overheads = {family: self._tools.overhead(EstimateCounter(family)) for family in FAMILIES}
        self._indexed = frozenset(self._memory.view.paths)
        self._lines: dict[str, tuple[str, ...]] = {}
        self._turns: dict[str, list[Turn]] = {}
        self._replies: dict[tuple[str, Family], IndexReply] = {}

    def close(self) -> None:
        """Let go of the store."""
        self._memory.close()

    def overhead(self, family: Family) -> int:
        """Tokens that the tools' schemas and the instructions take for a model of a family."""
        return self._overheads[family]

    def lines(self, path: str) -> tuple[str, ...]:
        """A file's lines as they are today; none where it is not indexed."""
        if path not in self._indexed:
            return ()
        if path not in self._lines:
            source = read_source(self._memory.root, path, self._memory.tree.rules)
            texts: Iterator[str] = iter(()) if isinstance(source, Skipped) else iter(split_lines(source.data))
            self._lines[path] = tuple(text.strip() for text in texts)
        return self._lines[path]

    def ask(self, question: str, family: Family) -> IndexReply:
        """A search with the default budget; one read of all that it lists and does not show, within its budget."""
        if question not in self._turns:
            self._turns[question] = list(self._tools.look(question))
        if (question, family) not in self._replies:
            self._replies[question, family] = _reply(self._turns[question], EstimateCounter(family))
        return self._replies[question, family]


def _reply(turns: Sequence[Turn], counter: EstimateCounter) -> IndexReply:
    lines = (line for turn in turns for line in turn.lines)
    return IndexReply(
        tokens=sum(turn.tokens(counter) for turn in turns),
        calls=sum(turn.call_tokens(counter) for turn in turns),
        turns=len(turns),
        shown=frozenset((line.path, line.start_line) for line in lines if line.path and line.start_line),
    )
