"""What a kind of fault consists of, how its trials are run, and the result that is written to a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from eval.errors import MeasureError
from eval.machine import Machine
from eval.records import Unmeasured
from indexers.errors import IndexerError
from memory_server.errors import MemoryServerError

FORMAT = 1
"""Version of the result's layout."""

Item = TypeVar("Item")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault: ``run`` does it and returns what then went wrong, nothing where all was right.

    It raises ``MeasureError`` where this machine can't do it, which leaves it out.
    """

    name: str
    run: Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that is told beside the counts, such as memory."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How much a kind tries: all of it, or, where it is ``quick``, as many of each sort as there are ``rounds``.

    What is drawn is drawn from ``rng``; ``scratch`` is an empty folder of the kind's own; ``inputs`` holds more code
    to break.
    """

    rng: Random
    rounds: int
    quick: bool
    scratch: Path
    inputs: Path | None = None
    facts: list[Fact] = field(default_factory=list)

    def pick(self, items: Sequence[Item]) -> Sequence[Item]:
        """All of them, or some in their order."""
        if not self.quick or len(items) <= self.rounds:
            return items
        return [items[place] for place in sorted(self.rng.sample(range(len(items)), self.rounds))]


Kind = Callable[[Plan], Iterator[Trial]]
"""Yields trials, each run before the next is asked for: what they share is made before and put away after them."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A trial that went wrong, and how that shows."""

    trial: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KindResult:
    """The trials of a kind: how many there were, which went wrong, which this machine can't do."""

    kind: str
    trials: int
    right: int
    seconds: float
    facts: tuple[Fact, ...]
    failures: tuple[Failure, ...]
    left_out: tuple[Unmeasured, ...]


@dataclass(frozen=True, slots=True)
class FaultReport:
    """The whole result; the same seed, rounds and revision try the same."""

    format: int
    machine: Machine
    revision: str
    steady: bool
    seed: int
    rounds: int
    quick: bool
    kinds: tuple[KindResult, ...]

    @property
    def failed(self) -> bool:
        """Whether anything went wrong."""
        return any(kind.failures for kind in self.kinds)


_MODEL = TypeAdapter(FaultReport)


def read_report(path: Path) -> FaultReport:
    """The result that was written to a file.

    Raises:
        MeasureError: it holds none.
    """
    try:
        return _MODEL.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise MeasureError(f"{path} holds no result of faults", "name one that --output wrote") from error


def join_reports(reports: Sequence[FaultReport]) -> FaultReport:
    """The kinds of several results as one.

    Raises:
        MeasureError: they try one kind twice, or not the same code in the same way.
    """
    first, *others = reports
    kinds = [kind for report in reports for kind in report.kinds]
    if len({kind.kind for kind in kinds}) < len(kinds):
        raise MeasureError("a kind stands in several of the results", "join each kind once")
    for report in others:
        if replace(report, machine=first.machine, kinds=first.kinds) != first:
            raise MeasureError("the results differ in revision, seed or rounds", "try all at one revision")
    return replace(first, kinds=tuple(kinds))


def run_kind(name: str, kind: Kind, plan: Plan, show: Tell, tell: Tell) -> KindResult:
    """Run all trials of a kind; ``show`` hears of each as it begins, ``tell`` of what went wrong."""
    started = time.monotonic()
    failures: list[Failure] = []
    left_out: list[Unmeasured] = []
    trials = 0
    for trial in kind(plan):
        show(f"{name} {trials + 1}: {trial.name}")
        try:
            wrong = tuple(trial.run())
        except MeasureError as error:
            left_out.append(Unmeasured(trial.name, str(error)))
            continue
        except (MemoryServerError, IndexerError, OSError) as error:
            wrong = (f"{type(error).__name__}: {error}",)
        trials += 1
        if wrong:
            failures.append(Failure(trial.name, wrong))
            tell(f"wrong: {name}: {trial.name}: {wrong[0]}")
    return KindResult(
        name,
        trials,
        trials - len(failures),
        round(time.monotonic() - started, 1),
        tuple(plan.facts),
        tuple(failures),
        tuple(left_out),
    )
