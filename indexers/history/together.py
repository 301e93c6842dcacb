"""Files that change in the same commits, as association rules have it (ROSE: Zimmermann and others, 2005)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from indexers.git import run_git

COMMITS, MOST_FILES, LEAST = 2_000, 20, 2
"""The newest commits that are looked at; files of a commit over which it is about everything; how often two files have
to change together to be told of."""


@dataclass(frozen=True, slots=True)
class Companion:
    """A file that changed in ``together`` of the ``of`` commits that changed another."""

    path: str
    together: int
    of: int

    @property
    def confidence(self) -> float:
        """The share of the other's changes that it shares."""
        return self.together / self.of


def find_companions(root: Path, path: str, revision: str = "HEAD") -> list[Companion]:
    """The files that change together with one, the surest first; merges and commits of many files are left out."""
    shared, total = Counter[str](), 0
    for files in _read_commits(root, revision):
        if path in files and len(files) <= MOST_FILES:
            total += 1
            shared.update(other for other in files if other != path)
    found = [Companion(other, count, total) for other, count in shared.items() if count >= LEAST]
    return sorted(found, key=lambda one: (-one.confidence, one.path))


def _read_commits(root: Path, revision: str) -> list[Sequence[str]]:
    out = run_git(
        root, "-c", "core.quotePath=false", "log", f"--max-count={COMMITS}", "--no-merges", "--no-renames",
        "--name-only", "--format=%x00", revision,
    )  # fmt: skip
    return [commit.strip("\n").split("\n") for commit in out.split("\0") if commit.strip("\n")]
