"""Money of tokens: what an arm's question costs over the rest of a conversation."""

from __future__ import annotations

from dataclasses import dataclass

BASE_CONTEXT = 40_000
"""Tokens that stand in the context before the question, whoever answers it: a stated assumption.

System prompt, built-in tools, project file and conversation so far; each further turn reads them again.
"""

REMAINING_TURNS = (5, 20, 50)
"""Turns that the conversation goes on for after the question; what came into the context is re-sent on each."""

PRICES_DATE = "late 2026"


@dataclass(frozen=True, slots=True)
class ModelPrices:
    """A model's published prices in dollars per million tokens; ``write`` is into the cache for five minutes."""

    model: str
    output: float
    write: float
    read: float


PRICES = (
    ModelPrices("Opus 5.5", output=20, write=5, read=0.20),
    ModelPrices("Sonnet 5.5", output=10, write=2.5, read=0.10),
    ModelPrices("Haiku 4.5", output=5, write=1.25, read=0.10),
)
"""As Anthropic's price list had them at ``PRICES_DATE``; cached input only, since each turn's prompt is cached."""


@dataclass(frozen=True, slots=True)
class Use:
    """Tokens of a question by one arm, or their means over many: the columns of the same names in ``context``."""

    resident: float
    turns: float
    calls: float
    reread: float


@dataclass(frozen=True, slots=True)
class QuestionCost:
    """Dollars of a question by bucket.

    ``write``: what it adds, put into the cache. ``asking``: cache reads of its own turns. ``staying``: cache reads of
    what it added, on each turn afterwards. ``output``: what the model wrote to call.
    """

    write: float
    asking: float
    staying: float
    output: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.write + self.asking + self.staying + self.output


def question_cost(use: Use, prices: ModelPrices, remaining: int, base: float = BASE_CONTEXT) -> QuestionCost:
    """A question's cost: what it adds, written to the cache once and re-read on each of the remaining turns.

    Each turn of its own re-reads the base context and what the turns before it added, which is what an extra turn
    costs; what the model wrote to call costs output beside.
    """
    return QuestionCost(
        write=use.resident * prices.write / 1e6,
        asking=(use.reread + use.turns * base) * prices.read / 1e6,
        staying=remaining * use.resident * prices.read / 1e6,
        output=use.calls * prices.output / 1e6,
    )


def conversation_cost(use: Use, prices: ModelPrices, remaining: int, base: float = BASE_CONTEXT) -> float:
    """Dollars of the whole conversation: the question, and the base context written once and re-read to the end.

    What else the remaining turns add is the same for every arm and left out.
    """
    kept = base * (prices.write + remaining * prices.read) / 1e6
    return question_cost(use, prices, remaining, base).total + kept
