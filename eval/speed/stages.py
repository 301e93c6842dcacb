"""What is measured of a tool, a stage each: indexing, the server, syncing, the API in a warm process."""

from __future__ import annotations

import json
import re
import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from eval.errors import MeasureError
from eval.speed.bench import ToolBench
from eval.speed.peers import CallTemplate
from eval.speed.processes import MIB, RunCost, ServerSession, run_command
from eval.speed.results import Growth, Latency, Measurement, Sync
from eval.speed.workload import rename_definitions
from indexers.git import run_git


def measure_index(bench: ToolBench, result: Measurement) -> Measurement:
    """Indexes from an empty store, ``runs`` times."""
    costs, output = [], ""
    for _ in range(bench.runs):
        for path in bench.store_paths():
            _empty(path)
        cost, output = _index(bench)
        costs.append(cost)
    stored = sum(map(_size, bench.store_paths()))
    if not stored:
        raise MeasureError("indexing left no index in " + ", ".join(bench.tool.store), "name its real place")
    return replace(
        result,
        index=sorted(costs, key=lambda cost: cost.wall_s)[(len(costs) - 1) // 2],
        index_runs=tuple(costs),
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
    return session.cost, output


def measure_server(bench: ToolBench, result: Measurement) -> Measurement:
    """Starts the server over the existing index, ``runs`` times, and asks the last one every query."""
    queries = bench.workload.queries
    greeted, listed, answered, spent, first = [], [], [], [], []
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
            spent.append(session.cpu())
            first.append(session.resident())
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
        first_answer_cpu_s=round(statistics.median(spent), 2),
        first_answer_mib=statistics.median(first),
        query=_latency(waits),
        answer_characters=round(statistics.median(sizes)),
        server_mib=resident,
    )


REQUESTS, SAMPLED, EDITED = 1_000, 50, 100
"""Requests over which a server's memory is told, how often, and after how many a file is edited."""


def measure_growth(bench: ToolBench, result: Measurement) -> Measurement:
    """Asks a server mixed questions, and then another one while files are edited."""
    still = _grow(bench, edited=0)
    edited = _grow(bench, edited=EDITED)
    run_git(bench.repository(), "checkout", "--quiet", "--", ".")
    return replace(result, growth=still, growth_with_edits=edited)


def _grow(bench: ToolBench, edited: int) -> Growth:
    queries, definitions = bench.workload.queries, bench.workload.definitions
    questions = bench.tool.questions or (bench.tool.search,)
    with ServerSession(bench.command(bench.tool.serve), bench.context) as session:
        session.initialize()
        bench.call(session, bench.tool.search, queries[0])
        sizes = [session.resident()]
        for number in range(1, REQUESTS + 1):
            path = definitions[number % len(definitions)].path
            bench.call(session, questions[number % len(questions)], queries[number % len(queries)], path)
            if number % SAMPLED == 0:
                sizes.append(session.resident())
            if edited and number % edited == 0:
                file = bench.workload.edits[number // edited % len(bench.workload.edits)]
                rename_definitions(bench.repository(), [file], f"_g{number}")
    return Growth(SAMPLED, tuple(sizes), max(sizes))


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
    """Syncs and ranks through this product's Python API, in a process that is already warm."""
    if not bench.tool.in_process:
        return result
    from memory_server import Memory

    queries = bench.workload.queries
    memory = Memory.open(bench.repository())
    try:
        memory.sync()
        sync = _sync(bench, "p", memory.sync)
        memory.rank(queries[0], limit=10)
        waits = []
        for query in queries:
            started = time.perf_counter()
            memory.rank(query, limit=10)
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
    "growth": measure_growth,
}
"""What is measured of every tool, in order; the first stage that fails is the tool's last."""


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


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 100) // 100)
    return ordered[max(rank, 1) - 1]


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
