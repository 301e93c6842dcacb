"""Commands that work here: those that the project's files say, and what was run in past conversations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from indexers.commands.model import Purpose
from indexers.commands.project import MOST_TEXT, find_commands, find_purpose
from indexers.files import read_regular
from indexers.terms import text_terms
from indexers.tokens import truncate
from memory_server.answer.page import TextLine
from memory_server.answer.reply import Json
from memory_server.answer.repository import Repository
from memory_server.episodes.commands import Form, find_key
from memory_server.episodes.model import shorten_id
from memory_server.files import leads_through_link
from memory_server.notes.model import hide_secrets

WORKFLOWS = ".github/workflows"
FAILED_BEFORE = 2
"""Failures in a row after which a form is warned of before it is run again."""

SEEN = 2
"""Runs that succeeded from which a command that no file says is one of the project's."""

WIDTH = 120


@dataclass(frozen=True, slots=True)
class KnownCommand:
    """A command with what is known of it; ``path`` is the file that says it, ``form`` what it did in conversations."""

    run: str
    purpose: Purpose
    path: str = ""
    name: str = ""
    form: Form | None = None

    @property
    def works(self) -> bool:
        """Whether it was seen to work, and did not fail since."""
        return self.form is not None and self.form.succeeded > 0 and not self.form.streak

    def line(self) -> TextLine:
        """The command on one line."""
        said = f", in {self.path}" if self.path else ""
        return TextLine(f"{self.purpose}: `{truncate(self.run, WIDTH)}`{said}{self._told()}")

    def _told(self) -> str:
        form = self.form
        if form is None:
            return ""
        worked = f"; worked {form.succeeded} of {form.runs} times" + (
            f", last {form.last}" if form.last else ""
        )
        failed = f", failing since: {truncate(form.error, WIDTH)}" if form.streak and form.error else ""
        fix = f"; instead worked `{truncate(form.fix.command, WIDTH)}`" if form.fix and form.streak else ""
        return worked + failed + fix

    def json(self) -> Json:
        """The command as data."""
        form = self.form
        known = {"runs": form.runs, "succeeded": form.succeeded, "last": form.last} if form else {}
        fix = {"fix": form.fix.command, "fix_session": form.fix.session} if form and form.fix else {}
        return {
            "source": "commands",
            "id": self.run,
            "kind": str(self.purpose),
            "state": "",
            "changes": [],
            "text": self.run,
            "path": self.path,
            **known,
            **fix,
        }


def known_commands(repository: Repository) -> list[KnownCommand]:
    """All that are known: by purpose, those that work first, then those that the project says, then the others."""
    forms = dict(repository.episodes.learned().forms)
    root = repository.index.root
    found = [
        KnownCommand(run, one.purpose, one.path, one.name, forms.pop(run, None))
        for one in find_commands(_project_files(root), lambda path: _read(root, path))
        for run in [hide_secrets(one.run)]
    ]
    for form in forms.values():
        purpose = find_purpose("", find_key(form.command))  # what it is run on may be called anything
        if form.fix or (purpose is not Purpose.OTHER and form.succeeded >= SEEN):
            found.append(KnownCommand(form.command, purpose, form=form))
    return sorted(found, key=_rank)


def _rank(one: KnownCommand) -> tuple[int, bool, int, bool, str]:
    succeeded = one.form.succeeded if one.form else 0
    return (list(Purpose).index(one.purpose), not one.works, -succeeded, not one.path, one.run)


def _project_files(root: Path) -> list[str]:
    names = list(_list(root))
    if not leads_through_link(root, root / WORKFLOWS):
        names += [f"{WORKFLOWS}/{name}" for name in _list(root / WORKFLOWS)]
    return sorted(names)


def _list(folder: Path) -> Iterator[str]:
    with suppress(OSError), os.scandir(folder) as entries:
        yield from (entry.name for entry in entries if entry.is_file(follow_symlinks=False))


def _read(root: Path, path: str) -> str:
    return read_regular(root / path, 4 * MOST_TEXT).decode("utf-8", "replace")


def search_commands(repository: Repository, query: str, limit: int) -> list[KnownCommand]:
    """The commands that have most words of a question, of their lines, names and purposes."""
    wanted = set(text_terms(query))
    scored = []
    for place, one in enumerate(known_commands(repository)):
        held = set(text_terms(f"{one.purpose} {one.name} {one.run}"))
        if shared := len(wanted & held):
            scored.append((-shared, place, one))
    best = min((shared for shared, _, _ in scored), default=0)
    return [one for shared, _, one in sorted(scored, key=lambda found: found[:2]) if shared <= best / 2][
        :limit
    ]


def briefed_commands(repository: Repository) -> Sequence[KnownCommand]:
    """For each purpose the command that worked most: what files say alone, an agent reads there."""
    best: dict[Purpose, KnownCommand] = {}
    if repository.episodes.is_empty():
        return []
    for one in known_commands(repository):
        if one.works and one.purpose is not Purpose.OTHER:
            best.setdefault(one.purpose, one)
    return list(best.values())


def warn_of(form: Form | None, fix: Form | None, *, failed: bool) -> str:
    """What is said beside a command: that it failed here and what worked instead; nothing where that is not known."""
    if form is None or form.fix is None or fix is None or fix.streak:
        return ""
    if form.streak < (1 if failed else FAILED_BEFORE):
        return ""
    told = f": {truncate(form.error, WIDTH)}" if form.error and not failed else ""
    times = "before" if form.streak == 1 else f"the last {form.streak} times"
    seen = ", ".join(filter(None, (f"session {shorten_id(form.fix.session)}", form.fix.date)))
    return (
        f"repo-memory: `{truncate(form.command, WIDTH)}` failed here {times}{told}; "
        f"`{truncate(form.fix.command, WIDTH)}` worked instead ({seen})"
    )
