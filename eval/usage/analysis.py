"""The ``repo-memory usage`` commands that look into contexts: cache, what-if, doctor."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from eval.console import exit_on_error
from eval.errors import MeasureError
from eval.options import AsJson
from eval.usage.contexts import HOUR, LEAST_MISS, MINUTES, Turn, follow_contexts
from eval.usage.history import LedgerFile, LogFiles, open_ledger
from eval.usage.render import SCHEMA_VERSION, short
from eval.usage.scenarios import (
    Scenario,
    with_compaction,
    with_less,
    with_lifetime,
    with_model,
    without_cache,
)
from eval.usage.totals import By, Scope, total
from eval.usage.verify import explain, read_totals
from eval.usage.zones import LOCAL
from memory_server.cli.options import print_result
from memory_server.cli.terminal import say

RETENTION = 30
"""Days after which the client deletes a log, unless its settings say otherwise."""


def cache(
    top: Annotated[int, typer.Option(min=0, help="So many of the dearest misses.")] = 10,
    as_json: AsJson = False,
    logs: LogFiles = None,
    ledger: LedgerFile = None,
) -> None:
    """What the prompt cache missed, why, and what that cost; subagents too."""
    with exit_on_error(), open_ledger(logs, ledger) as (opened, _):
        turns = [turn for context in follow_contexts(opened, Scope(LOCAL)) for turn in context]
    missed = sorted((turn for turn in turns if turn.cause), key=lambda turn: -turn.extra)
    counts, tokens, dollars = Counter[str](), Counter[str](), dict[str, float]()
    for turn in missed:
        cause = str(turn.cause)
        counts[cause] += 1
        tokens[cause] += turn.missed
        dollars[cause] = dollars.get(cause, 0) + turn.extra
    short_writes = sum(turn.usage.write_5m for turn in turns)
    writes = sum(turn.usage.write for turn in turns)
    ordered = sorted(dollars, key=lambda cause: -dollars[cause])
    data = {
        "schema_version": SCHEMA_VERSION,
        "requests": len(turns),
        "write_5m_share": round(short_writes / writes, 6) if writes else 0,
        "causes": [
            {"cause": c, "misses": counts[c], "tokens": tokens[c], "cost": round(dollars[c], 6)} for c in ordered
        ],
        "misses": [
            {"at": t.at, "session": t.session, "agent": t.agent, "cause": t.cause, "tokens": t.missed,
             "gap": t.gap, "cost": round(t.extra, 6)} for t in missed[:top]
        ],
    }  # fmt: skip
    lines = [f"{'cause':<34} {'misses':>7} {'tokens':>8} {'cost':>10}"]
    lines += [f"{c:<34} {counts[c]:>7,} {short(tokens[c]):>8} ${dollars[c]:>9,.2f}" for c in ordered]
    lines += ["", f"the dearest, of {len(missed):,} in {len(turns):,} dated requests:"]
    lines += [
        f"  ${t.extra:>6.2f} {short(t.missed):>6} {t.session[:8]} {t.agent[:10] or 'main':<10} "
        f"after {t.gap:,} s: {t.cause}"
        for t in missed[:top]
    ]
    lines += [
        "",
        f"a miss: {LEAST_MISS:,} tokens or more that the context had in the cache and paid again,",
        "or a context's first prompt; cost: what was paid above reading them",
    ]
    print_result(data, "\n".join(lines), as_json)


def what_if(
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Every prompt sent plain.")] = False,
    ttl: Annotated[str, typer.Option(help="All writes kept for 5m or 1h.")] = "",
    compact_at: Annotated[int, typer.Option(min=0, help="Compact at so many tokens.")] = 0,
    model: Annotated[str, typer.Option(help="All requests to this model.")] = "",
    shrink: Annotated[float, typer.Option(min=0, max=100, help="So many percent less context.")] = 0,
    subscription: Annotated[float, typer.Option(min=0, help="Dollars a month, beside the bill.")] = 0,
    as_json: AsJson = False,
    logs: LogFiles = None,
    ledger: LedgerFile = None,
) -> None:
    """What the same requests would have cost otherwise; without an option, the usual questions."""
    if ttl not in {"", "5m", "1h"}:
        raise typer.BadParameter("5m or 1h", param_hint="--ttl")
    with exit_on_error():
        with open_ledger(logs, ledger) as (opened, _):
            contexts = list(follow_contexts(opened, Scope(LOCAL)))
        every = not (no_cache or ttl or compact_at or model or shrink or subscription)
        found: list[Scenario] = []
        if no_cache or every:
            found.append(without_cache(contexts))
        found += [
            with_lifetime(contexts, seconds)
            for name, seconds in (("5m", MINUTES), ("1h", HOUR))
            if every or ttl == name
        ]
        if compact_at or every:
            found.append(with_compaction(contexts, compact_at or 100_000))
        if shrink or every:
            found.append(with_less(contexts, shrink or 40))
        if model:
            found.append(_with_model(contexts, model))
        if subscription:
            found.append(_subscribe(contexts, subscription))
    _tell(found, as_json=as_json)


def _with_model(contexts: list[list[Turn]], model: str) -> Scenario:
    named = with_model(
        contexts, model if model.startswith("claude-") else f"claude-{model}", date.today().isoformat()
    )
    if named is None:
        raise MeasureError(f"no price for {model}", "`repo-memory usage prices` lists the models")
    return named


def _subscribe(contexts: list[list[Turn]], dollars: float) -> Scenario:
    """A plan's price over the months of the requests."""
    times = [turn.at for turns in contexts for turn in turns]
    months = max((max(times) - min(times)) / (86_400 * 30.44), 1) if times else 1
    billed = without_cache(contexts).billed
    said = f"${dollars:g} a month for {months:.1f} months, at least one"
    error = "whether the plan's limits would have held is not known"
    return Scenario("subscription", said, error, dollars * months, billed)


