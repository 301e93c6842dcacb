"""``commands``: what builds, tests and checks this project, and what is known of it."""

from __future__ import annotations

from memory_server.answer.notes.commands import known_commands
from memory_server.answer.page import join
from memory_server.cli.options import HERE, AsJson, Repo, print_result
from memory_server.memory import Memory


def commands(repo: Repo = HERE, as_json: AsJson = False) -> None:
    """List the commands of a project: those its files say, and what past conversations saw work or fail.

    Past conversations are known after `repo-memory sessions import`. No command is run.
    """
    with Memory.open(repo) as memory:
        found = known_commands(memory.repository)
    text = (
        join([one.line() for one in found]) or "no commands: no file at the root says any that is understood"
    )
    print_result([one.json() for one in found], text, as_json)


COMMANDS = (commands,)
