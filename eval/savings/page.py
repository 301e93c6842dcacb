"""A savings result as one page: plots in inline SVG, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from eval.savings.bill import BASE_CONTEXT, PRICES, PRICES_DATE, REMAINING_TURNS
from eval.savings.context import BUDGETS
from eval.savings.own import LATER, OWN, WITH_RIPGREP
from eval.savings.results import SavingsResult

WIDTH, HEIGHT = 640, 300
LEFT, BOTTOM, TOP, RIGHT = 60, 34, 12, 12

_COLOURS = {OWN: "#0b62a4", LATER: "#5aa9e6", WITH_RIPGREP: "#0a8f6c"}
_OTHERS = ("#c0392b", "#d98880", "#7d3c98", "#af7ac5", "#d7bde2", "#b9770e")

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 760px; margin: 2em auto; padding: 0 1em; color: #222;
  background: #fff }
table { border-collapse: collapse; font-size: 13px } td, th { padding: 2px 8px; text-align: right }
td:first-child, th:first-child { text-align: left } tr { border-bottom: 1px solid #ddd }
svg { width: 100%; height: auto } svg text { font-size: 11px; fill: #444 } h2 { margin-top: 2em }
.key span { display: inline-block; margin-right: 1em; font-size: 13px } .note { color: #666; font-size: 13px }
"""


@dataclass(frozen=True, slots=True)
class Series:
    """A line or a set of bars with its name."""

    name: str
    values: tuple[float, ...]


def build_page(result: SavingsResult) -> str:
    """The page: what is saved, recall by tokens, resident context by turns, the bill, savings by group, losses."""
    parts = [
        f"<h1>Tokens until the gold is in context</h1><p>{_intro(result)}</p>",
        _arms_table(result),
        "<h2>Recall by tokens in the context</h2>",
        _key(result.arms),
        _lines(_recalls(result), [f"{size:,}" for size in BUDGETS], 1.0),
        "<h2>Tokens re-sent over the rest of the conversation</h2>",
        f"<p class=note>{_error(result)}: what the question left, summed over the turns that follow.</p>",
        _key(result.arms),
        _lines(_resent(result), [f"{turns} turns" for turns in (0, *REMAINING_TURNS)], None),
        f"<h2>Dollars of a thousand questions, {PRICES[0].model}</h2>",
        f"<p class=note>Cache writes, re-reads, calls; {BASE_CONTEXT:,} tokens of other context re-read on each turn "
        f"of the question. Prices of {PRICES_DATE}. Groups: {', '.join(map(str, REMAINING_TURNS))} further turns.</p>",
        _bars(_bills(result), [f"{turns} turns on" for turns in REMAINING_TURNS]),
        *(_group_plot(result, kind) for kind in ("category", "language", "repository")),
        _losses(result),
    ]
    body = "\n".join(parts)
    title = "repo-memory: savings"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style>\n{body}</html>\n"
    )


def _intro(result: SavingsResult) -> str:
    told = (
        f"{result.groups[0].count} questions ({result.source}). Gold: {result.level}. A miss is charged {result.cap:,} "
        f"tokens. Headline baseline: {result.baseline}. repo-memory {result.revision}; {result.embedder}; "
        f"{result.matcher}. Schema and instructions: {result.overhead} tokens, counted on every question except of "
        f"“{LATER}”. {_error(result)}."
    )
    return escape(told)


def _error(result: SavingsResult) -> str:
    return f"{result.token_error[0].upper()}{result.token_error[1:]}"


def _colour(arm: str, arms: Sequence[str]) -> str:
    others = [name for name in arms if name not in _COLOURS]
    return _COLOURS.get(arm) or _OTHERS[others.index(arm) % len(_OTHERS)]


def _key(arms: Sequence[str]) -> str:
    items = (f'<span><b style="color:{_colour(arm, arms)}">&#9632;</b> {escape(arm)}</span>' for arm in arms)
    return f'<p class="key">{"".join(items)}</p>'


