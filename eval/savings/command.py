"""The `repo-memory eval savings` command."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
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
    Html,
    Indexes,
    OnlyRepositories,
    Output,
    Processes,
)
from eval.retrieval.ablations import FULL
from eval.retrieval.benchmark import Root, plan_jobs
from eval.retrieval.changes import HistoryJob
from eval.retrieval.labels import LabelledRepository, load_labels
from eval.retrieval.results import hash_query
from eval.savings.page import build_page
from eval.savings.report import build_report
from eval.savings.results import SavingsResult, collect, write_result
from eval.savings.run import SavingsJobResult, measure_commits, measure_labelled
from eval.tokens.count import COUNTED_MODEL, CountBy, Counting
from memory_server.cli.terminal import say
from memory_server.tuning.indexes import index_cache

_RANKING = (FULL,)


def savings(
    bench: Benchmark = None,
    checkouts: Checkouts = None,
    from_git: Histories = None,
    limit: Commits = 20,
    roots: Annotated[
        Root, typer.Option(help="Search the folder that the benchmark names, or the whole check-out.")
    ] = Root.BENCHMARK,
    repo: OnlyRepositories = None,
    count: Annotated[
        CountBy,
        typer.Option(
            help="What counts tokens: the product's estimate, ctok (offline, to be installed), or Anthropic's "
            "endpoint, to which all texts are then sent (needs ANTHROPIC_API_KEY)."
        ),
    ] = CountBy.ESTIMATE,
    model: Annotated[str, typer.Option(help="With --count api: the model that counts.")] = COUNTED_MODEL,
    as_json: AsJson = False,
    output: Output = None,
    html: Html = None,
    indexes: Indexes = None,
    processes: Processes = 2,
) -> None:
    """Measure the tokens until a question's gold is in context, beside reading without an index."""
    store = indexes or index_cache()
    labelled: list[LabelledRepository] = []
    counting = Counting(count, model)
    with exit_on_error():
        token_error = counting.open().error_band
        if notice := counting.notice:
            say(notice, err=True)
        journal = Journal(store / f"unfinished-savings-{counting.key}", SavingsJobResult)
        if from_git:
            jobs = [HistoryJob(path, limit, store, _RANKING) for path in from_git]
            measure = partial(measure_commits, counting=counting)
            measured = measure_all(measure, jobs, processes, journal, "repositories")
            result = collect("history", measured, [], token_error)
        elif bench and checkouts:
            labelled = load_labels(bench, repo or [])
            planned, missing = plan_jobs(labelled, checkouts, (roots,), store, _RANKING)
            asked = partial(measure_labelled, counting=counting)
            measured = measure_all(asked, planned, processes, journal, "repositories")
            result = collect("benchmark", measured, missing, token_error)
        else:
            raise MeasureError("nothing to measure on", NOTHING_TO_MEASURE_HINT)
    if html is not None:
        html.write_text(build_page(result), encoding="utf-8")
    _tell_savings(result, labelled, output, as_json=as_json)


def _tell_savings(
    result: SavingsResult, labelled: Sequence[LabelledRepository], output: Path | None, *, as_json: bool
) -> None:
    """The result in its forms, with the labelled questions in words, and what was not measured."""
    questions = {hash_query(q.query): q.query for found in labelled for q in found.questions}
    tell_result(write_result(result), build_report(result, questions), output, as_json=as_json)
    for found in result.unmeasured:
        say(f"not measured: {found.name}: {found.reason}", err=True)
