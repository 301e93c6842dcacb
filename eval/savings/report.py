"""A savings result on a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group as Together
from rich.table import Table
from rich.text import Text

from eval.savings.bill import BASE_CONTEXT, PRICES, PRICES_DATE, REMAINING_TURNS
from eval.savings.context import BUDGETS
from eval.savings.own import LATER, OWN
from eval.savings.results import Saving, SavingsResult
from memory_server.tuning.metrics import Estimate


def build_report(result: SavingsResult, questions: Mapping[str, str]) -> Together:
    """Arms side by side, what is saved, the bill, where it loses; ``questions`` has the texts by key, where known."""
    missing = [Text(f"not measured: {found.name}: {found.reason}") for found in result.unmeasured]
    savings = [Text(_tell(saving, result.baseline)) for saving in result.savings]
    error = Text(result.token_error)
    return Together(
        _arms(result),
        *savings,
        error,
        _bill(result),
        error,
        _groups(result),
        _losses(result, questions),
        *missing,
    )


def _arms(result: SavingsResult) -> Table:
    machine, whole = result.machine, result.groups[0]
    table = Table(
        title=f"Tokens until the gold is in context: {whole.count} questions of {result.source}\n({result.level})",
        caption=Text(
            f"a miss is charged {result.cap:,} tokens; schema and instructions of repo-memory: {result.overhead}\n"
            f"repo-memory {result.revision}, {result.embedder}; {result.matcher}; {machine.cpu}, {machine.cores} cores"
        ),
    )
    table.add_column()
    columns = (
        "found",
        "first",
        "all gold",
        "middle",
        "resident",
        "turns",
        *(f"recall@{size}" for size in BUDGETS),
    )
    for title in columns:
        table.add_column(title, justify="right")
    for arm in whole.arms:
        counts = (arm.mean("first"), arm.mean("gold"), arm.median, arm.mean("resident"))
        recalls = (f"{arm.mean(f'recall@{size}'):.3f}" for size in BUDGETS)
        name = f"{arm.arm} (headline baseline)" if arm.arm == result.baseline else arm.arm
        numbers = (f"{count:,.0f}" for count in counts)
        table.add_row(name, f"{arm.found:.3f}", *numbers, f"{arm.mean('turns'):.1f}", *recalls)
    return table


def _tell(saving: Saving, baseline: str) -> str:
    return (
        f"{saving.arm} against {baseline}: fewer tokens until the first gold {_percent(saving.first)}, until all gold "
        f"{_percent(saving.gold)} (middle question {saving.median:.1%}, found by both {saving.found_by_both:.1%}), "
        f"resident {_percent(saving.resident)}"
    )


def _percent(found: Estimate) -> str:
    return f"{found.mean:.1%} [{found.low:.1%}, {found.high:.1%}]"


def _bill(result: SavingsResult) -> Table:
    table = Table(
        title="Dollars of a thousand questions (in brackets: of their whole conversations)",
        caption=Text(
            f"cache write, re-read on every remaining turn, output of the calls, and {BASE_CONTEXT:,} tokens of other "
            f"context re-read on each turn that a question takes; prices of {PRICES_DATE}"
        ),
    )
    table.add_column()
    for prices in PRICES:
        for turns in REMAINING_TURNS:
            table.add_column(Text(f"{prices.model}\n{turns} turns on"), justify="right")
    for arm in result.arms:
        bills = [bill for bill in result.bills if bill.arm == arm]
        table.add_row(arm, *(f"{bill.questions:,.0f} ({bill.conversations:,.0f})" for bill in bills))
    return table


def _groups(result: SavingsResult) -> Table:
    table = Table(
        title="Where repo-memory saves and where it loses, against the headline baseline (losses first)",
        caption=Text(
            "lost: questions on which repo-memory, with schema and instructions, needs more tokens\n"
            f"{result.token_error}"
        ),
    )
    for title in ("", "", "n", "lost", "tokens, baseline", "own", "own, later", "found, baseline", "own"):
        table.add_column(title, justify="right" if title else "left")
    for kind in ("category", "language", "repository"):
        groups = [group for group in result.groups if group.kind == kind]
        for group in sorted(groups, key=lambda group: (-group.lost / group.count, group.name)):
            base, own, later = (group.arm(name) for name in (result.baseline, OWN, LATER))
            tokens = (f"{arm.mean('gold'):,.0f}" for arm in (base, own, later))
            counts = (str(group.count), str(group.lost))
            table.add_row(kind, group.name, *counts, *tokens, f"{base.found:.2f}", f"{own.found:.2f}")
        table.add_section()
    return table


def _losses(result: SavingsResult, questions: Mapping[str, str]) -> Table:
    table = Table(
        title="The questions that cost most over the headline baseline", caption=Text(result.token_error)
    )
    for title in ("repository", "question", "category"):
        table.add_column(title)
    table.add_column("baseline", justify="right")
    table.add_column(OWN, justify="right")
    for loss in result.losses:
        text = questions.get(loss.key, loss.key)
        table.add_row(loss.repository, Text(text), loss.category, f"{loss.baseline:,}", f"{loss.own:,}")
    return table
