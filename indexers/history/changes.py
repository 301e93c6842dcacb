"""Questions from a repository's own history: what a commit says it does, and the lines it had to change.

A commit's message is asked of the commit's parent; the lines that it changed there are the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Protocol

from indexers.git import run_git
from indexers.languages.registry import Spec, find_language, is_test_path

MAX_FILES, MAX_LINES = 8, 200
"""A commit that changes more is no one thing to look for."""

MIN_WORDS, MAX_CHARACTERS = 4, 600
"""Less says nothing to look for; more is not how a question is put."""

_DIFF = (
    "-c", "core.quotePath=false", "diff", "--unified=0", "--no-renames", "--no-color",
    "--ignore-all-space", "--ignore-blank-lines", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip
"""What a commit changes beyond white space, on both sides of each line."""

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_TRAILER = re.compile(
    r"(?:[A-Za-z][\w-]*-(?:by|to|on|id): .*|(?:close|fixe|resolve|ref|see)[sd]?:? +(?=\S+\Z)(?:\S*#|gh-|https?:)\S+)",
    re.I,
)
_NUMBER = re.compile(
    r"\((?:\w++/\w++)?(?:#|gh-)\d+\)|(?:(?<!\w)\w++/\w++)?(?:#|\bgh-)\d+\b|https?://\S+", re.I
)
_CHORE = re.compile(
    r"^(?:merge|revert|bump|releas|version|prepare|start|back to|upgrade|pin|v?\d+\.\d+)"
    r"|^\W*(?:chore|build|ci|style|release|deps|docs?)\b[^ ]*:"
    r"|\b(?:dependenc|dependabot|renovate|pre-commit|changelog|change log|release notes|copyright|typos?|lint"
    r"|formatt|reformat|prettier|rustfmt|gofmt|clang-format|scalafmt|ktlint|whitespace|indentation"
    r"|(?:bump|update|release|set) (?:the )?version)",
    re.I,
)  # fmt: skip


class Located(Protocol):
    """A result: lines of a file, 1-based and inclusive."""

    @property
    def path(self) -> str:
        """Posix path, relative to the folder that is indexed."""

    @property
    def start_line(self) -> int:
        """First line."""

    @property
    def end_line(self) -> int:
        """Last line."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place that answers a question: a file, or lines of it; without lines, both are 0."""

    path: str
    start_line: int = 0
    end_line: int = 0

    def is_hit(self, result: Located) -> bool:
        """Whether a result is in the file and, where the target has lines, overlaps them."""
        if not _same_path(result.path, self.path):
            return False
        return not self.end_line or (
            result.start_line <= self.end_line and result.end_line >= self.start_line
        )


@dataclass(frozen=True, slots=True)
class Change:
    """A commit as a question: its cleaned message, and the lines of its parent that it changed."""

    commit: str
    parent: str
    query: str
    category: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class _Commit:
    hash: str
    parent: str
    message: str


