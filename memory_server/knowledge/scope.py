"""Scope files: what is known of a folder, in the file that a client reads when it works there. Only on command."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from memory_server.answer.repository import Repository
from memory_server.errors import AbsentError, KnowledgeError
from memory_server.files import replace_file, walk_entries
from memory_server.index.fresh import Sight
from memory_server.index.view import View
from memory_server.knowledge.folders import group_by_folder, tell_folder
from memory_server.knowledge.marks import find_block, put_block, take_block
from memory_server.knowledge.places import read_if_there, resolve_inside
from memory_server.visible import quote_path

RULES = "rules"
TARGETS = ("CLAUDE.md", "AGENTS.md", RULES)
"""Where it is written: in a file of the folder, or in one of the client's rules that names the folder."""

_RULES_FOLDER = ".claude/rules/repo-memory"
_GLOB = re.compile(r"([\\*?\[\]{}])")


class Outcome(StrEnum):
    """What became of a scope file."""

    CURRENT = "current"
    STALE = "not current"
    WRITTEN = "written"
    NOTHING = "nothing to tell"
    REMOVED = "removed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ScopeFile:
    """A file and the text that is to stand between its marks; ``head`` begins the file where it is new."""

    path: str
    text: str = ""
    head: str = ""


@dataclass(frozen=True, slots=True)
class ScopeReport:
    """The outcome of one file; ``reason`` and ``hint`` are for a refused one."""

    path: str
    outcome: Outcome
    reason: str = ""
    hint: str = ""


def write_scopes(
    repository: Repository, folders: Sequence[str], target: str, *, check: bool = False
) -> list[ScopeReport]:
    """Bring the scope files of some folders up to date, or tell which are not.

    Without folders, of those that have notes and those that have a scope file.

    Raises:
        AbsentError: a folder holds nothing that is indexed.
        OutsideRepositoryError: one leads outside the repository.
    """
    wanted = _plan(repository, [_folder(repository, folder) for folder in folders], target)
    return [_settle(repository.index.root, one, check=check) for one in wanted]


def remove_scopes(repository: Repository, folders: Sequence[str], target: str) -> list[ScopeReport]:
    """Take the scope files of some folders out again, of all without folders.

    Raises:
        OutsideRepositoryError: a folder leads outside the repository.
    """
    root = repository.index.root
    chosen = [repository.inside(folder) for folder in folders] or repository.index.ask(
        lambda sight: (sorted(_find_folders(root, sight.view, target)), set())
    )
    reports = [_settle(root, place_scope(folder, target)) for folder in dict.fromkeys(chosen)]
    return [report for report in reports if report.outcome is not Outcome.NOTHING]


def place_scope(folder: str, target: str) -> ScopeFile:
    """The file of a folder."""
    if target != RULES:
        return ScopeFile(f"{folder}/{target}".removeprefix("/"))
    if not folder:
        return ScopeFile(f"{_RULES_FOLDER}.md")
    glob = json.dumps(_GLOB.sub(r"\\\1", folder) + "/**", ensure_ascii=False)
    return ScopeFile(f"{_RULES_FOLDER}/{folder}.md", head=f"---\npaths:\n  - {glob}\n---\n\n")


def _folder(repository: Repository, name: str) -> str:
    folder = repository.inside(name)
    if not (repository.index.root / folder).is_dir():
        raise AbsentError(f"no folder {quote_path(name)}", "name a folder of the repository")
    return folder


def _plan(repository: Repository, folders: Sequence[str], target: str) -> list[ScopeFile]:
    """The files as they are to be."""
    root, book = repository.index.root, repository.notes

    def question(sight: Sight) -> tuple[list[ScopeFile], set[str]]:
        view, at = sight.view, book.states.checkout()
        known = _find_folders(root, view, target)
        for folder in folders:
            if folder not in known:
                raise AbsentError(
                    f"nothing indexed in {quote_path(folder)}", "name a folder with indexed files"
                )
        noted = group_by_folder([book.states.state(note, sight, at) for note in book.read().live])
        chosen = set(folders) or {
            folder for folder in known if folder in noted or _has_block(root, place_scope(folder, target))
        }

        def read(path: str) -> str:
            return "\n".join(sight.lines_if_served(path))

        texts: Mapping[str, str] = {
            folder: tell_folder(view, folder, noted.get(folder, []), read) for folder in sorted(chosen)
        }
        return [replace(place_scope(folder, target), text=text) for folder, text in texts.items()], set()

    return repository.index.ask(question)


def _find_folders(root: Path, view: View, target: str) -> set[str]:
    """The folders that may have a scope file: those with known files, and those that a rule was written for."""
    rules = root / _RULES_FOLDER
    written = [path for path, _ in walk_entries(rules) if path.suffix == ".md"] if target == RULES else []
    return {"", *view.folders, *(path.relative_to(rules).as_posix().removesuffix(".md") for path in written)}


def _has_block(root: Path, file: ScopeFile) -> bool:
    try:
        data = read_if_there(resolve_inside(root, file.path))
        return data is not None and find_block(data) is not None
    except KnowledgeError:
        return True  # whoever writes it is told why it cannot be


def _settle(root: Path, file: ScopeFile, *, check: bool = False) -> ScopeReport:
    """Make a file what it is to be: one without a text has no block."""
    try:
        path = resolve_inside(root, file.path)
        before = read_if_there(path)
        data: bytes | None = before
        if file.text:
            data = put_block(before, file.text, file.head)
        elif before is not None:
            data = take_block(before, file.head)
        if data == before:
            return ScopeReport(file.path, Outcome.CURRENT if file.text else Outcome.NOTHING)
        if check:
            return ScopeReport(file.path, Outcome.STALE)
        if data is None:
            path.unlink()
            if file.path.startswith(_RULES_FOLDER):
                _remove_empty(path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, data)
        return ScopeReport(file.path, Outcome.WRITTEN if file.text else Outcome.REMOVED)
    except KnowledgeError as error:
        return ScopeReport(file.path, Outcome.REFUSED, str(error), error.hint)


def _remove_empty(path: Path) -> None:
    """Remove the folders of the client that were made for a file."""
    with suppress(OSError):
        for folder in path.parents:
            folder.rmdir()
