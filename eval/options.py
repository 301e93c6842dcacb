"""Options that several of the measuring commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Repository = Annotated[
    Path, typer.Option("--repo", help="Repository to measure on: a copy of its last commit.")
]

Benchmark = Annotated[
    Path | None, typer.Option("--bench", help="Folder with repos.json and annotations/<name>.json.")
]
Checkouts = Annotated[
    Path | None,
    typer.Option("--checkouts", help="With --bench: folder with a check-out <name> of each repository."),
]
OnlyRepositories = Annotated[
    list[str] | None,
    typer.Option("--repo", help="With --bench: only this repository of it; may be repeated."),
]

Histories = Annotated[
    list[Path] | None,
    typer.Option(
        "--from-git", help="Ask a repository's own commits of their parents instead; may be repeated."
    ),
]
Commits = Annotated[int, typer.Option("--limit", min=1, help="With --from-git: commits of a repository.")]

Indexes = Annotated[
    Path | None,
    typer.Option(
        "--indexes", resolve_path=True, help="Folder to keep the indexes in; without it, the user's cache."
    ),
]
Processes = Annotated[int, typer.Option("--processes", min=1, help="Repositories measured at once.")]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Output = Annotated[Path | None, typer.Option("--output", help="File to write the JSON to.")]
Html = Annotated[Path | None, typer.Option("--html", help="File to write a page with plots to.")]

NOTHING_TO_MEASURE_HINT = "pass --bench DIR with --checkouts DIR, or --from-git PATH"
"""Of a command that asks either a benchmark or histories."""
