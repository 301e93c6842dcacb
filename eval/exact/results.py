"""What a run found, as it is written to a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from eval.errors import MeasureError
from eval.exact.measure import ExactJobResult, Outcome
from eval.machine import Machine, describe_machine, own_revision
from eval.records import Unmeasured, fold_json

FORMAT = 1
"""Version of the result's layout."""


@dataclass(frozen=True, slots=True)
class Group:
    """Texts of one kind and variant: shares of those whose line is shown, and by the first hit; tokens and times."""

    kind: str
    variant: str
    count: int
    shown: float
    first: float
    tokens_median: float
    tokens_p90: float
    milliseconds_median: float
    milliseconds_p95: float
    ripgrep_shown: float
    ripgrep_tokens_median: float


@dataclass(frozen=True, slots=True)
class Missed:
    """A line that was not shown, or not by the first hit. Texts are not kept: they are others' work."""

    repository: str
    kind: str
    variant: str
    path: str
    line: int
    shown: bool


@dataclass(frozen=True, slots=True)
class Sampled:
    """A repository with its revision, and how many texts were searched for."""

    name: str
    revision: str
    count: int


@dataclass(frozen=True, slots=True)
class ExactResult:
    """One run; ``groups`` begins with all texts as they are."""

    format: int
    machine: Machine
    revision: str
    embedder: str
    seed: int
    repositories: tuple[Sampled, ...]
    groups: tuple[Group, ...]
    missed: tuple[Missed, ...]
    unmeasured: tuple[Unmeasured, ...]


def collect_result(found: Sequence[ExactJobResult], seed: int) -> ExactResult:
    """One result of what all repositories gave.

    Raises:
        MeasureError: nothing was measured.
    """
    measured = [one for one in found if one.outcomes]
    nothing = "no text stands in one line alone"
    failed = [Unmeasured(one.name, one.problem or nothing) for one in found if not one.outcomes]
    if not measured:
        told = "; ".join(f"{one.name}: {one.reason}" for one in failed)
        raise MeasureError(f"nothing could be measured: {told}", "check the folders that --repo names")
    outcomes = [outcome for one in measured for outcome in one.outcomes]
    plain = [outcome for outcome in outcomes if outcome.variant == "as it is"]
    sorts = dict.fromkeys((outcome.kind, outcome.variant) for outcome in outcomes)
    groups = [
        _group(kind, variant, [o for o in outcomes if (o.kind, o.variant) == (kind, variant)])
        for kind, variant in sorted(sorts, key=lambda sort: (sort[1] != "as it is", sort))
    ]
    return ExactResult(
        format=FORMAT,
        machine=describe_machine(),
        revision=own_revision(),
        embedder=measured[0].embedder,
        seed=seed,
        repositories=tuple(Sampled(one.name, one.revision, len(one.outcomes)) for one in measured),
        groups=(_group("all", "as it is", plain or outcomes), *groups),
        missed=tuple(
            Missed(one.name, o.kind, o.variant, o.path, o.line, o.shown)
            for one in measured
            for o in one.outcomes
            if not o.first
        ),
        unmeasured=tuple(failed),
    )


def write_result(result: ExactResult) -> str:
    """The result as JSON."""
    return fold_json(json.dumps(asdict(result), indent=2, ensure_ascii=False))


def _group(kind: str, variant: str, outcomes: Sequence[Outcome]) -> Group:
    tokens = [outcome.tokens for outcome in outcomes]
    times = [outcome.milliseconds for outcome in outcomes]
    return Group(
        kind=kind,
        variant=variant,
        count=len(outcomes),
        shown=round(float(np.mean([outcome.shown for outcome in outcomes])), 4),
        first=round(float(np.mean([outcome.first for outcome in outcomes])), 4),
        tokens_median=float(np.median(tokens)),
        tokens_p90=round(float(np.quantile(tokens, 0.9)), 1),
        milliseconds_median=round(float(np.median(times)), 1),
        milliseconds_p95=round(float(np.quantile(times, 0.95)), 1),
        ripgrep_shown=round(float(np.mean([outcome.ripgrep_shown for outcome in outcomes])), 4),
        ripgrep_tokens_median=float(np.median([outcome.ripgrep_tokens for outcome in outcomes])),
    )
