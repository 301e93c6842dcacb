"""``repo-memory eval faults``."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from eval.console import exit_on_error, tell_result
from eval.errors import MeasureError
from eval.faults import clients, contention, corruption, disk, grammars, hostile, kills, soak, torn
from eval.faults.ground.commands import isolated
from eval.faults.trials import (
    FORMAT,
    Fact,
    FaultReport,
    Kind,
    Plan,
    Tell,
    join_reports,
    read_report,
    run_kind,
)
from eval.machine import code_state, describe_machine, own_revision
from eval.options import AsJson, Output
from eval.records import fold_json
from memory_server.cli.terminal import make_console

KINDS: dict[str, Kind] = {
    "kills": kills.trials,
    "corruption": corruption.trials,
    "torn": torn.trials,
    "disk": disk.trials,
    "contention": contention.trials,
    "hostile": hostile.trials,
    "grammars": grammars.trials,
    "soak": soak.trials,
    "clients": clients.trials,
}
"""Every kind of fault."""

QUICK_ROUNDS = 2


def faults(
    only: Annotated[
        list[str] | None,
        typer.Option(help="Try this kind alone: " + ", ".join(KINDS) + ". May be repeated."),
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=0, help="Trials of what is drawn; 0: 20, or 2 with --quick.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="What is drawn; 0: another each time.")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Try few of each sort instead of all.")] = False,
    inputs: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="More code to break, such as the tests of public grammars; for the kind grammars.",
        ),
    ] = None,
    join: Annotated[
        list[Path] | None,
        typer.Option(
            help="A kept result, whose kinds are taken over; others are tried as these were. May be repeated."
        ),
    ] = None,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """Kill, damage, fill, crowd and mislead the product, and judge what it makes of that."""
    with exit_on_error():
        reports = [read_report(path) for path in join or ()]
        if reports:
            seed, rounds, quick = reports[0].seed, reports[0].rounds, reports[0].quick
        done = {kind.kind for report in reports for kind in report.kinds}
        kinds = [find_kind(name) for name in only or KINDS if name not in done]
        seed = seed or random.SystemRandom().randrange(1, 1_000_000)
        rounds = rounds or (QUICK_ROUNDS if quick else 20)
        console = make_console(stderr=True)

        def tell(told: str) -> None:
            console.print(told, markup=False, soft_wrap=True)

        tell(f"seed {seed}")
        if kinds:
            with console.status("starting") as status:
                report = try_all(
                    dict(kinds),
                    seed,
                    rounds,
                    quick=quick,
                    show=lambda told: status.update(Text(told)),
                    tell=tell,
                    inputs=inputs,
                )
            reports.append(report)
        report = join_reports(reports)
    text = fold_json(json.dumps(asdict(report), indent=2))  # in ASCII: names may be no text
    tell_result(text, build_report(report), output, as_json=as_json)
    if report.failed:
        raise typer.Exit(1)


def find_kind(name: str) -> tuple[str, Kind]:
    """A kind by its name.

    Raises:
        MeasureError: there is none.
    """
    if name not in KINDS:
        raise MeasureError(f"no kind of fault {name}", f"use one of: {', '.join(KINDS)}")
    return name, KINDS[name]


def try_all(
    kinds: Mapping[str, Kind],
    seed: int,
    rounds: int,
    *,
    quick: bool,
    show: Tell,
    tell: Tell,
    inputs: Path | None = None,
) -> FaultReport:
    """Try some kinds, each in a folder of its own and with what its name and the seed draw."""
    machine, revision, state = describe_machine(), own_revision(), code_state()
    found = []
    for name, kind in kinds.items():
        with tempfile.TemporaryDirectory(prefix="repo-memory-faults-", ignore_cleanup_errors=True) as folder:
            scratch = Path(os.path.realpath(folder))
            plan = Plan(random.Random(f"{seed} {name}"), rounds, quick, scratch, inputs)
            with isolated(scratch):
                found.append(run_kind(name, kind, plan, show, tell))
    steady = state == code_state()
    return FaultReport(FORMAT, machine, revision, steady, seed, rounds, quick, tuple(found))


def build_report(report: FaultReport) -> RenderableType:
    """The report for a terminal: a line a kind, then every failure and what was left out."""
    title = f"faults of seed {report.seed}, {report.rounds} rounds{', quick' if report.quick else ''}"
    table = Table(title=title)
    for name in ("kind", "trials", "right", "wrong", "left out", "seconds", "besides"):
        table.add_column(name, justify="left" if name in ("kind", "besides") else "right")
    for kind in report.kinds:
        counts = (kind.trials, kind.right, len(kind.failures), len(kind.left_out), kind.seconds)
        table.add_row(kind.kind, *(f"{count:,}" for count in counts), ", ".join(map(_tell, kind.facts)))
    lines = [] if report.steady else ["repo-memory's code changed during the run: try again"]
    for kind in report.kinds:
        for failure in kind.failures:
            lines += [f"wrong: {kind.kind}: {failure.trial}", *(f"  {told}" for told in failure.evidence)]
        lines += [f"left out: {kind.kind}: {item.name}: {item.reason}" for item in kind.left_out]
    return Group(table, Text("\n".join(lines)))


def _tell(fact: Fact) -> str:
    return f"{fact.name} {fact.value:,g}"
