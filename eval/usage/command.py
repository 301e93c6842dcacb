"""The ``repo-memory usage`` commands: where the tokens and the money went."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from eval.console import exit_on_error
from eval.errors import MeasureError
from eval.options import AsJson
from eval.usage.analysis import cache, doctor, verify, what_if
from eval.usage.history import LedgerFile, LogFiles, open_ledger
from eval.usage.prices import price_list
from eval.usage.render import name_groups, to_csv, to_json, to_markdown, to_table
from eval.usage.totals import By, Scope, Side, total
from eval.usage.zones import find_zone
from memory_server.cli.terminal import make_console, say, tell_json
from memory_server.places import user_data

_TABLE_WIDTH = 80


app = typer.Typer(help="Where the tokens and the money of your conversations went.")


@app.callback(invoke_without_command=True)
def usage(
    context: typer.Context,
    by: Annotated[By, typer.Option(help="What to group by.")] = By.MODEL,
    since: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")] = "",
    until: Annotated[str, typer.Option(help="Last day, YYYY-MM-DD.")] = "",
    last: Annotated[int, typer.Option(min=0, help="Only so many days, today included.")] = 0,
    timezone: Annotated[str, typer.Option(help="Time zone of the days, as in Europe/Oslo.")] = "",
    project: Annotated[str, typer.Option(help="Only folders whose path contains this.")] = "",
    branch: Annotated[str, typer.Option(help="Only branches whose name contains this.")] = "",
    model: Annotated[str, typer.Option(help="Only models whose name contains this.")] = "",
    agent: Annotated[Side | None, typer.Option(help="Only the main contexts, or only subagents.")] = None,
    top: Annotated[int, typer.Option(min=0, help="So many groups, the others as one; 0 for all.")] = 0,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
    no_cost: Annotated[bool, typer.Option("--no-cost", help="Tokens alone.")] = False,
    hide: Annotated[bool, typer.Option("--redact", help="No names of folders, branches, sessions.")] = False,
    logs: LogFiles = None,
    ledger: LedgerFile = None,
) -> None:
    """Where the tokens and the money of your conversations went."""
    if context.invoked_subcommand:
        return
    with exit_on_error():
        zone = find_zone(timezone)
        first, end = _read_day(since), _read_day(until)
        if last:
            first = datetime.now(zone).date() - timedelta(last - 1)
        scope = Scope(zone, first, end, project, branch, model, agent)
        with open_ledger(logs, ledger) as (opened, _):
            overview = total(opened, scope, by)
    groups, cost = name_groups(overview, top, hide=hide), not no_cost
    if as_json:
        tell_json(to_json(overview, groups, timezone or "local", cost=cost))
    elif as_csv:
        say(to_csv(overview, groups, cost=cost))
    elif as_markdown:
        say(to_markdown(overview, groups, cost=cost))
    elif not overview.totals.requests:
        say("no requests; pass --logs DIR with Claude Code's logs, or widen the filters")
    else:
        make_console(width=_TABLE_WIDTH).print(to_table(overview, groups, cost=cost))


@app.command("import")
def import_(logs: LogFiles = None, ledger: LedgerFile = None) -> None:
    """Keep what is new in the logs, before the client deletes them."""
    with exit_on_error(), open_ledger(logs, ledger or user_data() / "usage.db") as (_, done):
        say(f"{done.files:,} files, {done.read:,} with something new: {done.requests:,} requests read")


@app.command()
def prices() -> None:
    """The prices that hold, in dollars per million tokens."""
    listed = price_list()
    say(f"{listed.source}, {listed.checked}")
    say(f"{'model':<13} {'input':>7} {'output':>7} {'5m':>7} {'1h':>7} {'read':>7}")
    for model, rows in listed.rows.items():
        for row in rows:
            counts = (row.input, row.output, row.write_5m, row.write_1h, row.read)
            above = f"  prompts from {row.above:,}" if row.above else ""
            until = f"  before {row.until}" if row.until else ""
            say(f"{model:<13} {' '.join(f'{value:>7g}' for value in counts)}{above}{until}")


for _command in (cache, what_if, verify, doctor):
    app.command()(_command)


def _read_day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MeasureError(f"{text} is no day", "write it as 2026-11-27") from error
