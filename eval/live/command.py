"""The `repo-memory eval live` command."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval.client import CREDENTIALS, ClientError, cache_folder, find_claude, install_claude
from eval.live.events import LOGIN_HINT
from eval.live.report import build_report
from eval.live.results import LiveResult, collect, write_result
from eval.live.run import ARMS, SCRIPTED_ARMS, plan_trials, prepare, run_trials
from eval.live.tasks import check_findable, load_tasks
from eval.processes import MeasureError


def live(
    tasks: Annotated[Path, typer.Option(help="File with the tasks; see eval/README.md.")],
    repo: Annotated[
        Path, typer.Option(help="Repository that the tasks are about; its last commit is copied.")
    ] = Path(),
    scripted: Annotated[
        bool, typer.Option("--scripted", help="Let fixed policies play the model: no account, no network.")
    ] = False,
    repeats: Annotated[int, typer.Option(min=1, help="Times that each arm does each task.")] = 1,
    model: Annotated[
        str, typer.Option(help="Model for the client; without it, the client's own choice.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    output: Annotated[Path | None, typer.Option(help="File to write the JSON to.")] = None,
) -> None:
    """Measure what tasks cost the real Claude Code with and without the server, beside an A/A comparison."""
    try:
        result = _measure(repo, tasks, scripted, repeats, model)
    except (MeasureError, ClientError) as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}\n\nhint: {error.hint}", markup=False)
        raise typer.Exit(1) from error
    text = write_result(result)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if as_json or not sys.stdout.isatty():
        typer.echo(text, nl=False)
    else:
        Console().print(build_report(result))
    if result.uncalled:
        typer.echo(f"repo-memory's tools were never called in: {', '.join(result.uncalled)}", err=True)


def _measure(repo: Path, tasks: Path, scripted: bool, repeats: int, model: str) -> LiveResult:
    asked = load_tasks(tasks)
    if not scripted and not any(os.environ.get(name) for name in CREDENTIALS):
        raise MeasureError("Claude Code is not logged in: no key in the environment", LOGIN_HINT)
    trials = plan_trials(asked, SCRIPTED_ARMS if scripted else ARMS, repeats)
    with (
        tempfile.TemporaryDirectory(prefix="repo-memory-live-", ignore_cleanup_errors=True) as scratch,
        Console(stderr=True).status("copying and indexing") as status,
    ):
        claude = find_claude() or install_claude(cache_folder())
        bench = prepare(
            repo.resolve(), Path(scratch).resolve(), scripted=scripted, model=model, claude=claude
        )
        if scripted:
            texts = {path: data.decode("utf-8", "replace") for path, data in bench.tree.texts.items()}
            check_findable(asked, texts)
        runs = run_trials(
            bench, trials, lambda done: status.update(f"conversation {done + 1} of {len(trials)}")
        )
    return collect(repo.resolve().name, bench.revision, scripted, runs)
