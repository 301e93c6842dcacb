"""What a run found: means of every arm, savings against the headline baseline with intervals, the bill, the losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter

from eval.errors import MeasureError
from eval.machine import Machine, describe_machine, own_revision
from eval.records import Unmeasured, fold_json
from eval.retrieval.results import AskedRepository
from eval.savings.arms import BASELINES
from eval.savings.bill import PRICES, REMAINING_TURNS, Use, conversation_cost, question_cost
from eval.savings.context import CAP, MEASURES
from eval.savings.own import OWN, OWN_ARMS
from eval.savings.run import ARM_NAMES, Row, SavingsJobResult
from memory_server.tuning.metrics import RESAMPLES, SEED, Estimate, Floats

FORMAT = 1
"""Version of the result's layout."""

WORST = 10
"""Questions that are told of those on which this product costs more."""

_FIRST, _GOLD, _RESIDENT = (MEASURES.index(name) for name in ("first", "gold", "resident"))


@dataclass(frozen=True, slots=True)
class ArmMeans:
    """An arm over some questions: the share whose gold it found within the cap, the middle tokens, all means."""

    arm: str
    found: float
    median: float
    means: tuple[float, ...]

    def mean(self, measure: str) -> float:
        """The mean of one of ``MEASURES``."""
        return self.means[MEASURES.index(measure)]

    @property
    def use(self) -> Use:
        """What the bill is drawn up from."""
        return Use(*(self.mean(name) for name in ("resident", "turns", "calls", "reread")))


@dataclass(frozen=True, slots=True)
class GroupSavings:
    """Questions taken together, by every arm; ``lost`` counts those where this product needs more than the baseline."""

    kind: str
    name: str
    count: int
    lost: int
    arms: tuple[ArmMeans, ...]

    def arm(self, name: str) -> ArmMeans:
        """One arm's means."""
        return self.arms[ARM_NAMES.index(name)]


@dataclass(frozen=True, slots=True)
class Saving:
    """One minus the ratio of this product's tokens to the headline baseline's, with its 95% interval over questions.

    ``found_by_both`` takes only questions whose gold both have found, so that no miss is charged on either side.
    """

    arm: str
    first: Estimate
    gold: Estimate
    resident: Estimate
    median: float
    found_by_both: float


@dataclass(frozen=True, slots=True)
class Bill:
    """Dollars of a thousand questions by an arm, and of their conversations."""

    arm: str
    model: str
    remaining_turns: int
    questions: float
    conversations: float


@dataclass(frozen=True, slots=True)
class Loss:
    """A question on which this product needs more tokens than the baseline."""

    repository: str
    key: str
    category: str
    own: int
    baseline: int


