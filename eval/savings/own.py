"""This product's arm: its real tools, called through its MCP server, as an agent calls them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial

import anyio
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, TextContent

from eval.retrieval.changes import listed_spans
from eval.savings.context import Turn
from eval.savings.gold import ReplyLine
from eval.tokens.count import Counter
from memory_server.answer.answers import Answers
from memory_server.memory import Memory
from memory_server.serve.greeting import INSTRUCTIONS
from memory_server.serve.server import build_server

OWN = "repo-memory"
LATER = "repo-memory, a later question"
"""The same without schema and instructions: they are in a conversation once, however many questions it has."""

WITH_RIPGREP = "repo-memory, then rg"
"""The same with ripgrep and windows after the last hit is read in vain: an agent has both."""

OWN_ARMS = (OWN, LATER, WITH_RIPGREP)

TOOL_PREFIX = "mcp__repo-memory__"
"""How Claude Code names this product's tools."""

_NUMBERED = re.compile(r" *(\d+)\t")
_WHOLE_FILE = re.compile(r"  [\d-]+ file")
_SLICE = re.compile(r"(\S.*):(\d+)-(\d+)(?:  .*)?")
_POINTER = re.compile(r"; read (.+:\d+-\d+), or raise budget$")


class OwnTools:
    """The server over a memory, and what its replies show."""

    def __init__(self, memory: Memory) -> None:
        answers = Answers(memory)
        self._server = build_server(lambda: answers)

    def overhead(self, counter: Counter) -> int:
        """Tokens of the tools' schemas and the server's instructions, as a client puts them into every conversation."""
        tools = anyio.run(self._server.list_tools)
        schemas = [
            {
                "name": TOOL_PREFIX + tool.name,
                "description": tool.description,
                "input_schema": tool.input_schema,
            }
            for tool in tools
        ]
        return sum(map(counter.count, (*map(json.dumps, schemas), INSTRUCTIONS)))

    def ask(self, question: str) -> Iterator[Turn]:
        """A search; then a read of each hit in the order of the reply; then of what the reads left out."""
        turn, targets = self._search(question)
        yield turn
        while targets:
            further: list[str] = []
            for target in targets:
                arguments: dict[str, object] = {"targets": [target]}
                reply = self._call("read", arguments)
                yield _turn("read", arguments, reply)
                further += list_left_out(reply)
            targets = further

    def look(self, question: str) -> Iterator[Turn]:
        """A search; then, where it lists more than it shows, one read of all of that."""
        turn, targets = self._search(question)
        yield turn
        if targets:
            arguments: dict[str, object] = {"targets": targets}
            yield _turn("read", arguments, self._call("read", arguments))

    def _search(self, question: str) -> tuple[Turn, list[str]]:
        """A search, and what it lists without showing it whole."""
        arguments: dict[str, object] = {"query": question}
        reply = self._call("search", arguments)
        return _turn("search", arguments, reply), list_unread(reply)

    def _call(self, tool: str, arguments: dict[str, object]) -> str:
        """The reply's text: all that the server sends, and that the client puts into the context."""
        try:
            result = anyio.run(partial(self._server.call_tool, tool, arguments))
        except ToolError as error:
            return str(error)
        assert isinstance(result, CallToolResult)
        assert result.structured_content is None  # it would be sent beside the text, and cost tokens twice
        return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def list_unread(reply: str) -> list[str]:
    """What to read after a search: the symbols it lists, in its order, but those that it shows whole."""
    shown = {(line.path, line.start_line) for line in show_reply(reply)}
    return [
        f"{span.path}:{span.start_line}-{span.end_line}"
        for span in listed_spans(reply)
        if any((span.path, line) not in shown for line in range(span.start_line, span.end_line + 1))
    ]


def list_left_out(reply: str) -> list[str]:
    """What a read says it left out."""
    return [found[1] for line in reply.split("\n") if (found := _POINTER.search(line))]


def _turn(tool: str, arguments: dict[str, object], reply: str) -> Turn:
    return Turn(TOOL_PREFIX + tool, json.dumps(arguments), show_reply(reply))


def show_reply(reply: str) -> list[ReplyLine]:
    """Which source each line of a reply shows.

    A numbered line shows that line. A hit's signature and doc show the file, but no line by its number.
    """
    lines: list[ReplyLine] = []
    path = ""
    for line in reply.split("\n"):
        if found := _NUMBERED.match(line):
            lines.append(ReplyLine(line, path, int(found[1])))
        elif line.startswith("  "):
            lines.append(ReplyLine(line, "" if _WHOLE_FILE.fullmatch(line) else path))
        else:
            found = _SLICE.fullmatch(line)
            path = (
                ""
                if line.startswith(("weaker: ", "left out: ", "no hits; "))
                else found[1]
                if found
                else line
            )
            lines.append(ReplyLine(line))
    return lines
