"""One tuning: history split, pairs of the past, a model trained on them, and the verdict of the held-back part."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from indexers.embedding.embed import load_embedder
from indexers.errors import GitError
from indexers.git import run_git
from indexers.history.changes import checkout
from indexers.history.commits import list_blobs, read_blobs, read_commits
from memory_server.errors import TuneError
from memory_server.index.tuned import MODEL_NAME
from memory_server.tuning.judge import Verdict, find_questions, judge
from memory_server.tuning.pairs import COMMIT_LIMIT, FILE_LIMIT, MAX_BYTES, Pair, extract_pairs, is_code
from memory_server.tuning.split import Split, split_history

LEAST_QUESTIONS = 20
"""Held-back commits that a verdict needs: with fewer, one lucky answer decides."""

LEAST_PAIRS = 100
"""Pairs of words and code that training needs."""

_STAYS = "the shipped model stays; it answers without tuning"


class Decision(StrEnum):
    """What became of the tuned model."""

    KEPT = "kept"
    WOULD_KEEP = "would be kept"
    NOT_KEPT = "not kept"


@dataclass(frozen=True, slots=True)
class TuneReport:
    """One tuning: the last commit trained on, the sizes of both parts, the verdict, and the seconds it took."""

    outcome: Decision
    past: str
    trained_commits: int
    pairs: int
    held_back_commits: int
    verdict: Verdict
    seconds: float


def tune(
    repository: Path, keep: Callable[[Path], None] | None, tell: Callable[[str], None] = lambda _: None
) -> TuneReport:
    """Train on a repository's past and hand a model that does better to ``keep``; without it, only judge.

    What is judged is what is kept: the model is not trained again with the held-back part.

    Raises:
        TuneError: there is too little history to train on or to judge by, or git cannot read it.
    """
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="repo-memory-tune-", ignore_cleanup_errors=True) as scratch:
            split, pairs, verdict = _try(repository, Path(scratch), tell)
            outcome = Decision.WOULD_KEEP if verdict.is_better else Decision.NOT_KEPT
            if keep is not None and verdict.is_better:
                keep(Path(scratch) / MODEL_NAME)
                outcome = Decision.KEPT
    except GitError as error:
        raise TuneError(str(error), error.hint) from error
    seconds = round(time.monotonic() - started, 1)
    return TuneReport(outcome, split.past, split.trained, pairs, split.judged, verdict, seconds)


def _try(repository: Path, scratch: Path, tell: Callable[[str], None]) -> tuple[Split, int, Verdict]:
    """Train and judge; the model is left in ``scratch``."""
    git_dir = Path(run_git(repository, "rev-parse", "--absolute-git-dir").strip())
    tell("reading the history")
    split = split_history(repository)
    known = frozenset(blob.path for blob in list_blobs(git_dir, split.past)) if split else frozenset()
    questions = find_questions(split.questions, known) if split else []
    if split is None or len(questions) < LEAST_QUESTIONS:
        found = (
            f"{len(questions)} of its newest commits say what they change in code that was there before them"
        )
        raise TuneError(f"too little history to judge by: {found}, {LEAST_QUESTIONS} are needed", _STAYS)
    pairs = _read_pairs(git_dir, split)
    if len(pairs) < LEAST_PAIRS:
        found = f"{len(pairs)} pairs of words and code, {LEAST_PAIRS} are needed"
        raise TuneError(f"too little to train on: {found}", _STAYS)
    tell(
        f"training on {len(pairs):,} pairs from the {split.trained:,} commits up to {split.past[:10]} and its files"
    )
    from memory_server.tuning.fit import fit_model  # PyTorch takes seconds to import

    fit_model(pairs, scratch / MODEL_NAME)
    tell(f"asking what {len(questions)} of the {split.judged:,} commits since have changed")
    next(checkout(repository, scratch / "tree", [split.past]))
    shipped, tuned = load_embedder(None), load_embedder(str(scratch / MODEL_NAME))
    return split, len(pairs), judge(scratch / "tree", scratch / "indexes", questions, shipped, tuned)


def _read_pairs(git_dir: Path, split: Split) -> list[Pair]:
    """The pairs of the past: of its files, and of its commits but those that came again in the held-back part."""
    code = [blob for blob in list_blobs(git_dir, split.past) if is_code(blob.path)]
    if len(code) > FILE_LIMIT:
        code = random.Random(split.past).sample(code, FILE_LIMIT)
    files = ((blob.path, data) for blob, data in read_blobs(git_dir, code) if len(data) <= MAX_BYTES)
    commits = read_commits(git_dir, split.past, COMMIT_LIMIT)
    own = (commit for commit in commits if commit.subject not in split.held_back)
    return extract_pairs(files, own, split.past)
