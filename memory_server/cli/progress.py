"""How far a long run is: a bar on a terminal, a line now and then elsewhere, both on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from memory_server.cli.terminal import make_console, say
from memory_server.model import OnProgress

if TYPE_CHECKING:
    from memory_server.model import Progress


@contextmanager
def show_progress(quiet: bool) -> Iterator[OnProgress | None]:
    """What to tell the progress to; nothing when ``quiet``."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=make_console(stderr=True), transient=True) as bar:
            task = bar.add_task("indexing", total=None)
            yield partial(_show_progress, bar, task)
    else:
        yield _plain_progress()


def _show_progress(bar: Any, task: Any, step: Progress) -> None:  # noqa: ANN401 - rich, imported late
    if step.notice:
        bar.console.print(step.notice, highlight=False, markup=False)
    description = ", ".join(filter(None, (step.stage, step.left)))
    bar.update(task, description=description, completed=step.done, total=step.total or None)


def _plain_progress() -> OnProgress:
    told = 0
    stage = ""

    def tell(step: Progress) -> None:
        nonlocal told, stage
        if step.notice:
            say(step.notice, err=True)
        if step.stage != stage:
            stage, told = step.stage, 0
        if step.total and step.done - told >= max(500, step.total // 5):
            told = step.done
            left = f", {step.left}" if step.left else ""
            say(f"{step.stage}: {step.done} of {step.total} {step.unit}{left}", err=True)

    return tell
