"""``knowledge``: notes as a knowledge.yaml, and somebody's knowledge.yaml as notes."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from memory_server.cli.options import HERE, AsJson, Repo, print_result
from memory_server.cli.progress import show_progress
from memory_server.errors import KnowledgeError, QueryError, StoreBusyError
from memory_server.knowledge.export import export_notes
from memory_server.knowledge.imports import import_units
from memory_server.knowledge.manifest import FILE, Manifest, read_manifest
from memory_server.knowledge.query import LEVELS, MOST, Query, query_manifest
from memory_server.knowledge.validate import Finding, check_manifest
from memory_server.memory import Memory
from memory_server.visible import show_line

app = typer.Typer(
    no_args_is_help=True,
    help="Exchange what is known with others, as a knowledge.yaml (Knowledge Context Protocol).",
)

_TERMS: list[str] = []

File = Annotated[
    Path | None, typer.Argument(help=f"A manifest; {FILE} at the repository's root without one.")
]
FileOption = Annotated[
    Path | None, typer.Option("--file", help=f"A manifest; {FILE} at the root without it.")
]
Terms = Annotated[list[str], typer.Argument(help="Terms; without one, every unit is told of.")]


def _open(repo: Path) -> Memory:
    """The memory of a repository, its index up to date."""
    memory = Memory.open(repo)
    with suppress(StoreBusyError), show_progress(quiet=False) as on_progress:
        memory.sync(on_progress, wait=5.0)
    return memory


def _read(memory: Memory, file: Path | None) -> Manifest:
    return read_manifest(memory.root, file or memory.root / FILE)


@app.command("export")
def export(repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Write the notes that hold into knowledge.yaml, beside the units of others."""
    with _open(repo) as memory:
        is_written, units, secret = export_notes(memory.repository)
    lines = [f"{'written' if is_written else 'current'}: {FILE}, {units} units"]
    lines += [f"left out: note {note} holds what looks like a secret" for note in secret]
    print_result({"written": is_written, "units": units, "left_out": secret}, "\n".join(lines), as_json)
    if secret:
        raise typer.Exit(1)


@app.command("import")
def bring_in(file: File = None, repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Keep the units of a manifest as notes; `notes accept` lets conversations be told them."""
    with _open(repo) as memory:
        reports = import_units(memory.repository, _read(memory, file))
    counts = Counter(report.outcome for report in reports)
    lines = [", ".join(f"{outcome} {count}" for outcome, count in sorted(counts.items()))]
    for report in reports:
        if report.outcome != "known":
            said = f" as note {report.note}" if report.note else f": {report.reason}"
            lines.append(show_line(f"  {report.outcome} {report.unit}{said}"))
    print_result([asdict(report) for report in reports], "\n".join(lines), as_json)
    if counts["refused"]:
        raise typer.Exit(1)


@app.command()
def check(file: File = None, repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Find what is wrong with a manifest; exit 1 where something rejects it."""
    with Memory.open(repo) as memory:
        if not (file or memory.root / FILE).exists():
            raise QueryError(f"no file {file or FILE}", "`repo-memory knowledge export` writes one")
        try:
            found = check_manifest(_read(memory, file), memory.root)
        except KnowledgeError as error:
            code, _, what = str(error).partition(" ")
            if not code.startswith("V0"):
                raise
            found = [Finding(code, "", what, is_error=True)]
    text = "\n".join(show_line(one.line()) for one in found) or "nothing is wrong"
    data = [{"code": one.code, "unit": one.unit, "what": one.what, "error": one.is_error} for one in found]
    print_result(data, text, as_json)
    if any(one.is_error for one in found):
        raise typer.Exit(1)


@app.command()
def query(
    terms: Terms = _TERMS,
    repo: Repo = HERE,
    file: FileOption = None,
    audience: Annotated[str, typer.Option("--audience", help="Only units for these, e.g. agent.")] = "",
    scope: Annotated[
        str, typer.Option("--scope", help="Only units of global, project or module scope.")
    ] = "",
    sensitivity: Annotated[
        str, typer.Option("--sensitivity-max", help=f"At most as sensitive: {', '.join(LEVELS)}.")
    ] = "",
    budget: Annotated[int, typer.Option("--budget", min=0, help="Most tokens of all units; 0: any.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most units.")] = MOST,
    deprecated: Annotated[bool, typer.Option("--deprecated", help="Deprecated units too.")] = False,
    fresh: Annotated[
        bool, typer.Option("--exclude-stale", help="No units past their freshness policy.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask a manifest for its units: a term in a trigger counts 5, in the intent 3, in id or path 1."""
    if sensitivity and sensitivity not in LEVELS:
        raise QueryError(f"unknown level {sensitivity[:40]!r}", f"use one of: {', '.join(LEVELS)}")
    with Memory.open(repo) as memory:
        manifest = _read(memory, file)
    found = query_manifest(
        manifest,
        Query(
            terms=[term for text in terms for term in text.split()],
            audience=audience,
            scope=scope,
            sensitivity=sensitivity,
            budget=budget,
            deprecated=deprecated,
            fresh_on=datetime.now(UTC).date() if fresh else None,
            limit=limit,
        ),
    )
    text = "\n".join(show_line(one.line()) for one in found) or "no unit answers"
    print_result({"results": [one.json() for one in found]}, text, as_json)
