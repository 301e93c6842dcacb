"""A run of many jobs: progress shown, and what was measured kept until all is, so that a run can resume."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from hashlib import blake2b
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from eval.console import show_progress
from eval.machine import code_state


class Job(Protocol):
    """What is measured at a time."""

    @property
    def key(self) -> str:
        """All that its result depends on but the code."""


class JobResult(Protocol):
    """What a job found."""

    @property
    def problem(self) -> str:
        """Why there is nothing measured; empty where there is."""


T = TypeVar("T", bound=Job)
R = TypeVar("R", bound=JobResult)


class Journal(Generic[R]):
    """Results on disk, a file each; those of other code are not found again."""

    def __init__(self, folder: Path, result: type[R]) -> None:
        self._folder = folder
        self._model = TypeAdapter(result)
        self._code = repr(sorted(code_state()))

    def find(self, job: Job) -> R | None:
        """What an earlier, interrupted run measured."""
        try:
            return self._model.validate_json(self._file(job).read_bytes())
        except (OSError, ValidationError):
            return None

    def keep(self, job: Job, result: R) -> None:
        """Write a result down, unless it is a problem, which the next run may not have."""
        if not result.problem:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file(job).write_bytes(self._model.dump_json(result))

    def clear(self) -> None:
        """Forget everything: the run is complete, and the next one measures anew."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, job: Job) -> Path:
        return self._folder / (short_hash(job.key + self._code) + ".json")


def short_hash(text: str) -> str:
    """A name for a text of any length."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def measure_all(
    measure: Callable[[T], R], jobs: Sequence[T], processes: int, journal: Journal[R], counted: str
) -> list[R]:
    """Every job's result, in the order of the jobs, less what an interrupted run left; progress on a terminal."""
    results = {place: found for place, job in enumerate(jobs) if (found := journal.find(job)) is not None}
    open_places = [place for place in range(len(jobs)) if place not in results]
    open_jobs = [jobs[place] for place in open_places]
    with show_progress() as add:
        count = add(counted)
        count(len(results), len(jobs))
        for nth, result in _run_jobs(measure, open_jobs, min(processes, len(open_jobs) or 1)):
            place = open_places[nth]
            results[place] = result
            journal.keep(jobs[place], result)
            count(len(results), len(jobs))
    journal.clear()
    return [results[place] for place in range(len(jobs))]


def _run_jobs(measure: Callable[[T], R], jobs: Sequence[T], processes: int) -> Iterator[tuple[int, R]]:
    """The place and result of every job as it is ready; in this process when ``processes`` is 1."""
    if processes == 1:
        yield from enumerate(map(measure, jobs))
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        places = {pool.submit(measure, job): place for place, job in enumerate(jobs)}
        try:
            for done in as_completed(places):
                yield places[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)
