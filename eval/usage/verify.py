"""Why another tool's totals differ: the rules of counting that, left out, give its figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from eval.errors import MeasureError
from eval.usage.contexts import price_turns
from eval.usage.scenarios import cost_of
from indexers.transcripts.billed import Origin
from indexers.transcripts.model import Usage

if TYPE_CHECKING:
    from eval.usage.ledger import Ledger

PROGRESS = "requests that only progress lines tell of are left out"
SHORT = "writes for an hour are priced as those for five minutes"

_SHAPES = {
    "ccusage": (
        "totals",
        ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens", "totalCost"),
    ),
    "tokscale": ("", ("totalInput", "totalOutput", "totalCacheWrite", "totalCacheRead", "totalCost")),
}
"""Where a tool's JSON has its totals: the object, and the names in it."""

_CENT = 0.01


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens and dollars of all requests by some rules; ``written`` of both lifetimes."""

    input: int
    output: int
    written: int
    read: int
    dollars: float

    def equals(self, other: Counted) -> bool:
        """Whether every token is the same, and the dollars to the cent."""
        tokens = (self.input, self.output, self.written, self.read)
        same = tokens == (other.input, other.output, other.written, other.read)
        return same and abs(self.dollars - other.dollars) < _CENT


def read_totals(path: Path) -> tuple[str, Counted]:
    """A tool's name and totals, by the shape of its JSON.

    Raises:
        MeasureError: the file is not the JSON of a tool that is known.
    """
    hint = f"pass the JSON of {' or '.join(_SHAPES)}: `ccusage daily --json`, `tokscale models --json`"
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise MeasureError(f"{path}: {error}", hint) from error
    for tool, (place, names) in _SHAPES.items():
        found = data.get(place) if place and isinstance(data, dict) else data
        if isinstance(found, dict) and all(isinstance(found.get(name), int | float) for name in names):
            input_, output, written, read, dollars = (found[name] for name in names)
            return tool, Counted(int(input_), int(output), int(written), int(read), float(dollars))
    raise MeasureError(f"{path} has no totals that are known", hint)


def count_by_rules(ledger: Ledger) -> Iterator[tuple[tuple[str, ...], Counted]]:
    """Our totals with each set of rules left out, the fewest first; searches of the web are in none."""
    turns = [(turn, origin is Origin.PROGRESS) for turn, origin in price_turns(ledger)]
    for count in range(3):
        for rules in combinations((PROGRESS, SHORT), count):
            kept = [turn for turn, progress in turns if not (progress and PROGRESS in rules)]
            yield (
                rules,
                Counted(
                    sum(turn.usage.input for turn in kept),
                    sum(turn.usage.output for turn in kept),
                    sum(turn.usage.write for turn in kept),
                    sum(turn.usage.read for turn in kept),
                    sum(
                        cost_of(turn, _shorten(turn.usage) if SHORT in rules else turn.usage) for turn in kept
                    ),
                ),
            )


def _shorten(usage: Usage) -> Usage:
    return replace(usage, write_5m=usage.write, write_1h=0)


def explain(ledger: Ledger, theirs: Counted) -> list[str]:
    """What the difference is made of, in lines."""
    candidates = list(count_by_rules(ledger))
    ours = candidates[0][1]
    lines = [f"{'':<10} {'ours':>15} {'theirs':>15} {'difference':>15}"]
    for name in ("input", "output", "written", "read", "dollars"):
        one, other = getattr(ours, name), getattr(theirs, name)
        form = ",.4f" if name == "dollars" else ","
        lines.append(f"{name:<10} {one:>15{form}} {other:>15{form}} {other - one:>+15{form}}")
    for rules, counted in candidates:
        if counted.equals(theirs):
            told = [f"  {rule}" for rule in rules]
            return [
                *lines,
                "",
                "equal" if not rules else "all of it is explained, to the token and cent:",
                *told,
            ]
    return [
        *lines,
        "",
        "not explained by the rules that are known: other logs, another period, or other rules",
    ]
