"""``notes``: what is remembered, listed, shown, edited, checked and dropped by its owner."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from indexers.tokens import truncate
from memory_server.answer.notes.about import resolve_about
from memory_server.answer.notes.lines import note_json, note_line, note_lines
from memory_server.answer.page import join
from memory_server.cli.options import HERE, AsJson, Repo, print_result
from memory_server.cli.progress import show_progress
from memory_server.errors import AbsentError, QueryError, StoreBusyError
from memory_server.index.fresh import Sight
from memory_server.memory import Memory
from memory_server.notes.audit import audit_notes
from memory_server.notes.book import NoteBook
from memory_server.notes.model import Note, StatedNote
from memory_server.visible import show_line

T = TypeVar("T")

Id = Annotated[str, typer.Argument(help="The note's id, as `recall` and `notes list` tell it.")]
All = Annotated[bool, typer.Option("--all", help="Dropped and replaced ones too.")]

app = typer.Typer(no_args_is_help=True, help="Look after what is remembered of a repository.")


def _ask(repo: Path, question: Callable[[NoteBook, Sight], T]) -> T:
    """An answer about the notes of a tree whose index was just brought up to date."""
    with Memory.open(repo) as memory:
        try:
            with show_progress(quiet=False) as on_progress:
                memory.sync(on_progress, wait=5.0)
        except StoreBusyError:
            pass  # what changed meanwhile is read for the answer alone
        book = memory.repository.notes
        return memory.index.ask(lambda sight: (question(book, sight), set()))


def _find(book: NoteBook, key: str) -> Note:
    found = book.read().find(key)
    if found is None:
        raise AbsentError(f"no note {truncate(key, 40)}", "`repo-memory notes list` tells them")
    return found


@app.command("list")
def list_notes(repo: Repo = HERE, every: All = False, as_json: AsJson = False) -> None:
    """List the notes, each with what became of the code under it."""

    def question(book: NoteBook, sight: Sight) -> tuple[list[StatedNote], list[str]]:
        at = book.states.checkout()
        notes = book.read()
        broken = [f"broken: {problem.path}: {problem.why}" for problem in notes.problems]
        return [book.states.state(note, sight, at) for note in (notes.all if every else notes.live)], broken

    found, broken = _ask(repo, question)
    lines = [show_line(note_line(one).text) for one in found] or ["no notes"]
    print_result([note_json(one) for one in found], "\n".join([*lines, *broken]), as_json)


@app.command()
def show(note: Id, repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Show a note whole."""
    stated = _ask(
        repo, lambda book, sight: book.states.state(_find(book, note), sight, book.states.checkout())
    )
    print_result(note_json(stated), join(note_lines(stated)), as_json)


@app.command()
def edit(note: Id, repo: Repo = HERE) -> None:
    """Edit a note's text in the editor that $VISUAL or $EDITOR names."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise QueryError("no editor is named", "set EDITOR, or edit the file that `notes show` is made from")
    with Memory.open(repo) as memory:
        book = memory.repository.notes
        old = _find(book, note)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{note}.md"
            file.write_text(f"{old.text}\n", encoding="utf-8")
            subprocess.run([*shlex.split(editor), str(file)], check=False)
            text = file.read_text(encoding="utf-8").strip()
    if not text or text == old.text:
        print_result(None, f"note {note} stays as it was", as_json=False)
        return
    with Memory.open(repo) as memory:
        made = memory.remember(text, old.about, old.kind, replaces=old.id)
    print_result(None, made.text(), as_json=False)


@app.command()
def drop(note: Id, repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Give a note up; its file stays, marked as dropped."""
    with Memory.open(repo) as memory:
        reply = memory.remember("", replaces=note)
    print_result(reply.json(), reply.text(), as_json)


@app.command()
def accept(note: Id, repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Trust a note that was imported: conversations are told it like your own."""

    def question(book: NoteBook, sight: Sight) -> StatedNote:
        accepted = _find(book, note).model_copy(update={"trust": ""})
        book.write(accepted)
        return book.states.state(accepted, sight, book.states.checkout())

    stated = _ask(repo, question)
    print_result(note_json(stated), join(note_lines(stated)), as_json)


@app.command()
def check(note: Id, repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Say that a note holds for the code as it is now."""

    def question(book: NoteBook, sight: Sight) -> StatedNote:
        old, at = _find(book, note), book.states.checkout()
        stated = book.states.state(old, sight, at)
        targets = [place.now or place.target for place in stated.places]
        found = resolve_about(book, sight, targets, at)
        records = [record for record, _ in found]
        checked = f"{at.head[:10]} {datetime.now(UTC).date()}".strip()
        anchors = tuple(one.anchor for one in records if one.anchor.tokens or one.anchor.commit)
        about = tuple(one.anchor.target for one in records)
        newer = old.model_copy(update={"about": about, "anchors": anchors, "checked": checked})
        book.write(newer, records)
        return book.states.state(newer, sight, at)

    stated = _ask(repo, question)
    print_result(note_json(stated), join(note_lines(stated)), as_json)


@app.command()
def audit(repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Find notes to mend: broken claims, lost code, doubles, contradictions, broken files."""

    def question(book: NoteBook, sight: Sight) -> list[tuple[str, str, str]]:
        at = book.states.checkout()
        stated = [book.states.state(note, sight, at) for note in book.read().live]
        broken = [("broken file", problem.path, problem.why) for problem in book.read().problems]
        return [*audit_notes(stated), *broken]

    found = _ask(repo, question)
    text = "\n".join(f"{what}: {which}: {why}" for what, which, why in found) or "nothing to mend"
    data = [{"problem": what, "note": which, "why": why} for what, which, why in found]
    print_result(data, text, as_json)


@app.command()
def brief(repo: Repo = HERE, as_json: AsJson = False) -> None:
    """Print what a conversation that begins here is told."""
    with Memory.open(repo) as memory:
        with suppress(StoreBusyError):
            memory.sync(wait=5.0)
        text = memory.brief()
    print_result({"text": text}, text.rstrip() or "nothing to tell", as_json)
