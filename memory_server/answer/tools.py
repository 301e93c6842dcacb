"""Every tool, in the order in which clients and ``--help`` list them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memory_server.answer.notes.beside import answer_with_notes
from memory_server.answer.notes.hook import HOOK
from memory_server.answer.notes.recall import RECALL
from memory_server.answer.notes.remember import REMEMBER
from memory_server.answer.outline import OUTLINE
from memory_server.answer.read import READ
from memory_server.answer.related import RELATED
from memory_server.answer.reply import Reply
from memory_server.answer.repository import Repository
from memory_server.answer.search import SEARCH
from memory_server.answer.tool import Tool

TOOLS: tuple[Tool, ...] = (SEARCH, READ, OUTLINE, RELATED, REMEMBER, RECALL)

UNLISTED: tuple[Tool, ...] = (HOOK,)
"""Those that a client's settings call, and no model."""


def ask(tool: Tool, repository: Repository, asked: Mapping[str, Any]) -> Reply:
    """A tool's reply, with the notes on the code that it tells of.

    Raises:
        MemoryServerError: what the tool itself raises.
    """
    default = getattr(repository.config.budget, tool.name, 0)
    return answer_with_notes(repository, tool.ask, default, dict(asked))
