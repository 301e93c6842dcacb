"""The `repo-memory eval live` command."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout

from eval.console import exit_on_error, tell_result
from eval.errors import MeasureError
from eval.journal import Journal, measure_all, short_hash
from eval.live.client import CREDENTIALS, cache_folder, find_claude, install_claude
from eval.live.events import LOGIN_HINT
from eval.live.page import build_page
from eval.live.report import build_report
from eval.live.results import LiveResult, collect, write_result
from eval.live.run import ARMS, SCRIPTED_ARMS, TrialRun, plan_trials, prepare, run_trial
from eval.live.tasks import Task, check_findable, load_tasks
from eval.options import AsJson, Html, Output, Repository
from memory_server.cli.terminal import make_console, say
from memory_server.tuning.indexes import index_cache


def live(
    tasks: Annotated[Path, typer.Option(help="File with the tasks; see eval/README.md.")],
    repo: Repository = Path(),
    scripted: Annotated[
        bool, typer.Option("--scripted", help="Let fixed policies play the model: no account, no network.")
    ] = False,
    repeats: Annotated[int, typer.Option(min=1, help="Times that each arm does each task.")] = 1,
    model: Annotated[
        str, typer.Option(help="Model for the client; without it, the client's own choice.")
    ] = "",
    as_json: AsJson = False,
    output: Output = None,
    html: Html = None,
) -> None:
    """Measure what tasks cost the real Claude Code with and without the server, beside an A/A comparison."""
    with exit_on_error():
        result = _measure(repo.resolve(), load_tasks(tasks), scripted, repeats, model)
    if html is not None:
        html.write_text(build_page(result), encoding="utf-8")
    tell_result(write_result(result), build_report(result), output, as_json=as_json)
    if result.uncalled:
        say(f"repo-memory's tools were never called in: {', '.join(result.uncalled)}", err=True)


def _measure(repo: Path, tasks: Sequence[Task], scripted: bool, repeats: int, model: str) -> LiveResult:
    if not scripted and not any(os.environ.get(name) for name in CREDENTIALS):
        raise MeasureError("Claude Code is not logged in: no key in the environment", LOGIN_HINT)
    claude = (find_claude() or install_claude(cache_folder())).resolve()
    trials = plan_trials(tasks, SCRIPTED_ARMS if scripted else ARMS, repeats)
    plan = repr((repo, claude, claude.stat().st_mtime_ns, scripted, model, trials))
    with _scratch(plan) as scratch:
        with make_console(stderr=True).status("copying and indexing"):
            bench = prepare(repo, scratch, scripted=scripted, model=model, claude=claude)
        if scripted:
            texts = {path: data.decode("utf-8", "replace") for path, data in bench.tree.texts.items()}
            check_findable(tasks, texts)
        runs = measure_all(
            partial(run_trial, bench), trials, 1, _journal(plan, bench.revision), "conversations"
        )
    return collect(repo.name, bench.revision, scripted, runs)


def _journal(plan: str, revision: str) -> Journal[TrialRun]:
    """The journal of one plan at one revision: no other run goes on with it, or clears it."""
    return Journal(index_cache() / "unfinished-live" / short_hash(repr((plan, revision))), TrialRun)


@contextmanager
def _scratch(plan: str) -> Iterator[Path]:
    """An empty folder, gone afterwards; its path is the plan's, since it stands in every prompt of a run.

    Raises:
        MeasureError: another live measurement is running, which would disturb this one's times.
    """
    cache = index_cache()
    cache.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.gettempdir()).resolve() / f"repo-memory-live-{short_hash(repr((cache, plan)))}"
    try:
        with FileLock(cache / "live.lock", timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except Timeout as error:
        raise MeasureError("another live measurement is running", "wait for it, or end it") from error
