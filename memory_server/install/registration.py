"""The registration of the server with a client: one entry in the client's file of the project."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from indexers.files import parse_json
from memory_server.errors import InstallError
from memory_server.install.changes import Change, Delete, Finding, Step, Write, read_if_present
from memory_server.install.clients import Client
from memory_server.install.json_text import (
    Member,
    find_gap,
    insert_member,
    is_hugged,
    list_members,
    remove_member,
    render_object,
)

SERVER = "repo-memory"
_INIT = "run `repo-memory init`"
_REPAIR = "repair the file, then run `repo-memory init` again; nothing was changed"
_OWN_FILE = "put a file of its own in place of the link, or register the server by hand"
_LAUNCHERS = (("uvx",), ("uv", "tool", "run"), ("pipx", "run"))
"""What starts a published program by its name."""

_OWN_VARIABLES = ("REPO_MEMORY_", "HF_", "CUDA_", "OMP_")
"""How the variables begin that an entry may set; others could make any program of ours."""

_DEEPEST = 100
"""Levels of a client's file: text nested deeper is nobody's settings."""

_ON_PATH = "install repo-memory where PATH finds it, for one with `uv tool install repo-memory`"


@dataclass(frozen=True, slots=True)
class _Document:
    """A client's file as it is written; the entry is None when the server is not in it."""

    path: Path
    text: str
    values: dict[str, object]
    top: int
    servers: Member | None
    entry: Member | None

    @property
    def command(self) -> list[str]:
        """The words that start the registered server; empty when it is not a command."""
        values = self._registered()
        if "command" not in values:
            return []
        arguments = values.get("args", [])
        return [str(values["command"]), *map(str, arguments if isinstance(arguments, list) else [])]

    @property
    def foreign_variables(self) -> list[str]:
        """The variables that the entry sets and that are not ours."""
        variables = self._registered().get("env") or {}
        names = list(variables) if isinstance(variables, dict) else ["env"]
        return [name for name in names if not name.startswith(_OWN_VARIABLES)]

    def _registered(self) -> dict[str, object]:
        values = json.loads(self.text[self.entry.value : self.entry.end]) if self.entry else {}
        return values if isinstance(values, dict) else {}


def registration_step(client: Client, root: Path, executable: str) -> Step:
    """Return the step that registers the server with a client of the project ``root``.

    The file is shared with the team, so it names the bare command where PATH finds that one, and the
    absolute ``executable`` otherwise.
    """
    command = SERVER if shutil.which(SERVER) else executable
    return Step(
        f"server {SERVER} in {client.file}",
        lambda: _plan(client, root, command),
        lambda: _plan_undo(client, root),
    )


def check_registration(client: Client, root: Path) -> list[Finding]:
    """Find what keeps a client from starting the server in ``root``."""
    try:
        document = _read(client, root)
        if document is None or document.entry is None:
            return [Finding(f"{root / client.file} does not register the server {SERVER}", _INIT)]
        _refuse_another_server(document, root)
    except InstallError as error:
        return [Finding(str(error), error.hint)]
    if not _is_found(document.command[0]):
        fix = _INIT if _is_stale(document.command[0]) else _ON_PATH
        return [Finding(f"{document.path} starts `{document.command[0]}`, which is not found", fix)]
    return []


def _plan(client: Client, root: Path, command: str) -> Sequence[Change]:
    entry = client.entry(command)
    document = _read(client, root)
    if document is None:
        return [_write(root / client.file, json.dumps({client.section: {SERVER: entry}}, indent=2) + "\n")]
    text, path = document.text, document.path
    if document.servers is None:
        gap = find_gap(text, document.top)
        servers = f'{{"{SERVER}": {render_object(text, entry, gap.indent)}}}'  # no space inside: made here
        return [_write(path, insert_member(text, gap, client.section, servers))]
    if document.entry is None:
        gap = find_gap(text, document.servers.value)
        return [_write(path, insert_member(text, gap, SERVER, render_object(text, entry, gap.indent)))]
    _refuse_another_server(document, root)
    if not _is_stale(document.command[0]) or document.command[0] == command:
        return []
    old = _find(text, document.entry.value, "command")
    return [_write(path, text[: old.value] + json.dumps(command) + text[old.end :])] if old else []


