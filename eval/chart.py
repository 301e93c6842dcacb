"""``python -m eval.chart``: the README's charts, drawn from the results that are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import typer
from pydantic import TypeAdapter

from eval.console import exit_on_error
from eval.errors import MeasureError
from eval.machine import CHECKOUT
from eval.pages.text import escape
from eval.savings.results import SavingsResult
from eval.speed.results import SpeedReport

RESULTS = CHECKOUT / "eval/results"
CHART, GROWTH_CHART = CHECKOUT / ".github/measured.svg", CHECKOUT / ".github/growth.svg"

REPOSITORIES = ("flask", "redux", "axum", "rails")
"""What is indexed, from the fewest files to the most."""

SIZES = ("100000",)
"""Symbols at which the memory of a server is shown, from code that was replicated."""

SHOWN_REQUESTS = (0, 100, 250, 500, 1_000)

ARMS = {
    "whole files as Read caps them": "ripgrep, then whole files",
    "rg, windows of 50": "ripgrep, then windows of 50 lines",
    "repo-memory": "repo-memory, with its schema",
    "repo-memory, a later question": "repo-memory, a later question",
}
"""Which ways to an answer are shown, and what they are called beside their bars."""

OWN = "repo-memory"

WIDTH, MARGIN, NAMES, NUMBERS = 840, 24, 232, 184
"""Pixels: of the chart, around it, of the names before the bars, and of what is written behind the longest bar."""

ROW, BAR, GAP, HEAD, LINE = 22, 14, 10, 58, 18
"""Pixels down: a row, its bar, the gap between groups, a panel's head, and a line of the notes."""

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1c2024 }
.title { font-size: 16px; font-weight: 600 } text.own { font-weight: 600 } .name { text-anchor: end }
.quiet { fill: #57606a } .paper { fill: #ffffff; stroke: #d0d7de }
rect.own { fill: #0067a5 } rect.other { fill: #a4acb5 }
@media (prefers-color-scheme: dark) {
text { fill: #e6e9ec } .quiet { fill: #a3acb6 } .paper { fill: #14171b; stroke: #30363d }
rect.own { fill: #62b5f4 } rect.other { fill: #5d6670 } }
"""
"""A card of its own, so that it can be read on whatever it is laid on."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: its ``name``, how long it is, and what is written behind it."""

    name: str
    value: float
    label: str
    own: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars on one scale from zero on, in groups, under a title and what the bars count."""

    title: str
    told: str
    groups: tuple[tuple[Bar, ...], ...]

    @property
    def height(self) -> int:
        """Pixels down that it takes."""
        rows = sum(map(len, self.groups))
        return HEAD + ROW * rows + GAP * len(self.groups)


def read_kept(pattern: str, kind: type[T]) -> T:
    """The one kept result whose name fits a pattern.

    Raises:
        MeasureError: there is none, or more than one.
    """
    found = sorted(RESULTS.glob(pattern))
    if len(found) != 1:
        raise MeasureError(f"{len(found)} results are named {pattern}", f"keep one of them in {RESULTS}")
    return TypeAdapter(kind).validate_json(found[0].read_bytes())


def compare_tokens(savings: SavingsResult) -> Panel:
    """What each way to an answer puts into the context."""
    everything = savings.groups[0]
    arms = [(name, everything.arm(arm)) for arm, name in ARMS.items()]
    bars = tuple(
        Bar(name, arm.mean("gold"), f"{arm.mean('gold'):,.0f}, finds {arm.found:.0%}", name.startswith(OWN))
        for name, arm in arms
    )
    told = f"mean of {everything.count} questions; a miss is charged {savings.cap:,}"
    return Panel("Tokens until the answer is in context", told, (bars,))


def compare_seconds(reports: Sequence[SpeedReport]) -> Panel:
    """What a first index takes, of each repository by each tool."""
    groups = tuple(tuple(_index_bars(report)) for report in reports)
    runs = " or ".join(map(str, sorted({report.runs for report in reports})))
    cores = " or ".join(map(str, sorted({report.machine.cores for report in reports})))
    told = f"middle of {runs} runs on {cores} cores; in brackets the files that each tool takes in"
    return Panel("Seconds to index a repository from nothing", told, groups)


def _index_bars(report: SpeedReport) -> Iterator[Bar]:
    name = f"{report.repository}, {report.repository_files:,} files"
    for tool in report.tools:
        if tool.index is not None:
            seconds = tool.index.wall_s
            yield Bar(name, seconds, f"{seconds:.1f} {tool.tool} ({tool.files or 0:,})", tool.tool == OWN)
            name = ""


def compare_growth(reports: Sequence[SpeedReport]) -> Iterator[Panel]:
    """What a server holds over its questions, at each size."""
    for report in reports:
        own = next(tool for tool in report.tools if tool.tool == OWN)
        runs = (("", own.growth, True), (", files edited", own.growth_with_edits, False))
        groups = tuple(
            tuple(
                Bar(f"{asked:,} questions{told}", size, f"{size:,.0f}", still)
                for asked in SHOWN_REQUESTS
                for size in [growth.mib[asked // growth.every]]
            )
            for told, growth, still in runs
            if growth is not None
        )
        told = (
            f"MiB of the server's processes after its first answer and so many more; {own.files or 0:,} files"
        )
        yield Panel(f"Memory at {own.symbols or 0:,} symbols", told, groups)


def draw_chart(panels: Sequence[Panel], notes: Sequence[str]) -> str:
    """Panels one under the other, and notes below them, as an SVG that needs nothing else."""
    tops = [MARGIN]
    for panel in panels:
        tops.append(tops[-1] + panel.height + GAP)
    height = tops[-1] + LINE * len(notes) + MARGIN - GAP
    parts = [
        part for panel, (top, _) in zip(panels, pairwise(tops), strict=True) for part in _panel(panel, top)
    ]
    parts += [_text(MARGIN, tops[-1] + LINE * nth + GAP, note, "quiet") for nth, note in enumerate(notes)]
    described = escape("; ".join(panel.title for panel in panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{described}">\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _panel(panel: Panel, top: int) -> Iterator[str]:
    yield _text(MARGIN, top + 14, panel.title, "title")
    yield _text(MARGIN, top + 34, panel.told, "quiet")
    longest = max(bar.value for group in panel.groups for bar in group)
    left, down = MARGIN + NAMES, top + HEAD
    for group in panel.groups:
        for bar in group:
            kind = "own" if bar.own else "other"
            length = round((WIDTH - MARGIN - NUMBERS - left) * bar.value / longest, 1)
            if bar.name:
                yield _text(left - 10, down, bar.name, "name")
            yield f'<rect class="{kind}" x="{left}" y="{down - BAR + 3}" width="{length}" height="{BAR}" rx="2"/>'
            yield _text(left + length + 8, down, bar.label, kind)
            down += ROW
        down += GAP


def _text(across: float, down: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{across:g}" y="{down:g}">{escape(text)}</text>'


def build_chart() -> str:
    """The chart of the results that are kept.

    Raises:
        MeasureError: a result is missing, or there is more than one of a kind.
    """
    savings = read_kept("savings-files-*.json", SavingsResult)
    speed = [read_kept(f"speed-{name}-*.json", SpeedReport) for name in REPOSITORIES]
    revisions = " and ".join(sorted({report.revision.split()[-1][:10] for report in speed}))
    versions = {tool.tool: tool.version for report in speed for tool in report.tools if tool.tool != OWN}
    notes = (
        f"Tokens at revision {savings.revision.split()[-1][:10]}, seconds at {revisions}, beside "
        + ", ".join(f"{name} {version}" for name, version in versions.items()),
        "How it is counted, and what to hold against it: eval/README.md",
    )
    return draw_chart([compare_tokens(savings), compare_seconds(speed)], notes)


def build_growth_chart() -> str:
    """The chart of memory at each size.

    Raises:
        MeasureError: a result is missing, or there is more than one of a kind.
    """
    reports = [read_kept(f"scale-{size}-*.json", SpeedReport) for size in SIZES]
    revisions = " and ".join(sorted({report.revision.split()[-1][:10] for report in reports}))
    names = " and ".join(sorted({report.repository for report in reports}))
    return draw_chart(
        [*compare_growth(reports)],
        [f"The code of {names}, replicated under changed names; revision {revisions}"],
    )


CHARTS = {CHART: build_chart, GROWTH_CHART: build_growth_chart}
"""How each chart is made."""


def main() -> None:
    """Draw the charts anew, from the results that are kept."""
    with exit_on_error():
        for path, build in CHARTS.items():
            path.write_text(build(), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
