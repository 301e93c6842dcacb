"""Jobs to outcomes, in parallel, and outcomes to a result; whatever the questions are from."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TypeVar

from eval.machine import describe_machine, own_revision
from eval.processes import MeasureError
from eval.retrieval.ablations import Ablation
from eval.retrieval.results import (
    FORMAT,
    AskedRepository,
    Measured,
    RetrievalResult,
    Run,
    Unmeasured,
    scores_of,
    summarize_run,
)

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one job found: a ``Measured`` for each ablation, or the problem why there are none."""

    roots: str
    asked: AskedRepository
    embedder: str = ""
    measured: tuple[Measured, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where questions are from, and what is measured on each."""

    name: str
    measures: tuple[str, ...]


def run_jobs(measure: Callable[[T], R], jobs: Sequence[T], processes: int) -> Iterator[tuple[int, R]]:
    """The place and outcome of every job as it is ready; in this process when ``processes`` is 1."""
    if processes == 1:
        yield from enumerate(map(measure, jobs))
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        places = {pool.submit(measure, job): place for place, job in enumerate(jobs)}
        try:
            for done in as_completed(places):
                yield places[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def collect_result(
    source: Source,
    outcomes: Sequence[Outcome],
    missing: Sequence[Unmeasured],
    ablations: Sequence[Ablation],
    earlier: RetrievalResult | None,
) -> RetrievalResult:
    """The result of all outcomes, beside an earlier one.

    Raises:
        MeasureError: nothing was measured.
    """
    measured = [found for found in outcomes if found.measured]
    failed = (Unmeasured(found.asked.name, found.problem) for found in outcomes if found.problem)
    unmeasured = (*missing, *failed)
    if not measured:
        told = "; ".join(f"{found.name}: {found.reason}" for found in unmeasured)
        raise MeasureError(f"nothing could be measured: {told}", "check the folders that the options name")
    asked = {found.asked.name: found.asked for found in measured}
    return RetrievalResult(
        format=FORMAT,
        source=source.name,
        revision=own_revision(),
        embedder=measured[0].embedder,
        machine=describe_machine(),
        measures=source.measures,
        unmeasured=unmeasured,
        runs=tuple(_runs(measured, asked, ablations, earlier)),
        repositories=tuple(asked.values()),
    )


def _runs(
    outcomes: Sequence[Outcome],
    asked: dict[str, AskedRepository],
    ablations: Sequence[Ablation],
    earlier: RetrievalResult | None,
) -> Iterator[Run]:
    for roots in dict.fromkeys(outcome.roots for outcome in outcomes):
        for place, ablation in enumerate(ablations):
            measured = [outcome.measured[place] for outcome in outcomes if outcome.roots == roots]
            before = scores_of(earlier, roots, ablation) if earlier else {}
            yield summarize_run(roots, ablation, asked, measured, before)
