"""What the trials found: each arm's means, and differences between arms with intervals, beside the noise floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter

from eval.errors import MeasureError
from eval.live.run import AGAIN, SCRIPTED_ARMS, WINDOWS, WITH, WITHOUT, TrialRun
from eval.machine import Machine, describe_machine, own_revision
from eval.records import fold_json
from indexers.tokens import NEWEST
from memory_server.tuning.metrics import RESAMPLES, SEED, Estimate, Floats, estimate_mean

FORMAT = 1
"""Version of the result's layout."""

MEASURES = (
    "turns",
    "calls",
    "whole_reads",
    "wall_s",
    "cost",
    "start",
    "resident",
    "sent",
    "own_calls",
    "correct",
)
"""What each arm's means and each difference are of, in this order."""

_COST, _CORRECT = MEASURES.index("cost"), MEASURES.index("correct")


@dataclass(frozen=True, slots=True)
class ArmMeans:
    """An arm over all tasks; the cost of a correct answer is None where no answer was correct."""

    arm: str
    runs: int
    cost_per_correct: float | None
    means: tuple[float, ...]

    def mean(self, measure: str) -> float:
        """The mean of one of ``MEASURES``."""
        return self.means[MEASURES.index(measure)]


@dataclass(frozen=True, slots=True)
class Difference:
    """An arm minus another, paired by task, with 95% bootstrap intervals over tasks."""

    arm: str
    against: str
    cost_per_correct: Estimate | None
    differences: tuple[Estimate, ...]

    def difference(self, measure: str) -> Estimate:
        """The difference in one of ``MEASURES``."""
        return self.differences[MEASURES.index(measure)]


@dataclass(frozen=True, slots=True)
class LiveResult:
    """The whole result. ``uncalled`` are runs with the server in which none of its tools was called."""

    format: int
    level: str
    repository: str
    repository_revision: str
    revision: str
    client: str
    model: str
    scripted: bool
    machine: Machine
    token_error: str
    seed: int
    measures: tuple[str, ...]
    tasks: int
    repeats: int
    dropped: tuple[str, ...]
    uncalled: tuple[str, ...]
    arms: tuple[ArmMeans, ...]
    differences: tuple[Difference, ...]
    runs: tuple[TrialRun, ...]


_MODEL = TypeAdapter(LiveResult)

SCRIPTED_LEVEL = "live, scripted: the real client and its real tools; a fixed policy in place of the model"
LIVE_LEVEL = "live: the real client with a real model"
BILLED = "token counts and dollars as the client was told them"


def write_result(result: LiveResult) -> str:
    """The result as JSON."""
    return fold_json(_MODEL.dump_json(result, indent=1).decode())


def collect(
    repository: str, repository_revision: str, scripted: bool, runs: Sequence[TrialRun]
) -> LiveResult:
    """The result of all runs. A repeat of a task is dropped whole, in every arm, when a run of it counts for nothing.

    Raises:
        MeasureError: nothing was measured.
    """
    failed = [run for run in runs if run.problem]
    kept = keep_whole(runs)
    if not kept:
        raise MeasureError(f"no run counts: {failed[0].problem}", "run the client by hand in the repository")
    arms = [arm for arm in SCRIPTED_ARMS if any(run.arm == arm for run in kept)]
    values = {arm: _task_means([run for run in kept if run.arm == arm]) for arm in arms}
    pairs = [(WITH, WITHOUT), (AGAIN, WITHOUT), (WITH, WINDOWS)]
    return LiveResult(
        format=FORMAT,
        level=SCRIPTED_LEVEL if scripted else LIVE_LEVEL,
        repository=repository,
        repository_revision=repository_revision,
        revision=own_revision(),
        client=kept[0].conversation.client,
        model=kept[0].conversation.model,
        scripted=scripted,
        machine=describe_machine(),
        token_error=NEWEST.error_band if scripted else BILLED,
        seed=SEED,
        measures=MEASURES,
        tasks=len({run.task for run in kept}),
        repeats=max(run.repeat for run in runs),
        dropped=tuple(f"{_name(run)}, {run.arm}: {run.problem}" for run in failed),
        uncalled=tuple(_name(run) for run in kept if run.arm == WITH and not run.conversation.own_calls),
        arms=tuple(_means(arm, sum(run.arm == arm for run in kept), values[arm]) for arm in arms),
        differences=tuple(
            _difference(arm, against, values[arm], values[against])
            for arm, against in pairs
            if {arm, against} <= values.keys()
        ),
        runs=tuple(runs),
    )


def keep_whole(runs: Sequence[TrialRun]) -> list[TrialRun]:
    """The runs of those repeats of a task in which every arm's run counts."""
    lost = {(run.task, run.repeat) for run in runs if run.problem}
    return [run for run in runs if (run.task, run.repeat) not in lost]


def estimate_cost_per_correct(runs: Sequence[TrialRun]) -> Estimate | None:
    """What one arm's runs cost over its correct answers, None without any; draws of tasks without one are left out."""
    values = _task_means(runs)
    if not values[:, _CORRECT].any():
        return None
    low, high = np.nanpercentile(_per_correct(values, _draw(values)), (2.5, 97.5))
    mean = _per_correct(values, np.arange(len(values))[None]).item()
    return Estimate(round(mean, 4), round(float(low), 4), round(float(high), 4))


def _draw(values: Floats) -> np.typing.NDArray[np.int64]:
    return np.random.default_rng(SEED).integers(len(values), size=(RESAMPLES, len(values)))


def _name(run: TrialRun) -> str:
    return f"{run.task} #{run.repeat}"


def _row(run: TrialRun) -> list[float]:
    told = {"wall_s": run.wall_s, "correct": float(run.correct)}
    return [told[name] if name in told else float(getattr(run.conversation, name)) for name in MEASURES]


def _task_means(runs: Sequence[TrialRun]) -> Floats:
    """Means over a task's repeats, of shape (tasks, measures): repeats of one task are no further tasks."""
    names = sorted({run.task for run in runs})
    return np.array([np.mean([_row(run) for run in runs if run.task == name], axis=0) for name in names])


def _means(arm: str, runs: int, values: Floats) -> ArmMeans:
    means = tuple(round(float(mean), 4) for mean in values.mean(axis=0))
    correct = values[:, _CORRECT].sum()
    return ArmMeans(arm, runs, round(float(values[:, _COST].sum() / correct), 4) if correct else None, means)


def _difference(arm: str, against: str, values: Floats, others: Floats) -> Difference:
    differences = tuple(map(estimate_mean, (values - others).T))
    return Difference(arm, against, _difference_per_correct(values, others), differences)


def _difference_per_correct(values: Floats, others: Floats) -> Estimate | None:
    """The difference of the two ratios; draws of tasks in which an arm answers none correctly have no ratio."""
    if not values[:, _CORRECT].any() or not others[:, _CORRECT].any():
        return None
    picks = _draw(values)
    every = np.arange(len(values))[None]
    drawn = _per_correct(values, picks) - _per_correct(others, picks)
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    mean = (_per_correct(values, every) - _per_correct(others, every)).item()
    return Estimate(round(mean, 4), round(float(low), 4), round(float(high), 4))


def _per_correct(values: Floats, picks: np.typing.NDArray[np.int64]) -> Floats:
    cost, correct = values[picks, _COST].sum(axis=1), values[picks, _CORRECT].sum(axis=1)
    ratios: Floats = np.divide(cost, correct, out=np.full_like(cost, np.nan), where=correct > 0)
    return ratios
