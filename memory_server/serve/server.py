"""The MCP server: the tools over a memory, plain text, errors as one line and a hint."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from importlib import metadata
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage
from mcp_types import (
    INTERNAL_ERROR,
    CallToolRequestParams,
    CallToolResult,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from indexers.errors import IndexerError
from memory_server.answer.page import cut_error, cut_text
from memory_server.answer.tools import TOOLS, UNLISTED, ask
from memory_server.deadline import due_in
from memory_server.errors import MemoryServerError, OverdueError, QueryError, explain
from memory_server.memory import Memory
from memory_server.serve.greeting import INSTRUCTIONS
from memory_server.serve.messages import read_messages, refuse
from memory_server.serve.wire import END, Wire
from memory_server.visible import show_line

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""What a client that has left is given to read its last replies."""

ALWAYS_LOAD = {"anthropic/alwaysLoad": True}
"""Claude Code then offers the tools at once instead of behind its tool search."""

ERROR_TOKENS = 100
"""What an error is told in at most, whatever more the budget allows."""

ANSWER_SECONDS = 20.0
"""What a question may take; whoever answers stops with what there is a tenth before."""

MOST_AT_ONCE = 64
"""Questions that are answered at the same time, each in its own thread; further ones wait, as long as they may take."""

Source = Callable[[], Memory]
"""Gives the memory to ask, and may block until there is something to answer from."""


def build_server(memory: Source, seconds: float = ANSWER_SECONDS) -> Server[Any]:
    """The server over a memory; a question is answered in a thread of its own, so that none waits for another.

    After ``seconds`` it is replied to in any case, and what still runs ends where it next looks at the time.
    What it replies to ``initialize`` and ``tools/list`` is kept in `greeting.json` as well.
    """
    threads = anyio.CapacityLimiter(MOST_AT_ONCE)

    async def list_tools(
        _context: ServerRequestContext[Any, Any], _page: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=_list_tools())

    async def call(
        _context: ServerRequestContext[Any, Any], question: CallToolRequestParams
    ) -> CallToolResult:
        answer = partial(call_tool, memory, question.name, question.arguments or {})
        with anyio.move_on_after(seconds), due_in(0.9 * seconds):
            return await anyio.to_thread.run_sync(answer, abandon_on_cancel=True, limiter=threads)
        return _tell(OverdueError(f"no answer within {seconds:g} seconds"), question.arguments or {})

    return Server(
        "repo-memory",
        version=metadata.version("repo-memory"),
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call,
    )


def _list_tools() -> list[Tool]:
    return [
        Tool(
            name=tool.name,
            description=tool.description,
            input_schema=tool.schema,
            annotations=ToolAnnotations(read_only_hint=not tool.writes),
            _meta=ALWAYS_LOAD,
        )
        for tool in TOOLS
    ]


def call_tool(memory: Source, name: str, arguments: dict[str, Any]) -> CallToolResult:
    """Ask the tool of that name; what is wrong with the question, or what it meets, is told in few words."""
    try:
        tool = next((tool for tool in (*TOOLS, *UNLISTED) if tool.name == name), None)
        if tool is None:
            names = ", ".join(tool.name for tool in TOOLS)
            raise QueryError(f"no tool {name[:40]}", f"use one of: {names}")
        checked = tool.check(arguments)
        return _result(ask(tool, memory().repository, checked).text())
    except (MemoryServerError, IndexerError) as error:
        return _tell(error, arguments)
    except OSError as error:
        return _tell(explain(error), arguments)
    except Exception:  # the SDK would send the client the exception's own text
        logger.exception("the tool %s crashed", name)
        return _result(f"Error executing tool {name}", is_error=True)


def _tell(error: MemoryServerError | IndexerError, arguments: Mapping[str, Any]) -> CallToolResult:
    """An error as a line with its hint below, within the budget that was asked for."""
    asked = arguments.get("budget")
    room = min(asked, ERROR_TOKENS) if isinstance(asked, int) and asked > 0 else ERROR_TOKENS
    problem, hint = cut_error(show_line(" ".join(str(error).split())), show_line(error.hint), room)
    told = f"{problem}\nhint: {hint}" if hint else problem
    return _result(cut_text(told, room), is_error=True)


def _result(text: str, *, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=is_error)


def run_server(
    server: Server[Any], wire: Wire, seconds: float = ANSWER_SECONDS, close_seconds: float = CLOSE_SECONDS
) -> None:
    """Serve on the wire until the client leaves; what it asked before that is replied to, within ``seconds``."""
    anyio.run(_Session(server, wire, seconds).serve)
    wire.close(close_seconds)


class _Session:
    """The SDK between the wire's two directions, and the requests that it has not replied to yet."""

    def __init__(self, server: Server[Any], wire: Wire, seconds: float) -> None:
        self.server, self.wire, self.seconds = server, wire, seconds
        self._open: Counter[int | str] = Counter()
        self._settled = anyio.Event()
        self._greeted = False
        """Whether the SDK has replied to the greeting that was replied to before it was there."""

    async def serve(self) -> None:
        """Serve until the client has left. Should the SDK fail, what is open is refused and the session ends."""
        arrivals, arrived = anyio.create_memory_object_stream[SessionMessage | Exception]()
        leaving, departures = anyio.create_memory_object_stream[SessionMessage]()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._receive, arrivals)
                tasks.start_soon(self._send, departures)
                await self.server.run(arrived, leaving, self.server.create_initialization_options())
                tasks.cancel_scope.cancel()
        except ExceptionGroup:  # the client is told of each request, and has no other way to learn of it
            logger.exception("the session broke")
        for request in self._open.elements():
            self.wire.send(refuse(INTERNAL_ERROR, "the session ended before the answer", json.dumps(request)))

    async def _receive(self, arrivals: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
        """Hand the client's messages to the SDK, and refuse what is none; at the end, wait for what was asked."""
        async with arrivals:
            while (
                line := await anyio.to_thread.run_sync(self.wire.next_line, abandon_on_cancel=True)
            ) != END:
                for found in read_messages(line, self.wire.greeted):
                    if isinstance(found, bytes):
                        self.wire.send(found)
                        continue
                    self._note(found)
                    await arrivals.send(SessionMessage(found))
            with anyio.move_on_after(self.seconds):
                while self._open.total() and not self.wire.gone.is_set():
                    self._settled = anyio.Event()
                    await self._settled.wait()

    async def _send(self, departures: MemoryObjectReceiveStream[SessionMessage]) -> None:
        """Hand the SDK's messages to the wire, less its reply to a greeting that was replied to already."""
        async with departures:
            async for departing in departures:
                message = departing.message
                if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
                    self._settle(message.id)
                    if not self._greeted and message.id == self.wire.greeted:
                        self._greeted = True
                        continue
                line = message.model_dump_json(by_alias=True, exclude_unset=True)
                self.wire.send(line.encode() + b"\n")

    def _note(self, message: JSONRPCMessage) -> None:
        """Keep account of a request, until it is replied to or the client takes it back."""
        if isinstance(message, JSONRPCRequest):
            self._open[message.id] += 1
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            taken_back = (message.params or {}).get("requestId")
            if isinstance(taken_back, int | str):
                self._settle(taken_back)

    def _settle(self, request: int | str) -> None:
        if self._open[request] > 1:
            self._open[request] -= 1
        else:
            del self._open[request]
        self._settled.set()
