"""The real Claude Code client: found, installed in a cache, and run apart from the user's own settings."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from eval.errors import ClientError, UnfinishedError
from eval.live.endpoint import ScriptedEndpoint
from memory_server.places import user_cache

CLAUDE_VERSION = "2.1.330"
"""The client that the tests run: the newest at the time of writing that they passed with."""

CLAUDE_VARIABLE = "REPO_MEMORY_CLAUDE"
"""Environment variable that names another ``claude`` executable."""

SERVER_TOOLS = ("mcp__repo-memory__*",)
_PACKAGE = "@anthropic-ai/claude-code"
_INSTALL_SECONDS = 600
_SERVER_WAIT = 60
"""Seconds the client waits for its servers before the first turn.

Left alone it waits about two, more where the registration says ``alwaysLoad``; a busy machine would then hold
another conversation than an idle one.
"""

CREDENTIALS = ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN")
"""Environment variables with which the client asks the real endpoint."""

_KEPT_OUT = ("ANTHROPIC_", "CLAUDE", "XDG_", "MCP_", "REPO_MEMORY_")


@dataclass(frozen=True, slots=True)
class ClientRun:
    """One conversation of the client: its events in order, and the log that it wrote under ``projects/``."""

    exit_code: int
    events: tuple[dict[str, Any], ...]
    stderr: str
    log: Path | None

    @property
    def servers(self) -> dict[str, str]:
        """Each MCP server's status at the start of the conversation."""
        start = next((e for e in self.events if e.get("subtype") == "init"), {})
        return {server["name"]: server["status"] for server in start.get("mcp_servers", ())}

    @property
    def result(self) -> dict[str, Any]:
        """The closing event: ``result`` text, ``is_error``, ``usage``, ``total_cost_usd`` and more."""
        return next((event for event in reversed(self.events) if event.get("type") == "result"), {})


def cache_folder() -> Path:
    """Where the pinned client is kept for this user."""
    return user_cache() / f"claude-code-{CLAUDE_VERSION}"


def find_claude() -> Path | None:
    """The client named by the environment, else the cached one, else the one on PATH."""
    if named := os.environ.get(CLAUDE_VARIABLE):
        return Path(named)
    cached = _executable(cache_folder())
    if cached.exists():
        return cached
    on_path = shutil.which("claude")
    return Path(on_path) if on_path else None


def install_claude(folder: Path) -> Path:
    """Install the pinned client into ``folder`` unless it is there, once even when several processes ask.

    Raises:
        ClientError: npm is missing or could not install it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not _executable(folder).exists():
            _install_with_npm(folder)
    return _executable(folder)


def _install_with_npm(folder: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise ClientError("npm is not installed", f"install Node.js, or set {CLAUDE_VARIABLE}")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    package = f"{_PACKAGE}@{CLAUDE_VERSION}"
    flags = ("--prefix", str(partial), "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
    _run_step([npm, "install", *flags, "--loglevel=error", package], partial)
    _run_step([node, "install.cjs"], partial / "node_modules" / _PACKAGE)
    _run_step([str(_executable(partial)), "--version"], partial)
    partial.rename(folder)


def _run_step(command: list[str], cwd: Path) -> None:
    hint = f"check that npm reaches its registry, or set {CLAUDE_VARIABLE}"
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClientError(f"npm could not install {_PACKAGE}: {error}", hint) from error
    if done.returncode != 0:
        first_lines = " ".join(done.stderr.split("\n")[:2])
        raise ClientError(f"npm could not install {_PACKAGE}: {first_lines}", hint)


def _executable(folder: Path) -> Path:
    return folder / "node_modules" / ".bin" / ("claude.cmd" if sys.platform == "win32" else "claude")


def run_claude(
    prompt: str,
    cwd: Path,
    home: Path,
    endpoint: ScriptedEndpoint | None = None,
    *,
    claude: Path | None = None,
    allowed_tools: Sequence[str] = SERVER_TOOLS,
    arguments: Sequence[str] = (),
    timeout: float = 120,
) -> ClientRun:
    """Hold one conversation without a terminal in ``cwd`` and wait for its end.

    ``home`` is the folder that the client takes for the user's own; it may be used again. Without an
    ``endpoint`` the client asks the real one, with what is in ``CREDENTIALS``.

    Raises:
        ClientError: there is no client.
        UnfinishedError: it did not finish within ``timeout`` seconds.
    """
    command = ["-p", prompt, "--output-format", "stream-json", "--verbose", *arguments]
    if allowed_tools:
        command += ["--allowedTools", ",".join(allowed_tools)]
    done = _run_client(claude, command, cwd, _isolate(home, endpoint), timeout)
    events = tuple(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    session = next((event["session_id"] for event in events if "session_id" in event), None)
    log = next((_config(home) / "projects").glob(f"*/{session}.jsonl"), None) if session else None
    return ClientRun(done.returncode, events, done.stderr, log)


def list_servers(cwd: Path, home: Path, *, claude: Path | None = None, timeout: float = 60) -> str:
    """What ``claude mcp list`` prints in ``cwd``: each server is started and asked for its health.

    Raises:
        ClientError: there is no client, or it did not finish within ``timeout`` seconds.
    """
    return _run_client(claude, ["mcp", "list"], cwd, _isolate(home, None), timeout).stdout


def _config(home: Path) -> Path:
    return home / ".claude"


def _isolate(home: Path, endpoint: ScriptedEndpoint | None) -> dict[str, str]:
    """An environment in which the client sees nothing of the user, and project servers are approved."""
    config = _config(home)
    scratch = home / "tmp"
    for folder in (config, scratch):
        folder.mkdir(parents=True, exist_ok=True)
    settings = config / "settings.json"
    if not settings.exists():
        settings.write_text(json.dumps({"enableAllProjectMcpServers": True}), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_OUT)}
    environment |= {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "CLAUDE_CONFIG_DIR": str(config),
        "CLAUDE_CODE_TMPDIR": str(scratch),
        "CLAUDE_CODE_MCP_STARTUP_WAIT_MS": str(_SERVER_WAIT * 1000),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    if endpoint is not None:
        environment |= {
            "ANTHROPIC_BASE_URL": endpoint.url,
            "ANTHROPIC_API_KEY": "scripted",
            "NO_PROXY": "127.0.0.1",
        }
    else:
        environment |= {name: os.environ[name] for name in CREDENTIALS if os.environ.get(name)}
    return environment


def _run_client(
    claude: Path | None, arguments: list[str], cwd: Path, environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run the client as the head of a process group that does not outlive this call."""
    claude = claude or find_claude()
    if claude is None or not claude.exists():
        hint = f"install it with `npm install -g {_PACKAGE}`, or set {CLAUDE_VARIABLE}"
        raise ClientError(f"no Claude Code client at {claude or 'PATH'}", hint)
    command = [str(claude), *arguments]
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            hint = "give it more time, or look at the last requests of the endpoint"
            raise UnfinishedError(f"claude did not finish within {timeout:g} seconds", hint) from error
        finally:
            _kill_group(process)
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def _kill_group(process: subprocess.Popen[str]) -> None:
    """Kill what is left of the client's process group, its servers included."""
    if sys.platform == "win32":
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nothing is left; macOS says PermissionError for it
