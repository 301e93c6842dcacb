"""Questions put to every arm: the labelled benchmark's, and those of a history's commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from eval.errors import MeasureError
from eval.retrieval.benchmark import Job
from eval.retrieval.changes import HistoryJob, describe_history, open_parents
from eval.retrieval.grep import SourceTree
from eval.retrieval.history import Change
from eval.retrieval.indexes import open_index
from eval.retrieval.labels import Target
from eval.retrieval.matchers import find_matcher
from eval.retrieval.results import AskedRepository
from eval.savings.arms import ARMS, WINDOWS, read_windows
from eval.savings.context import spend
from eval.savings.gold import each_line
from eval.savings.own import OWN_ARMS, OwnTools
from eval.tokens import Counter, Counting
from memory_server.errors import MemoryServerError
from memory_server.memory import Memory

ARM_NAMES = (*ARMS, *OWN_ARMS)

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one job found: for each question a row for each of ``ARM_NAMES``, or the problem why there are none.

    ``overhead`` is the tokens of the tools' schemas and the server's instructions.
    """

    asked: AskedRepository
    embedder: str = ""
    matcher: str = ""
    overhead: int = 0
    rows: tuple[tuple[Row, ...], ...] = ()
    problem: str = ""


def measure_labelled(job: Job, counting: Counting) -> Outcome:
    """Put every question of a labelled repository to every arm."""
    try:
        with open_index(job.folder, job.indexes) as memory:
            asker = _Asker(memory, counting.open())
            rows = tuple(asker.ask(question.query, question.targets) for question in job.repository.questions)
            return asker.outcome(job.asked, rows)
    except (MeasureError, MemoryServerError) as error:
        return Outcome(job.asked, problem=f"{error}; {error.hint}")


def measure_commits(job: HistoryJob, counting: Counting) -> Outcome:
    """Put every question of a history to every arm, at its commit's parent; gold is each line that changed there."""
    put: list[Change] = []
    rows = []
    try:
        counter = counting.open()
        for change, memory, targets in open_parents(job):
            asker = _Asker(memory, counter)
            rows.append(asker.ask(change.query, each_line(targets)))
            put.append(change)
        return asker.outcome(describe_history(job, put), rows)
    except (MeasureError, MemoryServerError) as error:
        return Outcome(AskedRepository(job.name, "", "", ()), problem=f"{error}; {error.hint}")


class _Asker:
    """The arms over one tree."""

    def __init__(self, memory: Memory, counter: Counter) -> None:
        self._counter = counter
        self._tools = OwnTools(memory)
        self._overhead = self._tools.overhead(counter)
        self._tree = SourceTree(memory.root, find_matcher())
        self._embedder = memory.tree.embedder.id

    def ask(self, question: str, targets: Sequence[Target]) -> tuple[Row, ...]:
        """A row for each of ``ARM_NAMES``."""
        count = self._counter
        others = (spend(arm(self._tree, question), targets, count) for arm in ARMS.values())
        own = spend(self._tools.ask(question), targets, count, self._overhead)
        later = spend(self._tools.ask(question), targets, count)
        both = chain(self._tools.ask(question), read_windows(min(WINDOWS))(self._tree, question))
        spent = (*others, own, later, spend(both, targets, count, self._overhead))
        return tuple(found.row for found in spent)

    def outcome(self, asked: AskedRepository, rows: Iterable[tuple[Row, ...]]) -> Outcome:
        """What was found, with what it was found by."""
        return Outcome(asked, self._embedder, self._tree.matcher.name, self._overhead, tuple(rows))
