"""``scope``: what is known of folders, written where a client reads it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer

from memory_server.cli.options import HERE, AsJson, Repo, print_result
from memory_server.cli.progress import show_progress
from memory_server.errors import QueryError, StoreBusyError
from memory_server.knowledge.scope import TARGETS, Outcome, remove_scopes, write_scopes
from memory_server.memory import Memory
from memory_server.visible import quote_path

_FOLDERS: list[str] = []

Folders = Annotated[
    list[str],
    typer.Argument(
        help="Folders, from the repository's root; without one, those with notes or a scope file."
    ),
]
Check = Annotated[
    bool, typer.Option("--check", help="Change nothing; exit 1 where a file is not what would be written.")
]
Target = Annotated[str, typer.Option("--target", help=f"Where it is written: {', '.join(TARGETS)}.")]
Remove = Annotated[bool, typer.Option("--remove", help="Take out what was written, and nothing else.")]


def scope(
    folders: Folders = _FOLDERS,
    repo: Repo = HERE,
    target: Target = TARGETS[0],
    check: Check = False,
    remove: Remove = False,
    as_json: AsJson = False,
) -> None:
    """Write what is known of folders into their CLAUDE.md, between marks."""
    if target not in TARGETS:
        raise QueryError(f"unknown target {target[:40]!r}", f"use one of: {', '.join(TARGETS)}")
    if check and remove:
        raise QueryError("--check and --remove at once", "give one of them")
    with Memory.open(repo) as memory:
        with suppress(StoreBusyError), show_progress(as_json) as on_progress:
            memory.sync(on_progress, wait=5.0)
        if remove:
            reports = remove_scopes(memory.repository, folders, target)
        else:
            reports = write_scopes(memory.repository, folders, target, check=check)
    lines = [f"{report.outcome}: {quote_path(report.path)}" for report in reports]
    for place, report in reversed(list(enumerate(reports))):
        if report.reason:
            lines[place + 1 : place + 1] = [f"  {report.reason}", f"  hint: {report.hint}"]
    nothing = "no scope file" if remove else "no folder has notes; name one, or keep a note with `remember`"
    print_result([asdict(report) for report in reports], "\n".join(lines) or nothing, as_json)
    if any(report.outcome in (Outcome.STALE, Outcome.REFUSED) for report in reports):
        raise typer.Exit(1)


COMMANDS = (scope,)