def _tell(found: list[Scenario], *, as_json: bool) -> None:
    data = [
        {"name": s.name, "assumption": s.assumption, "error": s.error}
        | {"cost": round(s.cost, 6), "delta": round(s.delta, 6)}
        for s in found
    ]
    lines = [f"as billed ${found[0].billed:,.2f}, searches of the web left out"] if found else []
    for s in found:
        word = "costs" if s.delta >= 0 else "saves"
        share = f" ({abs(s.delta) / s.billed:.1%})" if s.billed else ""
        lines += [
            "",
            f"{s.name}: ${s.cost:,.2f}, {word} ${abs(s.delta):,.2f}{share} {'more' if s.delta >= 0 else ''}".rstrip(),
            f"  assumed: {s.assumption}",
            f"  error: {s.error}",
        ]
    print_result(data, "\n".join(lines), as_json)


def verify(
    against: Annotated[Path, typer.Option(help="JSON that ccusage or tokscale printed of the same logs.")],
    logs: LogFiles = None,
    ledger: LedgerFile = None,
) -> None:
    """Why another tool's totals differ from these."""
    with exit_on_error():
        tool, theirs = read_totals(against)
        with open_ledger(logs, ledger) as (opened, _):
            lines = explain(opened, theirs)
    say("\n".join([f"against {tool}", *lines]))


def doctor(logs: LogFiles = None, ledger: LedgerFile = None) -> None:
    """What is not exact in the totals, and when the client will delete which logs."""
    with exit_on_error(), open_ledger(logs, ledger) as (opened, _):
        overview = total(opened, Scope(LOCAL), By.MODEL)
        files = opened.database.execute("SELECT path, mtime FROM file ORDER BY mtime").fetchall()
        (undated,) = opened.database.execute("SELECT count(*) FROM request WHERE at IS NULL").fetchone()
    totals, coverage = overview.totals, overview.coverage
    say(
        f"{coverage.files:,} files, {coverage.lines:,} lines, {totals.requests:,} requests, {undated:,} undated"
    )
    for reason, count in coverage.skipped.items():
        say(f"not counted: {count:,} lines, {reason}")
    for model, tokens in totals.unpriced.items():
        say(f"no price: {model}, {short(tokens)} tokens")
    say(f"output is a placeholder in {totals.doubtful:,} requests")
    days = [RETENTION - (time.time() - mtime / 1e9) / 86_400 for _, mtime in files]
    soon = sum(0 <= left < 7 for left in days)
    say(f"the client deletes {soon:,} logs within 7 days, if it keeps {RETENTION}; their counts stay here")
