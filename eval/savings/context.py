"""The context as tool calls fill it: tokens until the gold is there, what then stays, and what was re-read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.savings.gold import GoldTally, ReplyLine
from eval.tokens.count import TokenCounter
from indexers.history.changes import Target

CAP = 20_000
"""Tokens after which a question counts as a miss, and which a miss is charged."""

BUDGETS = (500, 1_000, 2_000, 4_000, 8_000)
"""Tokens of context at which recall is told."""

MEASURES = ("first", "gold", "resident", "turns", "calls", "reread", *(f"recall@{size}" for size in BUDGETS))
"""The columns of a ``Spent.row``."""

_ID = "toolu_01A09q90qw90lq917835lq9"
_CALL_ENVELOPE = json.dumps({"type": "tool_use", "id": _ID, "name": "", "input": ""})
_REPLY_ENVELOPE = json.dumps(
    {
        "type": "tool_result",
        "tool_use_id": _ID,
        "content": [{"type": "text", "text": ""}],
    }
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One tool call with its reply; ``input`` is the call's JSON."""

    tool: str
    input: str
    lines: Sequence[ReplyLine]

    def call_tokens(self, counter: TokenCounter) -> int:
        """Tokens that the model puts out to call."""
        return sum(map(counter.count, (_CALL_ENVELOPE, self.tool, self.input)))

    def line_tokens(self, counter: TokenCounter) -> Iterator[float]:
        """Tokens of each line of the reply."""
        return counter.count_lines([line.text for line in self.lines])

    def tokens(self, counter: TokenCounter) -> int:
        """Tokens that the call and its whole reply add to the context."""
        around = self.call_tokens(counter) + counter.count(_REPLY_ENVELOPE)
        return round(around + sum(self.line_tokens(counter)))


@dataclass(frozen=True, slots=True)
class Spent:
    """One question by one arm, in tokens.

    ``first`` and ``gold`` count up to the line that brings the first and the last of the gold into the context,
    ``resident`` whole replies up to then; each is ``CAP`` on a miss. ``calls`` is the part of ``resident`` that the
    model wrote, ``reread`` the sum over the turns of what stood in the context before each. ``recalls`` has a share of
    the gold for each of ``BUDGETS``.
    """

    first: int
    gold: int
    resident: int
    turns: int
    calls: int
    reread: int
    recalls: tuple[float, ...]

    @property
    def row(self) -> tuple[float, ...]:
        """The values of ``MEASURES``."""
        spent = (self.first, self.gold, self.resident, self.turns, self.calls, self.reread)
        return (*spent, *self.recalls)


def spend(
    turns: Iterator[Turn], targets: Sequence[Target], counter: TokenCounter, overhead: float = 0
) -> Spent:
    """Fill a context that holds ``overhead`` tokens until the gold is in it, the turns end or ``CAP`` is reached."""
    tally = GoldTally(targets)
    used, reread, calls, count = overhead, 0.0, 0, 0
    marks: list[tuple[float, float]] = []
    for turn in turns:
        reread += used
        called = turn.call_tokens(counter)
        count, calls = count + 1, calls + called
        used += called + counter.count(_REPLY_ENVELOPE)
        for line, tokens in zip(turn.lines, turn.line_tokens(counter), strict=True):
            used += tokens
            if tally.see(line):
                marks.append((used, tally.share))
            elif used > CAP and tally.share < 1:
                break
        if tally.share == 1 or used > CAP:
            break
    gold = _reached(marks, 1)
    return Spent(
        first=_reached(marks, 0),
        gold=gold,
        resident=round(used) if gold < CAP else CAP,
        turns=count,
        calls=calls,
        reread=round(reread),
        recalls=tuple(
            round(max((share for at, share in marks if at <= size), default=0), 4) for size in BUDGETS
        ),
    )


def _reached(marks: Sequence[tuple[float, float]], least: float) -> int:
    """Tokens at which at least this share of the gold stood in the context, ``CAP`` where it never did."""
    return min((round(at) for at, share in marks if share >= least and at < CAP), default=CAP)
