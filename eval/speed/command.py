"""``repo-memory eval speed``."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from eval.console import exit_on_error, tell_result
from eval.options import AsJson, Output, Repository
from eval.speed.measure import measure_speed
from eval.speed.peers import OWN, PEERS, Tool, find_peer
from eval.speed.results import Measurement, SpeedReport
from memory_server.cli.terminal import make_console


def speed(
    repo: Repository = Path(),
    peer: Annotated[
        list[str] | None,
        typer.Option(
            help="Tool to measure too: "
            + ", ".join(tool.name for tool in PEERS)
            + ". Installed on first use."
        ),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each measure; the middle one counts.")] = 3,
    symbols: Annotated[
        int,
        typer.Option(
            min=0, help="Measure on copies of the code under changed names, until there are so many symbols."
        ),
    ] = 0,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """Measure index and sync time, memory, disk, start and query time, beside other tools."""
    with exit_on_error():
        report = _measure(repo, [OWN, *map(find_peer, peer or [])], runs, symbols)
    text = json.dumps(asdict(report), indent=2, ensure_ascii=False)
    tell_result(text + "\n", build_table(report), output, as_json=as_json)


def _measure(repo: Path, tools: list[Tool], runs: int, symbols: int) -> SpeedReport:
    with (
        tempfile.TemporaryDirectory(prefix="repo-memory-speed-", ignore_cleanup_errors=True) as scratch,
        make_console(stderr=True).status("starting") as status,
    ):

        def show(tool: str, stage: str) -> None:
            status.update(f"{tool}: {stage}")

        return measure_speed(repo.resolve(), tools, runs, Path(scratch), show, symbols)


ROWS = (
    ("index, s", "index.wall_s"),
    ("index, CPU s", "index.cpu_s"),
    ("index, peak MiB of all processes", "index.peak_tree_mib"),
    ("index, peak MiB of one process", "index.peak_process_mib"),
    ("store, MiB", "store_mib"),
    ("files", "files"),
    ("symbols", "symbols"),
    ("sync of 1 file by command, s", "sync_command.one_file_s"),
    ("sync of 10 files by command, s", "sync_command.ten_files_s"),
    ("sync of 1 file by server, s", "sync_server.one_file_s"),
    ("sync of 10 files by server, s", "sync_server.ten_files_s"),
    ("sync of 1 file in process, s", "sync_in_process.one_file_s"),
    ("sync of 10 files in process, s", "sync_in_process.ten_files_s"),
    ("start to initialize, s", "initialize_s"),
    ("start to tools/list, s", "tools_s"),
    ("start to first answer, s", "first_answer_s"),
    ("start to first answer, CPU s", "first_answer_cpu_s"),
    ("server at the first answer, MiB", "first_answer_mib"),
    ("query by server, p50 ms", "query.p50_ms"),
    ("query by server, p95 ms", "query.p95_ms"),
    ("ranking in process, p50 ms", "query_in_process.p50_ms"),
    ("ranking in process, p95 ms", "query_in_process.p95_ms"),
    ("tool descriptions, characters", "tools_characters"),
    ("answer, characters (middle)", "answer_characters"),
    ("server after the queries, MiB", "server_mib"),
    ("server over 1,000 questions, most MiB", "growth.most_mib"),
    ("the same with edits, most MiB", "growth_with_edits.most_mib"),
)
"""The table's lines: what is measured, and where it stands in a measurement."""


def build_table(report: SpeedReport) -> Table:
    """The report for a terminal: a line per measure, a column per tool, the problems underneath."""
    machine = report.machine
    caption = [f"{machine.cpu}, {machine.cores} cores, load {machine.load}, network {report.network}"]
    caption += [] if report.steady else ["repo-memory's code changed during the run: measure again"]
    caption += [f"{tool.tool}: {tool.problem}" for tool in report.tools if tool.problem]
    table = Table(
        title=f"{report.repository}, {report.repository_files} files, middle of {report.runs} runs",
        caption=Text("\n".join(caption)),
    )
    table.add_column()
    for tool in report.tools:
        table.add_column(Text(f"{tool.tool}\n{tool.version}"), justify="right")
    for title, path in ROWS:
        values = [read_measure(tool, path) for tool in report.tools]
        if any(value is not None for value in values):
            table.add_row(title, *("-" if value is None else f"{value:,}" for value in values))
    return table


def read_measure(measurement: Measurement, path: str) -> float | None:
    """The number at a dotted path, None where it or what it belongs to was not measured."""
    value: object = measurement
    for name in path.split("."):
        value = None if value is None else getattr(value, name)
    return value if isinstance(value, int | float) else None
