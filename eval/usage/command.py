"""The ``repo-memory usage`` commands: where the tokens and the money went."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from eval.console import exit_on_error, show_progress
from eval.errors import MeasureError
from eval.options import AsJson
from eval.usage.prices import price_list
from eval.usage.render import name_groups, to_csv, to_json, to_markdown, to_table
from eval.usage.totals import By, Scope, Side, total
from indexers.transcripts.claude_code.paths import all_log_folders
from memory_server.cli.terminal import make_console, say, tell_json
from memory_server.places import user_data

if TYPE_CHECKING:
    from eval.usage.ledger import Imported, Ledger

_TABLE_WIDTH = 80


class _Local(tzinfo):
    """The machine's own time zone, with each day's own offset."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        if moment is None:
            return timedelta(0)
        return moment.replace(tzinfo=None).astimezone().utcoffset() or timedelta(0)

    def dst(self, moment: datetime | None) -> timedelta:  # noqa: ARG002 - the offset has it in it
        return timedelta(0)

    def tzname(self, moment: datetime | None) -> str:  # noqa: ARG002
        return "local"

    def fromutc(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=self)


_LOCAL = _Local()

app = typer.Typer(help="Where the tokens and the money of your conversations went.")

LogFiles = Annotated[
    list[Path] | None,
    typer.Option("--logs", help="Folder or file of logs, without the kept history; may be repeated."),
]
LedgerFile = Annotated[
    Path | None, typer.Option("--ledger", help="File that keeps the history; without it, in the user's data.")
]


@contextmanager
def open_ledger(logs: list[Path] | None, path: Path | None) -> Iterator[tuple[Ledger, Imported]]:
    """The history with what is new in the logs; of ``logs`` alone where they are named without a history.

    Raises:
        MeasureError: a named folder is not there, or there is nothing to read.
    """
    from eval.usage.ledger import Ledger  # the help of all commands need not load the reader

    for folder in logs or ():
        if not folder.exists():
            raise MeasureError(f"no folder {folder}", "pass --logs DIR with Claude Code's logs")
    place = path if path or logs else user_data() / "usage.db"
    ledger = Ledger(place)
    try:
        with show_progress() as add:
            yield ledger, ledger.import_logs(logs or all_log_folders(), add("files"))
    finally:
        ledger.close()


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


def find_zone(name: str) -> tzinfo:
    """A time zone by its name; the machine's own without one.

    Raises:
        MeasureError: there is none of that name.
    """
    if not name:
        return _LOCAL
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise MeasureError(f"no time zone {name}", "name one like Europe/Oslo or UTC") from error


def _read_day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MeasureError(f"{text} is no day", "write it as 2026-11-27") from error
