"""A run over many repositories: progress shown, and what was measured kept until all is, so that a run can resume."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from eval.machine import code_state
from eval.retrieval.results import AskedRepository
from eval.retrieval.run import run_jobs


class Job(Protocol):
    """What is measured at a time."""

    @property
    def key(self) -> str:
        """All that its outcome depends on but the code."""


class Named(Protocol):
    """An outcome that says which repository it is of."""

    @property
    def asked(self) -> AskedRepository:
        """The repository with its questions."""

    @property
    def problem(self) -> str:
        """Why there is nothing measured."""


T = TypeVar("T", bound=Job)
R = TypeVar("R", bound=Named)


class Journal(Generic[R]):
    """Outcomes on disk, a file each; those of other code are not found again."""

    def __init__(self, folder: Path, outcome: type[R]) -> None:
        self._folder = folder
        self._model = TypeAdapter(outcome)
        self._code = repr(sorted(code_state()))

    def find(self, job: Job) -> R | None:
        """What an earlier, interrupted run measured."""
        try:
            return self._model.validate_json(self._file(job).read_bytes())
        except (OSError, ValidationError):
            return None

    def keep(self, job: Job, outcome: R) -> None:
        """Write an outcome down, unless it is a problem, which the next run may not have."""
        if not outcome.problem:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file(job).write_bytes(self._model.dump_json(outcome))

    def clear(self) -> None:
        """Forget everything: the run is complete, and the next one measures anew."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, job: Job) -> Path:
        key = blake2b(f"{job.key}\n{self._code}".encode(), digest_size=16).hexdigest()
        return self._folder / f"{key}.json"


def measure_all(measure: Callable[[T], R], jobs: Sequence[T], processes: int, journal: Journal[R]) -> list[R]:
    """Every job's outcome, in the order of the jobs, less what an interrupted run left; progress on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    outcomes = {place: found for place, job in enumerate(jobs) if (found := journal.find(job)) is not None}
    open_places = [place for place in range(len(jobs)) if place not in outcomes]
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("repositories", total=len(jobs), completed=len(outcomes))
        open_jobs = [jobs[place] for place in open_places]
        for nth, outcome in run_jobs(measure, open_jobs, min(processes, len(open_jobs) or 1)):
            place = open_places[nth]
            outcomes[place] = outcome
            journal.keep(jobs[place], outcome)
            progress.update(task, advance=1, description=outcome.asked.name)
    journal.clear()
    return [outcomes[place] for place in range(len(jobs))]
