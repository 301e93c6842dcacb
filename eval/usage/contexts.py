"""Requests in the order of their contexts, the prefix that the cache should have held for each, and what it missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from eval.usage.prices import Prices, factor_of, find_prices
from eval.usage.totals import Scope, build_where
from indexers.tokens import model_name
from indexers.transcripts.billed import Origin
from indexers.transcripts.model import Usage

if TYPE_CHECKING:
    from eval.usage.ledger import Ledger

HOUR, MINUTES = 3600, 300
"""Seconds that the two kinds of writes are kept after their last use."""

LEAST_MISS = 1_024
"""Tokens from which a miss is told: the shortest prefix that the cache takes."""

_SHRUNK = 0.5
"""Part of the last prompt below which a context was compacted or cleared."""


class Cause(StrEnum):
    """Why tokens that could have been read from the cache were not."""

    START = "start of a context"
    SHRUNK = "compacted or cleared"
    MODEL = "another model"
    IDLE = "idle longer than the cache keeps"
    VERSION = "another version of the client"
    PREFIX = "prefix changed"


@dataclass(frozen=True, slots=True)
class Turn:
    """A request at its place in a context. ``prices`` is None for a model without; times are seconds since 1970.

    ``held``: tokens that the context had in the cache before; ``gap``: seconds since then; ``kept``: for how many
    seconds the cache keeps what was last written; ``missed``: of ``held``, those that were not read; ``cause``: why.
    """

    at: int
    session: str
    agent: str
    model: str
    usage: Usage
    prices: Prices | None
    held: int = 0
    gap: int = 0
    kept: int = MINUTES
    missed: int = 0
    cause: Cause | None = None

    @property
    def extra(self) -> float:
        """Dollars that the miss cost: its tokens were written, or sent plain, instead of read."""
        if self.prices is None:
            return 0.0
        usage, prices = self.usage, self.prices
        paid = prices.input
        if usage.write:
            paid = (usage.write_5m * prices.write_5m + usage.write_1h * prices.write_1h) / usage.write
        return self.missed * (paid - prices.read) * 1e-6 * factor_of(usage, prices)


def follow_contexts(ledger: Ledger, scope: Scope) -> Iterator[list[Turn]]:
    """Each context's dated requests in order: a conversation's main one, and each subagent's."""
    where, values = build_where(scope)
    rows = ledger.database.execute(
        f"""SELECT session, agent, at, model, version, input, output, writes - write_1h, write_1h, read, web,
          speed, tier, geo FROM request WHERE at IS NOT NULL AND {where} ORDER BY session, agent, at, rowid
        """,
        values,
    )
    for (session, agent), group in groupby(rows, key=lambda row: row[:2]):
        turns: list[Turn] = []
        last_version = ""
        for _, _, at, model, version, *counts in group:
            usage = Usage(*counts)
            day = datetime.fromtimestamp(at, UTC).date().isoformat()
            turn = Turn(at, session, agent, model, usage, find_prices(model, usage.prompt, day))
            turns.append(_follow(turn, turns[-1] if turns else None, version == last_version))
            last_version = version
        yield turns


def price_turns(ledger: Ledger) -> Iterator[tuple[Turn, Origin]]:
    """Every request, also the undated, with the record that tells of it; in no order."""
    for at, model, origin, *counts in ledger.database.execute(
        """SELECT at, model, origin, input, output, writes - write_1h, write_1h, read, web, speed, tier, geo
        FROM request"""
    ):
        usage = Usage(*counts)
        day = "" if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()
        prices = find_prices(model, usage.prompt, day)
        yield Turn(at or 0, "", "", model, usage, prices), Origin(origin)


def _follow(turn: Turn, last: Turn | None, same_version: bool) -> Turn:
    """A request with what its context had in the cache."""
    usage = turn.usage
    if last is None:
        missed = usage.prompt - usage.read
        return _with(turn, 0, 0, MINUTES, missed, Cause.START if missed >= LEAST_MISS else None)
    held = last.usage.read + last.usage.write
    kept = last.kept if not last.usage.write else HOUR if last.usage.write_1h else MINUTES
    gap = turn.at - last.at
    missed = max(min(held, usage.prompt) - usage.read, 0)
    if missed < LEAST_MISS:
        return _with(turn, held, gap, kept, 0, None)
    if model_name(turn.model) != model_name(last.model):
        cause = Cause.MODEL
    elif usage.prompt < _SHRUNK * last.usage.prompt:
        cause = Cause.SHRUNK
    elif gap > kept:
        cause = Cause.IDLE
    else:
        cause = Cause.PREFIX if same_version else Cause.VERSION
    return _with(turn, held, gap, kept, missed, cause)


def _with(turn: Turn, held: int, gap: int, kept: int, missed: int, cause: Cause | None) -> Turn:
    known = (turn.at, turn.session, turn.agent, turn.model, turn.usage, turn.prices)
    return Turn(*known, held, gap, kept, missed, cause)
