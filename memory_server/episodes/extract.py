"""A conversation read from a log, as a session of passages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from indexers.transcripts.model import CallKind, Conversation, Prompt, Request, Thread, ToolCall, ToolResult
from memory_server.episodes.model import Passage, Run, Session
from memory_server.episodes.redact import redact

MOST_ASKED, MOST_SAID, MOST_COMMAND, MOST_ERROR = 2_000, 6_000, 300, 200
"""Characters that are kept of a prompt, of what was answered to it, of a command, and of what a failure said."""

MOST_LISTED = 40
"""Files, commands and errors that are kept of a passage."""

_STOPPED = ("The user doesn't want to", "[Request interrupted", "User rejected", "Permission to use")
"""How the client says that a call was not let run, or was stopped by a person."""

_COMMITTED = re.compile(r"^\[[^\]\n]{1,200} ([0-9a-f]{7,40})\] ", re.MULTILINE)
"""What git says when it made a commit."""


def read_session(
    name: str,
    agent: str,
    conversations: Sequence[Conversation],
    sources: Sequence[tuple[str, int, int]] = (),
) -> Session:
    """The session that the conversations of its logs make up: passages of main contexts and of subagents'."""
    passages = [
        passage
        for conversation in conversations
        for thread in conversation.threads
        for passage in _read_thread(thread, conversation.cwd)
    ]
    return Session(
        id=name,
        agent=agent,
        started=min((one.started for one in conversations), default=""),
        cwd=redact(next((one.cwd for one in conversations), ""), MOST_COMMAND),
        sources=tuple(sources),
        passages=tuple(passages),
    )


@dataclass(slots=True)
class _Draft:
    """A passage as its events come in."""

    thread: str
    asked: str = ""
    key: str = ""
    time: str = ""
    said: list[str] = field(default_factory=list)
    files: dict[str, None] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    errors: dict[str, None] = field(default_factory=dict)
    commits: dict[str, None] = field(default_factory=dict)

    def finish(self) -> Passage:
        """The passage."""
        return Passage(
            self.key,
            self.thread,
            self.time,
            redact(self.asked, MOST_ASKED),
            redact("\n".join(self.said), MOST_SAID),
            tuple(self.files)[:MOST_LISTED],
            tuple(self.runs.values())[:MOST_LISTED],
            tuple(self.errors)[:MOST_LISTED],
            tuple(self.commits)[:MOST_LISTED],
        )


def _read_thread(thread: Thread, cwd: str) -> Iterator[Passage]:
    draft = _Draft(thread.name)
    calls: dict[str, ToolCall] = {}
    for event in thread.events:
        if isinstance(event, Prompt):
            if draft.key:
                yield draft.finish()
            draft = _Draft(thread.name, event.text)
        elif isinstance(event, Request) and not event.copied:
            draft.key, draft.time = draft.key or event.id, draft.time or event.time
            draft.said += [event.text] if event.text else []
            for call in event.calls:
                calls[call.id] = call
                _take_call(draft, call, cwd)
        elif isinstance(event, ToolResult) and event.call in calls:
            _take_result(draft, calls[event.call], event)
    if draft.key:
        yield draft.finish()


def _take_call(draft: _Draft, call: ToolCall, cwd: str) -> None:
    if call.kind is CallKind.EDIT:
        draft.files[redact(_relative(call.path, cwd), MOST_COMMAND)] = None
    elif command := read_command(call):
        draft.runs[call.id] = Run(redact(command, MOST_COMMAND))


def _take_result(draft: _Draft, call: ToolCall, result: ToolResult) -> None:
    if result.text.startswith(_STOPPED):
        return
    run, error = draft.runs.get(call.id), ""
    if result.failed:
        line = next((line.strip() for line in result.text.split("\n") if line.strip()), "")
        error = redact(line, MOST_ERROR)
        draft.errors[error] = None
    if run is not None:
        draft.runs[call.id] = replace(run, succeeded=not result.failed, error=error)
    if run is not None and not result.failed:
        draft.commits |= dict.fromkeys(_COMMITTED.findall(result.text))


def read_command(call: ToolCall) -> str:
    """The command that a call runs in a shell; empty for other calls."""
    if '"command"' not in call.input:
        return ""
    command = json.loads(call.input).get("command")
    return command if isinstance(command, str) else ""


def _relative(path: str, cwd: str) -> str:
    try:
        return PurePath(path).relative_to(cwd).as_posix() if cwd else path
    except ValueError:
        return path
