"""A result on a terminal."""

from __future__ import annotations

from rich.console import Group as Together
from rich.table import Table
from rich.text import Text

from eval.exact.results import ExactResult

_COLUMNS = (
    "n", "line shown", "first", "tokens", "90%", "ms", "95%", "rg: line shown", "rg: tokens",
)  # fmt: skip


def build_report(result: ExactResult) -> Together:
    """A line for each kind and variant, then what could not be measured."""
    machine = result.machine
    where = f"{len(result.repositories)} repositories, seed {result.seed}"
    caption = f"repo-memory {result.revision}, {result.embedder}; {machine.cpu}, {machine.cores} cores"
    table = Table(title=f"Text that stands in one line, {where}", caption=Text(caption))
    table.add_column()
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    for group in result.groups:
        table.add_row(
            f"{group.kind}, {group.variant}",
            str(group.count),
            f"{group.shown:.1%}",
            f"{group.first:.1%}",
            f"{group.tokens_median:g}",
            f"{group.tokens_p90:g}",
            f"{group.milliseconds_median:g}",
            f"{group.milliseconds_p95:g}",
            f"{group.ripgrep_shown:.1%}",
            f"{group.ripgrep_tokens_median:g}",
        )
        if group.kind == "all":
            table.add_section()
    missing = [Text(f"not measured: {one.name}: {one.reason}") for one in result.unmeasured]
    return Together(table, *missing)
