"""A retrieval result on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group as Together
from rich.table import Table
from rich.text import Text

from eval.retrieval.results import GroupScores, RankingRun, RetrievalResult
from memory_server.tuning.metrics import Estimate

KINDS = ("all", "category", "language", "repository")


def build_report(result: RetrievalResult) -> Together:
    """Every run side by side, a line per group of questions, then what could not be measured."""
    machine = result.machine
    caption = f"repo-memory {result.revision}, {result.embedder}; {machine.cpu}, {machine.cores} cores"
    tables = [
        _table(runs, measure, place, caption)
        for place, measure in enumerate(result.measures)
        for runs in _by_roots(result.runs)
    ]
    missing = [Text(f"not measured: {found.name}: {found.reason}") for found in result.unmeasured]
    return Together(*tables, *missing)


def _by_roots(runs: Sequence[RankingRun]) -> list[list[RankingRun]]:
    return [[run for run in runs if run.roots == roots] for roots in dict.fromkeys(run.roots for run in runs)]


def _table(runs: Sequence[RankingRun], measure: str, place: int, caption: str) -> Table:
    table = Table(title=f"{measure}, indexed from: {runs[0].roots}", caption=Text(caption))
    table.add_column()
    table.add_column("n", justify="right")
    for run in runs:
        table.add_column(Text(run.ablation), justify="right")
    for kind in KINDS:
        for groups in zip(
            *([group for group in run.groups if group.kind == kind] for run in runs), strict=True
        ):
            name = f"mean over {groups[0].name}" if kind == "all" else groups[0].name
            table.add_row(name, str(groups[0].count), *(_cell(group, place, kind) for group in groups))
        table.add_section()
    table.add_row("query, p50 ms", "", *(f"{run.query_p50_ms:.1f}" for run in runs))
    return table


def _cell(group: GroupScores, place: int, kind: str) -> str:
    """The mean, the interval of the overall ones, and the change where there is an earlier run."""
    text = f"{group.values[place].mean:.3f}"
    if kind == "all":
        text += f" {_interval(group.values[place], '.3f')}"
    if group.changes is not None and place < len(group.changes):
        change = group.changes[place]
        text += f"  {change.mean:+.3f} {_interval(change, '+.3f')}"
    return text


def _interval(estimate: Estimate, form: str) -> str:
    return f"[{estimate.low:{form}}, {estimate.high:{form}}]"
