"""The README's chart and figures are those of the results that are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.chart import CHARTS, read_kept
from eval.savings.results import SavingsResult
from tests.docs.pages import README


@pytest.mark.parametrize("path", CHARTS, ids=lambda path: path.stem)
def test_a_chart_is_drawn_from_the_results(path: Path) -> None:
    assert path.read_text("utf-8") == CHARTS[path](), "run python -m eval.chart"


def test_the_figures_of_the_readme_are_those_of_the_results() -> None:
    savings = read_kept("savings-files-*.json", SavingsResult)
    text = " ".join(README.read_text("utf-8").split())
    assert f"needs {savings.savings[0].gold.mean:.0%} fewer tokens" in text
    assert f"{savings.groups[0].lost} of {savings.groups[0].count} questions cost more" in text
