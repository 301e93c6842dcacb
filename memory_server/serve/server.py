"""The MCP server: the tools over a memory, plain text, errors as one line and a hint."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from importlib import metadata
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCResponse,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
    jsonrpc_message_adapter,
)

from indexers.errors import IndexerError
from memory_server.answer.page import cut_text
from memory_server.answer.tools import TOOLS
from memory_server.deadline import due_in
from memory_server.errors import MemoryServerError, OverdueError, QueryError
from memory_server.memory import Memory
from memory_server.serve.greeting import INSTRUCTIONS
from memory_server.serve.wire import Wire

logger = logging.getLogger(__name__)

ALWAYS_LOAD = {"anthropic/alwaysLoad": True}
"""Claude Code then offers the tools at once instead of behind its tool search."""

ERROR_TOKENS = 100
"""The smallest budget of a reply holds any error."""

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
        return _tell(OverdueError(f"no answer within {seconds:g} seconds"))

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
            annotations=ToolAnnotations(read_only_hint=True),
            _meta=ALWAYS_LOAD,
        )
        for tool in TOOLS
    ]


def call_tool(memory: Source, name: str, arguments: dict[str, Any]) -> CallToolResult:
    """Ask the tool of that name; what is wrong with the question, or what it meets, is told in few words."""
    try:
        tool = next((tool for tool in TOOLS if tool.name == name), None)
        if tool is None:
            names = ", ".join(tool.name for tool in TOOLS)
            raise QueryError(f"no tool {name[:40]}", f"use one of: {names}")
        checked = tool.check(arguments)
        return _result(tool.ask(memory().repository, **checked).text())
    except (MemoryServerError, IndexerError) as error:
        return _tell(error)
    except Exception:  # the SDK would send the client the exception's own text
        logger.exception("the tool %s crashed", name)
        return _result(f"Error executing tool {name}", is_error=True)


def _tell(error: MemoryServerError | IndexerError) -> CallToolResult:
    told = f"{' '.join(str(error).split())}\nhint: {error.hint}"
    return _result(cut_text(told, ERROR_TOKENS), is_error=True)


def _result(text: str, *, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=is_error)


def run_server(server: Server[Any], wire: Wire) -> None:
    """Serve on the wire until the client leaves."""
    anyio.run(_serve, server, wire)


async def _serve(server: Server[Any], wire: Wire) -> None:
    arrivals, arrived = anyio.create_memory_object_stream[SessionMessage | Exception]()
    leaving, departures = anyio.create_memory_object_stream[SessionMessage]()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_receive, wire, arrivals)
        tasks.start_soon(_send, wire, departures)
        await server.run(arrived, leaving, server.create_initialization_options())


async def _receive(wire: Wire, arrivals: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
    """Hand the client's lines to the SDK, and what is wrong with those that are no messages."""
    async with arrivals:
        while line := await anyio.to_thread.run_sync(wire.next_line, abandon_on_cancel=True):
            try:
                message = jsonrpc_message_adapter.validate_json(
                    line.decode("utf-8", "replace"), by_name=False
                )
            except ValueError as error:
                await arrivals.send(error)
            else:
                await arrivals.send(SessionMessage(message))


async def _send(wire: Wire, departures: MemoryObjectReceiveStream[SessionMessage]) -> None:
    """Write the SDK's messages to the client, less its reply to a greeting that was replied to already."""
    dropped = False
    async with departures:
        async for departing in departures:
            message = departing.message
            if not dropped and _is_reply(message, wire.greeted):
                dropped = True
                continue
            line = message.model_dump_json(by_alias=True, exclude_unset=True)
            try:
                await anyio.to_thread.run_sync(wire.send, line.encode() + b"\n")
            except OSError:
                return  # the client is gone, which the SDK learns as its lines end


def _is_reply(message: JSONRPCMessage, request: int | str | None) -> bool:
    if request is None or not isinstance(message, JSONRPCResponse | JSONRPCError):
        return False
    return message.id == request
