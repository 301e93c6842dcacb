"""Programs under measurement: what a process tree costs, and how long an MCP server takes to answer."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType, TracebackType
from typing import IO, Any, Self

from eval.errors import MeasureError

SAMPLE_SECONDS = 0.02
"""How often memory is sampled: one sample costs about 2 ms, so a tenth of one core at most."""

MIB = 1024 * 1024
_PROTOCOL = "2025-06-18"
_GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ProgramContext:
    """How a program runs: its folder, its whole environment, what stands before it, its limit in seconds."""

    folder: Path
    environment: Mapping[str, str]
    prefix: tuple[str, ...] = ()
    limit: float = 3600.0


@dataclass(frozen=True, slots=True)
class RunCost:
    """What one run took: seconds, and peak memory in MiB of the whole tree and of its largest process."""

    wall_s: float
    cpu_s: float
    peak_tree_mib: float
    peak_process_mib: float


@cache
def network_guard() -> tuple[str, ...]:
    """The command prefix that runs a program without a network, or () where the system has none."""
    guard = ("unshare", "--map-root-user", "--net")
    if shutil.which(guard[0]) is None:
        return ()
    tried = subprocess.run([*guard, "true"], capture_output=True, check=False)
    return guard if tried.returncode == 0 else ()


class TreeMonitor:
    """Samples the memory of a process and all its descendants in a thread, from ``start`` to ``stop``.

    The tree's memory is the sum of proportional set sizes, so pages that forked workers share count once;
    where the system does not report those, the sum of resident set sizes.
    """

    def __init__(self, pid: int) -> None:
        self._psutil = import_psutil()
        self._root = self._psutil.Process(pid)
        self._seen: set[Any] = set()
        self._done = threading.Event()
        self.peak_tree = 0
        self.peak_process = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops sampling and ends the descendants that outlived their parent."""
        self._done.set()
        self._thread.join()
        left = [process for process in self._seen if process != self._root and process.is_running()]
        for process in left:
            with suppress(self._psutil.Error):
                process.terminate()

    def resident(self) -> int:
        """The tree's memory in bytes right now."""
        total = sum(_proportional_size(pid) or size for pid, size in self._sizes().items())
        self.peak_tree = max(self.peak_tree, total)
        return total

    def cpu(self) -> float:
        """The processor time of the tree so far, in seconds."""
        seconds = 0.0
        with suppress(self._psutil.Error):
            for process in [self._root, *self._root.children(recursive=True)]:
                with suppress(self._psutil.Error):
                    spent = process.cpu_times()
                    seconds += spent.user + spent.system
        return seconds

    def _sizes(self) -> dict[int, int]:
        sizes: dict[int, int] = {}
        with suppress(self._psutil.Error):
            tree = [self._root, *self._root.children(recursive=True)]
            self._seen.update(tree)
            for process in tree:
                with suppress(self._psutil.Error):
                    sizes[process.pid] = process.memory_info().rss
        return sizes

    def _watch(self) -> None:
        while True:
            sizes = self._sizes()
            self.peak_process = max(self.peak_process, *sizes.values(), 0)
            # Proportional never exceeds resident, so the dearer reading waits for a possible peak.
            if sum(sizes.values()) > self.peak_tree:
                total = sum(_proportional_size(pid) or size for pid, size in sizes.items())
                self.peak_tree = max(self.peak_tree, total)
            if self._done.wait(SAMPLE_SECONDS):
                return


class _Program:
    """A started program with its monitor, its errors in a temporary file and its limit of time."""

    def __init__(
        self, command: Sequence[str], context: ProgramContext, stdin: int, stdout: int | IO[bytes]
    ) -> None:
        self.command = [*context.prefix, *command]
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in finish()
        self._cpu = _children_cpu()
        self.started = time.perf_counter()
        try:
            self.process = subprocess.Popen(
                self.command, stdin=stdin, stdout=stdout, stderr=self._errors,
                env=dict(context.environment), cwd=context.folder,
            )  # fmt: skip
        except OSError as error:
            self._errors.close()
            raise MeasureError(f"cannot start {command[0]}: {error}", "check that it is installed") from error
        self._limit = threading.Timer(context.limit, self.process.kill)
        self._limit.daemon = True
        self._limit.start()
        self.monitor = TreeMonitor(self.process.pid)

    def finish(self) -> RunCost:
        """Waits for the end and says what the run took."""
        self.process.wait()
        wall = time.perf_counter() - self.started
        self._limit.cancel()
        self.monitor.stop()
        self._errors.close()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return RunCost(
            round(wall, 3), round(_children_cpu() - self._cpu, 3),
            round(self.monitor.peak_tree / MIB, 1), round(self.monitor.peak_process / MIB, 1),
        )  # fmt: skip

    def failure(self, what: str) -> MeasureError:
        """The error that quotes the last line the program wrote about itself."""
        if self._limit.finished.is_set():
            what = f"ran over its limit of {self._limit.interval:.0f} s"
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        said = f": {lines[-1].strip()[:300]}" if lines else ""
        return MeasureError(f"{what}{said}", "run it by hand: " + " ".join(self.command))


