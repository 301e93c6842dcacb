"""Totals of what was billed, whole and by group, with what is not exact in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING

from eval.usage.prices import Cost, find_prices, price_list, price_usage
from indexers.tokens import model_name
from indexers.transcripts.model import Usage

if TYPE_CHECKING:
    from eval.usage.ledger import Ledger

CHARACTERS_PER_TOKEN = 3.7
"""Of what replies show; for the estimate of outputs that were logged as placeholders, told as a range."""

BUCKETS = ("input", "output", "write_5m", "write_1h", "read", "web_search")
"""What a bill is made of."""

_QUARTER = 900
"""Seconds that any time zone's days are made of."""


class By(StrEnum):
    """What requests are grouped by."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    PROJECT = "project"
    BRANCH = "branch"
    CONVERSATION = "conversation"
    MODEL = "model"
    AGENT = "agent"
    VERSION = "version"


class Side(StrEnum):
    """Whose requests count."""

    MAIN = "main"
    SUB = "sub"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which requests count: those of days (both included), of names that contain a text, of one side."""

    zone: tzinfo
    since: date | None = None
    until: date | None = None
    project: str = ""
    branch: str = ""
    model: str = ""
    side: Side | None = None


@dataclass(slots=True)
class Totals:
    """Tokens by bucket and dollars. ``unpriced``: tokens of models without a price, whose cost is not in the sum.

    ``doubtful`` requests logged ``logged`` output tokens as placeholders, where their content takes about
    ``estimated``; ``more``: what the difference would cost.
    """

    requests: int = 0
    input: int = 0
    output: int = 0
    write_5m: int = 0
    write_1h: int = 0
    read: int = 0
    web_search: int = 0
    dollars: dict[str, float] = field(default_factory=lambda: dict.fromkeys(BUCKETS, 0.0))
    more: float = 0.0
    doubtful: int = 0
    logged: int = 0
    estimated: int = 0
    only_in_progress: int = 0
    unpriced: dict[str, int] = field(default_factory=dict)

    @property
    def cost(self) -> float:
        """Dollars of all that has a price, by the logged counts."""
        return sum(self.dollars.values())

    @property
    def cache_share(self) -> float:
        """The part of all prompts that was read from the cache."""
        prompt = self.input + self.write_5m + self.write_1h + self.read
        return self.read / prompt if prompt else 0.0

    def add(self, other: Totals) -> None:
        """Take in others' requests."""
        for counted in fields(self):
            own, more = getattr(self, counted.name), getattr(other, counted.name)
            if isinstance(own, dict):
                for key, value in more.items():
                    own[key] = own.get(key, 0) + value
            else:
                setattr(self, counted.name, own + more)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much was looked at: files, their lines, and lines with usage that do not count, by reason."""

    files: int
    lines: int
    skipped: dict[str, int]


@dataclass(frozen=True, slots=True)
class Overview:
    """Totals of a scope: the whole, its groups, its days, and what they rest on."""

    by: By
    totals: Totals
    groups: dict[str, Totals]
    first: str
    last: str
    coverage: Coverage


_GROUPS = {
    By.PROJECT: "project", By.BRANCH: "branch", By.CONVERSATION: "session", By.MODEL: "model", By.VERSION: "version",
    By.AGENT: "iif(origin = 0, 'main', 'subagents')",
}  # fmt: skip


def total(ledger: Ledger, scope: Scope, by: By) -> Overview:
    """The totals of a scope. Groups add up to the whole, to the token."""
    timed = by in {By.DAY, By.WEEK, By.MONTH}
    key = f"at / {_QUARTER}" if timed else _GROUPS[by]
    bands = " + ".join(f"(input + writes + read >= {above})" for above in price_list().bands)
    where, values = build_where(scope)
    need = f"content / {CHARACTERS_PER_TOKEN}"
    placeholder = f"(provisional AND (output < 0.4 * {need} OR (output <= 10 AND {need} > 30)))"
    query = f"""
        SELECT {key}, model, speed, tier, geo, {bands}, date(at, 'unixepoch'), min(at), max(at), count(*),
          sum(input), sum(output), sum(writes - write_1h), sum(write_1h), sum(read), sum(web),
          sum({placeholder}), sum(iif({placeholder}, output, 0)),
          sum(iif({placeholder}, CAST({need} AS INTEGER), 0)), sum(origin = 2)
        FROM request WHERE {where} GROUP BY 1, 2, 3, 4, 5, 6, 7
    """
    name = _namer(by, scope.zone)
    whole, groups = Totals(), dict[str, Totals]()
    times: list[int] = []
    for group, model, speed, tier, geo, band, day, start, end, *sums in ledger.database.execute(
        query, values
    ):
        part = _price(model, (speed, tier, geo), band, day or "", sums)
        whole.add(part)
        groups.setdefault(name(group), Totals()).add(part)
        times += [time for time in (start, end) if time is not None]
    first, last = (
        (_day(end, scope.zone).isoformat() for end in (min(times), max(times))) if times else ("", "")
    )
    return Overview(by, whole, groups, first, last, _coverage(ledger))


def _price(model: str, kinds: tuple[str, str, str], band: int, day: str, sums: list[int]) -> Totals:
    """Totals of requests that are priced alike."""
    requests, input_, output, short, long, read, web, doubtful, logged, estimated, progress = sums
    usage = Usage(input_, output, short, long, read, web, *kinds)
    prompt = price_list().bands[band - 1] if band else 0
    made = Totals(
        requests, input_, output, short, long, read, web,
        doubtful=doubtful, logged=logged, estimated=estimated, only_in_progress=progress,
    )  # fmt: skip
    cost = price_usage(model, usage, day, prompt)
    if cost is None:
        made.unpriced[model] = usage.prompt + output
        return made
    made.dollars = _split(cost, usage, model, prompt, day)
    if output:
        made.more = cost.output / output * (estimated - logged)
    return made


def _split(cost: Cost, usage: Usage, model: str, prompt: int, day: str) -> dict[str, float]:
    """Dollars by bucket, with those of writes told apart by lifetime."""
    prices = find_prices(model, prompt, day)
    short = usage.write_5m * prices.write_5m if prices else 0
    long = usage.write_1h * prices.write_1h if prices else 0
    share = cost.write / (short + long) if short + long else 0
    return dict(
        zip(
            BUCKETS,
            (cost.input, cost.output, short * share, long * share, cost.read, cost.other),
            strict=True,
        )
    )


def build_where(scope: Scope) -> tuple[str, list[object]]:
    """A scope as a condition of SQL, with its values."""
    parts, values = ["1"], list[object]()
    if scope.since:
        parts, values = [*parts, "at >= ?"], [*values, _start(scope.since, scope.zone)]
    if scope.until:
        parts, values = [*parts, "at < ?"], [*values, _start(scope.until + timedelta(1), scope.zone)]
    for column, text in (("project", scope.project), ("branch", scope.branch), ("model", scope.model)):
        if text:
            parts, values = [*parts, f"instr({column}, ?)"], [*values, text]
    if scope.side:
        parts.append("origin = 0" if scope.side is Side.MAIN else "origin > 0")
    return " AND ".join(parts), values


def _start(day: date, zone: tzinfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def _day(time: int, zone: tzinfo) -> date:
    return datetime.fromtimestamp(time, zone).date()


def _namer(by: By, zone: tzinfo) -> Callable[[object], str]:
    """How a group's key is told."""

    def name_time(quarter: object) -> str:
        if not isinstance(quarter, int):
            return "undated"
        day = _day(quarter * _QUARTER, zone)
        if by is By.WEEK:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        return day.isoformat()[:7] if by is By.MONTH else day.isoformat()

    if by in {By.DAY, By.WEEK, By.MONTH}:
        return name_time
    if by is By.MODEL:
        return lambda model: model_name(str(model))
    return lambda key: str(key) or "not told"


def _coverage(ledger: Ledger) -> Coverage:
    files, lines = ledger.database.execute("SELECT count(*), coalesce(sum(lines), 0) FROM file").fetchone()
    skipped = dict(ledger.database.execute("SELECT reason, count(*) FROM skip GROUP BY 1 ORDER BY 2 DESC"))
    return Coverage(files, lines, skipped)
