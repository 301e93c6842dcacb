"""The MCP server: four tools over the answers, plain text, errors as one line and a hint."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError

from indexers.errors import IndexerError
from memory_server.answer.outline import OUTLINE
from memory_server.answer.page import cut_text
from memory_server.answer.parameters import (
    ContextLines,
    Depth,
    KindFilter,
    OutlinePath,
    PathFilter,
    Relation,
    SearchQuery,
    SymbolName,
    Targets,
    TokenBudget,
)
from memory_server.answer.read import READ
from memory_server.answer.related import RELATED
from memory_server.answer.search import SEARCH
from memory_server.errors import MemoryServerError
from memory_server.memory import Memory
from memory_server.serve.greeting import INSTRUCTIONS, Wire, server_version

ALWAYS_LOAD = {"anthropic/alwaysLoad": True}
"""Claude Code then offers the tools at once instead of behind its tool search."""


ERROR_TOKENS = 100
"""The smallest budget of a reply holds any error."""


class _Server(MCPServer[Any]):
    """The SDK's server for tools alone, whose errors are one line and a hint."""

    def __init__(self) -> None:
        super().__init__(
            "repo-memory", instructions=INSTRUCTIONS, version=server_version(), log_level="WARNING"
        )
        handlers = self._lowlevel_server._request_handlers
        for method in [name for name in handlers if name.startswith(("prompts/", "resources/"))]:
            del handlers[method]  # clients ask at every start for what a server says it has

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; what is wrong with its arguments, or what it says itself, is told in few words.

        Raises:
            ToolError: the tool or an argument is unknown, an argument is wrong, or the tool raised it.
        """
        tool = self._tool_manager.get_tool(name)
        if tool is None:
            tools = ", ".join(tool.name for tool in self._tool_manager.list_tools())
            raise ToolError(_told(f"no tool {name[:40]}", f"use one of: {tools}"))
        known = tool.parameters["properties"]
        if unknown := sorted(arguments.keys() - known.keys()):
            raise ToolError(_told(f"{name} takes no {unknown[0][:40]}", f"it takes: {', '.join(known)}"))
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError:
            raise
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(_argument_error(error.__cause__, known)) from error
            raise ToolError(str(error).removeprefix(f"Error executing tool {name}: ")) from error


def _argument_error(error: ValidationError, known: dict[str, Any]) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    problem = first["msg"].lower().removesuffix(".")
    return _told(f"{name}: {problem}", known.get(name, {}).get("description", "see the tool's description"))


def _told(message: str, hint: str) -> str:
    """An error as the model sees it: one line, then a hint."""
    return cut_text(f"{' '.join(message.split())}\nhint: {hint}", ERROR_TOKENS)


def build_server(memory: Callable[[], Memory]) -> MCPServer[Any]:
    """The server over a memory, which may block until there is something to answer from."""
    server = _Server()

    def search(
        query: SearchQuery, path: PathFilter = "", kind: KindFilter = "", budget: TokenBudget = 0
    ) -> str:
        """Find code by name or meaning. Returns ranked symbols with file, lines, signature and key lines."""
        with _told_to_model():
            return SEARCH.ask(memory().repository, query, path, kind, budget).text()

    def read(targets: Targets, context: ContextLines = 2, budget: TokenBudget = 0) -> str:
        """Exact current source of symbols or lines, numbered, with enclosing signatures. Pass several."""
        with _told_to_model():
            return READ.ask(memory().repository, targets, context, budget).text()

    def outline(path: OutlinePath = "", budget: TokenBudget = 0) -> str:
        """Map of the repository by importance, or of a folder's or file's symbols with lines."""
        with _told_to_model():
            return OUTLINE.ask(memory().repository, path, budget).text()

    def related(symbol: SymbolName, relation: Relation, depth: Depth = 1, budget: TokenBudget = 0) -> str:
        """Who calls, is called by, implements, imports or tests a symbol, with lines."""
        with _told_to_model():
            return RELATED.ask(memory().repository, symbol, relation, depth, budget).text()

    for tool in (search, read, outline, related):
        server.add_tool(
            tool, meta=ALWAYS_LOAD, annotations=ToolAnnotations(read_only_hint=True), structured_output=False
        )
        registered = server._tool_manager.get_tool(tool.__name__)
        if registered is not None:
            registered.parameters = _slim(registered.parameters)
    return server


_UNSENT = frozenset({"title", "default", "minimum", "maximum", "minItems", "maxItems"})
"""Keys of a JSON schema that the model does without; arguments are checked against the whole schema."""


def _slim(schema: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON schema without what would only be tokens in every conversation."""
    if isinstance(schema, dict):
        return {
            key: _slim(value)
            for key, value in schema.items()
            if key not in _UNSENT or isinstance(value, dict)
        }
    return [_slim(item) for item in schema] if isinstance(schema, list) else schema


@contextmanager
def _told_to_model() -> Iterator[None]:
    """Pass our errors to the model as one line and a hint; others are the SDK's to hide."""
    try:
        yield
    except (MemoryServerError, IndexerError) as error:
        raise ToolError(_told(str(error), error.hint)) from error


class _Replay:
    """The wire's lines for the SDK, with the greeting's first."""

    def __init__(self, first: bytes, rest: TextIO) -> None:
        self._first = first
        self._rest = anyio.wrap_file(rest)

    async def __aiter__(self) -> AsyncIterator[str]:
        if self._first:
            yield self._first.decode("utf-8", "replace")
        async for line in self._rest:
            yield line


class _DropFirstReply:
    """The wire for the SDK's messages, less its reply to the request that was answered already."""

    def __init__(self, file: TextIO, answered: int | str | None) -> None:
        self._file = anyio.wrap_file(file)
        self._answered = answered

    async def write(self, text: str) -> None:
        if self._answered is not None and _replies_to(text, self._answered):
            self._answered = None
            return
        await self._file.write(text)

    async def flush(self) -> None:
        await self._file.flush()


def _replies_to(text: str, request: int | str) -> bool:
    message = json.loads(text)
    return isinstance(message, dict) and "method" not in message and message.get("id") == request


def run_server(server: MCPServer[Any], wire: Wire) -> None:
    """Serve on the wire until the client closes it."""

    async def run(source: TextIO, sink: TextIO) -> None:
        reader = cast("Any", _Replay(wire.first_line, source))
        writer = cast("Any", _DropFirstReply(sink, wire.answered))
        lowlevel = server._lowlevel_server
        async with stdio_server(reader, writer) as (read_stream, write_stream):
            await lowlevel.run(read_stream, write_stream, lowlevel.create_initialization_options())

    with (
        os.fdopen(wire.input, encoding="utf-8", errors="replace") as source,
        os.fdopen(wire.output, "w", encoding="utf-8") as sink,
    ):
        anyio.run(run, source, sink)
