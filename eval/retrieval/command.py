"""The `repo-memory eval retrieval` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from eval.machine import describe_machine, own_revision
from eval.processes import MeasureError
from eval.retrieval.ablations import Ablation
from eval.retrieval.benchmark import MEASURES, ROOTS, Job, Outcome, measure_job, plan_jobs, run_jobs
from eval.retrieval.indexes import index_cache
from eval.retrieval.labels import LabelledRepository, load_labels
from eval.retrieval.report import build_report
from eval.retrieval.results import (
    FORMAT,
    Asked,
    AskedRepository,
    RetrievalResult,
    Run,
    Unmeasured,
    read_result,
    scores_of,
    summarize_run,
    write_result,
)


class Roots(StrEnum):
    """Which folder of a check-out is indexed."""

    benchmark = "benchmark"
    repository = "repository"
    both = "both"


def retrieval(
    bench: Annotated[Path, typer.Option(help="Folder with repos.json and annotations/<name>.json.")],
    checkouts: Annotated[Path, typer.Option(help="Folder with a check-out <name> of each repository.")],
    roots: Annotated[
        Roots, typer.Option(help="Index the folder that the benchmark names, the whole check-out, or both.")
    ] = Roots.benchmark,
    repo: Annotated[list[str] | None, typer.Option(help="Only this repository; may be repeated.")] = None,
    ablation: Annotated[
        list[Ablation] | None, typer.Option(help="Rank so; may be repeated. Without it: full.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Earlier result to show the change from, paired by query.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    output: Annotated[Path | None, typer.Option(help="File to write the JSON to.")] = None,
    indexes: Annotated[
        Path | None, typer.Option(help="Folder to keep the indexes in; without it, the user's cache.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Repositories measured at once.")] = 2,
) -> None:
    """Measure what a search finds on labelled repositories: NDCG@10, by category and language."""
    try:
        earlier = read_result(against) if against else None
        repositories = load_labels(bench, repo or [])
        chosen = ROOTS if roots is Roots.both else (roots.value,)
        ablations = tuple(dict.fromkeys(ablation or [Ablation.FULL]))
        jobs, missing = plan_jobs(repositories, checkouts, chosen, indexes or index_cache(), ablations)
        outcomes = _measure(jobs, processes)
        result = _collect(repositories, outcomes, missing, ablations, earlier)
    except MeasureError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}\n\nhint: {error.hint}", markup=False)
        raise typer.Exit(1) from error
    text = write_result(result)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if as_json or not sys.stdout.isatty():
        typer.echo(text, nl=False)
    else:
        Console().print(build_report(result))
    for found in result.unmeasured:
        typer.echo(f"not measured: {found.name}: {found.reason}", err=True)


def _measure(jobs: Sequence[Job], processes: int) -> list[Outcome]:
    """Every job's outcome, in the order of the jobs; what is done shows on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    outcomes = []
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("repositories", total=len(jobs))
        for outcome in run_jobs(measure_job, jobs, min(processes, len(jobs) or 1)):
            outcomes.append(outcome)
            progress.update(task, advance=1, description=outcome.name)
    order = {(job.repository.name, job.roots): place for place, job in enumerate(jobs)}
    return sorted(outcomes, key=lambda outcome: order[outcome.name, outcome.roots])


def _collect(
    repositories: Sequence[LabelledRepository],
    outcomes: Sequence[Outcome],
    missing: Sequence[Unmeasured],
    ablations: Sequence[Ablation],
    earlier: RetrievalResult | None,
) -> RetrievalResult:
    """The result of all outcomes.

    Raises:
        MeasureError: nothing was measured.
    """
    failed = [Unmeasured(found.name, found.problem) for found in outcomes if found.problem]
    measured = [found for found in outcomes if found.measured]
    unmeasured = (*missing, *failed)
    if not measured:
        told = "; ".join(f"{found.name}: {found.reason}" for found in unmeasured)
        raise MeasureError(
            f"nothing could be measured: {told}", "pass --checkouts with a folder of check-outs by name"
        )
    found = {outcome.name for outcome in measured}
    asked = {
        repository.name: AskedRepository(
            repository.name,
            repository.language,
            repository.revision,
            tuple(Asked(question.query, question.category) for question in repository.questions),
        )
        for repository in repositories
        if repository.name in found
    }
    return RetrievalResult(
        format=FORMAT,
        source="benchmark",
        revision=own_revision(),
        embedder=measured[0].embedder,
        machine=describe_machine(),
        measures=MEASURES,
        unmeasured=unmeasured,
        runs=tuple(_runs(measured, asked, ablations, earlier)),
        repositories=tuple(asked.values()),
    )


def _runs(
    outcomes: Sequence[Outcome],
    asked: dict[str, AskedRepository],
    ablations: Sequence[Ablation],
    earlier: RetrievalResult | None,
) -> list[Run]:
    runs = []
    for roots in dict.fromkeys(outcome.roots for outcome in outcomes):
        for place, ablation in enumerate(ablations):
            measured = [outcome.measured[place] for outcome in outcomes if outcome.roots == roots]
            before = scores_of(earlier, roots, ablation) if earlier else {}
            runs.append(summarize_run(roots, ablation, asked, measured, before))
    return runs
