"""What every measuring command does on a terminal: progress, errors with their hints, the result in its forms."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from eval.errors import EvalError
from indexers.errors import IndexerError
from memory_server.cli.terminal import make_console, tell_json
from memory_server.errors import MemoryServerError

_PIPED_WIDTH = 160
"""Columns of a table that goes to a file or another program, which say nothing of their width."""

Count = Callable[[int, int], None]
"""Told how many of a number of things are done."""


@contextmanager
def exit_on_error() -> Iterator[None]:
    """An error with a hint ends the command with both on stderr, and status 1."""
    try:
        yield
    except (EvalError, MemoryServerError, IndexerError) as error:
        make_console(stderr=True, soft_wrap=True).print(f"error: {error}\n\nhint: {error.hint}", markup=False)
        raise typer.Exit(1) from error


@contextmanager
def show_progress() -> Iterator[Callable[[str], Count]]:
    """Progress on a terminal, nothing elsewhere: a bar for each thing that is counted, by its name."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = make_console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:

        def add(name: str) -> Count:
            task = progress.add_task(name, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        yield add


def tell_result(text: str, report: RenderableType, output: Path | None, *, as_json: bool) -> None:
    """The result as JSON into the file, and on stdout as tables unless JSON is asked for."""
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if as_json:
        tell_json(text.removesuffix("\n"))
    else:
        make_console(width=None if sys.stdout.isatty() else _PIPED_WIDTH).print(report)
