"""What the same requests would have cost otherwise: each replayed in its context, the assumption beside the figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eval.usage.contexts import HOUR, MINUTES, Cause, Turn
from eval.usage.prices import factor_of, find_prices
from indexers.tokens import NEWEST, find_family
from indexers.transcripts.model import Usage

LATER_FAMILY = 1.29
"""Tokens of the newest tokenizer for one of the older's, as `indexers.tokens` has measured them."""

SUMMARY, KEPT = 2_000, 15_000
"""Tokens that a compaction writes, and of the context after it: assumed."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A way to have done the same: its cost, beside that of the bill; dollars."""

    name: str
    assumption: str
    error: str
    cost: float
    billed: float

    @property
    def delta(self) -> float:
        """What it would have cost more; below zero, what it would have saved."""
        return self.cost - self.billed


def cost_of(turn: Turn, usage: Usage) -> float:
    """Dollars of some tokens at a request's prices; none without a price. Searches of the web are left out."""
    prices = turn.prices
    if prices is None:
        return 0.0
    dollars = (
        usage.input * prices.input
        + usage.output * prices.output
        + usage.write_5m * prices.write_5m
        + usage.write_1h * prices.write_1h
        + usage.read * prices.read
    )
    return dollars * 1e-6 * factor_of(turn.usage, prices)


def replay_plain(contexts: Sequence[Sequence[Turn]], change: Callable[[Turn], Usage]) -> float:
    """The bill with each request's tokens changed by itself."""
    return sum(cost_of(turn, change(turn)) for turns in contexts for turn in turns)


def without_cache(contexts: Sequence[Sequence[Turn]]) -> Scenario:
    """Every prompt sent plain."""
    cost = replay_plain(contexts, lambda turn: Usage(input=turn.usage.prompt, output=turn.usage.output))
    said = "every prompt is sent as plain input"
    return Scenario("no cache", said, "exact for these requests", cost, _bill(contexts))


def with_lifetime(contexts: Sequence[Sequence[Turn]], seconds: int) -> Scenario:
    """All writes kept for five minutes, or for an hour."""

    def change(turn: Turn) -> Usage:
        usage = turn.usage
        moved = 0
        if turn.gap > seconds:  # what was read would have to be written again
            moved = -min(usage.read, turn.held)
        elif turn.cause is Cause.IDLE:
            moved = min(turn.missed, usage.write)
        write, read = usage.write - moved, usage.read + moved
        short, long = (write, 0) if seconds == MINUTES else (0, write)
        return replace(usage, write_5m=short, write_1h=long, read=read)

    name = "1h" if seconds == HOUR else "5m"
    said = f"every write is kept for {name}; a pause within it misses nothing, a longer one the whole prefix"
    error = "prefixes that contexts share are not followed"
    return Scenario(f"writes for {name}", said, error, replay_plain(contexts, change), _bill(contexts))


def with_model(contexts: Sequence[Sequence[Turn]], model: str, day: str) -> Scenario | None:
    """The same tokens from another model, at prices of a day; None for a model without a price."""
    if find_prices(model, 0, day) is None:
        return None
    family = find_family(model)
    cost = 0.0
    for turn in (turn for turns in contexts for turn in turns if turn.prices):
        own = find_family(turn.model)
        factor = 1.0 if own is family else LATER_FAMILY if family is NEWEST else 1 / LATER_FAMILY
        usage = _scale(turn.usage, factor, factor)
        cost += cost_of(replace(turn, prices=find_prices(model, usage.prompt, day)), usage)
    said = f"the same texts and turns; {LATER_FAMILY} tokens of the newest tokenizer for one of the older's"
    return Scenario(model, said, "another model takes other turns: not known", cost, _bill(contexts))


def with_less(contexts: Sequence[Sequence[Turn]], percent: float) -> Scenario:
    """Every prompt smaller by a share."""
    cost = replay_plain(contexts, lambda turn: _scale(turn.usage, 1 - percent / 100, 1))
    said = "every prompt is smaller by that, in each bucket alike; replies and turns stay"
    return Scenario(f"{percent:g}% less context", said, "linear", cost, _bill(contexts))


def with_compaction(contexts: Sequence[Sequence[Turn]], limit: int) -> Scenario:
    """Each context compacted whenever it reaches a size."""
    cost = sum(_compact(turns, limit) for turns in contexts)
    said = f"at {limit:,} tokens {SUMMARY:,} are written as a summary, {KEPT:,} stay, the same turns follow"
    error = "files that would be read again are not counted: the cost is a lower bound"
    return Scenario(f"compaction at {limit:,}", said, error, cost, _bill(contexts))


def _compact(turns: Sequence[Turn], limit: int) -> float:
    cost, gone = 0.0, 0
    for turn in turns:
        usage = turn.usage
        if turn.cause is Cause.SHRUNK or usage.prompt <= gone:
            gone = 0
        if usage.prompt - gone > limit > KEPT:
            cost += cost_of(turn, Usage(read=usage.prompt - gone, output=SUMMARY, write_5m=KEPT))
            gone = usage.prompt - KEPT
        kept = max(usage.read - gone, 0)
        over = max(gone - usage.read, 0)  # what a miss wrote again would have been less
        short = max(usage.write_5m - over, 0)
        long = max(usage.write_1h - max(over - usage.write_5m, 0), 0)
        cost += cost_of(turn, replace(usage, read=kept, write_5m=short, write_1h=long))
    return cost


def _scale(usage: Usage, prompt: float, output: float) -> Usage:
    return replace(
        usage,
        input=round(usage.input * prompt),
        output=round(usage.output * output),
        write_5m=round(usage.write_5m * prompt),
        write_1h=round(usage.write_1h * prompt),
        read=round(usage.read * prompt),
    )


def _bill(contexts: Sequence[Sequence[Turn]]) -> float:
    return replay_plain(contexts, lambda turn: turn.usage)
