"""The registration of the server with a client: one entry in the client's file of the project."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

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
        if self.entry is None:
            return []
        values = json.loads(self.text[self.entry.value : self.entry.end])
        if not isinstance(values, dict) or "command" not in values:
            return []
        arguments = values.get("args", [])
        return [str(values["command"]), *map(str, arguments if isinstance(arguments, list) else [])]


def registration_step(client: Client, root: Path, executable: str) -> Step:
    """Return the step that registers the server with a client of the project ``root``.

    The file is shared with the team, so it names the bare command where PATH finds that one, and the
    absolute ``executable`` otherwise.
    """
    command = SERVER if shutil.which(SERVER) else executable
    return Step(
        f"server {SERVER} in {client.file}",
        lambda: _plan(client, root / client.file, command),
        lambda: _plan_undo(client, root / client.file),
    )


def check_registration(client: Client, root: Path) -> list[Finding]:
    """Find what keeps a client from starting the server in ``root``."""
    path = root / client.file
    try:
        document = _read(client, path)
        if document is None or document.entry is None:
            return [Finding(f"{path} does not register the server {SERVER}", _INIT)]
        _refuse_another_server(document)
    except InstallError as error:
        return [Finding(str(error), error.hint)]
    if not _is_found(document.command[0]):
        fix = _INIT if _is_stale(document.command[0]) else _ON_PATH
        return [Finding(f"{path} starts `{document.command[0]}`, which is not found", fix)]
    return []


def _plan(client: Client, path: Path, command: str) -> Sequence[Change]:
    entry = client.entry(command)
    document = _read(client, path)
    if document is None:
        return [_write(path, json.dumps({client.section: {SERVER: entry}}, indent=2) + "\n")]
    text = document.text
    if document.servers is None:
        gap = find_gap(text, document.top)
        servers = f'{{"{SERVER}": {render_object(text, entry, gap.indent)}}}'  # no space inside: made here
        return [_write(path, insert_member(text, gap, client.section, servers))]
    if document.entry is None:
        gap = find_gap(text, document.servers.value)
        return [_write(path, insert_member(text, gap, SERVER, render_object(text, entry, gap.indent)))]
    _refuse_another_server(document)
    if not _is_stale(document.command[0]) or document.command[0] == command:
        return []
    old = _find(text, document.entry.value, "command")
    return [_write(path, text[: old.value] + json.dumps(command) + text[old.end :])] if old else []


def _plan_undo(client: Client, path: Path) -> Sequence[Change]:
    document = _read(client, path)
    if document is None or document.servers is None or document.entry is None:
        return []
    _refuse_another_server(document)
    text = document.text
    alone = list_members(text, document.servers.value) == [document.entry]
    if (
        alone
        and text.strip() == json.dumps(document.values, indent=2)
        and list(document.values) == [client.section]
    ):
        return [Delete(path.resolve())]
    if alone and is_hugged(text, document.servers.value):
        return [_write(path, remove_member(text, document.top, client.section))]
    return [_write(path, remove_member(text, document.servers.value, SERVER))]


def _read(client: Client, path: Path) -> _Document | None:
    data = read_if_present(path)
    if data is None:
        return None
    try:
        text = data.decode("utf-8")
        values = json.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise InstallError(f"{path} is not valid JSON: {error}", _REPAIR) from error
    if not isinstance(values, dict) or not isinstance(values.get(client.section, {}), dict):
        raise InstallError(f'{path} is not an object with "{client.section}"', _REPAIR)
    top = text.index("{")
    servers = _find(text, top, client.section)
    entry = _find(text, servers.value, SERVER) if servers else None
    return _Document(path, text, values, top, servers, entry)


def _find(text: str, start: int, key: str) -> Member | None:
    return next((member for member in list_members(text, start) if member.key == key), None)


def _write(path: Path, text: str) -> Write:
    return Write(path.resolve(), text.encode("utf-8"))  # through a symbolic link, which stays


def _refuse_another_server(document: _Document) -> None:
    command = document.command
    if not any(SERVER in word for word in command) or "serve" not in command:
        what = f"runs `{' '.join(command)}`" if command else "does not run a command"
        raise InstallError(
            f"{document.path} has a server named {SERVER} that {what}",
            "remove or rename that entry, then run `repo-memory init` again",
        )


def _is_found(command: str) -> bool:
    return shutil.which(os.path.expandvars(command)) is not None


def _is_stale(command: str) -> bool:
    """Tell whether a command is the absolute path of an installation that is gone."""
    return Path(command).is_absolute() and PureWindowsPath(command).stem == SERVER and not _is_found(command)
