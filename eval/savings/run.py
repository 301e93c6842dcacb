"""Questions put to every arm: the labelled benchmark's, and those of a history's commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from eval.errors import MeasureError
from eval.retrieval.benchmark import BenchmarkJob
from eval.retrieval.changes import HistoryJob, describe_history, open_parents
from eval.retrieval.results import AskedRepository
from eval.ripgrep.matchers import find_matcher
from eval.ripgrep.ranking import SourceTree
from eval.savings.arms import ARMS, WINDOWS, read_windows
from eval.savings.context import Turn, spend
from eval.savings.gold import each_line
from eval.savings.own import OWN_ARMS, OwnTools
from eval.tokens.count import Counting, TokenCounter
from indexers.errors import IndexerError
from indexers.history.changes import Change, Target
from memory_server.errors import MemoryServerError
from memory_server.memory import Memory
from memory_server.tuning.indexes import open_index

ARM_NAMES = (*ARMS, *OWN_ARMS)

TURNS = 12
"""Turns after which the context is told: few arms have questions open for longer."""

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Answered:
    """A question put to all arms: what each spent, and how its context grew."""

    rows: tuple[Row, ...]
    contexts: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class SavingsJobResult:
    """What one job found: for each question a row for each of ``ARM_NAMES``, or the problem why there are none.

    ``overhead`` is the tokens of the tools' schemas and the server's instructions. ``contexts`` has, for each question
    and arm, the tokens in the context before the first turn and after each of ``TURNS``.
    """

    asked: AskedRepository
    embedder: str = ""
    matcher: str = ""
    overhead: int = 0
    rows: tuple[tuple[Row, ...], ...] = ()
    contexts: tuple[tuple[Row, ...], ...] = ()
    problem: str = ""


def measure_labelled(job: BenchmarkJob, counting: Counting) -> SavingsJobResult:
    """Put every question of a labelled repository to every arm."""
    try:
        with open_index(job.folder, job.indexes) as memory:
            asker = _Asker(memory, counting.open())
            answered = [asker.ask(question.query, question.targets) for question in job.repository.questions]
            return asker.result(job.asked, answered)
    except (MeasureError, MemoryServerError, IndexerError) as error:
        return SavingsJobResult(job.asked, problem=f"{error}; {error.hint}")


def measure_commits(job: HistoryJob, counting: Counting) -> SavingsJobResult:
    """Put every question of a history to every arm, at its commit's parent; gold is each line that changed there."""
    put: list[Change] = []
    answered = []
    try:
        counter = counting.open()
        for change, memory, targets in open_parents(job):
            asker = _Asker(memory, counter)
            answered.append(asker.ask(change.query, each_line(targets)))
            put.append(change)
        return asker.result(describe_history(job, put), answered)
    except (MeasureError, MemoryServerError, IndexerError) as error:
        return SavingsJobResult(AskedRepository(job.name, "", "", ()), problem=f"{error}; {error.hint}")


class _Asker:
    """The arms over one tree."""

    def __init__(self, memory: Memory, counter: TokenCounter) -> None:
        self._counter = counter
        self._tools = OwnTools(memory)
        self._overhead = self._tools.overhead(counter)
        self._tree = SourceTree(memory.root, find_matcher())
        self._embedder = memory.tree.embedder.id

    def ask(self, question: str, targets: Sequence[Target]) -> _Answered:
        """What each of ``ARM_NAMES`` needs for a question."""
        others = (self._spend(arm(self._tree, question), targets) for arm in ARMS.values())
        own = self._spend(self._tools.ask(question), targets, self._overhead)
        later = self._spend(self._tools.ask(question), targets)
        both = chain(self._tools.ask(question), read_windows(min(WINDOWS))(self._tree, question))
        rows, contexts = zip(*others, own, later, self._spend(both, targets, self._overhead), strict=True)
        return _Answered(rows, contexts)

    def _spend(
        self, turns: Iterator[Turn], targets: Sequence[Target], overhead: float = 0
    ) -> tuple[Row, Row]:
        """What an arm spends, and its context turn by turn; after the last it stays as it is (a miss: at the cap)."""
        contexts = [overhead]

        def watch() -> Iterator[Turn]:
            for turn in turns:
                yield turn
                # Only where another turn is asked for: what the last one leaves, ``spend`` tells.
                contexts.append(contexts[-1] + turn.tokens(self._counter))

        spent = spend(watch(), targets, self._counter, overhead)
        grown = (*contexts[: spent.turns], float(spent.resident))
        return spent.row, tuple(grown[min(turn, len(grown) - 1)] for turn in range(TURNS + 1))

    def result(self, asked: AskedRepository, answered: Sequence[_Answered]) -> SavingsJobResult:
        """What was found, with what it was found by."""
        rows, contexts = tuple(one.rows for one in answered), tuple(one.contexts for one in answered)
        return SavingsJobResult(
            asked, self._embedder, self._tree.matcher.name, self._overhead, rows, contexts
        )
