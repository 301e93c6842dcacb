"""What a log says, as values: conversations, their contexts, and what happened in each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

MAIN = "main"
"""The name of a conversation's own context; subagents have others."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one request was billed for, by bucket; writes by how long the cache keeps them."""

    input: int = 0
    output: int = 0
    write_5m: int = 0
    write_1h: int = 0
    read: int = 0
    web_searches: int = 0
    speed: str = ""
    tier: str = ""
    geography: str = ""

    @property
    def write(self) -> int:
        """Tokens written to the cache."""
        return self.write_5m + self.write_1h

    @property
    def prompt(self) -> int:
        """The size of the prompt as sent."""
        return self.input + self.write + self.read


class CallKind(StrEnum):
    """What a tool call does to the context."""

    READ = "read"
    SEARCH = "search"
    EDIT = "edit"
    OWN = "own"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TextChange:
    """A text that an edit put in the place of another; ``old`` is empty where a file was written whole."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call.

    ``windowed``: a read of a part of the file. ``shell``: made by a command, not by a tool for it. ``pattern``: what a
    search looks for.
    """

    id: str
    kind: CallKind
    path: str = ""
    windowed: bool = False
    shell: bool = False
    pattern: str = ""
    changes: tuple[TextChange, ...] = ()
    input: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a model with its reply, however many lines of the log it takes.

    ``copied``: billed in another context, which this one continues; its usage is zero here. ``estimated``: the log's
    output count was a placeholder, and the output is estimated from the content.
    """

    id: str
    model: str
    time: str
    usage: Usage
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    copied: bool = False
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool replied, as the model saw it; ``text`` is empty for an image."""

    call: str
    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a person, or the agent that started a subagent, asked."""

    text: str


@dataclass(frozen=True, slots=True)
class Boundary:
    """The context was compacted: what stood before it is gone."""


Event = Request | ToolResult | Prompt | Boundary


@dataclass(frozen=True, slots=True)
class Thread:
    """One context, the main one or a subagent's: its events in order."""

    name: str
    events: tuple[Event, ...]

    @property
    def requests(self) -> tuple[Request, ...]:
        """The requests that were billed here."""
        return tuple(e for e in self.events if isinstance(e, Request) and not e.copied)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A session: the folder that it ran in, its first time, its main context and its subagents'."""

    id: str
    cwd: str
    started: str
    threads: tuple[Thread, ...]

    @property
    def requests(self) -> tuple[Request, ...]:
        """All that was billed."""
        return tuple(request for thread in self.threads for request in thread.requests)


@dataclass(frozen=True, slots=True)
class Skip:
    """Lines that were passed over, and why."""

    reason: str
    lines: int


@dataclass(frozen=True, slots=True)
class Logs:
    """All conversations of some files, oldest first, and what could not be read."""

    conversations: tuple[Conversation, ...]
    files: int
    skips: tuple[Skip, ...]
