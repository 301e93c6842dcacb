"""The hooks of Claude Code that bring memory into a conversation: they advise, never block, and start no Python.

At its start a conversation gets the briefing, a file that is kept ready; subagents, and whoever reads or edits a file,
get what is noted of it by a tool of the server that is running anyway.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from indexers.files import parse_json
from memory_server.errors import InstallError
from memory_server.install.changes import Change, Delete, Step, Write, read_if_present
from memory_server.install.json_text import (
    find_gap,
    insert_element,
    insert_member,
    list_elements,
    list_members,
    remove_element,
    remove_member,
)

FILE = ".claude/settings.local.json"
"""The user's own settings for a project: the briefing lies at a path of this machine."""

SERVER, TOOL = "repo-memory", "hook"
_SECTION = "hooks"
_PRINTS_BRIEFING = re.compile(r"cat .*/briefings/[0-9a-f]{12}\.txt'? 2>/dev/null \|\| true")
_REPAIR = "repair the file, then run `repo-memory init --hooks` again; nothing was changed"


def client_hooks(briefing: Path) -> Mapping[str, dict[str, object]]:
    """The entry for each event."""
    command = f"cat {shlex.quote(os.fspath(briefing))} 2>/dev/null || true"
    return {
        "SessionStart": {"hooks": [{"type": "command", "command": command, "timeout": 5}]},
        "SubagentStart": {"hooks": [_ask("SubagentStart")]},
        "PreToolUse": {
            "matcher": "Read|Bash",
            "hooks": [
                _ask("PreToolUse", path="${tool_input.file_path}", command="${tool_input.command}"),
            ],
        },
        "PostToolUseFailure": {
            "matcher": "Bash",
            "hooks": [_ask("PostToolUseFailure", command="${tool_input.command}")],
        },
        "PostToolUse": {
            "matcher": "Edit|MultiEdit|Write",
            "hooks": [_ask("PostToolUse", path="${tool_input.file_path}")],
        },
    }


def _ask(event: str, **asked: str) -> dict[str, object]:
    given = {"event": event, **asked, "session": "${session_id}"}
    return {"type": "mcp_tool", "server": SERVER, "tool": TOOL, "input": given, "timeout": 5}


def client_hooks_step(root: Path, briefing: Path) -> Step:
    """The step that sets them up in a project."""
    return Step(
        f"hooks of Claude Code in {FILE}",
        lambda: _plan(root, client_hooks(briefing)),
        lambda: _plan_undo(root),
    )


def _plan(root: Path, wanted: Mapping[str, dict[str, object]]) -> Sequence[Change]:
    path, text = _read(root)
    if text is None:
        data = {_SECTION: {event: [entry] for event, entry in wanted.items()}}
        return [Write(path, (json.dumps(data, indent=2) + "\n").encode())]
    before = text
    for event, entry in wanted.items():
        text = _with_entry(text, event, entry)
    return [Write(path, text.encode())] if text != before else []


def _with_entry(text: str, event: str, entry: dict[str, object]) -> str:
    """The settings with an entry for an event: in place of ours if that is another, else at the end."""
    source = json.dumps(entry)
    top = text.index("{")
    section = next((one for one in list_members(text, top) if one.key == _SECTION), None)
    if section is None:
        return insert_member(text, find_gap(text, top), _SECTION, json.dumps({event: [entry]}))
    known = next((one for one in list_members(text, section.value) if one.key == event), None)
    if known is None:
        return insert_member(text, find_gap(text, section.value), event, f"[{source}]")
    for start, end in list_elements(text, known.value):
        if is_ours(json.loads(text[start:end])):
            same = json.loads(text[start:end]) == entry
            return text if same else text[:start] + source + text[end:]
    return insert_element(text, known.value, source)


def _plan_undo(root: Path) -> Sequence[Change]:
    path, text = _read(root)
    if text is None:
        return []
    before = text
    data = json.loads(text.removeprefix("\ufeff"))
    events = data.get(_SECTION, {})
    ours = {event for event, entries in events.items() if any(map(is_ours, entries))}
    is_as_made = text == json.dumps(data, indent=2) + "\n" and set(data) == {_SECTION}
    if ours and is_as_made and all(len(entries) == 1 for entries in events.values()) and ours == set(events):
        return [Delete(path, with_folder=True)]
    for event in sorted(ours):
        text = _without_entry(text, event)
    return [Write(path, text.encode())] if text != before else []


def _without_entry(text: str, event: str) -> str:
    top = text.index("{")
    section = next(one for one in list_members(text, top) if one.key == _SECTION)
    events = list_members(text, section.value)
    known = next(one for one in events if one.key == event)
    elements = list_elements(text, known.value)
    place = next(i for i, (start, end) in enumerate(elements) if is_ours(json.loads(text[start:end])))
    if len(elements) > 1:
        return remove_element(text, known.value, place)
    if len(events) > 1:
        return remove_member(text, section.value, event)
    return remove_member(text, top, _SECTION)


def is_ours(entry: object) -> bool:
    """Whether an entry asks our server, or prints our briefing."""
    hooks = entry.get("hooks") if isinstance(entry, dict) else None
    return isinstance(hooks, list) and bool(hooks) and all(map(_is_our_hook, hooks))


def _is_our_hook(hook: object) -> bool:
    if not isinstance(hook, dict):
        return False
    if hook.get("type") == "mcp_tool":
        return (hook.get("server"), hook.get("tool")) == (SERVER, TOOL)
    command = str(hook.get("command", ""))
    return _PRINTS_BRIEFING.fullmatch(command) is not None


def _read(root: Path) -> tuple[Path, str | None]:
    """The settings' path and text.

    Raises:
        InstallError: they lead outside, or are no settings.
    """
    path = Path(os.path.realpath(root / FILE))
    if not path.is_relative_to(os.path.realpath(root)):
        raise InstallError(f"{root / FILE} is a link to {path}, outside this repository", "replace the link")
    data = read_if_present(path)
    if data is None:
        return path, None
    try:
        text = data.decode("utf-8")
        values = parse_json(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise InstallError(f"{path} is not valid JSON: {error}", _REPAIR) from error
    events = values.get(_SECTION, {}) if isinstance(values, dict) else None
    if not isinstance(events, dict) or not all(isinstance(one, list) for one in events.values()):
        raise InstallError(f'{path} is not an object whose "{_SECTION}" are lists', _REPAIR)
    return path, text
