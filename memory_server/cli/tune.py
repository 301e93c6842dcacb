"""``tune``: the shipped model trained on with the repository's own words."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from memory_server.cli.options import HERE, AsJson, Repo, print_result
from memory_server.cli.progress import show_progress
from memory_server.cli.terminal import say
from memory_server.errors import TuneError
from memory_server.index.tuned import drop_tuned, keep_tuned
from memory_server.memory import Memory
from memory_server.tuning.report import report_text
from memory_server.tuning.run import tune as tune_model


def tune(
    repo: Repo = HERE,
    undo: Annotated[bool, typer.Option("--undo", help="Go back to the shipped model.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Train and judge, and keep nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train the model on the repository's own documents and commits; keep it only if it then finds more."""
    with Memory.open(repo) as memory:
        if not undo:
            _tune(memory, dry_run, as_json)
        elif drop_tuned(memory.tree.folder):
            with show_progress(as_json) as on_progress:
                report = memory.sync(on_progress)
            text = f"undone: the shipped model answers; indexed anew in {report.seconds:.2f} s"
            print_result({"undone": True, "indexed": asdict(report)}, text, as_json)
        else:
            print_result(
                {"undone": False, "indexed": None}, "nothing to undo: the model was not tuned", as_json
            )


def _tune(memory: Memory, dry_run: bool, as_json: bool) -> None:
    if memory.config.embedder.model:
        told = (
            f"the settings name another model, {memory.config.embedder.model}: only the shipped one is tuned"
        )
        raise TuneError(told, "remove `embedder.model` from .repo-memory.toml, then tune")
    if memory.tree.git is None:
        raise TuneError("there is no git history here to train on and to judge by")
    keep = None if dry_run else partial(keep_tuned, memory.tree.folder)
    tell = (lambda _: None) if as_json else partial(say, err=True)
    report = tune_model(memory.root, keep, tell)
    indexed, text = None, report_text(report)
    if report.outcome == "kept":
        with show_progress(as_json) as on_progress:
            indexed = memory.sync(on_progress)
        text += f"\nindexed anew in {indexed.seconds:.2f} s\nundo: repo-memory tune --undo"
    print_result({**asdict(report), "indexed": asdict(indexed) if indexed else None}, text, as_json)


COMMANDS = (tune,)
