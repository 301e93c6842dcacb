"""The `repo-memory eval logs` command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from eval.logs.calibrate import calibrate as fit_scale
from eval.logs.model import Logs
from eval.logs.report import build_report
from eval.logs.results import LogsResult, collect, write_result
from eval.logs.run import find_root, is_inside, replay_all
from eval.logs.threads import log_folders, read_logs
from eval.processes import MeasureError
from eval.retrieval.indexes import index_cache
from memory_server.errors import MemoryServerError


def logs(
    logs: Annotated[
        Path | None, typer.Option(help="Folder of Claude Code's logs; without it, where it keeps --repo's.")
    ] = None,
    repo: Annotated[
        Path | None,
        typer.Option(
            help="Repository whose conversations count (without --logs; else the current folder), or, with --logs, "
            "the one to index where a conversation's own folder is gone."
        ),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help="Hold the token estimate against the billed growth of prompts."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    output: Annotated[Path | None, typer.Option(help="File to write the JSON to.")] = None,
    indexes: Annotated[
        Path | None, typer.Option(help="Folder to keep the indexes in; without it, the user's cache.")
    ] = None,
) -> None:
    """Replay your own Claude Code logs: which reads the index could have replaced, at what price."""
    try:
        if repo is not None and not repo.is_dir():
            raise MeasureError(f"no folder {repo}", "pass --repo PATH with an existing folder")
        with _progress() as show:
            named = find_root((repo or Path()).resolve())
            found = _read(logs, named, show)
            stands_in = logs is not None and repo is not None
            counted = show("conversations")
            run = replay_all(found, named, indexes or index_cache(), counted, stands_in=stands_in)
        scales = fit_scale(found.conversations) if calibrate else ()
        result = collect(found, run.measured, run.unmeasured, run.overhead, run.seconds, scales)
    except (MeasureError, MemoryServerError) as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}\n\nhint: {error.hint}", markup=False)
        raise typer.Exit(1) from error
    _tell(result, output, as_json=as_json)


_Show = Callable[[str], Callable[[int, int], None]]


@contextmanager
def _progress() -> Iterator[_Show]:
    """Progress on a terminal: a bar for each thing that is counted."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:

        def show(name: str) -> Callable[[int, int], None]:
            task = progress.add_task(name, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        yield show


def _read(folder: Path | None, root: Path, show: _Show) -> Logs:
    """The conversations below a folder, or those held in a repository."""
    if folder is not None:
        if not folder.is_dir():
            raise MeasureError(f"no folder {folder}", "pass --logs DIR with Claude Code's logs")
        found = read_logs([folder], show("files"))
    else:
        found = read_logs(log_folders(root), show("files"))
        found = replace(found, conversations=tuple(c for c in found.conversations if is_inside(c, root)))
    if not found.conversations:
        raise MeasureError(
            f"no conversation in {found.files} files", "pass --logs DIR with Claude Code's logs"
        )
    return found


def _tell(result: LogsResult, output: Path | None, *, as_json: bool) -> None:
    text = write_result(result)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if as_json or not sys.stdout.isatty():
        typer.echo(text, nl=False)
    else:
        Console().print(build_report(result))
    if as_json or not sys.stdout.isatty():
        for found in result.unmeasured:
            typer.echo(f"not replayed: {found.name}: {found.reason}", err=True)
