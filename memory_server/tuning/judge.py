"""Whether tuned vectors find what the held-back commits changed better than the shipped ones do.

Each commit's message is asked of the code as it was before all of them, by the product's own index and ranking; the
files of code that the commit changed, and that were there, are the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexers.embedding.embed import Embedder
from indexers.history.changes import Change
from memory_server.memory import Memory
from memory_server.query.question import read_query
from memory_server.query.rank import RANKING, Ranking
from memory_server.query.search import search_view
from memory_server.tuning.indexes import open_index
from memory_server.tuning.metrics import estimate_mean, ndcg

VECTORS_ALONE = RANKING.alone("dense_text", "dense_name", "file_dense")

_RESULTS = 100
"""Symbols that are asked for: more than ten files' worth, since a file's further symbols rank lower."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean NDCG@10 of files with the shipped and the tuned vectors, and the gain with its paired 95% interval."""

    shipped: float
    tuned: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the held-back part says: of the whole ranking, which decides, and of the vectors alone."""

    questions: int
    ranking: Comparison
    vectors: Comparison

    @property
    def is_better(self) -> bool:
        """Whether the mean gains, and more than the 95% interval reaches below zero: a loss is the unlikely case."""
        return self.ranking.gain > 0 and -self.ranking.low < self.ranking.gain


@dataclass(frozen=True, slots=True)
class CommitQuestion:
    """A commit's message, and the files that were there and that it changed."""

    text: str
    files: frozenset[str]


def find_questions(changes: Sequence[Change], known: frozenset[str]) -> list[CommitQuestion]:
    """The commits that changed a file of the past, as questions."""
    found = (CommitQuestion(c.query, known.intersection(t.path for t in c.targets)) for c in changes)
    return [question for question in found if question.files]


def judge(
    tree: Path, indexes: Path, questions: Sequence[CommitQuestion], shipped: Embedder, tuned: Embedder
) -> Verdict:
    """Ask every question of an index of ``tree`` with each of the two models; both indexes go below ``indexes``."""
    scores = []
    for name, embedder in (("shipped", shipped), ("tuned", tuned)):
        with open_index(tree, indexes / name, embedder) as memory:
            scores.append([_ask(memory, questions, ranking) for ranking in (RANKING, VECTORS_ALONE)])
    ranking, vectors = (_compare(before, after) for before, after in zip(*scores, strict=True))
    return Verdict(len(questions), ranking, vectors)


def _ask(memory: Memory, questions: Sequence[CommitQuestion], ranking: Ranking) -> Floats:
    """NDCG@10 of each question's files, a file counted where its first symbol stands: (questions,)."""
    values = []
    for question in questions:
        hits = search_view(
            memory.view, memory.tree.embedder, read_query(question.text), limit=_RESULTS, ranking=ranking
        )
        files = dict.fromkeys(hit.path for hit in hits)
        ranks = [rank for rank, file in enumerate(files, 1) if file in question.files]
        values.append(ndcg(ranks, len(question.files)))
    return np.array(values)


def _compare(shipped: Floats, tuned: Floats) -> Comparison:
    gain = estimate_mean(tuned - shipped)
    return Comparison(
        round(float(shipped.mean()), 4), round(float(tuned.mean()), 4), gain.mean, gain.low, gain.high
    )
