"""Plots as inline SVG that fits every width: places across are percentages, places down and letters are pixels.

Labels stand in the padding around an SVG, which ``document`` styles; the same plot serves a desk and a phone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from eval.pages.text import escape

HEIGHT = 280
"""Pixels of a plot with two axes."""

LETTER = 7.2
"""Pixels of a letter at the plots' size, for the room that labels need."""

_ROW, _ROW_UNDER_NAME, _LABEL_GAP = 26, 42, 15
_LONGEST_BESIDE = 16
"""Letters up to which a row's name stands beside its bar; a longer one stands above."""

_TICK = 32
"""Pixels that the last mark's label may need beyond its place."""

_MARKED = 20
"""Points up to which each is marked on its line."""

_STEPS = (1, 2, 5, 10)

Form = Callable[[float], str]
"""How a number is written."""


class Tone(StrEnum):
    """Colours that stay apart for the colour-blind, each in a light and a dark form (after Okabe and Ito 2008)."""

    BLUE = "blue"
    ORANGE = "orange"
    GREEN = "green"
    PURPLE = "purple"
    GREY = "grey"


@dataclass(frozen=True, slots=True)
class Ink:
    """How a series is drawn; ``dash`` is 0 for a whole line and a full dot, 1 and 2 for broken lines and rings."""

    tone: Tone
    dash: int = 0

    @property
    def classes(self) -> str:
        """The classes that ``eval.pages.document`` styles."""
        return f"{self.tone} dash{self.dash}"


@dataclass(frozen=True, slots=True)
class Axis:
    """From the lowest to the highest value, with marked places; ``form`` writes values in hints."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    form: Form

    def across(self, value: float) -> str:
        """A value's place in percent of the width."""
        return f"{100 * (value - self.low) / (self.high - self.low):.2f}%"

    def down(self, value: float) -> float:
        """A value's place in pixels from the top."""
        return round(HEIGHT * (self.high - value) / (self.high - self.low), 1)


def scale(title: str, values: Iterable[float], form: Form) -> Axis:
    """An axis over some values and zero, marked at round numbers."""
    low, high = 0.0, 0.0
    for value in values:
        low, high = min(low, value), max(high, value)
    span = (high - low) or 1
    size = 10 ** math.floor(math.log10(span / 5))
    step = next(size * factor for factor in _STEPS if span / (size * factor) <= 5)
    first, last = math.floor(low / step + 1e-9), max(math.ceil(high / step - 1e-9), 1)
    ticks = tuple((place * step, form(place * step)) for place in range(first, last + 1))
    return Axis(title, first * step, last * step, ticks, form)


def counted(title: str, last: int) -> Axis:
    """An axis from 1 to exactly ``last``, marked at round numbers."""
    whole = scale(title, [last], "{:,.0f}".format)
    ticks = tuple((value, label) for value, label in whole.ticks if 1 <= value <= last)
    return Axis(title, 1, max(last, 2), ticks, whole.form)


def steps(title: str, labels: Sequence[str]) -> Axis:
    """An axis of evenly placed labels, at 0, 1, 2 and so on."""
    ticks = tuple((float(place), label) for place, label in enumerate(labels))
    return Axis(title, 0, max(len(labels) - 1, 1), ticks, lambda value: labels[round(value)])


@dataclass(frozen=True, slots=True)
class Series:
    """A line with its name: the values at its places on the axis across."""

    name: str
    ink: Ink
    points: tuple[tuple[float, float], ...]


def plot_lines(x: Axis, y: Axis, series: Sequence[Series]) -> str:
    """A line per series, named at its end, or in a key where there is no room."""
    marks = "".join(_line(one, x, y) for one in series)
    widest = max((len(one.name) for one in series), default=0)
    plot = _svg(_frame(x, y) + marks + _ends(series, y), HEIGHT, y.title, "lines", right=widest * LETTER + 34)
    return plot + key([(one.name, one.ink) for one in series], "narrow")


