"""A live result on a terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from eval.live.results import LiveResult
from eval.live.run import AGAIN, WITH
from memory_server.tuning.metrics import Estimate

ROWS = (
    ("turns", "turns", ",.1f"),
    ("tool calls", "calls", ",.1f"),
    ("whole-file reads", "whole_reads", ",.1f"),
    ("wall time, s", "wall_s", ",.1f"),
    ("cost, $", "cost", ",.4f"),
    ("context at the start, tokens", "start", ",.0f"),
    ("context at the end, tokens", "resident", ",.0f"),
    ("tokens sent in all requests", "sent", ",.0f"),
    ("calls of repo-memory", "own_calls", ",.1f"),
    ("correct", "correct", ",.2f"),
)
"""The tables' lines after the cost of a correct answer: title, measure, form."""

_DOLLARS = ",.4f"


def build_report(result: LiveResult) -> Group:
    """Arms side by side, differences beside the noise floor, and which runs say nothing of this product."""
    return Group(_arms(result), _differences(result), *map(Text, _notes(result)))


def _arms(result: LiveResult) -> Table:
    machine = result.machine
    table = Table(
        title=f"{result.repository}: {result.tasks} tasks, {result.repeats} repeats ({result.level})",
        caption=Text(
            f"repo-memory {result.revision}; Claude Code {result.client}, {result.model}\n"
            f"{machine.cpu}, {machine.cores} cores; {result.token_error}"
        ),
    )
    table.add_column("means of a task")
    for arm in result.arms:
        table.add_column(Text(arm.arm), justify="right")
    costs = (arm.cost_per_correct for arm in result.arms)
    table.add_row(
        "cost per correct answer, $", *("-" if cost is None else f"{cost:{_DOLLARS}}" for cost in costs)
    )
    for title, measure, form in ROWS:
        table.add_row(title, *(f"{arm.mean(measure):{form}}" for arm in result.arms))
    return table


def _differences(result: LiveResult) -> Table:
    table = Table(
        title="Differences, paired by task, with 95% bootstrap intervals",
        caption=Text(f"{AGAIN!r} is the noise floor: two arms that are the same; {result.token_error}"),
    )
    table.add_column()
    for found in result.differences:
        table.add_column(Text(f"{found.arm}\nminus {found.against}"), justify="right")
    costs = (found.cost_per_correct for found in result.differences)
    table.add_row(
        "cost per correct answer, $",
        *("-" if cost is None else tell_difference(cost, _DOLLARS) for cost in costs),
    )
    for title, measure, form in ROWS:
        table.add_row(
            title, *(tell_difference(found.difference(measure), form) for found in result.differences)
        )
    return table


def tell_difference(found: Estimate, form: str) -> str:
    """A difference with its interval."""
    return f"{found.mean:{form}} [{found.low:{form}}, {found.high:{form}}]"


def _notes(result: LiveResult) -> list[str]:
    notes = [f"dropped with its task's other arms: {reason}" for reason in result.dropped]
    if result.uncalled:
        runs = sum(arm.runs for arm in result.arms if arm.arm == WITH)
        told = ", ".join(result.uncalled)
        notes.append(
            f"repo-memory's tools were never called in {len(result.uncalled)} of {runs} runs with it: {told}"
        )
    return notes
