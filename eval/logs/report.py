"""A replay of the user's logs on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from eval.logs.results import LogsResult, Reads

SHOWN = 20
"""Conversations that are told by themselves: the ones that would have cost most more, or saved least, first."""


def build_report(result: LogsResult) -> Group:
    """The bill, the reads, what the index would have changed, and where it would have cost more."""
    parts: list[Table | Text] = [_bill(result)]
    if result.replayed:
        parts += [
            _reads("What was read", result.verdicts, result),
            _reads("What came of asking the index instead", result.fates, result),
            _changes(result),
            _conversations(result),
        ]
    parts += [Text(f"not replayed: {found.name}: {found.reason}") for found in result.unmeasured]
    if result.calibration:
        parts.append(_calibration(result))
    parts += [Text(f"lines passed over, {skip.reason}: {skip.lines}") for skip in result.skips]
    return Group(*parts)


def _table(title: str, caption: str, *columns: str) -> Table:
    table = Table(title=title, caption=Text(caption))
    table.add_column()
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _bill(result: LogsResult) -> Table:
    estimated = sum(bill.estimated for bill in result.bill)
    caption = f"tokens and dollars as billed, at prices of {result.prices_of}"
    caption += f"; output of {estimated} requests estimated from the content" if estimated else ""
    caption += f"\nno price for {', '.join(result.unpriced)}: not in dollars" if result.unpriced else ""
    table = _table(
        f"The bill of {result.conversations} conversations, {result.files} files",
        caption,
        "requests",
        "cache read",
        "cache write",
        "input",
        "output",
        "dollars",
    )
    for bill in result.bill:
        cost = bill.dollars
        tokens = (bill.read, bill.write, bill.input, bill.output)
        dollars = (cost.read, cost.write, cost.input, cost.output) if cost else (None,) * 4
        cells = (
            f"{count:,}" if spent is None else f"{count:,} (${spent:,.2f})"
            for count, spent in zip(tokens, dollars, strict=True)
        )
        table.add_row(bill.model, f"{bill.requests:,}", *cells, f"${cost.total:,.2f}" if cost else "-")
    return table


def _reads(title: str, groups: Sequence[Reads], result: LogsResult) -> Table:
    caption = (
        "dollars: the reply written to the cache and read again on every request until it left the context\n"
        f"{result.token_error}"
    )
    table = _table(title, caption, "reads", "tokens", "dollars", "of the bill")
    for group in groups:
        share = f"{group.dollars / result.dollars:.1%}" if result.dollars else "-"
        table.add_row(group.kind, f"{group.count:,}", f"{group.tokens:,}", f"${group.dollars:,.3f}", share)
    return table


def _changes(result: LogsResult) -> Table:
    caption = (
        f"of ${result.dollars:,.2f} in {len(result.replayed)} conversations; {result.token_error}\n"
        f"schemas and instructions: {result.overhead:,} tokens a context; indexing: {result.index_seconds:,.1f} s "
        "of this machine, no tokens\nthe index is of today's tree: what has changed since is not credited"
    )
    table = _table("What the index would have changed", caption, *(change.bound for change in result.changes))
    rows = [
        ("reads that fall away", [change.ledger.removed for change in result.changes]),
        ("turns that fall away", [change.ledger.turns_saved for change in result.changes]),
        ("replies of the index", [-change.ledger.replies for change in result.changes]),
        ("turns to ask it", [-change.ledger.turns_added for change in result.changes]),
        ("schemas and instructions", [-change.ledger.schema for change in result.changes]),
        ("saved", [change.net for change in result.changes]),
    ]
    for name, values in rows:
        table.add_row(name, *map(_dollars, values))
    table.add_row("of the whole bill", *(f"{change.share:+.2%}" for change in result.changes))
    worse = (f"{count} of {len(result.replayed)}" for count in result.worse)
    table.add_row("conversations that would have cost more", *worse)
    return table


def _dollars(value: float) -> str:
    return f"{'-' if value < 0 else ''}${abs(value):,.3f}"


def _conversations(result: LogsResult) -> Table:
    left = len(result.replayed) - SHOWN
    bounds = [change.bound for change in result.changes]
    table = _table(
        "Conversation by conversation, least saved first",
        f"{left} more in the JSON" if left > 0 else "",
        "requests",
        "epochs",
        "reads",
        "replaceable",
        "covered",
        "bill",
        "of it reads",
        *(f"saved, {bound}" for bound in bounds),
    )
    middle = bounds.index("mid")
    for one in sorted(result.replayed, key=lambda one: one.changes[middle].share)[:SHOWN]:
        counts = (one.requests, one.epochs, one.reads, one.replaceable, one.covered)
        money = (f"${one.dollars:,.2f}", f"{one.read_dollars / one.dollars:.1%}" if one.dollars else "-")
        shares = (f"{change.share:+.1%}" for change in one.changes)
        table.add_row(f"{one.started[:10]} {one.id[:8]}", *map(str, counts), *money, *shares)
    return table


def _calibration(result: LogsResult) -> Table:
    caption = "billed growth of a prompt for one estimated token of what came into it; nothing is stored"
    table = _table("The estimator against these logs", caption, "growths", "scale", "25%", "50%", "75%")
    for found in result.calibration:
        values = (found.scale, found.low, found.middle, found.high)
        table.add_row(found.model, str(found.growths), *(f"{value:.2f}" for value in values))
    return table
