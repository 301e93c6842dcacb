"""JSON-RPC messages as clients send them, and what the SDK itself replies to them."""

from __future__ import annotations

from typing import Any

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest, jsonrpc_message_adapter

from memory_server.memory import Memory
from memory_server.serve.server import Source, build_server
from tests.support.git_project import HANGS_AFTER

Message = dict[str, Any]

INITIALIZED: Message = {"jsonrpc": "2.0", "method": "notifications/initialized"}

ENVELOPED: Message = {
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
}
"""Parameters of a request of the protocol versions without ``initialize``."""


def initialize(version: str, request: int | str = 1) -> Message:
    client = {"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    params = {"protocolVersion": version, **client}
    return {"jsonrpc": "2.0", "id": request, "method": "initialize", "params": params}


def list_tools(request: int | str, **params: object) -> Message:
    return {"jsonrpc": "2.0", "id": request, "method": "tools/list", "params": params}


def ping(request: int | str) -> Message:
    return {"jsonrpc": "2.0", "id": request, "method": "ping"}


def call_tool(request: int | str, name: str, **arguments: object) -> Message:
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": request, "method": "tools/call", "params": params}


def no_memory() -> Memory:
    raise AssertionError("nothing was asked")


def sdk_replies(memory: Source, *messages: Message) -> list[Message]:
    """What the SDK's server replies to a session's messages, each awaited before the next is sent."""
    replies: list[Message] = []

    async def run() -> None:
        to_server, arriving = anyio.create_memory_object_stream[SessionMessage | Exception](1)
        departing, from_server = anyio.create_memory_object_stream[SessionMessage](1)
        server = build_server(memory, HANGS_AFTER)
        async with anyio.create_task_group() as tasks, from_server:
            tasks.start_soon(server.run, arriving, departing, server.create_initialization_options())
            async with to_server:
                for message in map(jsonrpc_message_adapter.validate_python, messages):
                    await to_server.send(SessionMessage(message))
                    if isinstance(message, JSONRPCRequest):
                        reply = (await from_server.receive()).message
                        replies.append(reply.model_dump(mode="json", by_alias=True, exclude_unset=True))

    anyio.run(run)
    return replies
