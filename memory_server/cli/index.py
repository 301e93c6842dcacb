"""``index``, ``status`` and ``doctor``: the index itself."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from memory_server.cli.options import HERE, AsJson, Quiet, Repo, print_result
from memory_server.cli.progress import show_progress
from memory_server.errors import StoreError
from memory_server.index.folder import find_tree
from memory_server.turns import take_turn


def index(repo: Repo = HERE, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Index the repository, or bring its index up to date."""
    if quiet:
        _index_in_turn(repo)
        return
    from memory_server.memory import Memory

    with Memory.open(repo) as memory, show_progress(as_json) as on_progress:
        report = memory.sync(on_progress)
    data = asdict(report)
    lines = [
        f"{report.files} files, {report.symbols} symbols in {report.seconds:.2f} s: "
        f"{report.added} added, {report.changed} changed, {report.removed} removed"
    ]
    lines += [f"indexed anew: {report.rebuilt}"] if report.rebuilt else []
    left_out = ", ".join(f"{count} {reason}" for reason, count in report.skipped.items())
    lines += [f"left out: {left_out}"] if left_out else []
    lines += [f"read in windows: {path} ({problem})" for path, problem in report.problems.items()]
    print_result(data, "\n".join(lines), as_json)


def _index_in_turn(repo: Path) -> None:
    """Index as git hooks have it: the user is working, and may commit thirty times in a row."""
    if hasattr(os, "nice"):
        os.nice(10)
    tree = find_tree(repo)
    with suppress(StoreError):  # where nothing can be written nobody waits
        tree.folder.create()
    if take_turn(tree.folder.path, tree.folder.tree):  # where it is not held since the process began
        from memory_server.memory import Memory

        with Memory.open(repo) as memory:
            memory.sync()


def status(
    repo: Repo = HERE,
    compression: Annotated[
        bool,
        typer.Option("--compression", help="Count the tokens of all source and of all summaries as well."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is indexed, how fresh, how large, and what was left out."""
    from memory_server.cli.reports import compression_text, measure_compression, status_text
    from memory_server.memory import Memory

    with Memory.open(repo) as memory:
        state = memory.state()
        counted = measure_compression(memory) if compression and state.synced_at else None
    data = asdict(state) | ({"compression": asdict(counted)} if counted else {})
    text = status_text(state) + (f"\n{compression_text(counted)}" if counted else "")
    print_result(data, text, as_json)


def doctor(repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Find a broken registration, hook, store or model, and say the fix."""
    from memory_server.cli.reports import examine  # git hooks start `index` on every commit: it does without

    findings = examine(repo)
    lines = [f"problem: {finding.problem}\n  fix: {finding.fix}" for finding in findings]
    print_result([asdict(finding) for finding in findings], "\n".join(lines) or "all well", as_json)
    if findings:
        raise typer.Exit(1)


COMMANDS = (index, status, doctor)
