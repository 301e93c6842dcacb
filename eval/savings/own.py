"""This product's arm: its real tools, asked as an agent asks them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from eval.savings.context import Turn
from eval.savings.gold import ReplyLine
from eval.tokens.count import TokenCounter
from indexers.errors import IndexerError
from memory_server.answer.read import ReadReply
from memory_server.answer.reply import Reply
from memory_server.answer.search import SearchReply
from memory_server.answer.tools import TOOLS
from memory_server.errors import MemoryServerError
from memory_server.memory import Memory
from memory_server.model import SearchHit
from memory_server.serve.greeting import INSTRUCTIONS

OWN = "repo-memory"
LATER = "repo-memory, a later question"
"""The same without schema and instructions: they are in a conversation once, however many questions it has."""

WITH_RIPGREP = "repo-memory, then rg"
"""The same with ripgrep and windows after the last hit is read in vain: an agent has both."""

OWN_ARMS = (OWN, LATER, WITH_RIPGREP)

TOOL_PREFIX = "mcp__repo-memory__"
"""How Claude Code names this product's tools."""


class OwnTools:
    """The tools over a memory, and what their replies show."""

    def __init__(self, memory: Memory) -> None:
        self._repository = memory.repository

    def overhead(self, counter: TokenCounter) -> int:
        """Tokens of the tools' schemas and the server's instructions, as a client puts them into every conversation."""
        schemas = [
            {"name": TOOL_PREFIX + tool.name, "description": tool.description, "input_schema": tool.schema}
            for tool in TOOLS
        ]
        return sum(map(counter.count, (*map(json.dumps, schemas), INSTRUCTIONS)))

    def ask(self, question: str) -> Iterator[Turn]:
        """A search; then a read of each hit in the order of the reply; then of what the reads left out."""
        turn, targets = self._search(question)
        yield turn
        while targets:
            further: list[str] = []
            for target in targets:
                turn, reply = self._call("read", {"targets": [target]})
                yield turn
                further += list_left_out(reply)
            targets = further

    def look(self, question: str) -> Iterator[Turn]:
        """A search; then, where it lists more than it shows, one read of all of that."""
        turn, targets = self._search(question)
        yield turn
        if targets:
            yield self._call("read", {"targets": targets})[0]

    def _search(self, question: str) -> tuple[Turn, list[str]]:
        """A search, and what it lists without showing it whole."""
        turn, reply = self._call("search", {"query": question})
        return turn, list_unread(reply)

    def _call(self, name: str, arguments: dict[str, object]) -> tuple[Turn, Reply | None]:
        """A call with all the lines that it puts into the context, and the reply; an error has none."""
        tool = next(tool for tool in TOOLS if tool.name == name)
        try:
            reply = tool.ask(self._repository, **tool.check(arguments))
        except (MemoryServerError, IndexerError) as error:
            lines = [ReplyLine(str(error)), ReplyLine(f"hint: {error.hint}")]
            return Turn(TOOL_PREFIX + name, json.dumps(arguments), lines), None
        shown = [ReplyLine(*line) for line in reply.lines()]
        return Turn(TOOL_PREFIX + name, json.dumps(arguments), shown), reply


def list_unread(reply: Reply | None) -> list[str]:
    """What to read after a search: the symbols it lists, in its order, but those that it shows whole."""
    if not isinstance(reply, SearchReply):
        return []
    shown = {(line.path, line.number) for line in reply.lines()}
    return [
        f"{hit.path}:{hit.start_line}-{hit.end_line}"
        for hit in (*_by_file(reply.hits), *_by_file(reply.weaker))
        if any((hit.path, line) not in shown for line in range(hit.start_line, hit.end_line + 1))
    ]


def _by_file(hits: Sequence[SearchHit]) -> list[SearchHit]:
    """Hits in the order in which a reply lists them: each file's together, where the first of them stands."""
    first: dict[str, int] = {}
    for hit in hits:
        first.setdefault(hit.path, len(first))
    return sorted(hits, key=lambda hit: first[hit.path])


def list_left_out(reply: Reply | None) -> list[str]:
    """What a read says it left out of the lines."""
    return [piece.rest for piece in reply.slices if piece.rest] if isinstance(reply, ReadReply) else []
