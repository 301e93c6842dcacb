"""A repository's history in two: a past to train on, and the newest part, held back to judge by."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

from indexers.git import run_git
from indexers.history.changes import Change, draw_changes

RECENT_COMMITS = 2_000
"""Commits, newest first, that the two parts are shares of: an older past says little about the code as it is."""

HELD_BACK = 0.2
"""Share of them that is held back."""

MOST_QUESTIONS = 200
"""Questions drawn from the held-back part: asking them takes seconds."""


@dataclass(frozen=True, slots=True)
class Split:
    """``past`` is a commit of the main line; no ``questions`` and no ``held_back`` subject is in its history.

    ``trained`` and ``judged`` count the commits of each part that are no merges.
    """

    past: str
    trained: int
    judged: int
    questions: tuple[Change, ...]
    held_back: frozenset[str]


def split_history(repository: Path) -> Split | None:
    """Part the history at a commit of the main line; None when there is none to part.

    What is held back is everything that the past's commit does not have in its history, so that a branch that was
    merged later is held back as a whole, and the tree at that commit shows nothing of it.

    Raises:
        GitError: git cannot read the repository.
    """
    line = run_git(repository, "rev-list", "--first-parent", "HEAD").split()
    wanted = int(HELD_BACK * min(RECENT_COMMITS, _count(repository, "HEAD")))
    place = bisect_left(range(len(line)), wanted, key=lambda at: _count(repository, f"{line[at]}..HEAD"))
    if not wanted or place >= len(line):
        return None
    past = line[place]
    newer = f"{past}..HEAD"
    subjects = run_git(repository, "log", "--no-merges", "--format=%s", newer).split("\n")
    questions = draw_changes(repository, MOST_QUESTIONS, newer)
    trained, judged = _count(repository, past), _count(repository, newer)
    return Split(past, trained, judged, tuple(questions), frozenset(subjects))


def _count(repository: Path, revisions: str) -> int:
    return int(run_git(repository, "rev-list", "--count", "--no-merges", revisions))
