"""Claude Code's logs to what was billed: fast, and with bounded memory; only lines that hold usage are parsed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from indexers.transcripts.billed import Billed, BilledFile, Origin, Place
from indexers.transcripts.claude_code.versions import COUNTED_SINCE, SYNTHETIC, read_version
from indexers.transcripts.model import Usage

_JOURNAL = "journal.jsonl"
"""A workflow's own record, beside its subagents' logs: it bills nothing."""

_BUFFER = 1 << 18
"""Bytes read at once: lines are long, and the usual 8 KB take twice as long."""

_Json = dict[str, Any]


def find_files(folders: Iterable[Path]) -> list[Path]:
    """The logs below some folders, or the files themselves; oldest change first, so that copies come after."""
    found = set[Path]()
    for folder in folders:
        found |= set(folder.rglob("*.jsonl")) if folder.is_dir() else {folder}
    return sorted((file for file in found if file.name != _JOURNAL), key=lambda f: (f.stat().st_mtime_ns, f))


def read_billed(path: Path, offset: int = 0) -> BilledFile:
    """The requests of a file from ``offset`` bytes on; a last line without its end is left for the next reading.

    Raises:
        OSError: the file cannot be read.
    """
    found: dict[str, _Draft] = {}
    reader = _Reader(path)
    skips: dict[int, str] = {}
    lines, settled, start, last = 0, 0, offset, offset
    with path.open("rb", buffering=_BUFFER) as file:
        file.seek(offset)
        for raw in file:
            whole = raw.endswith(b"\n")
            # A streamed reply repeats its usage in every line; nothing else is worth parsing.
            if b'"usage"' in raw and b'"assistant"' in raw:
                part = reader.read(raw, start)
                if isinstance(part, Billed):
                    if part.id not in found:
                        found[part.id], last, settled = _Draft(), start, lines
                    found[part.id].add(part, raw)
                elif part and whole:
                    skips[start] = part
            if not whole:
                break
            lines += 1
            start += len(raw)
    requests = tuple(draft.finish() for draft in found.values())
    if not found:
        last, settled = start, lines
    return BilledFile(requests, lines, settled, skips, last)


class _Draft:
    """A request as its lines come in: each block of its reply stands in a line of its own, perhaps twice."""

    __slots__ = ("_blocks", "_part")

    def __init__(self) -> None:
        self._part: Billed | None = None
        self._blocks: dict[int, int] = {}

    def add(self, part: Billed, raw: bytes) -> None:
        """Take a further line."""
        known = self._part
        if known is None:
            self._part = part
        elif (known.usage, known.place) != (part.usage, part.place) or _is_earlier(part.time, known.time):
            self._part = known.merge(part)
        if part.provisional:
            mark = raw.find(b'"content"')
            self._blocks[hash((part.content, raw[mark : mark + 400]))] = part.content

    def finish(self) -> Billed:
        """The request, with the characters of all its blocks."""
        assert self._part is not None
        part = self._part
        content = sum(self._blocks.values())
        return Billed(part.id, part.model, part.time, part.usage, part.place, content, part.provisional)


def _is_earlier(time: float | None, known: float | None) -> bool:
    return time is not None and (known is None or time < known)


class _Reader:
    """Reads a file's lines. Those of a streamed reply repeat its counts and its place: such values are made once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._alone = "subagents" in path.parts[-4:-1]
        self._session = path.parts[-2 - path.parts[::-1].index("subagents")] if self._alone else ""
        self._counts: _Json = {}
        self._usage = Usage()
        self._place = Place()
        self._told: tuple[object, ...] = ()

    def read(self, raw: bytes, start: int) -> Billed | str:
        """What a line bills, or why it does not count; empty for a line that is no reply."""
        try:
            record = orjson.loads(raw)
        except ValueError:
            try:
                record = json.loads(raw)  # takes half a character, where a tool cut its output
            except (ValueError, RecursionError):
                return "not JSON"
        if not isinstance(record, dict):
            return "not JSON"
        if record.get("type") == "assistant":
            return self._bill(record, record, start, Origin.MAIN)
        data = record.get("data")
        if (
            record.get("type") == "progress"
            and isinstance(data, dict)
            and data.get("type") == "agent_progress"
        ):
            inner = data.get("message")
            if isinstance(inner, dict) and inner.get("type") == "assistant":
                return self._bill(record, inner, start, Origin.PROGRESS, _text(data, "agentId"))
        return ""

    def _bill(self, record: _Json, inner: _Json, start: int, origin: Origin, agent: str = "") -> Billed | str:
        message = inner.get("message")
        usage = message.get("usage") if isinstance(message, dict) else None
        if not isinstance(message, dict) or not isinstance(usage, dict):
            return "a reply without usage"
        model = _text(message, "model")
        if model == SYNTHETIC or record.get("isApiErrorMessage") is True:
            return "made by the client"
        if origin is Origin.MAIN and (self._alone or record.get("isSidechain") is True):
            origin = Origin.SUBAGENT
            agent = _text(record, "agentId") or (self._path.stem if self._alone else "inline")
        place = self._find_place(record, origin, agent)
        provisional = origin is Origin.PROGRESS or read_version(place.version) < COUNTED_SINCE
        if usage != self._counts:
            self._counts, self._usage = usage, _read_usage(usage)
        return Billed(
            _text(message, "id") or _text(inner, "uuid") or f"{self._path}:{start}",
            model or "unknown",
            _read_time(_text(inner, "timestamp") or _text(record, "timestamp")),
            self._usage,
            place,
            _measure(message.get("content")) if provisional else 0,
            provisional,
        )

    def _find_place(self, record: _Json, origin: Origin, agent: str) -> Place:
        get = record.get
        told = (get("sessionId"), get("cwd"), get("gitBranch"), get("version"), origin, agent)
        if told != self._told:
            session = self._session or _text(record, "sessionId") or self._path.stem
            names = (_text(record, "cwd"), _text(record, "gitBranch"), _text(record, "version"))
            self._told, self._place = told, Place(session, *names, agent, origin)
        return self._place


def _read_usage(usage: _Json) -> Usage:
    split, tools = usage.get("cache_creation"), usage.get("server_tool_use")
    split = split if isinstance(split, dict) else {}
    long = _count(split, "ephemeral_1h_input_tokens")
    short = _count(split, "ephemeral_5m_input_tokens")
    return Usage(
        _count(usage, "input_tokens"),
        _count(usage, "output_tokens"),
        max(short, _count(usage, "cache_creation_input_tokens") - long),
        long,
        _count(usage, "cache_read_input_tokens"),
        _count(tools, "web_search_requests") if isinstance(tools, dict) else 0,
        _text(usage, "speed"),
        _text(usage, "service_tier"),
        _text(usage, "inference_geo"),
    )


def _count(values: _Json, key: str) -> int:
    value = values.get(key)
    return value if isinstance(value, int) and value > 0 else 0


def _text(values: _Json, key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _read_time(text: str) -> float | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _measure(content: object) -> int:
    """Characters of what the model wrote."""
    return len(content) if isinstance(content, str) else sum(_lengths(content))


def _lengths(content: object) -> Iterator[int]:
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict):
            for value in (block.get("text"), block.get("thinking")):
                yield len(value) if isinstance(value, str) else 0
            if isinstance(block.get("input"), dict):
                yield len(orjson.dumps(block["input"]).decode())
