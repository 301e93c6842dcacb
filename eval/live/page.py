"""A live result as one page."""

from __future__ import annotations

import numpy as np

from eval.live.report import ROWS, tell_difference
from eval.live.results import LiveResult, estimate_cost_per_correct, keep_whole
from eval.live.run import AGAIN, WINDOWS, WITH, WITHOUT, TrialRun
from eval.pages.document import build_document, note, paragraph, section, table, tiles
from eval.pages.plots import Bar, BarPart, Dot, DotRow, Ink, Tone, key, plot_bars, plot_dots, scale

_INKS = {
    WITHOUT: Ink(Tone.ORANGE),
    WITH: Ink(Tone.BLUE),
    AGAIN: Ink(Tone.ORANGE, 1),
    WINDOWS: Ink(Tone.PURPLE),
}


def build_page(result: LiveResult) -> str:
    """The page: cost per correct answer by arm, the context at the end by task and arm, turns, all differences."""
    parts = [
        paragraph(f"{result.repository}: {result.tasks} tasks, {result.repeats} repeats ({result.level})."),
        _headline(result),
        _costs(result),
        _contexts(result),
        _turns(result),
        _measures(result),
        section("Conditions", "", *map(note, _conditions(result))),
    ]
    return build_document("What tasks cost with and without the server", parts)


def _headline(result: LiveResult) -> str:
    shown = [arm for arm in result.arms if arm.arm in {WITH, WITHOUT}]
    costs = [
        (
            "-" if arm.cost_per_correct is None else f"${arm.cost_per_correct:,.3f}",
            f"per correct answer, {arm.arm}",
        )
        for arm in shown
    ]
    right = [(f"{arm.mean('correct'):.0%}", f"of the answers correct, {arm.arm}") for arm in shown]
    return tiles([*costs, *right])


def _costs(result: LiveResult) -> str:
    found = [(arm.arm, estimate_cost_per_correct(_runs(result, arm.arm))) for arm in result.arms]
    rows = [
        DotRow(
            arm,
            () if cost is None else (Dot("cost", _INKS[arm], cost.mean, cost.low, cost.high),),
            "no correct answer" if cost is None else f"${cost.mean:,.3f}",
        )
        for arm, cost in found
    ]
    highest = [cost.high for _, cost in found if cost is not None]
    return section(
        "Cost per correct answer",
        "What all runs of an arm cost over its correct answers, with 95% bootstrap intervals over tasks. Two arms can "
        "differ surely though their intervals overlap: the differences below are paired by task.",
        plot_dots(scale("dollars per correct answer", highest, "${:,.2f}".format), rows),
    )


def _contexts(result: LiveResult) -> str:
    """A row a task, a dot an arm."""
    arms = [arm.arm for arm in result.arms]
    rows = [
        DotRow(task, tuple(Dot(arm, _INKS[arm], _mean_context(result, arm, task)) for arm in arms))
        for task in sorted({run.task for run in _runs(result, WITHOUT)})
    ]
    axis = scale(
        "tokens in the last request", (dot.value for row in rows for dot in row.dots), "{:,.0f}".format
    )
    return section(
        "Context at the end",
        "Means over a task's repeats.",
        key([(arm, _INKS[arm]) for arm in arms], "dots"),
        plot_dots(axis, rows),
    )


def _runs(result: LiveResult, arm: str) -> list[TrialRun]:
    return [run for run in keep_whole(result.runs) if run.arm == arm]


def _mean_context(result: LiveResult, arm: str, task: str) -> float:
    return float(np.mean([run.conversation.resident for run in _runs(result, arm) if run.task == task]))


def _turns(result: LiveResult) -> str:
    bars = [
        Bar(arm.arm, (BarPart("turns", _INKS[arm.arm], arm.mean("turns")),), f"{arm.mean('turns'):.1f}")
        for arm in result.arms
    ]
    axis = scale("turns of a task", (arm.mean("turns") for arm in result.arms), "{:,.0f}".format)
    return section("Turns", "Replies of the main agent, mean over tasks.", plot_bars(axis, bars))


def _measures(result: LiveResult) -> str:
    arms = [(title, *(f"{arm.mean(name):{form}}" for arm in result.arms)) for title, name, form in ROWS]
    differences = [
        (title, *(tell_difference(found.difference(name), form) for found in result.differences))
        for title, name, form in ROWS
    ]
    against = (f"{found.arm} minus {found.against}" for found in result.differences)
    return section(
        "All measures",
        f"Means of a task, and differences paired by task with 95% bootstrap intervals; “{AGAIN}” is the noise floor.",
        table(("means of a task", *(arm.arm for arm in result.arms)), arms),
        table(("differences", *against), differences),
    )


def _conditions(result: LiveResult) -> list[str]:
    machine = result.machine
    return [
        f"Claude Code {result.client}, {result.model}; {result.token_error}. {result.repository} at "
        f"{result.repository_revision}.",
        f"repo-memory {result.revision}; {machine.cpu}, {machine.cores} cores.",
        *(f"Dropped with its task's other arms: {reason}" for reason in result.dropped),
        *(f"repo-memory's tools were never called: {name}" for name in result.uncalled),
    ]
