"""The `repo-memory eval exact` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eval.console import exit_on_error, tell_result
from eval.exact.measure import ExactJob, ExactJobResult, measure_exact
from eval.exact.report import build_report
from eval.exact.results import collect_result, write_result
from eval.journal import Journal, measure_all
from eval.options import AsJson, Indexes, Output, Processes
from memory_server.tuning.indexes import index_cache


def exact(
    repo: Annotated[list[Path], typer.Option(help="Repository to sample from; may be repeated.")],
    limit: Annotated[int, typer.Option(min=3, help="Texts of a repository, a third of each kind.")] = 50,
    seed: Annotated[int, typer.Option(help="What is drawn.")] = 4711,
    as_json: AsJson = False,
    output: Output = None,
    indexes: Indexes = None,
    processes: Processes = 2,
) -> None:
    """Measure whether text that stands literally in a repository is found: messages, options and keys."""
    store = indexes or index_cache()
    with exit_on_error():
        jobs = [ExactJob(path.resolve(), limit, seed, store) for path in repo]
        journal = Journal(store / "unfinished-exact", ExactJobResult)
        result = collect_result(measure_all(measure_exact, jobs, processes, journal, "repositories"), seed)
    tell_result(write_result(result), build_report(result), output, as_json=as_json)
