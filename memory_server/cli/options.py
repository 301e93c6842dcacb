"""Options that several commands take, and what prints their results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memory_server.cli.terminal import say, tell_data

Repo = Annotated[
    Path, typer.Option("--repo", help="The repository; the one around the current folder by default.")
]
RepoArgument = Annotated[Path, typer.Argument(help="The repository.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
HERE = Path()


def print_result(data: object, text: str, as_json: bool) -> None:
    """The result on stdout, for a person or as one line of JSON."""
    if as_json:
        tell_data(data)
    else:
        say(text)
