"""The README's chart and figures are those of the results that are kept."""

from __future__ import annotations

from eval.chart import CHART, build_chart, read_kept
from eval.savings.results import SavingsResult
from tests.docs.pages import README


def test_the_chart_is_drawn_from_the_results() -> None:
    assert CHART.read_text("utf-8") == build_chart(), "run python -m eval.chart"


def test_the_figures_of_the_readme_are_those_of_the_results() -> None:
    savings = read_kept("savings-files-*.json", SavingsResult)
    text = " ".join(README.read_text("utf-8").split())
    assert f"needs {savings.savings[0].gold.mean:.0%} fewer tokens" in text
    assert f"{savings.groups[0].lost} of {savings.groups[0].count} questions cost more" in text
