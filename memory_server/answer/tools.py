"""Every tool, in the order in which clients and ``--help`` list them."""

from __future__ import annotations

from memory_server.answer.outline import OUTLINE
from memory_server.answer.read import READ
from memory_server.answer.related import RELATED
from memory_server.answer.search import SEARCH
from memory_server.answer.tool import Tool

TOOLS: tuple[Tool, ...] = (SEARCH, READ, OUTLINE, RELATED)