@dataclass(frozen=True, slots=True)
class RepositoryRows:
    """A repository's questions in their order, for each the values of ``MEASURES`` by each arm."""

    name: str
    rows: tuple[tuple[tuple[float, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class SavingsResult:
    """The whole result. ``level`` says what gold is, ``baseline`` which arm is the headline one.

    ``contexts`` has for each arm the mean tokens in the context before its first turn and after each of ``TURNS``.
    """

    format: int
    source: str
    level: str
    revision: str
    embedder: str
    matcher: str
    machine: Machine
    token_error: str
    cap: int
    overhead: int
    measures: tuple[str, ...]
    arms: tuple[str, ...]
    baseline: str
    unmeasured: tuple[Unmeasured, ...]
    savings: tuple[Saving, ...]
    bills: tuple[Bill, ...]
    groups: tuple[GroupSavings, ...]
    losses: tuple[Loss, ...]
    repositories: tuple[AskedRepository, ...]
    rows: tuple[RepositoryRows, ...]
    contexts: tuple[tuple[float, ...], ...] = ()


_MODEL = TypeAdapter(SavingsResult)


def write_result(result: SavingsResult) -> str:
    """The result as JSON."""
    return fold_json(_MODEL.dump_json(result, indent=1).decode())


LEVELS = {
    "benchmark": "files: a labelled file is in context when any line of it is shown",
    "history": "lines: each line that the commit changed has to be shown",
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with its place and its values, of shape (arms, measures)."""

    repository: str
    language: str
    category: str
    key: str
    values: Floats


def collect(
    source: str, results: Sequence[SavingsJobResult], missing: Sequence[Unmeasured], token_error: str
) -> SavingsResult:
    """One result of what all jobs found; ``token_error`` says how surely their tokens were counted.

    Raises:
        MeasureError: nothing was measured.
    """
    measured = [found for found in results if found.rows]
    unmeasured = (
        *missing,
        *(Unmeasured(found.asked.name, found.problem) for found in results if found.problem),
    )
    if not measured:
        told = "; ".join(f"{found.name}: {found.reason}" for found in unmeasured)
        raise MeasureError(f"nothing could be measured: {told}", "check the folders that the options name")
    asked = [
        _Asked(found.asked.name, found.asked.language, question.category, question.key, np.array(values))
        for found in measured
        for question, values in zip(found.asked.questions, found.rows, strict=True)
    ]
    values = np.array([question.values for question in asked])
    baseline = min(BASELINES, key=lambda arm: float(_column(values, arm, _GOLD).mean()))
    whole = _group("all", "questions", asked, baseline)
    return SavingsResult(
        format=FORMAT,
        source=source,
        level=LEVELS[source],
        revision=own_revision(),
        embedder=measured[0].embedder,
        matcher=measured[0].matcher,
        machine=describe_machine(),
        token_error=token_error,
        cap=CAP,
        overhead=measured[0].overhead,
        measures=MEASURES,
        arms=ARM_NAMES,
        baseline=baseline,
        unmeasured=unmeasured,
        savings=tuple(_saving(values, arm, baseline) for arm in OWN_ARMS),
        bills=tuple(bill for arm in whole.arms for bill in _bills(arm)),
        groups=(whole, *_groups(asked, baseline)),
        losses=_losses(asked, baseline),
        repositories=tuple(found.asked for found in measured),
        rows=tuple(RepositoryRows(found.asked.name, found.rows) for found in measured),
        contexts=_mean_contexts([one for found in measured for one in found.contexts]),
    )


def _mean_contexts(contexts: Sequence[Sequence[Row]]) -> tuple[Row, ...]:
    return tuple(tuple(row) for row in np.array(contexts).mean(axis=0).round(1).tolist())


def _column(values: Floats, arm: str, measure: int) -> Floats:
    column: Floats = values[:, ARM_NAMES.index(arm), measure]
    return column


def _groups(asked: Sequence[_Asked], baseline: str) -> list[GroupSavings]:
    return [
        _group(kind, name, [question for question in asked if getattr(question, kind) == name], baseline)
        for kind in ("category", "language", "repository")
        for name in sorted({getattr(question, kind) for question in asked})
    ]


def _group(kind: str, name: str, asked: Sequence[_Asked], baseline: str) -> GroupSavings:
    values = np.array([question.values for question in asked])
    lost = _column(values, OWN, _GOLD) > _column(values, baseline, _GOLD)
    arms = tuple(
        ArmMeans(
            arm,
            round(float((_column(values, arm, _GOLD) < CAP).mean()), 4),
            float(np.median(_column(values, arm, _GOLD))),
            tuple(round(float(mean), 4) for mean in values[:, place].mean(axis=0)),
        )
        for place, arm in enumerate(ARM_NAMES)
    )
    return GroupSavings(kind, name, len(asked), int(lost.sum()), arms)


def _saving(values: Floats, arm: str, baseline: str) -> Saving:
    own, base = (_column(values, name, _GOLD) for name in (arm, baseline))
    both = (own < CAP) & (base < CAP)
    first, gold, resident = (
        _ratio_saved(_column(values, arm, measure), _column(values, baseline, measure))
        for measure in (_FIRST, _GOLD, _RESIDENT)
    )
    return Saving(
        arm,
        first,
        gold,
        resident,
        median=round(1 - float(np.median(own) / np.median(base)), 4),
        found_by_both=round(1 - float(own[both].sum() / base[both].sum()), 4) if both.any() else 0.0,
    )


def _ratio_saved(own: Floats, base: Floats) -> Estimate:
    """One minus the ratio of the sums, with its percentile bootstrap interval over the questions."""
    picks = np.random.default_rng(SEED).integers(len(own), size=(RESAMPLES, len(own)))
    ratios = 1 - own[picks].sum(axis=1) / base[picks].sum(axis=1)
    low, high = np.percentile(ratios, (2.5, 97.5))
    return Estimate(round(1 - float(own.sum() / base.sum()), 4), round(float(low), 4), round(float(high), 4))


def _bills(means: ArmMeans) -> list[Bill]:
    use = means.use
    return [
        Bill(
            means.arm,
            prices.model,
            turns,
            round(1000 * question_cost(use, prices, turns).total, 2),
            round(1000 * conversation_cost(use, prices, turns), 2),
        )
        for prices in PRICES
        for turns in REMAINING_TURNS
    ]


def _losses(asked: Sequence[_Asked], baseline: str) -> tuple[Loss, ...]:
    own, base = ARM_NAMES.index(OWN), ARM_NAMES.index(baseline)
    lost = [
        Loss(
            question.repository,
            question.key,
            question.category,
            int(question.values[own, _GOLD]),
            int(question.values[base, _GOLD]),
        )
        for question in asked
        if question.values[own, _GOLD] > question.values[base, _GOLD]
    ]
    return tuple(sorted(lost, key=lambda loss: (loss.baseline - loss.own, loss.repository, loss.key))[:WORST])
