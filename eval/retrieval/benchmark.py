"""The labelled benchmark, asked of the product's own search.

Counted as the benchmark's own runner (MinishLab/semble, ``benchmarks/``) counts, so that figures compare: the first ten
results as they come, here symbols and there chunks, several of one file each on a rank of its own; a path without lines
is hit by any result in the file; results count their paths from the indexed folder, and match a label that ends so;
targets that one result hits first count once; each target of the label counts in the ideal, indexed or not. Its published
means are over repositories, from the benchmark's folders. Times here are of one call each, after a first one.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from eval.retrieval.ablations import ABLATIONS, Ablation
from eval.retrieval.indexes import open_index
from eval.retrieval.labels import LabelledRepository, first_hits
from eval.retrieval.metrics import CUTOFF, ndcg
from eval.retrieval.results import Measured, Unmeasured
from memory_server.errors import MemoryServerError
from memory_server.search import search_view

MEASURES = ("ndcg@10",)

ROOTS = ("benchmark", "repository")
"""What is indexed: the folder that the benchmark names, or the whole check-out."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Job:
    """One folder to index and ask; the outcome has a ``Measured`` for each ablation."""

    repository: LabelledRepository
    roots: str
    folder: Path
    indexes: Path
    ablations: tuple[Ablation, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one job found: scores by ablation, or why there are none."""

    name: str
    roots: str
    embedder: str
    measured: tuple[Measured, ...]
    problem: str = ""


def plan_jobs(
    repositories: Iterable[LabelledRepository],
    checkouts: Path,
    roots: Sequence[str],
    indexes: Path,
    ablations: Sequence[Ablation],
) -> tuple[list[Job], list[Unmeasured]]:
    """The jobs for the check-outs at ``<checkouts>/<name>``, and what has none."""
    jobs, missing = [], []
    for repository in repositories:
        for chosen in roots:
            top = checkouts / repository.name
            folder = top / repository.root if chosen == "benchmark" else top
            if folder.is_dir():
                jobs.append(Job(repository, chosen, folder, indexes, tuple(ablations)))
            else:
                missing.append(Unmeasured(repository.name, f"no folder {folder}"))
    return jobs, missing


def measure_job(job: Job) -> Outcome:
    """Index the folder where needed and ask every question with every ablation."""
    try:
        with open_index(job.folder, job.indexes) as memory:
            view, embedder = memory.view, memory.tree.embedder
            # What the first question of a view builds is not what a question costs.
            search_view(view, embedder, "warm up")
            measured = []
            for ablation in job.ablations:
                scores, times = [], []
                for question in job.repository.questions:
                    started = time.perf_counter()
                    hits = search_view(
                        view, embedder, question.query, limit=CUTOFF, ranking=ABLATIONS[ablation]
                    )
                    times.append(round(1000 * (time.perf_counter() - started), 2))
                    ranks = first_hits(hits, question.targets)
                    scores.append((round(ndcg(ranks, len(question.targets)), 4),))
                measured.append(
                    Measured(job.repository.name, len(view.paths), len(view), tuple(scores), tuple(times))
                )
            return Outcome(job.repository.name, job.roots, embedder.id, tuple(measured))
    except MemoryServerError as error:
        return Outcome(job.repository.name, job.roots, "", (), f"{error}; {error.hint}")


def run_jobs(measure: Callable[[T], R], jobs: Sequence[T], processes: int) -> Iterator[R]:
    """The outcome of every job as it is ready, in this process when ``processes`` is 1."""
    if processes == 1:
        yield from map(measure, jobs)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        try:
            for done in as_completed([pool.submit(measure, job) for job in jobs]):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)
