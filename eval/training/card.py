"""The trained model's card: what it was trained on and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_CARD = Path(__file__).parent / "card.md"
_VARIANTS = Path(__file__).parent / "variants.md"
"""Figures of the variants that were tried when the recipe was chosen."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What a training run used: repositories, pairs by kind, and the recipe's values."""

    repositories: int
    kinds: Mapping[str, int]
    recipe: Mapping[str, object]


def write_card(out: Path, run: TrainingRun, scores: Mapping[str, Mapping[str, float]]) -> None:
    """Fill the card's template with what was trained on and what was measured."""
    names = list(next(iter(scores.values()), {}))
    rows = [["vectors", *names], ["---", *("---:" for _ in names)]]
    rows += [[title, *(f"{values[name]:.3f}" for name in names)] for title, values in scores.items()]
    card = _CARD.read_text(encoding="utf-8").format(
        name=out.name,
        repositories=run.repositories,
        pairs=sum(run.kinds.values()),
        kinds="\n".join(f"| {kind} | {count:,} |" for kind, count in run.kinds.items()),
        variants=_VARIANTS.read_text(encoding="utf-8"),
        measured="\n".join(f"| {' | '.join(row)} |" for row in rows) if scores else "Not measured.",
        **run.recipe,
    )
    (out / "README.md").write_text(card, encoding="utf-8")
