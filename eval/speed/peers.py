"""The tools measured side by side, as data: how each installs, indexes, starts, searches and stores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.errors import MeasureError
from memory_server.places import user_cache

_INSTALL_SECONDS = 900
_DONE = "installed.txt"


@dataclass(frozen=True, slots=True)
class CallTemplate:
    """An MCP tool call; strings in ``arguments`` are templates."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """A program to measure. Commands, paths and arguments are templates over ``PLACES`` and ``{query}``.

    ``questions`` are what its server is asked in turn while its memory is watched, where there is more than
    ``search``: templates over the ``{path}`` of a file of code too.

    ``index`` and ``sync`` are a command, or a call to the started server for a tool that indexes only there.
    ``warm_sync`` is the call that syncs a running server, ``store`` every path the index occupies, ``files``
    and ``symbols`` the patterns of those numbers in what indexing prints; ``in_process`` marks this product,
    which is measured through its Python API too. Without a ``registry`` nothing is installed.
    """

    name: str
    version: str
    registry: str
    package: str
    index: tuple[str, ...] | CallTemplate
    sync: tuple[str, ...] | None
    serve: tuple[str, ...]
    search: CallTemplate
    store: tuple[str, ...]
    questions: tuple[CallTemplate, ...] = ()
    warm_sync: CallTemplate | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    files: str = ""
    symbols: str = ""
    in_process: bool = False


PLACES = ("python", "bin", "repo", "git", "data", "home", "temporary")
"""The interpreter, the tool's programs, the measured copy and its git folder, folders of the tool's own."""

_CLI = ("{python}", "-m", "memory_server.cli")

OWN = Tool(
    name="repo-memory",
    version="",
    registry="",
    package="",
    index=(*_CLI, "index", "--repo", "{repo}", "--json"),
    sync=(*_CLI, "index", "--repo", "{repo}", "--json"),
    serve=(*_CLI, "serve", "--repo", "{repo}"),
    search=CallTemplate("search", {"query": "{query}"}),
    questions=(
        CallTemplate("search", {"query": "{query}"}),
        CallTemplate("read", {"targets": ["{path}"]}),
        CallTemplate("search", {"query": "{query}"}),
        CallTemplate("outline", {"path": "{path}"}),
        CallTemplate("related", {"symbol": "{path}", "relation": "callers"}),
    ),
    store=("{git}/repo-memory",),
    in_process=True,
    files=r'"files":\s*(\d+)',
    symbols=r'"symbols":\s*(\d+)',
)

PEERS = (
    Tool(
        name="codegraph",
        version="1.6.1",
        registry="npm",
        package="@colbymchenry/codegraph",
        index=("{bin}/codegraph", "init", "--yes", "{repo}"),
        sync=("{bin}/codegraph", "sync", "{repo}"),
        serve=("{bin}/codegraph", "serve", "--mcp", "--path", "{repo}"),
        search=CallTemplate("codegraph_explore", {"query": "{query}"}),
        store=("{repo}/.codegraph",),
        # Without its shared background process, so that everything it runs is in the measured tree.
        environment={
            "CODEGRAPH_TELEMETRY": "0",
            "CODEGRAPH_NO_UPDATE_CHECK": "1",
            "CODEGRAPH_NO_DOWNLOAD": "1",
            "CODEGRAPH_NO_DAEMON": "1",
        },
        files=r"Indexed ([\d,]+) files",
        symbols=r"([\d,]+) nodes",
    ),
    Tool(
        name="jcodemunch",
        version="1.108.399",
        registry="pypi",
        package="jcodemunch-mcp",
        index=("{bin}/jcodemunch-mcp", "index", "--no-ai-summaries", "--identity-mode", "local", "{repo}"),
        sync=("{bin}/jcodemunch-mcp", "index", "--no-ai-summaries", "--identity-mode", "local", "{repo}"),
        serve=("{bin}/jcodemunch-mcp", "serve"),
        search=CallTemplate(
            "order", {"action": "search_symbols", "args": {"repo": "{repo}", "query": "{query}"}}
        ),
        store=("{data}",),
        environment={"JCODEMUNCH_SHARE_SAVINGS": "0", "CODE_INDEX_PATH": "{data}"},
        files=r'"file_count": (\d+)',
        symbols=r'"symbol_count": (\d+)',
    ),
    Tool(
        name="code-index",
        version="2.17.1",
        registry="pypi",
        package="code-index-mcp",
        index=CallTemplate("build_deep_index"),
        sync=None,
        serve=("{bin}/code-index-mcp", "--project-path", "{repo}"),
        search=CallTemplate("search_code_advanced", {"pattern": "{query}"}),
        store=("{temporary}/code_indexer",),
        warm_sync=CallTemplate("build_deep_index"),
        files=r"Found (\d+) files",
    ),
    Tool(
        name="token-savior",
        version="4.24.0",
        registry="pypi",
        package="token-savior-recall[mcp]",
        index=CallTemplate("reindex", {"force": True}),
        sync=None,
        serve=("{bin}/token-savior",),
        search=CallTemplate("search_codebase", {"pattern": "{query}", "max_results": 10}),
        store=("{home}/.local/share/token-savior", "{repo}/.token-savior-cache.json"),
        warm_sync=CallTemplate("reindex"),
        environment={"WORKSPACE_ROOTS": "{repo}"},
    ),
)


def find_peer(name: str) -> Tool:
    """The peer of that name.

    Raises:
        MeasureError: There is none.
    """
    for peer in PEERS:
        if peer.name == name:
            return peer
    raise MeasureError(f"no peer is called {name}", "choose from " + ", ".join(peer.name for peer in PEERS))


def peer_cache() -> Path:
    """The folder that holds installed peers."""
    return user_cache() / "peers"


def install_peer(peer: Tool, cache: Path) -> Path:
    """Installs the peer's pinned version under ``cache`` unless it is there; returns its folder of programs.

    Raises:
        MeasureError: The installer is missing, failed or took too long.
    """
    folder = cache / f"{peer.name}-{peer.version}"
    if not (folder / _DONE).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        for command in install_commands(peer, folder):
            _run_installer(peer, command)
        (folder / _DONE).write_text(f"{peer.package} {peer.version}\n", encoding="utf-8")
    return program_folder(peer, folder)


def install_commands(peer: Tool, folder: Path) -> list[list[str]]:
    """The commands that install the peer's pinned version into ``folder`` and nowhere else."""
    if peer.registry == "npm":
        options = ["--no-audit", "--no-fund", "--ignore-scripts"]
        return [["npm", "install", "--prefix", str(folder), *options, f"{peer.package}@{peer.version}"]]
    pip = [str(program_folder(peer, folder) / "python"), "-m", "pip", "install", "--quiet"]
    requirement = f"{peer.package}=={peer.version}"
    return [[sys.executable, "-m", "venv", str(folder)], [*pip, "--disable-pip-version-check", requirement]]


def program_folder(peer: Tool, folder: Path) -> Path:
    """Where the installed peer's programs are."""
    if peer.registry == "npm":
        return folder / "node_modules" / ".bin"
    return folder / ("Scripts" if os.name == "nt" else "bin")


def _run_installer(peer: Tool, command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_INSTALL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MeasureError(f"{peer.name} cannot be installed: {error}", " ".join(command)) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise MeasureError(f"{peer.name} cannot be installed: {said[-1] if said else ''}", " ".join(command))


def fill(template: Any, places: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    """The template with its places filled, in every string inside it."""
    if isinstance(template, str):
        return template.format_map(places)
    if isinstance(template, Mapping):
        return {key: fill(value, places) for key, value in template.items()}
    if isinstance(template, tuple | list):
        return [fill(value, places) for value in template]
    return template
