"""One tool, ready to be measured: installed, with a home and a copy of the repository of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.copies import copy_repository
from eval.machine import CHECKOUT
from eval.speed.peers import CallTemplate, Tool, fill, install_peer, peer_cache
from eval.speed.processes import ProgramContext, ServerSession, network_guard
from eval.speed.workload import Workload

_KEPT_OUT = ("XDG_", "CLAUDE", "GIT_", "PYTHON", "REPO_MEMORY_")


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

    def call(self, session: ServerSession, call: CallTemplate, query: str = "", path: str = "") -> str:
        """Calls a tool of the running server."""
        return session.call(call.tool, fill(call.arguments, {**self.places, "query": query, "path": path}))

    def store_paths(self) -> list[Path]:
        """Where the index is."""
        return [Path(path) for path in self.command(self.tool.store)]

    def repository(self) -> Path:
        """The measured copy."""
        return Path(self.places["repo"])


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
