"""``sessions``: past conversations, brought in from the client's logs, listed, shown and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from indexers.tokens import truncate
from indexers.transcripts.claude_code.paths import log_folders
from memory_server.answer.notes.sessions import session_json, session_line, session_lines
from memory_server.answer.page import join
from memory_server.cli.options import HERE, AsJson, Repo, print_result
from memory_server.cli.progress import show_progress
from memory_server.episodes.book import EpisodeBook
from memory_server.episodes.model import EpisodeHit, Session
from memory_server.errors import AbsentError, QueryError
from memory_server.memory import Memory
from memory_server.model import Progress
from memory_server.visible import show_line

T = TypeVar("T")

WAIT = 60.0
"""Seconds that a change waits for another process that writes."""

Logs = Annotated[
    list[Path] | None,
    typer.Option("--logs", help="A folder with logs; by default Claude Code's of this repository."),
]
Id = Annotated[str, typer.Argument(help="A session's id, or how it begins.")]

app = typer.Typer(no_args_is_help=True, help="Past conversations as memory, kept on this machine alone.")


def _change(repo: Path, change: Callable[[EpisodeBook, Path], T]) -> T:
    with Memory.open(repo) as memory, memory.tree.folder.locked(memory.root, WAIT):
        return change(memory.repository.episodes, memory.root)


def _find(book: EpisodeBook, key: str) -> Session:
    found = book.find(key)
    if len(found) != 1:
        several = f"{len(found)} sessions begin with" if found else "no session begins with"
        raise AbsentError(f"{several} {truncate(key, 40)}", "`repo-memory sessions list` tells them")
    return found[0]


def _head(session: Session) -> EpisodeHit:
    return EpisodeHit(session, session.passages[0], 0.0)


@app.command("import")
def bring_in(repo: Repo = HERE, logs: Logs = None, as_json: AsJson = False) -> None:
    """Take in what was asked, done and found out in conversations held here; again, only what is new.

    Kept: prompts, answers, names of edited files, commands, the first line of errors, hashes of commits; secrets,
    addresses and home folders are masked. Tool results are not kept. Nothing leaves this machine.
    """
    with show_progress(quiet=False) as on_progress:

        def show(done: int, total: int) -> None:
            if on_progress is not None:
                on_progress(Progress("reading logs", done, total, unit="sessions"))

        report = _change(repo, lambda book, root: book.bring_in(logs or log_folders(root), show))
    lines = [
        f"{report.added} sessions taken in, {report.updated} brought up to date, {report.unchanged} as they were; "
        f"{report.passages} passages",
        *(f"passed over: {count} lines {reason}" for reason, count in sorted(report.skips.items())),
    ]
    data = {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "passages": report.passages,
        "skipped": dict(sorted(report.skips.items())),
    }
    print_result(data, "\n".join(map(show_line, lines)), as_json)


@app.command("list")
def list_sessions(repo: Repo = HERE, as_json: AsJson = False) -> None:
    """List the sessions that are kept, oldest first."""
    with Memory.open(repo) as memory:
        found = [_head(session) for session in memory.repository.episodes.folder.all()]
    text = (
        join([session_line(hit) for hit in found])
        or "no sessions; `repo-memory sessions import` takes them in"
    )
    data = [
        {
            "id": hit.session.id,
            "started": hit.session.started,
            "asked": hit.session.asked,
            "files": list(hit.session.files),
            "commits": list(hit.session.commits),
        }
        for hit in found
    ]
    print_result(data, text, as_json)


@app.command()
def show(session: Id, repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Show what is kept of a session, passage by passage."""
    with Memory.open(repo) as memory:
        found = _find(memory.repository.episodes, session)
    hits = [EpisodeHit(found, passage, 0.0) for passage in found.passages]
    lines = [session_line(hits[0]), *(line for hit in hits for line in session_lines(hit)[1:])]
    print_result([session_json(hit) for hit in hits], join(lines), as_json)


@app.command()
def forget(
    session: Annotated[str, typer.Argument(help="A session's id, or how it begins.")] = "",
    repo: Repo = HERE,
    before: Annotated[str, typer.Option(help="All that began before this date, as in 2026-01-31.")] = "",
    text: Annotated[str, typer.Option(help="All that hold this text.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget sessions; no later import brings them back."""
    if sum(map(bool, (session, before, text, every))) != 1:
        raise QueryError("name what to forget", "a session's id, --before DATE, --text TEXT, or --all")

    def change(book: EpisodeBook, _: Path) -> int:
        if session:
            return book.forget([_find(book, session)])
        sessions = list(book.folder.all())
        if before:
            sessions = [one for one in sessions if one.started[: len(before)] < before]
        elif text:
            sessions = [one for one in sessions if any(text in passage.text for passage in one.passages)]
        return book.forget(sessions)

    count = _change(repo, change)
    print_result({"forgotten": count}, f"{count} sessions forgotten", as_json)