def _line(one: Series, x: Axis, y: Axis) -> str:
    at = [(x.across(across), y.down(value)) for across, value in one.points]
    parts = [f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>' for (x1, y1), (x2, y2) in pairwise(at)]
    if len(at) <= _MARKED:
        for (left, top), (across, value) in zip(at, one.points, strict=True):
            hint = f"{one.name}, {x.form(across)}: {y.form(value)}"
            parts.append(f'<circle cx="{left}" cy="{top}" r="3.5">{_hint(hint)}</circle>')
    return f'<g class="series {one.ink.classes}" data-name="{escape(one.name)}">{"".join(parts)}</g>'


def _ends(series: Sequence[Series], y: Axis) -> str:
    """Names beside the lines' ends, moved apart where they would overlap."""
    ends = sorted((y.down(one.points[-1][1]), place) for place, one in enumerate(series) if one.points)
    tops = spread([top for top, _ in ends], _LABEL_GAP, HEIGHT)
    parts = [
        f'<g class="{series[place].ink.classes}"><line class="leader" x1="5" y1="{end}" x2="17" y2="{top:.1f}"/>'
        f'<text x="21" y="{top + 4:.1f}">{escape(series[place].name)}</text></g>'
        for (end, place), top in zip(ends, tops, strict=True)
    ]
    return f'<svg x="100%" class="ends">{"".join(parts)}</svg>'


def spread(places: Sequence[float], gap: float, height: float) -> list[float]:
    """Ascending places moved as little as is simple, so that each has its ``gap`` and none is below ``height``."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else place)
    limit = height
    for nth in range(len(moved) - 1, -1, -1):
        moved[nth] = min(moved[nth], limit)
        limit = moved[nth] - gap
    return moved


@dataclass(frozen=True, slots=True)
class Range:
    """A value between two bounds."""

    name: str
    low: float
    mid: float
    high: float


def plot_ranges(x_title: str, y: Axis, ranges: Sequence[Range]) -> str:
    """Values in their order, each with its bounds; those below zero in another colour."""
    x = Axis(x_title, 0, max(len(ranges), 1), (), "{:,.0f}".format)
    parts = []
    for place, one in enumerate(ranges):
        across = x.across(place + 0.5)
        tone = Tone.BLUE if one.mid >= 0 else Tone.ORANGE
        hint = f"{one.name}: {y.form(one.mid)}, from {y.form(one.low)} to {y.form(one.high)}"
        parts.append(
            f'<g class="range {tone}"><line x1="{across}" x2="{across}" y1="{y.down(one.low)}" '
            f'y2="{y.down(one.high)}"/><circle cx="{across}" cy="{y.down(one.mid)}" r="3.5"/>{_hint(hint)}</g>'
        )
    return _svg(_frame(x, y) + "".join(parts), HEIGHT, y.title, "lines", right=14)


def _frame(x: Axis, y: Axis) -> str:
    parts = [f'<text class="title" x="0" dx="-58" y="-14">{escape(y.title)}</text>']
    for value, label in y.ticks:
        top = y.down(value)
        kind = "zero" if abs(value) < 1e-9 else "grid"
        parts.append(f'<line class="{kind}" x1="0" x2="100%" y1="{top}" y2="{top}"/>')
        parts.append(f'<text class="end" x="0" dx="-8" y="{top + 4}">{escape(label)}</text>')
    for value, label in x.ticks:
        parts.append(f'<text class="middle" x="{x.across(value)}" y="{HEIGHT + 18}">{escape(label)}</text>')
    parts.append(f'<text class="title middle" x="50%" y="{HEIGHT + 38}">{escape(x.title)}</text>')
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class BarPart:
    """A part of a bar."""

    name: str
    ink: Ink
    value: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: parts from zero on, and what is written at their end. A part below zero stands alone."""

    name: str
    parts: tuple[BarPart, ...]
    label: str


def plot_bars(x: Axis, bars: Sequence[Bar]) -> str:
    """Bars across, a row each."""
    return _rows(x, [(bar.name, bar.label) for bar in bars], [_bar(x, bar) for bar in bars])


def _bar(x: Axis, bar: Bar) -> str:
    parts, reached = [], 0.0
    for part in bar.parts:
        start, end = sorted((reached, reached + part.value))
        width = f"{100 * (end - start) / (x.high - x.low):.2f}%"
        hint = _hint(f"{bar.name}, {part.name}: {x.form(part.value)}")
        parts.append(
            f'<rect class="{part.ink.classes}" x="{x.across(start)}" y="-7" width="{width}" height="14">{hint}</rect>'
        )
        reached += part.value
    return "".join(parts) + f'<text x="{x.across(max(reached, 0))}" dx="6" y="4">{escape(bar.label)}</text>'


@dataclass(frozen=True, slots=True)
class Dot:
    """A value, with its interval if it has one."""

    name: str
    ink: Ink
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class DotRow:
    """A row of dots on one scale, and what is written at its end."""

    name: str
    dots: tuple[Dot, ...]
    label: str = ""


def plot_dots(x: Axis, rows: Sequence[DotRow]) -> str:
    """Dots across, a row each."""
    return _rows(x, [(row.name, row.label) for row in rows], [_dots(x, row) for row in rows])


def _dots(x: Axis, row: DotRow) -> str:
    parts = ['<line class="grid" x1="0" x2="100%" y1="0" y2="0"/>']
    reached = 0.0
    for dot in row.dots:
        if dot.low is not None and dot.high is not None:
            ends = f'x1="{x.across(dot.low)}" x2="{x.across(dot.high)}"'
            parts.append(f'<line class="interval {dot.ink.classes}" {ends} y1="0" y2="0"/>')
        hint = _hint(f"{row.name}, {dot.name}: {x.form(dot.value)}")
        radius = 4.5 + 2.5 * dot.ink.dash
        parts.append(
            f'<circle class="{dot.ink.classes}" cx="{x.across(dot.value)}" cy="0" r="{radius}">{hint}</circle>'
        )
        reached = max(reached, dot.value, dot.high or 0)
    return "".join(parts) + f'<text x="{x.across(reached)}" dx="10" y="4">{escape(row.label)}</text>'


def _rows(x: Axis, names: Sequence[tuple[str, str]], marks: Sequence[str]) -> str:
    """Rows with their names beside or above, over the scale that all share."""
    widest = max((len(name) for name, _ in names), default=0)
    beside = widest <= _LONGEST_BESIDE
    row = _ROW if beside else _ROW_UNDER_NAME
    height = row * len(names)
    parts = []
    for value, label in x.ticks:
        kind, left = "zero" if abs(value) < 1e-9 else "grid", x.across(value)
        parts.append(f'<line class="{kind}" x1="{left}" x2="{left}" y1="0" y2="{height}"/>')
        parts.append(f'<text class="middle" x="{left}" y="{height + 18}">{escape(label)}</text>')
    for nth, ((name, _), mark) in enumerate(zip(names, marks, strict=True)):
        middle = nth * row + row - 13
        place = f'class="end" dx="-10" y="{middle + 4}"' if beside else f'y="{middle - 13}"'
        parts.append(f'<text x="0" {place}>{escape(name)}</text><svg class="row" y="{middle}">{mark}</svg>')
    beside_names = widest * LETTER + 16 if beside else 14
    right = max(max((len(label) for _, label in names), default=0) * LETTER + 16, _TICK)
    title = f'<text class="title end" x="100%" dx="{right:.0f}" y="{height + 38}">{escape(x.title)}</text>'
    return _svg("".join(parts) + title, height, x.title, "rows", left=beside_names, right=right)


def key(items: Sequence[tuple[str, Ink]], kind: str) -> str:
    """Which ink is whose: for bars ("block"), for "dots", or for lines whose names have no room ("narrow")."""
    swatch = (
        '<svg width="22" height="14"><line x1="0" x2="22" y1="7" y2="7"/>'
        '<circle class="{0}" cx="11" cy="7" r="4.5"/></svg>'
    )
    parts = (
        f'<span class="{ink.classes}">{swatch.format(ink.classes)} {escape(name)}</span>'
        for name, ink in items
    )
    return f'<p class="key {kind}">{"".join(parts)}</p>'


def _hint(text: str) -> str:
    return f"<title>{escape(text)}</title>"


def _svg(content: str, height: float, label: str, kind: str, *, left: float = 64, right: float = 14) -> str:
    """The SVG between its paddings; on a narrow page a plot with lines has no room for their names."""
    room = f"--left: {left:.0f}px; --right: {right:.0f}px"
    svg = f'<svg role="img" aria-label="{escape(label)}" height="{height:g}">{content}</svg>'
    return f'<div class="plot {kind}" style="{room}">{svg}</div>'