def run_command(command: Sequence[str], context: ProgramContext) -> tuple[RunCost, str]:
    """Runs a command to its end: what it took and what it printed.

    Raises:
        MeasureError: It cannot be started, runs over the limit or exits with an error.
    """
    # A file, not a pipe: a process left behind could hold a pipe open for ever.
    with tempfile.TemporaryFile() as output:
        program = _Program(command, context, subprocess.DEVNULL, output)
        code = program.process.wait()
        error = program.failure(f"ended with exit status {code}") if code else None
        cost = program.finish()
        if error is not None:
            raise error
        output.seek(0)
        return cost, output.read().decode("utf-8", "replace")


class ServerSession:
    """A conversation with an MCP server over standard input and output; ``cost`` is known after its end."""

    cost: RunCost

    def __init__(self, command: Sequence[str], context: ProgramContext) -> None:
        self._program = _Program(command, context, subprocess.PIPE, subprocess.PIPE)
        self._requests = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._program.process
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        self.cost = self._program.finish()

    def age(self) -> float:
        """Seconds since the server's process was started."""
        return time.perf_counter() - self._program.started

    def resident(self) -> float:
        """The memory of the server's process tree now, in MiB."""
        return round(self._program.monitor.resident() / MIB, 1)

    def cpu(self) -> float:
        """The processor time of the server's process tree so far, in seconds."""
        return self._program.monitor.cpu()

    def initialize(self) -> float:
        """Shakes hands; the seconds from the start of the process to the reply."""
        client = {"name": "repo-memory-eval", "version": "1"}
        self._request("initialize", {"protocolVersion": _PROTOCOL, "capabilities": {}, "clientInfo": client})
        seconds = self.age()
        self._send({"method": "notifications/initialized"})
        return seconds

    def list_tools(self) -> list[Any]:
        """The tools as the server describes them."""
        tools = self._request("tools/list", {}).get("tools")
        if not tools:
            raise self._program.failure("offers no tools")
        return list(tools)

    def call(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """Calls a tool and returns the text of its answer.

        Raises:
            MeasureError: The server went away, or the tool reported an error or an empty answer.
        """
        result = self._request("tools/call", {"name": tool, "arguments": arguments})
        text = "".join(str(part.get("text", "")) for part in result.get("content", []))
        if result.get("isError") or not text:
            raise self._program.failure(f"answered {tool} with {text[:200] or 'nothing'}")
        return text

    def _send(self, message: dict[str, Any]) -> None:
        stdin = self._program.process.stdin
        assert stdin is not None
        try:
            stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            stdin.flush()
        except OSError as error:
            raise self._program.failure("closed its input") from error

    def _request(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._requests += 1
        self._send({"id": self._requests, "method": method, "params": parameters})
        assert self._program.process.stdout is not None
        for line in self._program.process.stdout:
            reply = _parse_reply(line)
            if reply.get("id") == self._requests and "method" not in reply:
                if "error" in reply:
                    raise self._program.failure(f"refused {method}: {reply['error'].get('message', '')}")
                result: dict[str, Any] = reply.get("result", {})
                return result
        raise self._program.failure(f"went away during {method}")


def _parse_reply(line: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(line)
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}


def import_psutil() -> ModuleType:
    """What reads the memory of processes: only this measurement needs it, so an extra brings it.

    Raises:
        MeasureError: it is not installed.
    """
    try:
        return importlib.import_module("psutil")
    except ImportError as error:
        raise MeasureError("measuring memory needs psutil", "pip install 'repo-memory[eval]'") from error


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _proportional_size(pid: int) -> int:
    """Bytes of a process with shared pages divided among their users; 0 where the system does not say."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    lines = (line.split() for line in text.splitlines())
    return next((int(line[1]) * 1024 for line in lines if line[0] == "Pss:"), 0)
