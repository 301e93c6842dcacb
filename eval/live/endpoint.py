"""A model endpoint on loopback whose replies a policy decides, and that keeps every request it was sent."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, takewhile
from operator import eq
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from indexers.tokens import estimate_tokens

_FRESH_TOKENS = 3
"""Tokens of a request that stand behind its last cache mark, as seen in real usage figures."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a tool by the scripted model."""

    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool as a request describes it; a ``deferred`` one cannot be called before it is searched for."""

    name: str
    description: str
    schema: Mapping[str, Any]
    deferred: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the model is shown of a tool's reply, beside the call that asked for it."""

    use: ToolUse
    text: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One request body as the client sent it: the context a model would be billed for.

    ``agent`` is the subagent that asks, "" for the main one.
    """

    body: Mapping[str, Any]
    agent: str = ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation so far, oldest first."""
        return list(self.body.get("messages", ()))

    @property
    def turn(self) -> int:
        """How many turns the model has had before this one."""
        return sum(message["role"] == "assistant" for message in self.messages)

    @property
    def is_side(self) -> bool:
        """Whether the client asks for itself (a title, a quota check): it then offers no tools."""
        return not self.body.get("tools") or "format" in (self.body.get("output_config") or {})

    @property
    def tools(self) -> tuple[OfferedTool, ...]:
        """The tools offered, in order."""
        return tuple(
            OfferedTool(
                name=tool["name"],
                description=tool.get("description", ""),
                schema=tool.get("input_schema", {}),
                deferred=bool(tool.get("defer_loading")),
                tokens=estimate_tokens(_encode(_without_marks(tool))),
            )
            for tool in self.body.get("tools", ())
        )

    @property
    def system_text(self) -> str:
        """The system prompt, with the system messages that the client puts into the conversation."""
        parts = [self.body.get("system", ""), *(m["content"] for m in self.messages if m["role"] == "system")]
        return "\n\n".join(_text_of(part) for part in parts)

    @property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """Every tool result in the conversation, oldest first."""
        uses: dict[str, ToolUse] = {}
        results = []
        for block in self._blocks():
            if block.get("type") == "tool_use":
                uses[block["id"]] = ToolUse(block["name"], block["input"])
            elif block.get("type") == "tool_result":
                text = _text_of(block.get("content", ""))
                results.append(ToolResult(uses[block["tool_use_id"]], text, bool(block.get("is_error"))))
        return tuple(results)

    def server_instructions(self, server: str) -> str:
        """The instructions of one MCP server as the model reads them, "" where there are none."""
        pattern = rf"^## {re.escape(server)}\n(.*?)(?=\n## |\n\nThe following |</|\Z)"
        found = re.search(pattern, self.system_text, re.M | re.S)
        return found.group(1).strip() if found else ""

    def context_parts(self) -> list[str]:
        """All that the model reads, piece by piece, in the order in which prompt caches compare it."""
        tools = [_encode(_without_marks(tool)) for tool in self.body.get("tools", ())]
        return [*tools, _text_of(self.body.get("system", "")), *map(_block_text, self._blocks())]

    @property
    def tokens(self) -> int:
        """Estimated tokens of the whole context."""
        return estimate_tokens("\n".join(self.context_parts()))

    def _blocks(self) -> Iterator[dict[str, Any]]:
        for message in self.messages:
            content = message["content"]
            yield from [{"type": "text", "text": content}] if isinstance(content, str) else content


Turn = tuple[str | ToolUse, ...]
"""What the scripted model says in one turn: texts and tool calls."""

Policy = Callable[[ModelRequest], Turn]
"""Decides the model's next turn from the request."""


def play(*turns: Turn, closing: str = "Done.") -> Policy:
    """A policy that takes the turns one after another, then says ``closing``."""

    def choose(request: ModelRequest) -> Turn:
        return turns[request.turn] if request.turn < len(turns) else (closing,)

    return choose


