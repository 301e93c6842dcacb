"""The labelled benchmark, asked of the product's own search.

Counted as the benchmark's own runner (MinishLab/semble, ``benchmarks/``) counts, so that figures compare: the first
ten results as they come, here symbols and there chunks, several of one file each on a rank of its own; a path without
lines is hit by any result in the file; results count their paths from the indexed folder, and match a label that ends
so; targets that one result hits first count once; each target of the label counts in the ideal, indexed or not. Its
published means are over repositories, from the benchmark's folders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from eval.records import Unmeasured
from eval.retrieval.asking import ask
from eval.retrieval.labels import LabelledRepository, first_hits
from eval.retrieval.results import AskedQuestion, AskedRepository, RepositoryScores, hash_query
from eval.retrieval.run import RetrievalJobResult
from memory_server.errors import MemoryServerError
from memory_server.memory import Memory
from memory_server.tuning.indexes import open_index
from memory_server.tuning.metrics import CUTOFF, ndcg, recall, reciprocal_rank

MEASURES = ("ndcg@10", "recall@1", "recall@5", "recall@10", "mrr@10")
"""``ndcg@10`` first: earlier results hold it alone, and changes are told for the measures that both have."""


class Root(StrEnum):
    """What is indexed of a check-out: the folder that the benchmark names, or all of it."""

    BENCHMARK = "benchmark"
    REPOSITORY = "repository"


@dataclass(frozen=True, slots=True)
class BenchmarkJob:
    """One folder to index and ask, with each ablation."""

    repository: LabelledRepository
    root: Root
    folder: Path
    indexes: Path
    ablations: tuple[str, ...]

    @property
    def key(self) -> str:
        """All that the result depends on but the code and the check-out, which is at the labels' revision."""
        return repr(self)

    @property
    def asked(self) -> AskedRepository:
        """The repository with the keys of its questions."""
        found = self.repository
        questions = tuple(
            AskedQuestion(hash_query(question.query), question.category) for question in found.questions
        )
        return AskedRepository(found.name, found.language, found.revision, questions)


def plan_jobs(
    repositories: Iterable[LabelledRepository],
    checkouts: Path,
    roots: Sequence[Root],
    indexes: Path,
    ablations: Sequence[str],
) -> tuple[list[BenchmarkJob], list[Unmeasured]]:
    """The jobs for the check-outs at ``<checkouts>/<name>``, and what has none."""
    jobs, missing = [], []
    for repository in repositories:
        for root in roots:
            top = checkouts / repository.name
            folder = top / repository.root if root is Root.BENCHMARK else top
            if folder.is_dir():
                jobs.append(BenchmarkJob(repository, root, folder, indexes, tuple(ablations)))
            else:
                missing.append(Unmeasured(repository.name, f"no folder {folder}"))
    return jobs, missing


def measure_job(job: BenchmarkJob) -> RetrievalJobResult:
    """Index the folder where needed and ask every question with every ablation."""
    try:
        with open_index(job.folder, job.indexes) as memory:
            measured = tuple(_ask_all(memory, job.repository, ablation) for ablation in job.ablations)
            return RetrievalJobResult(job.root, job.asked, memory.tree.embedder.id, measured)
    except MemoryServerError as error:
        return RetrievalJobResult(job.root, job.asked, problem=f"{error}; {error.hint}")


def _ask_all(memory: Memory, repository: LabelledRepository, ablation: str) -> RepositoryScores:
    scores, times = [], []
    for question in repository.questions:
        hits, spent = ask(memory, question.query, CUTOFF, ablation)
        times.append(spent)
        ranks = first_hits(hits, question.targets)
        scores.append(score_ranks(ranks, len(question.targets)))
    view = memory.view
    return RepositoryScores(repository.name, len(view.paths), len(view), tuple(scores), tuple(times))


def score_ranks(ranks: Sequence[int], targets: int) -> tuple[float, ...]:
    """``MEASURES`` of a question from the ranks of its targets' first hits."""
    recalls = (recall(ranks, targets, cutoff) for cutoff in (1, 5, CUTOFF))
    values = (ndcg(ranks, targets), *recalls, reciprocal_rank(ranks))
    return tuple(round(value, 4) for value in values)
