"""A replay of the user's logs as one page."""

from __future__ import annotations

from collections.abc import Sequence

from eval.logs.replay import TRACED
from eval.logs.results import BoundChange, LogsResult, Reads, Replayed, Trace
from eval.pages.document import as_sentence, build_document, note, paragraph, section, table, tiles
from eval.pages.plots import (
    Axis,
    Bar,
    BarPart,
    Ink,
    Range,
    Series,
    Tone,
    counted,
    key,
    plot_bars,
    plot_lines,
    plot_ranges,
    scale,
)
from eval.usage.prices import Cost

TOLD = 20
"""Conversations that are told in the table: those that would have cost most more, or saved least."""

_BUCKETS = (
    ("cache write", Ink(Tone.ORANGE)),
    ("cache read", Ink(Tone.BLUE)),
    ("output", Ink(Tone.GREEN)),
    ("input", Ink(Tone.PURPLE)),
    ("other", Ink(Tone.GREY)),
)


def build_page(result: LogsResult) -> str:
    """The page: the bill by bucket, what the index would have saved, conversation by conversation, a context."""
    parts = [
        paragraph(
            f"{result.conversations} conversations in {result.files} files, of which {len(result.replayed)} are "
            "replayed over the index as it is of today's tree. No agent was run."
        ),
        _headline(result) if result.replayed else "",
        _bill(result),
        *(_replays(result) if result.replayed else ()),
        section("Conditions", "", *map(note, _conditions(result))),
    ]
    return build_document("What the index could have replaced in your conversations", parts)


def _bound(changes: Sequence[BoundChange], name: str) -> BoundChange:
    return next(change for change in changes if change.bound == name)


def _headline(result: LogsResult) -> str:
    low, mid, high = result.changes
    return tiles(
        [
            (
                f"{mid.share:+.1%}",
                f"of the bill saved, from {low.share:+.1%} (low) to {high.share:+.1%} (high)",
            ),
            (f"${result.dollars:,.2f}", f"the bill of {len(result.replayed)} conversations replayed"),
            (f"{result.worse[1]} of {len(result.replayed)}", "conversations would have cost more (mid)"),
            (f"{sum(group.count for group in result.fates):,}", "reads of files judged"),
        ]
    )


def _split(cost: Cost) -> tuple[float, ...]:
    """Dollars in the order of ``_BUCKETS``."""
    return (cost.write, cost.read, cost.output, cost.input, cost.other)


def _bill(result: LogsResult) -> str:
    priced = [(bill, bill.dollars) for bill in result.bill if bill.dollars is not None]
    bars = [
        Bar(
            bill.model,
            tuple(
                BarPart(name, ink, spent)
                for (name, ink), spent in zip(_BUCKETS, _split(cost), strict=True)
                if spent
            ),
            f"${cost.total:,.2f}",
        )
        for bill, cost in priced
    ]
    axis = scale("dollars", (cost.total for _, cost in priced), _dollars)
    rows = (
        (
            bill.model,
            f"{bill.requests:,}",
            *(f"{count:,}" for count in (bill.write, bill.read, bill.output, bill.input)),
            "-" if bill.dollars is None else f"{bill.dollars.total:,.2f}",
        )
        for bill in result.bill
    )
    heads = ("tokens", "requests", *(name for name, _ in _BUCKETS[:4]), "dollars")
    estimated = sum(bill.estimated for bill in result.bill)
    guessed = f" Output of {estimated} requests is estimated from the content." if estimated else ""
    return section(
        "The bill by bucket",
        f"All conversations, as billed, at prices of {result.prices_of}.{guessed}",
        key(_BUCKETS, "block"),
        plot_bars(axis, bars),
        table(heads, rows),
    )


def _replays(result: LogsResult) -> list[str]:
    ordered = sorted(result.replayed, key=lambda one: _bound(one.changes, TRACED).net)
    return [
        _savings(result),
        _conversations(ordered),
        *([_context(result.trace)] if result.trace and result.trace.contexts else []),
        section("What was read", _READS, _reads(result.verdicts, result.dollars)),
        section("What came of asking the index instead", _READS, _reads(result.fates, result.dollars)),
        section(f"The {min(TOLD, len(ordered))} conversations that save least", "", _worst(ordered[:TOLD])),
    ]


_READS = "Dollars: the reply written to the cache and read again on every request until it left the context."


