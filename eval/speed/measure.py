"""Speed, memory and disk of this product and its peers, measured side by side on a copy of a repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.errors import MeasureError
from eval.machine import CHECKOUT, Machine, code_state, describe_machine, own_revision, own_version
from eval.speed.peers import CallTemplate, Tool, fill, install_peer, peer_cache
from eval.speed.processes import (
    MIB,
    ProgramContext,
    RunCost,
    ServerSession,
    import_psutil,
    network_guard,
    run_command,
)
from eval.speed.workload import Workload, copy_repository, draw_workload, rename_definitions
from indexers.errors import GitError
from indexers.git import run_git

FORMAT = 1
"""Version of the result's layout."""

OnStage = Callable[[str, str], None]
"""Told the tool's name and the stage that begins."""

_KEPT_OUT = ("XDG_", "CLAUDE", "GIT_", "PYTHON", "REPO_MEMORY_")


@dataclass(frozen=True, slots=True)
class Latency:
    """The middle and the slow end of some waits, in milliseconds."""

    p50_ms: float
    p95_ms: float
    count: int


@dataclass(frozen=True, slots=True)
class Sync:
    """Seconds to take in edits of one and of ten files; None where the tool has no such way."""

    one_file_s: float | None = None
    ten_files_s: float | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one tool took. ``problem`` says why the rest is missing, "" when nothing is.

    ``index`` is the middle run of ``index_runs`` by wall time. ``query`` goes through the MCP server,
    ``query_in_process`` through the Python API. ``tools_characters`` is the size of the tools' descriptions
    as compact JSON, ``answer_characters`` that of the middle answer.
    """

    tool: str
    version: str
    index: RunCost | None = None
    index_runs: tuple[RunCost, ...] = ()
    files: int | None = None
    symbols: int | None = None
    store_mib: float | None = None
    sync_command: Sync = Sync()
    sync_server: Sync = Sync()
    sync_in_process: Sync = Sync()
    initialize_s: float | None = None
    tools_s: float | None = None
    tools_characters: int | None = None
    first_answer_s: float | None = None
    query: Latency | None = None
    query_in_process: Latency | None = None
    answer_characters: int | None = None
    server_mib: float | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """The whole result.

    ``network`` is "off" when the tools ran without one; ``steady`` is False when this product's code changed
    under the measurement, which may have rebuilt its index at any stage.
    """

    format: int
    machine: Machine
    repository: str
    repository_revision: str
    repository_files: int
    revision: str
    steady: bool
    runs: int
    network: str
    queries: tuple[str, ...]
    tools: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class ToolBench:
    """One tool on its own copy of the repository."""

    tool: Tool
    workload: Workload
    places: Mapping[str, str]
    context: ProgramContext
    runs: int

    def command(self, template: Sequence[str]) -> list[str]:
        """A command with its places filled."""
        return [fill(part, self.places) for part in template]

    def call(self, session: ServerSession, call: CallTemplate, query: str = "") -> str:
        """Calls a tool of the running server."""
        return session.call(call.tool, fill(call.arguments, {**self.places, "query": query}))

    def store_paths(self) -> list[Path]:
        """Where the index is."""
        return [Path(path) for path in self.command(self.tool.store)]

    def repository(self) -> Path:
        """The measured copy."""
        return Path(self.places["repo"])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 100) // 100)
    return ordered[max(rank, 1) - 1]


def measure_speed(
    root: Path, tools: Sequence[Tool], runs: int, scratch: Path, on_stage: OnStage
) -> SpeedReport:
    """Measures the tools on copies of ``root`` under ``scratch``, one stage after the other.

    A tool that cannot be installed or run is in the report with the reason.

    Raises:
        MeasureError: The repository cannot be copied or holds no code, or psutil is missing.
    """
    import_psutil()
    machine, code = describe_machine(), code_state()
    on_stage("repository", "copy")
    original = scratch / "original"
    copy_repository(root, original)
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
    )


def prepare(tool: Tool, original: Path, workload: Workload, runs: int, scratch: Path) -> ToolBench:
    """Installs the tool where it is missing and gives it a home and a copy of its own.

    Raises:
        MeasureError: It cannot be installed.
    """
    programs = install_peer(tool, peer_cache()) if tool.registry else Path(sys.executable).parent
    repository = scratch / "repository"
    copy_repository(original, repository)
    folders = {name: scratch / name for name in ("data", "home", "temporary")}
    for folder in folders.values():
        folder.mkdir()
    places = {name: str(folder) for name, folder in folders.items()}
    places |= {"python": sys.executable, "bin": str(programs)}
    places |= {"repo": str(repository), "git": str(repository / ".git")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_OUT)}
    own = {"HOME": places["home"], "USERPROFILE": places["home"], "TMPDIR": places["temporary"]}
    own |= {"DO_NOT_TRACK": "1", "NO_COLOR": "1"}
    if not tool.registry:
        own["PYTHONPATH"] = str(CHECKOUT)
    environment.update(own, **fill(tool.environment, places))
    return ToolBench(tool, workload, places, ProgramContext(repository, environment, network_guard()), runs)


def measure_index(bench: ToolBench, result: Measurement) -> Measurement:
    """Indexes from an empty store, ``runs`` times."""
    usages, output = [], ""
    for _ in range(bench.runs):
        for path in bench.store_paths():
            _empty(path)
        usage, output = _index(bench)
        usages.append(usage)
    stored = sum(map(_size, bench.store_paths()))
    if not stored:
        raise MeasureError("indexing left no index in " + ", ".join(bench.tool.store), "name its real place")
    return replace(
        result,
        index=sorted(usages, key=lambda usage: usage.wall_s)[(len(usages) - 1) // 2],
        index_runs=tuple(usages),
        files=find_count(bench.tool.files, output),
        symbols=find_count(bench.tool.symbols, output),
        store_mib=round(stored / MIB, 2),
    )


def _index(bench: ToolBench) -> tuple[RunCost, str]:
    if not isinstance(bench.tool.index, CallTemplate):
        return run_command(bench.command(bench.tool.index), bench.context)
    with ServerSession(bench.command(bench.tool.serve), bench.context) as session:
        session.initialize()
        output = bench.call(session, bench.tool.index)
    return session.usage, output


def measure_server(bench: ToolBench, result: Measurement) -> Measurement:
    """Starts the server over the existing index, ``runs`` times, and asks the last one every query."""
    queries = bench.workload.queries
    greeted, listed, answered = [], [], []
    waits: list[float] = []
    sizes: list[int] = []
    tools: list[object] = []
    resident = 0.0
    for run in range(bench.runs):
        with ServerSession(bench.command(bench.tool.serve), bench.context) as session:
            greeted.append(session.initialize())
            tools = session.list_tools()
            listed.append(session.age())
            bench.call(session, bench.tool.search, queries[0])
            answered.append(session.age())
            if run == bench.runs - 1:
                for query in queries:
                    started = time.perf_counter()
                    sizes.append(len(bench.call(session, bench.tool.search, query)))
                    waits.append(time.perf_counter() - started)
                resident = session.resident()
    return replace(
        result,
        initialize_s=round(statistics.median(greeted), 3),
        tools_s=round(statistics.median(listed), 3),
        tools_characters=len(json.dumps(tools, ensure_ascii=False, separators=(",", ":"))),
        first_answer_s=round(statistics.median(answered), 3),
        query=_latency(waits),
        answer_characters=round(statistics.median(sizes)),
        server_mib=resident,
    )


def measure_sync(bench: ToolBench, result: Measurement) -> Measurement:
    """Syncs real edits with a fresh command and with a call to a running server, where there is one."""
    tool = bench.tool
    command, server = Sync(), Sync()
    if tool.sync is not None:
        arguments = bench.command(tool.sync)
        command = _sync(bench, "c", lambda: run_command(arguments, bench.context))
    if tool.warm_sync is not None:
        call = tool.warm_sync
        with ServerSession(bench.command(tool.serve), bench.context) as session:
            session.initialize()
            bench.call(session, call)
            server = _sync(bench, "s", lambda: bench.call(session, call))
    return replace(result, sync_command=command, sync_server=server)


def measure_in_process(bench: ToolBench, result: Measurement) -> Measurement:
    """Syncs and searches through this product's Python API, in a process that is already warm."""
    if not bench.tool.in_process:
        return result
    from memory_server import Memory

    queries = bench.workload.queries
    memory = Memory.open(bench.repository())
    try:
        memory.sync()
        sync = _sync(bench, "p", memory.sync)
        memory.search(queries[0], limit=10)
        waits = []
        for query in queries:
            started = time.perf_counter()
            memory.search(query, limit=10)
            waits.append(time.perf_counter() - started)
    finally:
        memory.close()
    return replace(result, sync_in_process=sync, query_in_process=_latency(waits))


