"""Parameters declared once: the MCP schema and ``--help`` both read them."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer
from pydantic import BeforeValidator, Field, GetPydanticSchema

from memory_server.notes.model import NoteKind


def _as_list(value: object) -> object:
    """The targets of a client that sends one without its list, or the list as JSON in a string."""
    if not isinstance(value, str):
        return value
    try:
        listed = json.loads(value) if value.startswith("[") else None
    except (ValueError, RecursionError):
        listed = None
    return listed if isinstance(listed, list) else [value]


MOST_TARGETS = 20
"""Targets of one call."""

SearchQuery = Annotated[
    str,
    Field(description="Exact text, name, question, or /regex/"),
    typer.Argument(help="Exact text, a name, a question, or /regex/."),
]
PathFilter = Annotated[
    str,
    Field(description="File, folder, or glob"),
    typer.Option("--path", help="Only this file, folder, or glob, such as `src/**/*.{ts,tsx}`."),
]
KindFilter = Annotated[
    str,
    Field(description="class, function, method, ..."),
    typer.Option("--kind", help="Only this kind of symbol: class, function, method, ..."),
]
TokenBudget = Annotated[
    int,
    Field(description="Most tokens; 0: default", ge=0, le=20_000),
    typer.Option(
        "--budget", min=0, max=20_000, help="Most tokens of the reply; 0 takes the configured default."
    ),
]
Targets = Annotated[
    list[str],
    Field(
        description="Class.method, path::Class.method, path:12-40, or path",
        min_length=1,
        max_length=MOST_TARGETS,
    ),
    BeforeValidator(_as_list),
    typer.Argument(
        help="What to read: Class.method, path::Class.method, path:12-40, or a path; or as a trace, diff or URL has it."
    ),
]
ContextLines = Annotated[
    int,
    Field(description="Lines around each", ge=0, le=50),
    typer.Option("--context", min=0, max=50, help="Lines shown before and after each target."),
]
OutlinePath = Annotated[
    str,
    Field(description="File, folder, or glob"),
    typer.Argument(help="A file, a folder, or a glob; empty for all."),
]
SymbolName = Annotated[
    str,
    Field(description="Symbol or file, as for read"),
    typer.Argument(help="A symbol or file, named as for `read`."),
]
Relation = Annotated[
    str,
    GetPydanticSchema(
        lambda _, schema_of: schema_of(
            Literal["callers", "callees", "implementations", "importers", "tests", "changes", "together"]
        )
    ),
    typer.Argument(
        help="callers, callees, implementations, importers, tests, changes (commits), or together (files)."
    ),
]
NoteText = Annotated[
    str,
    Field(description="One fact with its why; empty drops the note it replaces"),
    typer.Argument(help="One fact with its why; empty drops the note that --replaces names."),
]
About = Annotated[
    list[str],
    Field(description="Symbols, paths, or cmd:KEY", max_length=10),
    BeforeValidator(_as_list),
    typer.Option(
        "--about",
        help="What it is about: path::Class.name, a file, a folder, or cmd:KEY; several times for several.",
    ),
]
Kind = Annotated[
    str,
    GetPydanticSchema(lambda _, schema_of: schema_of(NoteKind)),
    typer.Option("--kind", help="decision, pitfall, howto, or summary."),
]
Replaces = Annotated[
    str,
    Field(description="Note id"),
    typer.Option("--replaces", help="The note that this one takes the place of."),
]
Origin = Annotated[str, typer.Option("--origin", help="Whose note it is.", hidden=True)]
RecallQuery = Annotated[
    str,
    Field(description="Question, error, symbol, path, or id"),
    typer.Argument(help="A question, an error, a symbol, a path, or a note's id."),
]
RecallSource = Annotated[
    str,
    GetPydanticSchema(lambda _, schema_of: schema_of(Literal["", "notes", "sessions", "commands"])),
    typer.Option(
        "--source", help="Only these: notes, sessions (past conversations), or commands that work here."
    ),
]
HookEvent = Annotated[str, Field(description="The hook's event")]
HookText = Annotated[str, Field(description="What the client says of it")]
HitLimit = Annotated[int, typer.Option("--limit", min=1, max=100, help="Most hits that are told of.")]
Explained = Annotated[
    bool, typer.Option("--explain", help="Tell what each signal of the ranking contributed to a hit.")
]
Depth = Annotated[
    int,
    Field(description="Steps over the graph", ge=1, le=4),
    typer.Option("--depth", min=1, max=4, help="Steps over the reference graph."),
]
