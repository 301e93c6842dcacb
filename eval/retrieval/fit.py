"""Fit the ranking's constants on a labelled benchmark: ``python -m eval.retrieval.fit BENCH CHECKOUTS``.

Coordinate ascent on NDCG@10, the mean over questions from both roots: each constant in turn is tried at a few factors
and the best is kept, until a round gains nothing. How much of the gain is fitting is told by cross-validation: the same
search on all but a fold of the repositories, scored on that fold. It prints; what is taken over stands in
``memory_server/query/signals.py``, rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from eval.retrieval.benchmark import Root
from eval.retrieval.labels import LabelledRepository, first_hits, load_labels
from memory_server.cli.terminal import say
from memory_server.query.candidates import find_candidates
from memory_server.query.question import Query, read_query
from memory_server.query.rank import RANKING, Ranking, rank_candidates
from memory_server.query.search import describe_hit
from memory_server.query.signals import SIGNALS, Candidates
from memory_server.tuning.indexes import index_cache, open_index
from memory_server.tuning.metrics import CUTOFF, ndcg

JUDGED = ("kind_worth", "role_worth")

FITTED = tuple(signal.name for signal in SIGNALS if signal.name not in JUDGED)
"""The weights of evidence; what a kind or a role is worth is judgement, bounded for questions that no label asks."""

FACTORS = (0.6, 0.8, 1.25, 1.6)
"""What a constant is multiplied by in a try."""

WORTH = 2e-4
"""A gain below this is noise: one question of 1,236 that moves from rank 4 to rank 3 gives as much."""

FOLDS = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its candidates, which no constant changes; ``wanted`` are those that hit each target."""

    repository: str
    root: Root
    query: Query
    candidates: Candidates
    wanted: tuple[frozenset[int], ...]

    def score(self, ranking: Ranking) -> float:
        """NDCG@10 of the question."""
        found = [place for place, _ in rank_candidates(self.candidates, self.query, CUTOFF, ranking)]
        ranks = (
            next((rank for rank, place in enumerate(found, 1) if place in wanted), 0)
            for wanted in self.wanted
        )
        return ndcg([rank for rank in ranks if rank], len(self.wanted))


def read_cases(repository: LabelledRepository, checkout: Path, indexes: Path) -> Iterator[Case]:
    """Every question of a repository, from both roots."""
    for root in Root:
        with open_index(checkout / (repository.root if root is Root.BENCHMARK else ""), indexes) as memory:
            for question in repository.questions:
                query = read_query(question.query)
                candidates = find_candidates(memory.view, memory.tree.embedder, query)
                hits = [describe_hit(memory.view, symbol, 0.0) for symbol in candidates.symbols.tolist()]
                wanted = tuple(
                    frozenset(place for place, hit in enumerate(hits) if first_hits([hit], [target]))
                    for target in question.targets
                )
                yield Case(repository.name, root, query, candidates, wanted)


def score_cases(cases: Sequence[Case], ranking: Ranking) -> Floats:
    """NDCG@10 of each question, shape (cases,)."""
    return np.array([case.score(ranking) for case in cases])


def fit(cases: Sequence[Case], start: Ranking) -> Ranking:
    """The constants that coordinate ascent finds from ``start``."""
    best, top = start, float(score_cases(cases, start).mean())
    while True:
        before = top
        for name in FITTED:
            tries = [best.reweighted({name: round(best.weights[name] * factor, 4)}) for factor in FACTORS]
            scores = [float(score_cases(cases, ranking).mean()) for ranking in tries]
            if max(scores) > top + WORTH:
                top, best = max(scores), tries[int(np.argmax(scores))]
        if top - before < WORTH:
            return best


def cross_validate(cases: Sequence[Case], start: Ranking) -> Floats:
    """NDCG@10 of each question by constants that were fitted without its repository, shape (cases,)."""
    names = np.random.default_rng(0).permutation(sorted({case.repository for case in cases}))
    scores = np.zeros(len(cases))
    for fold in range(FOLDS):
        held = set(names[fold::FOLDS].tolist())
        fitted = fit([case for case in cases if case.repository not in held], start)
        for place, case in enumerate(cases):
            if case.repository in held:
                scores[place] = case.score(fitted)
    return scores


def main(
    bench: Annotated[Path, typer.Argument(help="Folder with repos.json and annotations/<name>.json.")],
    checkouts: Annotated[Path, typer.Argument(help="Folder with a check-out <name> of each repository.")],
    indexes: Annotated[Path | None, typer.Option(help="Folder to keep the indexes in.")] = None,
) -> None:
    """Fit the ranking's constants, and tell how much of the gain cross-validation leaves."""
    cases = [
        case
        for repository in load_labels(bench)
        for case in read_cases(repository, checkouts / repository.name, indexes or index_cache())
    ]

    def tell(label: str, scores: Floats) -> None:
        means = (scores[[case.root == root for case in cases]].mean() for root in Root)
        say(label + "  ".join(f"{root} {mean:.4f}" for root, mean in zip(Root, means, strict=True)))

    tell("as they are:      ", score_cases(cases, RANKING))
    fitted = fit(cases, RANKING)
    tell("fitted:           ", score_cases(cases, fitted))
    say("  " + ", ".join(f"{name} {fitted.weights[name]:g}" for name in FITTED))
    tell("cross-validated:  ", cross_validate(cases, RANKING))


if __name__ == "__main__":
    typer.run(main)