def _plan_undo(client: Client, root: Path) -> Sequence[Change]:
    document = _read(client, root)
    if document is None or document.servers is None or document.entry is None:
        return []
    _refuse_another_server(document, root)
    text, path = document.text, document.path
    alone = list_members(text, document.servers.value) == [document.entry]
    if (
        alone
        and text.strip() == json.dumps(document.values, indent=2)
        and list(document.values) == [client.section]
    ):
        return [Delete(path)]
    if alone and is_hugged(text, document.servers.value):
        return [_write(path, remove_member(text, document.top, client.section))]
    return [_write(path, remove_member(text, document.servers.value, SERVER))]


def _read(client: Client, root: Path) -> _Document | None:
    """The client's file; behind a link within the project, which stays a link."""
    named = root / client.file
    path = Path(os.path.realpath(named))
    if not path.is_relative_to(os.path.realpath(root)):
        raise InstallError(f"{named} is a link to {path}, outside this repository", _OWN_FILE)
    data = read_if_present(path)
    if data is None:
        return None
    try:
        text = data.decode("utf-8")
        values = parse_json(text.removeprefix("\ufeff"))
        if _is_deeper(values, _DEEPEST):
            raise ValueError("it is nested too deep")
    except ValueError as error:
        raise InstallError(f"{path} is not valid JSON: {error}", _REPAIR) from error
    if not isinstance(values, dict) or not isinstance(values.get(client.section, {}), dict):
        raise InstallError(f'{path} is not an object with "{client.section}"', _REPAIR)
    top = text.index("{")
    servers = _find(text, top, client.section)
    entry = _find(text, servers.value, SERVER) if servers else None
    return _Document(path, text, values, top, servers, entry)


def _is_deeper(value: object, levels: int) -> bool:
    inside = [value]
    for _ in range(levels):
        held = (
            one.values() if isinstance(one, dict) else one for one in inside if isinstance(one, dict | list)
        )
        inside = [value for values in held for value in values]
    return bool(inside)


def _find(text: str, start: int, key: str) -> Member | None:
    return next((member for member in list_members(text, start) if member.key == key), None)


def _write(path: Path, text: str) -> Write:
    return Write(path, text.encode("utf-8"))


def _refuse_another_server(document: _Document, root: Path) -> None:
    command = document.command
    if _is_ours(command, root):
        foreign = document.foreign_variables
        what = f"sets {', '.join(foreign)}" if foreign else ""
    else:
        what = f"runs `{' '.join(command)}`" if command else "does not run a command"
    if what:
        raise InstallError(
            f"{document.path} has a server named {SERVER} that {what}",
            "remove or rename that entry, then run `repo-memory init` again",
        )


def _is_ours(command: list[str], root: Path) -> bool:
    """Whether a command starts what is installed, and nothing that came with the repository."""
    for launcher in _LAUNCHERS:
        if tuple(command[: len(launcher)]) == launcher:
            return command[len(launcher) : len(launcher) + 2] == [SERVER, "serve"]
    if command[1:2] != ["serve"]:
        return False
    program = os.path.expandvars(command[0])
    if program == SERVER:
        return True
    inside = Path(os.path.realpath(program)).is_relative_to(os.path.realpath(root))
    return Path(program).is_absolute() and PureWindowsPath(program).stem == SERVER and not inside


def _is_found(command: str) -> bool:
    return shutil.which(os.path.expandvars(command)) is not None


def _is_stale(command: str) -> bool:
    """Tell whether a command is the absolute path of an installation that is gone."""
    return Path(command).is_absolute() and PureWindowsPath(command).stem == SERVER and not _is_found(command)