class ScriptedEndpoint:
    """Serves ``/v1/messages`` on loopback while its ``with`` block runs.

    ``requests`` holds every request in order. An error in the policy ends the conversation at once and is
    raised again when the block is left.
    """

    def __init__(self, policy: Policy) -> None:
        self.requests: list[ModelRequest] = []
        self._policy = policy
        self._lock = Lock()
        self._ids = count(1)
        self._server = _Server(self)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """The base URL for ``ANTHROPIC_BASE_URL``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def conversation(self) -> tuple[ModelRequest, ...]:
        """The main agent's requests, without those of subagents and the client's side requests."""
        return tuple(request for request in self.requests if not request.is_side and not request.agent)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self._server.failure is not None:
            raise self._server.failure

    def answer(self, request: ModelRequest) -> dict[str, Any]:
        """Record a request and return the complete reply message."""
        with self._lock:
            cached = self._count_cached(request)
            self.requests.append(request)
            number = next(self._ids)
            turn = _answer_side(request) if request.is_side else self._policy(request)
        content = [_block(part, f"{number:04}{index:02}") for index, part in enumerate(turn)]
        calls = any(isinstance(part, ToolUse) for part in turn)
        return {
            "id": f"msg_scripted{number:08}",
            "type": "message",
            "role": "assistant",
            "model": request.body.get("model", ""),
            "content": content,
            "stop_reason": "tool_use" if calls else "end_turn",
            "stop_sequence": None,
            "usage": _bill(request.tokens, cached, estimate_tokens(_encode(content))),
        }

    def _count_cached(self, request: ModelRequest) -> int:
        """Tokens of the longest beginning that this request shares with an earlier one to the same model."""
        parts = request.context_parts()
        earlier = (old for old in self.requests if old.body.get("model") == request.body.get("model"))
        shared = max((_count_shared(parts, old.context_parts()) for old in earlier), default=0)
        return estimate_tokens("\n".join(parts[:shared]))


def _bill(context: int, cached: int, output: int) -> dict[str, Any]:
    """Usage in the real endpoint's form: what is not read from the cache is written for five minutes."""
    fresh = min(_FRESH_TOKENS, max(context - cached, 0))
    written = max(context - cached - fresh, 0)
    return {
        "input_tokens": fresh,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
        "service_tier": "standard",
    }


def _count_shared(parts: list[str], others: list[str]) -> int:
    return sum(1 for _ in takewhile(bool, map(eq, parts, others)))


def _answer_side(request: ModelRequest) -> Turn:
    """A harmless answer in the form asked for."""
    schema = (request.body.get("output_config") or {}).get("format", {}).get("schema", {})
    fields = dict.fromkeys(schema.get("properties", ()), "scripted")
    return (_encode(fields) if fields else "ok",)


def _block(part: str | ToolUse, number: str) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    identity = f"toolu_scripted{number}"
    return {"type": "tool_use", "id": identity, "name": part.name, "input": dict(part.arguments)}


def _encode(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _without_marks(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block without its cache marks, which cost nothing and move from request to request."""
    return {key: value for key, value in block.items() if key != "cache_control"}


def _text_of(content: str | list[dict[str, Any]]) -> str:
    """The text of a content, which is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block.get("type") == "text")


def _block_text(block: Mapping[str, Any]) -> str:
    """What a model reads of a block: its text, or its fields where it is a call."""
    if block.get("type") in {"text", "tool_result"}:
        return _text_of(block.get("text") or block.get("content") or "")
    return _encode(_without_marks(block))


def _stream_events(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A complete message as the events of a stream."""
    start = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield {"type": "message_start", "message": start}
    for index, block in enumerate(message["content"]):
        empty: dict[str, Any]
        if block["type"] == "text":
            empty, delta = {"text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty = {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": _encode(block["input"])}
        yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": message["usage"]}
    yield {"type": "message_stop"}


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, endpoint: ScriptedEndpoint) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.endpoint = endpoint
        self.failure: BaseException | None = None

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Keep the first error of the policy; a client that went away is none."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            self.failure = self.failure or error


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 30

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing on stderr."""

    def do_HEAD(self) -> None:
        """The client's check that something listens."""
        self._send(200, b"")

    def do_GET(self) -> None:
        """Nothing is served to read."""
        self._send_error(404, "not_found_error", f"no {self.path} here")

    def do_POST(self) -> None:
        """Answer a message, count its tokens, or say that there is no such path."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        path = self.path.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            self._send(200, _encode({"input_tokens": ModelRequest(body).tokens}).encode())
        elif path == "/v1/messages":
            self._answer(body)
        else:
            self._send_error(404, "not_found_error", f"no {path} here")

    def _answer(self, body: dict[str, Any]) -> None:
        message = None
        try:
            agent = self.headers.get("x-claude-code-agent-id", "")
            message = self.server.endpoint.answer(ModelRequest(body, agent))
        finally:
            if message is None:
                self._send_error(400, "invalid_request_error", "the policy failed")
        if body.get("stream"):
            events = "".join(f"event: {e['type']}\ndata: {_encode(e)}\n\n" for e in _stream_events(message))
            self._send(200, events.encode(), "text/event-stream")
        else:
            self._send(200, _encode(message).encode())

    def _send_error(self, status: int, kind: str, text: str) -> None:
        self._send(status, _encode({"type": "error", "error": {"type": kind, "message": text}}).encode())

    def _send(self, status: int, data: bytes, content_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