def draw_changes(repository: Path, limit: int, revisions: str = "HEAD") -> list[Change]:
    """At most ``limit`` commits that make questions, oldest first, one from each equal part of the history.

    Within a part the lowest hash that makes a question is taken: as good as by lot, and the same each time. Left out
    are merges, bots, chores (releases, dependencies, formatting), bulk changes, commits that change no code which was
    there or only tests, and those that a partial clone lacks files of.

    Raises:
        GitError: git cannot read the repository.
    """
    commits = _list_commits(repository, revisions)
    chosen: dict[str, Change] = {}
    for part in range(limit):
        inside = commits[part * len(commits) // limit : (part + 1) * len(commits) // limit]
        ordered = sorted(inside, key=lambda commit: commit.hash)
        changes = (change for commit in ordered for change in _read_change(repository, commit))
        for change in islice((change for change in changes if change.query not in chosen), 1):
            chosen[change.query] = change
    return list(chosen.values())


def _list_commits(repository: Path, revisions: str) -> list[_Commit]:
    """Commits with one parent that are not plainly chores, oldest first."""
    form = "--format=%H%x1f%P%x1f%an%x1f%B"
    listing = run_git(repository, "log", "--reverse", "--no-merges", "-z", form, revisions)
    found = (record.split("\x1f", 3) for record in listing.split("\0") if record)
    return [
        _Commit(commit, parent, message)
        for commit, parent, author, message in found
        if parent and not author.endswith("[bot]") and not _CHORE.search(message.partition("\n")[0])
    ]


def _read_change(repository: Path, commit: _Commit) -> Iterator[Change]:
    """The commit as a question, if it makes one."""
    query, category = clean_message(commit.message)
    if len(query.split()) < MIN_WORDS or not _is_whole(repository, commit):
        return
    changed = parse_diff(run_git(repository, *_DIFF, commit.parent, commit.hash))
    if changed.files > MAX_FILES or changed.lines > MAX_LINES:
        return
    targets = tuple(target for target in changed.targets if is_code(target.path))
    if not all(is_test_path(target.path) for target in targets):
        yield Change(commit.hash, commit.parent, query, category, targets)


def _is_whole(repository: Path, commit: _Commit) -> bool:
    """Whether every file of the commit and its parent is there: a partial clone lacks some."""
    both = (commit.hash, commit.parent)
    listing = run_git(repository, "rev-list", "--objects", "--no-walk", "--missing=print", *both)
    return not any(line.startswith("?") for line in listing.split("\n"))


def is_code(path: str) -> bool:
    """Whether a file's language is one in which something calls something: no documents, no data."""
    language = find_language(path)
    return language is not None and _has_calls(language)


@cache
def _has_calls(language: Spec) -> bool:
    references = language.queries.references
    return "reference.call" in map(references.capture_name, range(references.capture_count))


def clean_message(message: str) -> tuple[str, str]:
    """A commit message without trailers, numbers and links; and whether a "body" or only a "subject" is left."""
    subject, _, body = message.strip().partition("\n")
    kept = [
        line.strip() for line in body.split("\n") if line.strip() and not _TRAILER.fullmatch(line.strip())
    ]
    lines = [text for line in (subject, *kept) if (text := " ".join(_NUMBER.sub(" ", line).split()))]
    return "\n".join(lines)[:MAX_CHARACTERS].strip(), "body" if len(lines) > 1 else "subject"


@dataclass(frozen=True, slots=True)
class Diff:
    """What a diff changes: files, lines of both sides, and the old side's ranges in files that were there.

    Lines that are only put in stand for the line before them.
    """

    files: int
    lines: int
    targets: tuple[Target, ...]


def parse_diff(text: str) -> Diff:
    """Read a diff without context lines; files whose names git has to quote are left out."""
    files = size = inside = 0
    path, targets = "", []
    for line in text.split("\n"):
        if inside and not line.startswith("\\"):
            inside -= 1
        elif line.startswith("diff --git "):
            files, path = files + 1, ""
        elif line.startswith("--- a/"):
            path = line.removeprefix("--- a/").rstrip("\t")
        elif found := _HUNK.match(line):
            start, old, new = (int(part) if part else 1 for part in found.groups())
            inside = old + new
            size += inside
            if path:
                targets.append(Target(path, max(start, 1), max(start, 1) + max(old, 1) - 1))
    return Diff(files, size, tuple(targets))


def checkout(source: Path, tree: Path, revisions: Sequence[str]) -> Iterator[str]:
    """Lay each revision out at ``tree`` in turn, in a clone that shares the objects of ``source``.

    Raises:
        GitError: git cannot lay it out.
    """
    quiet = ("-c", "advice.detachedHead=false", "-c", "core.autocrlf=false")
    location = run_git(source, "rev-parse", "--absolute-git-dir").strip()
    run_git(source, *quiet, "clone", "--quiet", "--shared", "--no-checkout", location, str(tree))
    for revision in revisions:
        run_git(tree, *quiet, "checkout", "--quiet", "--force", "--detach", revision)
        yield revision


def _same_path(one: str, other: str) -> bool:
    """Equal, or one is the end of the other: labels count from the repository, results from what is indexed."""
    return one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}")