def _arms_table(result: SavingsResult) -> str:
    heads = ("arm", "found", "to first", "to all gold", "middle", "resident", "turns")
    rows = [
        (
            arm.arm,
            f"{arm.found:.3f}",
            *(
                f"{value:,.0f}"
                for value in (arm.mean("first"), arm.mean("gold"), arm.median, arm.mean("resident"))
            ),
            f"{arm.mean('turns'):.1f}",
        )
        for arm in result.groups[0].arms
    ]
    return _table(heads, rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _recalls(result: SavingsResult) -> list[Series]:
    return [
        Series(arm.arm, tuple(arm.mean(f"recall@{size}") for size in BUDGETS))
        for arm in result.groups[0].arms
    ]


def _resent(result: SavingsResult) -> list[Series]:
    turns = (0, *REMAINING_TURNS)
    return [
        Series(arm.arm, tuple(arm.mean("reread") + (1 + after) * arm.mean("resident") for after in turns))
        for arm in result.groups[0].arms
    ]


def _bills(result: SavingsResult) -> list[Series]:
    return [
        Series(
            arm,
            tuple(
                bill.questions for bill in result.bills if (bill.arm, bill.model) == (arm, PRICES[0].model)
            ),
        )
        for arm in result.arms
    ]


def _scale(series: Sequence[Series], top: float | None) -> float:
    return top or max((value for one in series for value in one.values), default=0) or 1


def _axes(top: float) -> str:
    parts = []
    for step in range(5):
        value = top * step / 4
        y = _y(value, top)
        label = f"{value:.2f}" if top <= 1 else f"{value:,.0f}"
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
        )
    return "".join(parts)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top


def _svg(content: str, height: float = HEIGHT) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img">{content}</svg>'


def _lines(series: Sequence[Series], labels: Sequence[str], top: float | None) -> str:
    """A line per series over evenly placed labels."""
    scale, names = _scale(series, top), [one.name for one in series]
    step = (WIDTH - LEFT - RIGHT - 40) / max(len(labels) - 1, 1)
    at = [LEFT + 20 + step * place for place in range(len(labels))]
    parts = [_axes(scale)]
    for x, label in zip(at, labels, strict=True):
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(label)}</text>')
    for one in series:
        colour = _colour(one.name, names)
        points = [(x, _y(value, scale)) for x, value in zip(at, one.values, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), value in zip(points, one.values, strict=True):
            title = f"<title>{escape(one.name)}: {value:,.2f}</title>"
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">{title}</circle>')
    return _svg("".join(parts))


def _bars(series: Sequence[Series], labels: Sequence[str]) -> str:
    """Bars side by side, a bundle for each label."""
    scale, names = _scale(series, None), [one.name for one in series]
    bundle = (WIDTH - LEFT - RIGHT) / len(labels)
    width = bundle * 0.85 / len(series)
    parts = [_axes(scale)]
    for place, label in enumerate(labels):
        x = LEFT + bundle * place
        parts.append(
            f'<text x="{x + bundle / 2:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(label)}</text>'
        )
        for nth, one in enumerate(series):
            y = _y(one.values[place], scale)
            parts.append(
                f'<rect x="{x + nth * width:.1f}" y="{y:.1f}" width="{width * 0.9:.1f}" '
                f'height="{HEIGHT - BOTTOM - y:.1f}" fill="{_colour(one.name, names)}">'
                f"<title>{escape(one.name)}: {one.values[place]:,.0f}</title></rect>"
            )
    return _svg("".join(parts))


def _group_plot(result: SavingsResult, kind: str) -> str:
    """The saving against the headline baseline in each group, losses to the left of the line."""
    groups = [group for group in result.groups if group.kind == kind]
    saved = [
        1 - group.arm(OWN).mean("gold") / (group.arm(result.baseline).mean("gold") or 1) for group in groups
    ]
    row, zero = 18, 330.0
    reach = max(map(abs, saved), default=1) or 1
    parts = []
    for nth, (group, value) in enumerate(zip(groups, saved, strict=True)):
        length = 240 * abs(value) / reach
        x = zero if value >= 0 else zero - min(length, 150)
        y = nth * row
        colour = _COLOURS[OWN] if value >= 0 else "#c0392b"
        label = f"{group.name} ({group.count}, lost {group.lost})"
        parts.append(
            f'<text x="0" y="{y + 13}">{escape(label)}</text>'
            f'<rect x="{x:.1f}" y="{y + 3}" width="{min(length, 240):.1f}" height="12" fill="{colour}"/>'
            f'<text x="{zero + max(length, 0) + 6 if value >= 0 else zero + 6:.1f}" y="{y + 13}">{value:.0%}</text>'
        )
    head = f"<h2>Fewer tokens than {escape(result.baseline)}, by {kind}</h2>"
    return head + _svg("".join(parts), max(row * len(groups), row))


def _losses(result: SavingsResult) -> str:
    rows = [
        (f"{loss.repository} {loss.key}", loss.category, f"{loss.baseline:,}", f"{loss.own:,}")
        for loss in result.losses
    ]
    missing = "".join(
        f"<p>Not measured: {escape(found.name)}: {escape(found.reason)}</p>" for found in result.unmeasured
    )
    count = result.groups[0].lost
    head = f"<h2>Where it loses</h2><p>{count} of {result.groups[0].count} questions; the worst:</p>"
    return head + _table(("question", "category", result.baseline, OWN), rows) + missing
