"""Lines into conversations: contexts told apart, streamed lines joined, every message billed once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexers.errors import NoLogsError
from indexers.tokens import estimate_tokens, find_family
from indexers.transcripts.claude_code.records import LogLine, RequestPart, read_lines
from indexers.transcripts.model import MAIN, Conversation, Event, Logs, Request, Skip, Thread, ToolCall, Usage


def read_logs(folders: Sequence[Path], show: Callable[[int, int], None]) -> Logs:
    """All conversations below some folders; ``show`` is told the files read and their number.

    Raises:
        NoLogsError: there is no file, or none can be read.
    """
    files = sorted({file for folder in folders for file in folder.rglob("*.jsonl")})
    if not files:
        raise NoLogsError(
            f"no *.jsonl below {', '.join(map(os.fspath, folders))}",
            "pass --logs DIR with Claude Code's logs",
        )
    return read_files(files, show)


def read_files(files: Sequence[Path], show: Callable[[int, int], None] = lambda _nth, _count: None) -> Logs:
    """The conversations of some files; what cannot be read is counted among what was passed over."""
    skips: Counter[str] = Counter()
    contexts: list[_Context] = []
    for nth, file in enumerate(files):
        show(nth, len(files))
        try:
            contexts += _split(file, read_lines(file, skips))
        except OSError as error:
            skips[f"unread: {file.name}: {error.strerror}"] += 1
    # A resumed conversation copies what went before: the earliest file is the one it was billed in.
    contexts.sort(key=lambda context: (context.sidechain, context.started, context.place))
    _bill_once(contexts)
    return Logs(tuple(_gather(contexts)), len(files), tuple(Skip(*item) for item in skips.most_common()))


@dataclass(slots=True)
class _Draft:
    """A request as its lines come in."""

    id: str
    model: str
    time: str
    usage: Usage
    texts: dict[str, None] = field(default_factory=dict)
    calls: dict[str, ToolCall] = field(default_factory=dict)
    provisional: bool = False
    copied: bool = False

    def add(self, part: RequestPart) -> None:
        """Take a further line: the largest of each count, and the content that is new."""
        self.usage = _largest(self.usage, part.usage)
        self.texts |= dict.fromkeys(part.texts)
        self.calls |= {call.id: call for call in part.calls}
        self.provisional = part.provisional

    def finish(self) -> Request:
        """The request; where the log's output count may be a placeholder, at least what its content takes."""
        text = "\n".join(self.texts)
        usage, estimated = self.usage, False
        if self.provisional and not self.copied:
            said = (text, *(call.input for call in self.calls.values()))
            least = sum(estimate_tokens(part, find_family(self.model)) for part in said)
            estimated = least > usage.output
            usage = _with_output(usage, max(least, usage.output))
        usage = Usage() if self.copied else usage
        calls = tuple(self.calls.values())
        return Request(self.id, self.model, self.time, usage, text, calls, self.copied, estimated)


def _largest(one: Usage, other: Usage) -> Usage:
    return Usage(
        input=max(one.input, other.input),
        output=max(one.output, other.output),
        write_5m=max(one.write_5m, other.write_5m),
        write_1h=max(one.write_1h, other.write_1h),
        read=max(one.read, other.read),
        web_searches=max(one.web_searches, other.web_searches),
        speed=one.speed or other.speed,
        tier=one.tier or other.tier,
        geography=one.geography or other.geography,
    )


def _with_output(usage: Usage, output: int) -> Usage:
    return _largest(usage, Usage(output=output))


@dataclass(slots=True)
class _Context:
    """A thread as its lines come in."""

    place: str
    name: str
    session: str
    sidechain: bool
    cwd: str = ""
    started: str = ""
    events: list[Event | _Draft] = field(default_factory=list)
    drafts: dict[str, _Draft] = field(default_factory=dict)

    def add(self, line: LogLine) -> None:
        """Take a further line."""
        self.cwd, self.started = self.cwd or line.cwd, self.started or line.time
        for said in line.says:
            if not isinstance(said, RequestPart):
                self.events.append(said)
                continue
            draft = self.drafts.get(said.id) if said.id else None
            if draft is None:
                draft = _Draft(said.id, said.model, line.time, Usage())
                self.drafts[said.id or f"nameless {len(self.drafts)}"] = draft
                self.events.append(draft)
            draft.add(said)


def _split(file: Path, lines: Iterable[LogLine]) -> list[_Context]:
    """The contexts of a file: the main one, and each subagent's that older clients wrote between its lines."""
    contexts: dict[str, _Context] = {}
    threads: dict[str, str] = {}
    alone = file.parent.name == "subagents"
    for line in lines:
        name = file.stem if alone else _thread_of(line, threads)
        threads[line.uuid] = name
        if name not in contexts:
            session = file.parent.parent.name if alone else line.session or file.stem
            place = f"{os.fspath(file)}\n{len(contexts):06}"
            contexts[name] = _Context(place, name, session, name != MAIN)
        contexts[name].add(line)
    return list(contexts.values())


def _thread_of(line: LogLine, threads: Mapping[str, str]) -> str:
    if not line.sidechain:
        return MAIN
    parent = threads.get(line.parent, MAIN)
    return line.agent or (parent if parent != MAIN else line.uuid)


def _bill_once(contexts: Sequence[_Context]) -> None:
    """Mark each message that an earlier context has: it is billed there, with the largest counts of all."""
    owners: dict[str, _Draft] = {}
    for context in contexts:
        for name, draft in context.drafts.items():
            owner = owners.setdefault(name, draft) if draft.id else draft
            if owner is not draft:
                owner.usage = _largest(owner.usage, draft.usage)
                draft.copied = True


def _gather(contexts: Sequence[_Context]) -> list[Conversation]:
    """Contexts of the same session together; those in which nothing was asked of a model are left out."""
    sessions: dict[str, list[_Context]] = {}
    for context in contexts:
        sessions.setdefault(context.session, []).append(context)
    conversations = []
    for session, parts in sessions.items():
        threads = tuple(
            Thread(part.name, tuple(e.finish() if isinstance(e, _Draft) else e for e in part.events))
            for part in parts
        )
        cwd = next((part.cwd for part in parts if part.cwd), "")
        started = min((part.started for part in parts if part.started), default="")
        found = Conversation(session, cwd, started, threads)
        if found.requests:
            conversations.append(found)
    return sorted(conversations, key=lambda found: (found.started, found.id))
