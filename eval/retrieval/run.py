"""What the jobs found, to one result, whatever the questions are from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.errors import MeasureError
from eval.machine import describe_machine, own_revision
from eval.records import Unmeasured
from eval.retrieval.results import (
    FORMAT,
    AskedRepository,
    RankingRun,
    RepositoryScores,
    RetrievalResult,
    scores_of,
    summarize_run,
)


@dataclass(frozen=True, slots=True)
class RetrievalJobResult:
    """What one job found: a ``RepositoryScores`` for each ablation, or the problem why there are none."""

    roots: str
    asked: AskedRepository
    embedder: str = ""
    measured: tuple[RepositoryScores, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where questions are from, and what is measured on each."""

    name: str
    measures: tuple[str, ...]


def collect_result(
    source: Source,
    results: Sequence[RetrievalJobResult],
    missing: Sequence[Unmeasured],
    ablations: Sequence[str],
    earlier: RetrievalResult | None,
) -> RetrievalResult:
    """One result of what all jobs found, beside an earlier one.

    Raises:
        MeasureError: nothing was measured.
    """
    measured = [found for found in results if found.measured]
    failed = (Unmeasured(found.asked.name, found.problem) for found in results if found.problem)
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
    results: Sequence[RetrievalJobResult],
    asked: dict[str, AskedRepository],
    ablations: Sequence[str],
    earlier: RetrievalResult | None,
) -> Iterator[RankingRun]:
    for roots in dict.fromkeys(result.roots for result in results):
        for place, ablation in enumerate(ablations):
            measured = [result.measured[place] for result in results if result.roots == roots]
            before = scores_of(earlier, roots, ablation) if earlier else {}
            yield summarize_run(roots, ablation, asked, measured, before)
