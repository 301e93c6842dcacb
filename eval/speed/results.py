"""What the measurement of speed found, as it is written to a file."""

from __future__ import annotations

from dataclasses import dataclass

from eval.machine import Machine
from eval.speed.processes import RunCost

FORMAT = 1
"""Version of the result's layout."""


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
class Growth:
    """The memory of a server in MiB: after the first answer, then after every so many requests, and at most."""

    every: int
    mib: tuple[float, ...]
    most_mib: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one tool took. ``problem`` says why the rest is missing, "" when nothing is.

    ``index`` is the middle run of ``index_runs`` by wall time. ``query`` goes through the MCP server,
    ``query_in_process`` through the Python API. ``growth`` is that of a server over mixed questions,
    ``growth_with_edits`` while files are edited too. ``tools_characters`` is the size of the tools' descriptions
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
    first_answer_cpu_s: float | None = None
    first_answer_mib: float | None = None
    query: Latency | None = None
    query_in_process: Latency | None = None
    answer_characters: int | None = None
    server_mib: float | None = None
    growth: Growth | None = None
    growth_with_edits: Growth | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """The whole result.

    ``replicated_to`` is how many symbols the repository was made to have by copies of itself, 0 for none.
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
    replicated_to: int = 0
