"""``init`` and ``remove``: a repository set up, and that undone."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from memory_server.cli.options import HERE, AsJson, DryRun, RepoArgument, print_result
from memory_server.cli.progress import show_progress
from memory_server.install import install
from memory_server.install import remove as remove_install
from memory_server.memory import Memory

Hooks = Annotated[
    bool,
    typer.Option(
        "--hooks", help="Let Claude Code's hooks tell a conversation of the notes on what it is about."
    ),
]


def init(
    path: RepoArgument = HERE,
    hooks: Hooks = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Index the repository, register it with Claude Code, and keep it current on every commit."""
    with Memory.open(path) as memory:
        briefing = memory.tree.folder.briefing if hooks else None
        reports = install(memory.root, dry_run=dry_run, briefing=briefing)
        lines = [f"{report.outcome}: {report.description}" for report in reports]
        lines += [f"  {report.reason}\n  hint: {report.hint}" for report in reports if report.reason]
        if not dry_run:
            with show_progress(as_json) as on_progress:
                report = memory.sync(on_progress)
            lines.append(f"indexed: {report.files} files, {report.symbols} symbols in {report.seconds:.2f} s")
        if not hooks:
            lines.append(
                "left out: hooks that tell a conversation of notes; `repo-memory init --hooks` adds them"
            )
        lines.append(f"undo: repo-memory remove {path if path != HERE else ''}".rstrip())
    print_result([asdict(report) for report in reports], "\n".join(lines), as_json)
    if any(report.reason for report in reports):
        raise typer.Exit(1)


def remove(
    path: RepoArgument = HERE,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Undo `init`: registration, hooks and index."""
    with Memory.open(path) as memory:
        reports = remove_install(memory.root, dry_run=dry_run)
        folder = memory.tree.folder.path
        lines = [f"{report.outcome}: {report.description}" for report in reports]
        if folder.exists():
            lines.append(f"{'would change' if dry_run else 'changed'}: delete the index in {folder}")
            if memory.tree.folder.holds_memory():
                lines.append(
                    f"kept: the notes in {memory.tree.folder.notes}; delete that folder to forget them"
                )
            if not dry_run:
                memory.forget()
    print_result([asdict(report) for report in reports], "\n".join(lines), as_json)


COMMANDS = (init, remove)
