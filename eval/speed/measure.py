"""Speed, memory and disk of this product and its peers, measured side by side on a copy of a repository."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from eval.copies import copy_repository
from eval.errors import MeasureError
from eval.machine import code_state, describe_machine, own_revision, own_version
from eval.speed.bench import ToolBench, prepare
from eval.speed.peers import Tool
from eval.speed.processes import import_psutil, network_guard
from eval.speed.replicate import replicate
from eval.speed.results import FORMAT, Measurement, SpeedReport
from eval.speed.stages import STAGES, Stage
from eval.speed.workload import draw_workload
from indexers.errors import GitError

OnStage = Callable[[str, str], None]
"""Told the tool's name and the stage that begins."""


def measure_speed(
    root: Path, tools: Sequence[Tool], runs: int, scratch: Path, on_stage: OnStage, symbols: int = 0
) -> SpeedReport:
    """Measures the tools on copies of ``root`` under ``scratch``, one stage after the other.

    With ``symbols``, the repository is replicated under changed names until it has as many.

    A tool that cannot be installed or run is in the report with the reason.

    Raises:
        MeasureError: The repository cannot be copied or holds no code, or psutil is missing.
    """
    import_psutil()
    machine, code = describe_machine(), code_state()
    on_stage("repository", "copy")
    original = scratch / "original"
    copy_repository(root, original)
    if symbols:
        on_stage("repository", f"copies, up to {symbols:,} symbols")
        symbols = replicate(original, symbols)
    workload = draw_workload(original)
    measured = {tool.name: Measurement(tool.name, tool.version or own_version()) for tool in tools}
    benches: dict[str, ToolBench] = {}
    for tool in tools:
        on_stage(tool.name, "install")
        try:
            benches[tool.name] = prepare(tool, original, workload, runs, scratch / tool.name)
        except MeasureError as error:
            measured[tool.name] = replace(measured[tool.name], problem=f"install: {error}")
    # Stage by stage, so that whatever else the machine does meets every tool.
    for title, stage in STAGES.items():
        for name, bench in benches.items():
            if not measured[name].problem:
                on_stage(name, title)
                measured[name] = _take(title, stage, bench, measured[name])
    return SpeedReport(
        format=FORMAT,
        machine=machine,
        repository=root.resolve().name,
        repository_revision=workload.revision,
        repository_files=workload.files,
        revision=own_revision(),
        steady=code_state() == code,
        runs=runs,
        network="off" if network_guard() else "not cut off",
        queries=workload.queries,
        tools=tuple(measured.values()),
        replicated_to=symbols,
    )


def _take(title: str, stage: Stage, bench: ToolBench, result: Measurement) -> Measurement:
    try:
        return stage(bench, result)
    except (MeasureError, GitError) as error:
        return replace(result, problem=f"{title}: {error}")
