"""Clients: the official inspector and conformance suite talk to the server. They come from npm, with their own Node."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from eval.errors import MeasureError
from eval.faults.ground import commands
from eval.faults.ground.bridge import bridged
from eval.faults.ground.commands import Ended, Run
from eval.faults.ground.place import Place
from eval.faults.trials import Plan, Trial

NODE = "node@22"
PACKAGES = ("@modelcontextprotocol/inspector", "@modelcontextprotocol/conformance")

METHODS: dict[str, tuple[str, ...]] = {
    "tools/list": ("--strict",),
    "search": ("query=settle an invoice",),
    "read": ('targets=["shop.py"]',),
    "outline": ("path=part_1",),
    "related": ("symbol=settle", "relation=callers"),
}
"""What the inspector asks: the list of tools, and each tool with arguments."""

SCENARIOS = ("server-initialize", "ping", "tools-list")
"""Of the conformance suite, what any server can be asked."""


def trials(plan: Plan) -> Iterator[Trial]:
    """Each method by the inspector, each scenario of the suite; nothing where it is quick, and without npm."""
    if plan.quick:
        return
    place = Place(plan)
    (place.root / "shop.py").write_text(
        "def settle(): ...\n\n\ndef open_shop():\n    settle()\n", encoding="utf-8"
    )
    place.prepare()
    try:
        programs = install(plan.scratch / "temporary/npm")
    except MeasureError as error:
        yield Trial("clients from npm", partial(_leave_out, error))
        return
    server = _write_server(place)
    for method, more in METHODS.items():
        yield Trial(f"inspector: {method}", partial(inspect, programs, server, method, more))
    others = sorted(set(list_scenarios(programs)) - set(SCENARIOS))
    for scenario in SCENARIOS:
        yield Trial(f"conformance: {scenario}", partial(conform, programs, place, scenario))
    reason = MeasureError("they ask for tools, prompts or resources of the suite's own, or for HTTP", "")
    yield Trial(f"conformance: {', '.join(others)}", partial(_leave_out, reason))


def install(folder: Path) -> Path:
    """Install Node and, with that, the clients; the folder of their programs.

    Raises:
        MeasureError: npm is not there, or cannot.
    """
    if shutil.which("npm") is None:
        raise MeasureError("npm is not installed", "install Node.js")
    folder.mkdir()
    programs = folder / "node_modules/.bin"
    for packages in ((NODE,), PACKAGES):
        flags = ("--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error")
        ended = _run(programs, "npm", "install", *flags, *packages)
        if ended.code:
            raise MeasureError(
                f"npm cannot install {packages[0]}: {ended.err.strip()[-300:]}", "check the network"
            )
    return programs


def inspect(programs: Path, server: Path, method: str, more: Sequence[str]) -> list[str]:
    """Ask one method through the inspector."""
    call = [method, *more] if "/" in method else ["tools/call", "--tool-name", method]
    for argument in () if "/" in method else more:
        call += ["--tool-arg", argument]
    ended = _run(programs, "mcp-inspector", "--cli", str(server), "--method", *call)
    told = f"{ended.code}: {(ended.err + ended.out)[-400:]}"
    if ended.code:
        return [f"the inspector ended with {told}"]
    try:
        result = json.loads(ended.out)
    except ValueError:
        return [f"the inspector told no JSON: {told}"]
    if "/" in method:
        names = {tool["name"] for tool in result["tools"]}
        return [] if names >= METHODS.keys() - {method} else [f"it lists {sorted(names)} alone"]
    answered = result.get("content") and not result.get("isError")
    return [] if answered else [f"no answer: {told}"]


def list_scenarios(programs: Path) -> list[str]:
    """What the conformance suite has for servers."""
    return re.findall(r"^ *- (\S+)", _run(programs, "conformance", "list", "--server").out, re.MULTILINE)


def conform(programs: Path, place: Place, scenario: str) -> list[str]:
    """Try one scenario; the suite speaks HTTP alone, so what it sends is handed on to the server's stdin."""
    with bridged(place.root) as url:
        output = str(place.scratch / "temporary/conformance")
        ended = _run(programs, "conformance", "server", "--url", url, "--scenario", scenario, "-o", output)
    passed = re.search(r"Passed: (\d+)/\d+, (\d+) failed", ended.out)
    if ended.code == 0 and passed and int(passed[1]) and passed[2] == "0":
        return []
    return [f"{scenario} ended with {ended.code}: {(ended.out + ended.err)[-600:]}"]


def _write_server(place: Place) -> Path:
    """A program that serves the repository: the inspector would take the command's options for its own."""
    path = place.scratch / "temporary/serve"
    path.write_text(
        f"#!/bin/sh\nexec {shlex.join([*commands.COMMAND, 'serve', '--repo', str(place.root)])}\n", "utf-8"
    )
    path.chmod(0o755)
    return path


def _run(programs: Path, *command: str) -> Ended:
    """Run a program of Node's, with the Node that stands beside it if there is one."""
    path = os.pathsep.join((str(programs), os.environ["PATH"]))
    program = shutil.which(command[0], path=path) or command[0]
    return Run(command, ["env", f"PATH={path}", program, *command[1:]]).end()


def _leave_out(error: MeasureError) -> list[str]:
    raise error
