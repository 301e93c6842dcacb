"""``commands``: what builds, tests and checks this project, and what is known of it."""

from __future__ import annotations

from typing import Annotated

import typer

from memory_server.answer.notes.commands import known_commands
from memory_server.answer.page import TextLine, join
from memory_server.cli.options import HERE, AsJson, Repo, print_result
from memory_server.memory import Memory

MOST = 40
"""Commands that are listed unless all are asked for."""

Every = Annotated[bool, typer.Option("--all", help="Those that fail, and however many, too.")]


def commands(repo: Repo = HERE, every: Every = False, as_json: AsJson = False) -> None:
    """List the commands of a project: those its files say, and what past conversations saw work or fail.

    Past conversations are known after `repo-memory sessions import`. No command is run.
    """
    with Memory.open(repo) as memory:
        found = known_commands(memory.repository)
    shown = found if every else [one for one in found if one.path or one.works][:MOST]
    lines = [one.line() for one in shown]
    if len(shown) < len(found):
        lines.append(TextLine(f"left out: {len(found) - len(shown)} more, which --all lists"))
    text = join(lines) or "no commands: no file at the root says any that is understood"
    print_result([one.json() for one in found], text, as_json)


COMMANDS = (commands,)
