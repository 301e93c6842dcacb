"""A command for every tool that a model has: the same question, for people and scripts."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

from indexers.errors import IndexerError
from memory_server.answer.page import TextLine, cost_of, cut_error
from memory_server.answer.tool import Tool
from memory_server.answer.tools import TOOLS
from memory_server.answer.tools import ask as answer
from memory_server.cli.options import HERE, AsJson, Repo, print_result
from memory_server.cli.progress import show_progress
from memory_server.cli.terminal import say
from memory_server.errors import MemoryServerError, StoreBusyError, StoreError
from memory_server.memory import Memory
from memory_server.visible import show_line

BUSY_WAIT = 5.0
"""Seconds that a question waits for another process that writes the index."""


def _command(tool: Tool) -> Callable[..., None]:
    """The command that asks a tool of an index just brought up to date, its parameters the tool's own."""

    def ask(repo: Path, as_json: bool, **asked: Any) -> None:  # noqa: ANN401 - whatever the tool takes
        memory = Memory.open(repo)
        try:
            with show_progress(quiet=False) as on_progress:
                memory.sync(on_progress, wait=BUSY_WAIT)
        except StoreBusyError:
            pass  # it is answered from what there is, and says what that may lack
        except StoreError as error:  # a question needs no room on a disk
            memory.tree.overlay()
            say(f"the index stays as it was: {error}\n\nhint: {error.hint}", err=True)
        try:
            reply = answer(tool, memory.repository, asked)
        except (MemoryServerError, IndexerError) as error:
            if budget := asked.get("budget"):
                raise _cut(error, budget) from error
            raise
        print_result(reply.json() if as_json else None, "" if as_json else reply.text(), as_json)

    needed = [one for one in tool.parameters if one.default is Parameter.empty]
    given = [one for one in tool.parameters if one.default is not Parameter.empty]
    parameters = [
        *(one.replace(kind=Parameter.KEYWORD_ONLY) for one in needed),
        Parameter("repo", Parameter.KEYWORD_ONLY, default=HERE, annotation=Repo),
        *(one.replace(kind=Parameter.KEYWORD_ONLY) for one in given),
        Parameter("as_json", Parameter.KEYWORD_ONLY, default=False, annotation=AsJson),
    ]
    ask.__name__, ask.__doc__ = tool.name, tool.help
    ask.__annotations__ = {one.name: one.annotation for one in parameters}
    ask.__dict__["__signature__"] = Signature(parameters)
    return ask


def _cut(error: MemoryServerError | IndexerError, budget: int) -> MemoryServerError:
    """An error whose lines, as they are printed, are within a budget."""
    room = max(budget - cost_of([TextLine("error: "), TextLine("")]), 1)
    return MemoryServerError(*cut_error(show_line(str(error)), show_line(error.hint), room))


COMMANDS = tuple(map(_command, TOOLS))