Stage = Callable[[ToolBench, Measurement], Measurement]

STAGES: Mapping[str, Stage] = {
    "index": measure_index,
    "server": measure_server,
    "sync": measure_sync,
    "in process": measure_in_process,
}
"""What is measured of every tool, in order; the first stage that fails is the tool's last."""


def _take(title: str, stage: Stage, bench: ToolBench, result: Measurement) -> Measurement:
    try:
        return stage(bench, result)
    except (MeasureError, GitError) as error:
        return replace(result, problem=f"{title}: {error}")


def _sync(bench: ToolBench, mark: str, sync: Callable[[], object]) -> Sync:
    edits = bench.workload.edits
    ones: list[float] = []
    tens: list[float] = []
    for run in range(bench.runs):
        for files, seconds, letter in ((edits[:1], ones, "a"), (edits, tens, "b")):
            rename_definitions(bench.repository(), files, f"_{mark}{run}{letter}")
            started = time.perf_counter()
            sync()
            seconds.append(time.perf_counter() - started)
            run_git(bench.repository(), "checkout", "--quiet", "--", ".")
            sync()
    return Sync(round(statistics.median(ones), 3), round(statistics.median(tens), 3))


def find_count(pattern: str, output: str) -> int | None:
    """The number that ``pattern`` captures in ``output``, or None."""
    found = re.search(pattern, output) if pattern else None
    return int(found[1].replace(",", "")) if found else None


def _latency(waits: Sequence[float]) -> Latency:
    middle, slow = (round(percentile(waits, share) * 1000, 2) for share in (0.5, 0.95))
    return Latency(middle, slow, len(waits))


def _empty(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
