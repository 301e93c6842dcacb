"""The estimator held against the logs: by how much a prompt grew, and what came into it, as estimated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from indexers.tokens import estimate_tokens, find_family, model_name
from indexers.transcripts.model import Boundary, Conversation, Event, Prompt, Request, ToolResult

LEAST_TOKENS = 500
"""Estimated tokens from which a growth counts: below, what the log does not hold (envelopes, reminders) weighs most."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Billed tokens for one estimated, of one model: over all growths together, and the quarters of the single ones."""

    model: str
    growths: int
    scale: float
    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class _Growth:
    model: str
    billed: int
    estimated: int


def calibrate(conversations: Iterable[Conversation]) -> tuple[Calibration, ...]:
    """The scale of every model that has growths to tell it from."""
    by_model: dict[str, list[_Growth]] = {}
    for conversation in conversations:
        for thread in conversation.threads:
            for growth in _growths(thread.events):
                by_model.setdefault(growth.model, []).append(growth)
    return tuple(_fit(model, found) for model, found in sorted(by_model.items()))


def _growths(events: Iterable[Event]) -> Iterator[_Growth]:
    """Growths between neighbouring requests of a model; those around a compaction or an image tell nothing."""
    before: Request | None = None
    between: list[str] = []
    for event in events:
        if isinstance(event, Request):
            if before is not None and not event.copied and event.model == before.model:
                family = find_family(event.model)
                estimated = sum(estimate_tokens(text, family) for text in between)
                grown = event.usage.prompt - before.usage.prompt
                if estimated >= LEAST_TOKENS and grown > 0:
                    yield _Growth(model_name(event.model), grown, estimated)
            before = None if event.copied else event
            between = [event.text, *(call.input for call in event.calls)]
        elif isinstance(event, Boundary) or (isinstance(event, ToolResult) and not event.text):
            before = None
        elif isinstance(event, Prompt | ToolResult):
            between.append(event.text)


def _fit(model: str, growths: list[_Growth]) -> Calibration:
    ratios = [growth.billed / growth.estimated for growth in growths]
    scale = sum(growth.billed for growth in growths) / sum(growth.estimated for growth in growths)
    low, middle, high = (round(float(value), 3) for value in np.quantile(ratios, (0.25, 0.5, 0.75)))
    return Calibration(model, len(growths), round(scale, 3), low, middle, high)
