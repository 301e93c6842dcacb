"""An overview as JSON, CSV, Markdown, and a table of 80 columns."""

from __future__ import annotations

import csv
import io
import json
from hashlib import blake2s
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from eval.usage.prices import price_list
from eval.usage.totals import BUCKETS, By, Overview, Totals

SCHEMA_VERSION = 1
"""Version of the JSON."""

_REDACTED = {By.PROJECT, By.BRANCH, By.CONVERSATION}
"""Groups whose names tell who worked on what."""

_WIDE = 34
"""Columns of a group's name at most, in a terminal."""

COLUMNS = ("requests", "input", "output", "write_5m", "write_1h", "read")


def redact(name: str) -> str:
    """A name as eight digits that stay the same."""
    return blake2s(name.encode(), digest_size=4).hexdigest()


def name_groups(overview: Overview, top: int, *, hide: bool) -> list[tuple[str, Totals]]:
    """The groups in the order they are told in: by time, else the dearest first; those beyond ``top`` as one."""
    timed = overview.by in {By.DAY, By.WEEK, By.MONTH}
    ordered = sorted(
        overview.groups.items(), key=lambda item: (item[0] if timed else "", -item[1].cost, item[0])
    )
    if top and len(ordered) > top:
        kept, rest = (ordered[-top:], ordered[:-top]) if timed else (ordered[:top], ordered[top:])
        others = Totals()
        for _, totals in rest:
            others.add(totals)
        ordered = [*kept, (f"{len(rest)} others", others)]
    secret = hide and overview.by in _REDACTED
    return [
        (redact(name) if secret and name in overview.groups else name, totals) for name, totals in ordered
    ]


def tell_totals(totals: Totals, *, cost: bool = True) -> dict[str, Any]:
    """Totals as JSON has them; ``low`` is by the logged outputs, ``high`` by those that their content takes."""
    told: dict[str, Any] = {name: getattr(totals, name) for name in (*COLUMNS, "web_search")}
    told["cache_share"] = round(totals.cache_share, 6)
    if cost:
        buckets = {name: round(totals.dollars[name], 6) for name in BUCKETS}
        ends = {"low": round(totals.cost, 6), "high": round(totals.cost + totals.more, 6)}
        told["cost"] = {**buckets, "total": round(totals.cost, 6), **ends}
    return told


def to_json(overview: Overview, groups: list[tuple[str, Totals]], zone: str, *, cost: bool) -> str:
    """The overview as JSON."""
    totals, coverage = overview.totals, overview.coverage
    data = {
        "schema_version": SCHEMA_VERSION,
        "period": {"first": overview.first, "last": overview.last},
        "timezone": zone,
        "prices_date": price_list().checked,
        "coverage": {
            "requests": totals.requests,
            "lines": coverage.lines,
            "files": coverage.files,
            "skipped": coverage.skipped,
            "unpriced": totals.unpriced,
            "estimated_output": {
                "requests": totals.doubtful,
                "logged": totals.logged,
                "estimated": totals.estimated,
            },
            "only_in_progress": totals.only_in_progress,
        },
        "totals": tell_totals(totals, cost=cost),
        "by": str(overview.by),
        "groups": [{"key": name, **tell_totals(found, cost=cost)} for name, found in groups],
    }
    return json.dumps(data, indent=1, ensure_ascii=False)


def _rows(overview: Overview, groups: list[tuple[str, Totals]], *, cost: bool) -> list[list[str]]:
    rows = [[str(overview.by), *COLUMNS, *(["cost"] if cost else [])]]
    for name, totals in [*groups, ("total", overview.totals)]:
        counts = [str(getattr(totals, column)) for column in COLUMNS]
        rows.append([name, *counts, *([f"{totals.cost:.6f}"] if cost else [])])
    return rows


def to_csv(overview: Overview, groups: list[tuple[str, Totals]], *, cost: bool) -> str:
    """The groups and the total as CSV, with a line of names."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(_rows(overview, groups, cost=cost))
    return file.getvalue().removesuffix("\n")


def to_markdown(overview: Overview, groups: list[tuple[str, Totals]], *, cost: bool) -> str:
    """The groups and the total as a Markdown table, what they rest on below."""
    head, *rows = [[cell.replace("|", "\\|") for cell in row] for row in _rows(overview, groups, cost=cost)]
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([table, "", *tell_coverage(overview)])


def to_table(overview: Overview, groups: list[tuple[str, Totals]], *, cost: bool) -> RenderableType:
    """The overview for a terminal of 80 columns."""
    totals = overview.totals
    table = Table(box=None, padding=(0, 1), pad_edge=False, caption_justify="left")
    table.add_column(str(overview.by), max_width=_WIDE, overflow="ellipsis", no_wrap=True)
    for title in ("requests", "input", "output", "write", "read", *(["cost"] if cost else [])):
        table.add_column(title, justify="right", no_wrap=True)
    for name, found in [*groups, ("total", totals)]:
        counts = (found.input, found.output, found.write_5m + found.write_1h, found.read)
        dollars = [f"${found.cost:,.2f}"] if cost else []
        table.add_row(Text(name), f"{found.requests:,}", *map(short, counts), *dollars)
    parts: list[RenderableType] = [table, Text("")]
    if cost and totals.cost:
        parts += [_bar(bucket, totals) for bucket in BUCKETS if totals.dollars[bucket]]
    return Group(*parts, *(Text(line) for line in tell_coverage(overview)))


def _bar(bucket: str, totals: Totals) -> Text:
    share = totals.dollars[bucket] / totals.cost
    return Text(f"{bucket:<10} ${totals.dollars[bucket]:>11,.2f} {share:>6.1%} {'█' * round(share * 40)}")


def short(count: int) -> str:
    """A count in at most six characters."""
    for size, unit in ((1_000_000_000, "B"), (1_000_000, "M"), (10_000, "k")):
        if count >= size:
            return f"{count / (1000 if unit == 'k' else size):.3g}{unit}"
    return f"{count:,}"


def tell_coverage(overview: Overview) -> list[str]:
    """What the totals rest on: what is exact, estimated, unpriced, unread."""
    totals, coverage = overview.totals, overview.coverage
    lines = [
        f"{overview.first} to {overview.last}; {totals.cache_share:.1%} of prompt tokens read from the cache",
        f"{coverage.files:,} files, {coverage.lines:,} lines; prices of {price_list().checked}",
    ]
    if totals.doubtful:
        lines.append(
            f"estimated: {totals.doubtful:,} requests log {short(totals.logged)} output tokens, a placeholder;\n"
            f"  their text takes about {short(totals.estimated)}: the bill is ${totals.cost:,.2f} to "
            f"${totals.cost + totals.more:,.2f}"
        )
    if totals.only_in_progress:
        lines.append(f"{totals.only_in_progress:,} requests of subagents are known from progress lines alone")
    for model, tokens in totals.unpriced.items():
        lines.append(f"unpriced, not in the sum: {model}, {short(tokens)} tokens")
    for reason, count in coverage.skipped.items():
        lines.append(f"not counted: {count:,} lines, {reason}")
    return lines