def _savings(result: LogsResult) -> str:
    axis = _shares("share of the whole bill that is saved", [change.share for change in result.changes])
    bars = [
        Bar(
            f"{change.bound} ({worse} of {len(result.replayed)} conversations cost more)",
            (BarPart("saved", Ink(Tone.BLUE if change.share >= 0 else Tone.ORANGE), change.share),),
            f"{change.share:+.2%}  ({_dollars(change.net)})",
        )
        for change, worse in zip(result.changes, result.worse, strict=True)
    ]
    heads = ("dollars", *(change.bound for change in result.changes))
    rows = [
        ("reads that fall away", [change.ledger.removed for change in result.changes]),
        ("turns that fall away", [change.ledger.turns_saved for change in result.changes]),
        ("replies of the index", [0 - change.ledger.replies for change in result.changes]),
        ("turns to ask it", [0 - change.ledger.turns_added for change in result.changes]),
        ("schemas and instructions", [0 - change.ledger.schema for change in result.changes]),
        ("saved", [change.net for change in result.changes]),
    ]
    return section(
        "What the index would have saved",
        f"Share of ${result.dollars:,.2f}, under three sets of assumptions from the least to the most that the logs "
        "allow for. Left of zero the bill would have been higher.",
        plot_bars(axis, bars),
        note(as_sentence(result.token_error)),
        table(heads, [(name, *(f"{value:+,.3f}" for value in values)) for name, values in rows]),
    )


def _shares(title: str, values: Sequence[float]) -> Axis:
    places = 0 if max(map(abs, values), default=1) >= 0.05 else 1
    return scale(title, values, f"{{:.{places}%}}".format)


def _dollars(value: float) -> str:
    return f"{'-' if value < 0 else ''}${abs(value):,.2f}"


def _conversations(ordered: Sequence[Replayed]) -> str:
    ranges = [Range(_name(one.started, one.id), *(change.net for change in one.changes)) for one in ordered]
    bounds = [bound for one in ranges for bound in (one.low, one.high)]
    y = scale("dollars saved", bounds, _dollars if max(map(abs, bounds)) >= 0.1 else "{:+.3f}".format)
    lose = sum(one.mid < 0 for one in ranges)
    return section(
        "Conversation by conversation",
        f"Dollars saved in each, from low to high with the dot at mid, least first: {lose} of {len(ranges)} would have "
        "cost more.",
        plot_ranges("conversations, least saved first", y, ranges),
    )


def _name(started: str, identity: str) -> str:
    return f"{started[:10]} {identity[:8]}"


def _context(trace: Trace) -> str:
    series = [
        Series(
            "as billed", Ink(Tone.GREY), tuple((n, one.billed) for n, one in enumerate(trace.contexts, 1))
        ),
        Series(
            "with the index",
            Ink(Tone.BLUE),
            tuple((n, one.indexed) for n, one in enumerate(trace.contexts, 1)),
        ),
    ]
    tokens = scale("tokens in the prompt", (y for one in series for _, y in one.points), "{:,.0f}".format)
    return section(
        "A context over its requests",
        f"The conversation with the largest bill, {_name(trace.started, trace.id)}: each request's prompt as billed, "
        f"and with the index under {TRACED}. Requests that fall away are drawn all the same.",
        plot_lines(counted("requests", len(trace.contexts)), tokens, series),
    )


def _reads(groups: Sequence[Reads], dollars: float) -> str:
    rows = (
        (
            group.kind,
            f"{group.count:,}",
            f"{group.tokens:,}",
            f"{group.dollars:,.3f}",
            f"{group.dollars / dollars:.1%}" if dollars else "-",
        )
        for group in groups
    )
    return table(("", "reads", "tokens", "dollars", "of the bill"), rows)


def _worst(ordered: Sequence[Replayed]) -> str:
    heads = ("conversation", "requests", "reads", "replaceable", "covered", "dollars")
    bounds = [change.bound for change in ordered[0].changes]
    rows = (
        (
            _name(one.started, one.id),
            *(f"{count:,}" for count in (one.requests, one.reads, one.replaceable, one.covered)),
            f"{one.dollars:,.2f}",
            *(f"{change.share:+.1%}" for change in one.changes),
        )
        for one in ordered
    )
    return table((*heads, *bounds), rows)


def _conditions(result: LogsResult) -> list[str]:
    machine = result.machine
    return [
        f"Schemas and instructions are {result.overhead:,} tokens a context. Indexing took {result.index_seconds:,.1f} "
        f"s and no tokens. What has changed in the tree since is not credited. {as_sentence(result.token_error)}",
        f"repo-memory {result.revision}; {machine.cpu}, {machine.cores} cores.",
        *(f"No price for {model}: not in dollars." for model in result.unpriced),
        *(f"Not replayed: {found.name}: {found.reason}" for found in result.unmeasured),
        *(f"Lines passed over, {skip.reason}: {skip.lines}" for skip in result.skips),
    ]
