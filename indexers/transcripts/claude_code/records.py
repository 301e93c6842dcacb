"""A log's lines, each read by itself: what is known is taken, all else is passed over and counted."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from indexers.transcripts.claude_code.calls import read_call
from indexers.transcripts.claude_code.versions import COUNTED_SINCE, SYNTHETIC, read_version
from indexers.transcripts.model import Boundary, Prompt, ToolCall, ToolResult, Usage

_TAGS = re.compile(
    r"<(system-reminder|local-command-stdout|command-name)>.*?</\1>|<[\w-]+>|</[\w-]+>", re.DOTALL
)


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Creation(_Loose):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _Searches(_Loose):
    web_search_requests: int | None = None


class _Usage(_Loose):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _Creation | None = None
    server_tool_use: _Searches | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None

    def value(self) -> Usage:
        split = self.cache_creation or _Creation()
        long = split.ephemeral_1h_input_tokens or 0
        short = split.ephemeral_5m_input_tokens or 0
        return Usage(
            input=self.input_tokens or 0,
            output=self.output_tokens or 0,
            write_5m=max(short, (self.cache_creation_input_tokens or 0) - long),
            write_1h=long,
            read=self.cache_read_input_tokens or 0,
            web_searches=(self.server_tool_use.web_search_requests or 0) if self.server_tool_use else 0,
            speed=self.speed or "",
            tier=self.service_tier or "",
            geography=self.inference_geo or "",
        )


class _Message(_Loose):
    id: str | None = None
    model: str | None = None
    content: str | list[Any] | None = None
    usage: _Usage | None = None


class _Record(_Loose):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)

    type: str | None = None
    subtype: str | None = None
    uuid: str | None = None
    parent_uuid: str | None = None
    session_id: str | None = None
    timestamp: str | None = None
    cwd: str | None = None
    version: str | None = None
    is_sidechain: bool | None = None
    agent_id: str | None = None
    is_meta: bool | None = None
    is_compact_summary: bool | None = None
    is_api_error_message: bool | None = None
    message: _Message | None = None


@dataclass(frozen=True, slots=True)
class RequestPart:
    """What one line adds to a request: a streamed reply takes several lines, each with the usage again."""

    id: str
    model: str
    usage: Usage
    texts: tuple[str, ...]
    calls: tuple[ToolCall, ...]
    provisional: bool


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that counts: where it belongs, and what it says."""

    uuid: str
    parent: str
    session: str
    time: str
    cwd: str
    sidechain: bool
    agent: str
    says: tuple[RequestPart | ToolResult | Prompt | Boundary, ...]


def read_lines(path: Path, skips: Counter[str]) -> Iterator[LogLine]:
    """The lines of a file that count, in order; the others are counted in ``skips`` by reason.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        for raw in file:
            if not raw.strip():
                continue
            line = _read_line(raw)
            if isinstance(line, str):
                skips[line] += 1
            else:
                yield line


def _read_line(raw: bytes) -> LogLine | str:
    """A line, or why it does not count."""
    try:
        loaded = json.loads(raw)
        if (
            rb"\ud" in raw
        ):  # half a character, where a tool cut its output, is no text that could be asked or written
            loaded = json.loads(json.dumps(loaded, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return "not JSON"
    if not isinstance(loaded, dict):
        return "not JSON"
    kind = loaded.get("type")
    if not isinstance(kind, str):
        return "of no kind"
    if kind not in {"user", "assistant", "system"}:
        return f"of kind {kind}"
    try:
        record = _Record.model_validate(loaded)
    except ValidationError:
        return f"{kind} with unknown fields"
    return LogLine(
        uuid=record.uuid or "",
        parent=record.parent_uuid or "",
        session=record.session_id or "",
        time=record.timestamp or "",
        cwd=record.cwd or "",
        sidechain=bool(record.is_sidechain),
        agent=record.agent_id or "",
        says=_say(record),
    )


def _say(record: _Record) -> tuple[RequestPart | ToolResult | Prompt | Boundary, ...]:
    if record.type == "system":
        return (Boundary(),) if record.subtype == "compact_boundary" else ()
    message = record.message
    if message is None:
        return ()
    blocks = _blocks(message.content)
    if record.type == "user":
        return _hear(blocks, quiet=bool(record.is_meta or record.is_compact_summary))
    if message.model in {None, SYNTHETIC} or record.is_api_error_message:
        return ()
    part = RequestPart(
        id=message.id or record.uuid or "",
        model=message.model or "",
        usage=message.usage.value() if message.usage else Usage(),
        texts=tuple(text for block in blocks if (text := _written(block))),
        calls=tuple(call for block in blocks if (call := _call(block)) is not None),
        provisional=read_version(record.version or "") < COUNTED_SINCE,
    )
    return (part,)


def _blocks(content: str | list[Any] | None) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or () if isinstance(block, dict)]


def _hear(blocks: list[Mapping[str, Any]], *, quiet: bool) -> tuple[ToolResult | Prompt, ...]:
    """Tool results, or a person's prompt: never both, what stands beside results the client has added."""
    results = tuple(
        ToolResult(_string(block, "tool_use_id"), _shown(block.get("content")), block.get("is_error") is True)
        for block in blocks
        if block.get("type") == "tool_result"
    )
    if results or quiet:
        return results
    text = _TAGS.sub(" ", "\n".join(_string(block, "text") for block in blocks)).strip()
    return (Prompt(text),) if text else ()


def _shown(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(_string(block, "text") for block in blocks if isinstance(block, dict))


def _written(block: Mapping[str, Any]) -> str:
    return _string(block, "text") if block.get("type") == "text" else _string(block, "thinking")


def _call(block: Mapping[str, Any]) -> ToolCall | None:
    given = block.get("input")
    if block.get("type") != "tool_use" or not isinstance(given, dict):
        return None
    return read_call(_string(block, "id"), _string(block, "name"), given)


def _string(block: Mapping[str, Any], key: str) -> str:
    value = block.get(key)
    return value if isinstance(value, str) else ""
