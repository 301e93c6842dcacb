"""The command line: every command, and how errors end it."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from typing import Annotated, NoReturn

import typer

from indexers.errors import IndexerError
from memory_server.cli.terminal import say
from memory_server.errors import MemoryServerError, explain

ROOMS = {
    "index": "index", "search": "questions", "read": "questions", "outline": "questions", "related": "questions",
    "remember": "questions", "recall": "questions", "notes": "memory.notes",
    "sessions": "memory.sessions", "commands": "memory.commands",
    "scope": "knowledge.scope", "knowledge": "knowledge.manifest",
    "status": "index", "doctor": "index", "tune": "tune", "init": "setup", "remove": "setup", "serve": "serve",
    "usage": "usage", "eval": "eval",
}  # fmt: skip
"""Every command, in the order of ``--help``, and the module that has it; ``eval``, ``usage``, `GROUPS` are groups."""

GROUPS = {"notes", "sessions", "knowledge"}


LEAST_FILES = 32
"""Files that have to be open at once: an index run of a small repository has 22."""


def run() -> None:
    """Run the command line; our errors and the system's become one line and a hint, with exit code 1."""
    try:
        _allow_files()
        build_app(sys.argv[1:])(prog_name="repo-memory")
    except (MemoryServerError, IndexerError) as error:
        _end(error)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        _end(explain(error))


def _allow_files() -> None:
    """Allow as many open files as are needed; libraries that meet the limit end the process in their own way.

    Raises:
        OSError: the system allows fewer.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < LEAST_FILES:
        if 0 <= hard < LEAST_FILES:
            raise OSError(errno.EMFILE, f"No more than {hard} files may be open at once")
        resource.setrlimit(resource.RLIMIT_NOFILE, (LEAST_FILES, hard))


def _end(error: MemoryServerError | IndexerError) -> NoReturn:
    hint = f"\n\nhint: {error.hint}" if error.hint else ""
    say(f"error: {' '.join(str(error).split())}{hint}", err=True)
    sys.exit(1)


def build_app(arguments: Sequence[str]) -> typer.Typer:
    """The commands, only the one that is asked for: importing all takes a second, for where they are listed."""
    app = typer.Typer(
        name="repo-memory",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="A memory of your code base for coding agents: small, fresh slices instead of whole files.",
        epilog="Start with `repo-memory init` in your repository; `repo-memory remove` undoes it.",
    )
    app.callback()(_root)
    asked = next((argument for argument in arguments if not argument.startswith("-")), "")
    listed = ["serve"] if "--version" in arguments else list(ROOMS)
    for name in [asked] if asked in ROOMS else listed:
        if name == "eval":
            from eval.cli import app as eval_app

            app.add_typer(eval_app, name="eval")
        elif name == "usage":
            from eval.usage.command import app as usage_app

            app.add_typer(usage_app, name="usage")
        elif name in GROUPS:
            app.add_typer(import_module(f"memory_server.cli.{ROOMS[name]}").app, name=name)
        else:
            room = import_module(f"memory_server.cli.{ROOMS[name]}")
            app.command()(next(command for command in room.COMMANDS if command.__name__ == name))
    return app


def _version(wanted: bool) -> None:
    if wanted:
        say(f"repo-memory {metadata.version('repo-memory')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A memory of your code base for coding agents."""
