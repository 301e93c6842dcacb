"""The `repo-memory eval retrieval` command."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from eval.console import exit_on_error, tell_result
from eval.errors import MeasureError
from eval.journal import Journal, measure_all
from eval.options import (
    NOTHING_TO_MEASURE_HINT,
    AsJson,
    Benchmark,
    Checkouts,
    Commits,
    Histories,
    Indexes,
    OnlyRepositories,
    Output,
    Processes,
)
from eval.retrieval import benchmark, changes
from eval.retrieval.ablations import FULL, RIPGREP, choose_ablations
from eval.retrieval.benchmark import Root, measure_job, plan_jobs
from eval.retrieval.changes import HistoryJob, measure_history
from eval.retrieval.labels import load_labels
from eval.retrieval.report import build_report
from eval.retrieval.results import read_result, write_result
from eval.retrieval.run import RetrievalJobResult, Source, collect_result
from memory_server.cli.terminal import say
from memory_server.tuning.indexes import index_cache

BENCHMARK = Source("benchmark", benchmark.MEASURES)
HISTORY = Source("history", changes.MEASURES)


class Roots(StrEnum):
    """Which ``Root`` is indexed, or both one after the other."""

    BENCHMARK = "benchmark"
    REPOSITORY = "repository"
    BOTH = "both"


def retrieval(
    bench: Benchmark = None,
    checkouts: Checkouts = None,
    from_git: Histories = None,
    limit: Commits = 20,
    roots: Annotated[
        Roots, typer.Option(help="Index the folder that the benchmark names, the whole check-out, or both.")
    ] = Roots.BENCHMARK,
    repo: OnlyRepositories = None,
    ablation: Annotated[
        list[str] | None,
        typer.Option(
            help="Rank so: full, bm25, dense, no-graph, ripgrep, or no-SIGNAL for any one signal; may be repeated."
        ),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Earlier result to show the change from, paired by query.")
    ] = None,
    as_json: AsJson = False,
    output: Output = None,
    indexes: Indexes = None,
    processes: Processes = 2,
) -> None:
    """Measure what a search finds: on labelled repositories, or on what a history's commits changed."""
    store = indexes or index_cache()
    with exit_on_error():
        ablations = choose_ablations(ablation or [FULL])
        earlier = read_result(against) if against else None
        journal = Journal(store / "unfinished-retrieval", RetrievalJobResult)
        if from_git:
            if RIPGREP in ablations:
                raise MeasureError("ripgrep has no reply of ours to measure", "measure it with --bench")
            jobs = [HistoryJob(path, limit, store, ablations) for path in from_git]
            measured = measure_all(measure_history, jobs, processes, journal, "repositories")
            result = collect_result(HISTORY, measured, [], ablations, earlier)
        elif bench and checkouts:
            chosen = tuple(Root) if roots is Roots.BOTH else (Root(roots.value),)
            planned, missing = plan_jobs(load_labels(bench, repo or []), checkouts, chosen, store, ablations)
            measured = measure_all(measure_job, planned, processes, journal, "repositories")
            result = collect_result(BENCHMARK, measured, missing, ablations, earlier)
        else:
            raise MeasureError("nothing to measure on", NOTHING_TO_MEASURE_HINT)
    tell_result(write_result(result), build_report(result), output, as_json=as_json)
    for found in result.unmeasured:
        say(f"not measured: {found.name}: {found.reason}", err=True)
