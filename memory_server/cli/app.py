"""The command line: every command, and how errors end it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from indexers.errors import IndexerError
from memory_server.cli.index import doctor, index, status
from memory_server.cli.questions import question_commands
from memory_server.cli.serve import serve
from memory_server.cli.setup import init, remove
from memory_server.cli.tune import tune
from memory_server.errors import MemoryServerError
from memory_server.serve.greeting import server_version

app = typer.Typer(
    name="repo-memory",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A memory of your code base for coding agents: small, fresh slices instead of whole files.",
    epilog="Start with `repo-memory init` in your repository; `repo-memory remove` undoes it.",
)


def run() -> None:
    """Run the command line; our errors become one line and a hint, with exit code 1."""
    try:
        _mount_eval()
        app(prog_name="repo-memory")
    except (MemoryServerError, IndexerError) as error:
        typer.echo(f"error: {error}\n\nhint: {error.hint}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)


def _mount_eval() -> None:
    """The measurements bring their own imports: only when they are asked for, or listed."""
    if len(sys.argv) < 2 or sys.argv[1] in ("eval", "--help", "-h"):
        from eval.cli import app as eval_app

        app.add_typer(eval_app, name="eval")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"repo-memory {server_version()}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A memory of your code base for coding agents."""


COMMANDS: tuple[Callable[..., None], ...] = (
    index, *question_commands(), status, doctor, tune, init, remove, serve
)  # fmt: skip
for command in COMMANDS:
    app.command()(command)
