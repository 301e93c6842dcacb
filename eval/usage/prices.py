"""What models cost: dated prices, the cost of a request by bucket, and of tokens that stand in a prompt."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from indexers.tokens import model_name
from indexers.transcripts.model import Request, Usage


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars per million tokens, from a prompt of ``above`` tokens on and until a day (``YYYY-MM-DD``).

    ``us``: the factor for a prompt that stays in the United States.
    """

    input: float
    output: float
    write_5m: float
    write_1h: float
    read: float
    above: int = 0
    until: str = ""
    us: float = 1.0


@dataclass(frozen=True, slots=True)
class PriceList:
    """Rows by model, of which the first that fits holds; dollars of a search of the web; factors; the list's day."""

    rows: dict[str, tuple[Prices, ...]]
    web_search: float
    fast: float
    batch: float
    checked: str
    source: str

    @property
    def bands(self) -> tuple[int, ...]:
        """Sizes of a prompt from which some model costs more."""
        return tuple(sorted({row.above for rows in self.rows.values() for row in rows if row.above}))


@cache
def price_list() -> PriceList:
    """The list that ships."""
    data = tomllib.loads(files("eval.usage").joinpath("prices.toml").read_text("utf-8"))
    rows: dict[str, tuple[Prices, ...]] = {}
    for row in data["price"]:
        model = row.pop("model")
        rows[model] = (*rows.get(model, ()), _read_row(row))
    return PriceList(
        rows, data["web_search"], data["fast"], data["batch"], str(data["checked"]), data["source"]
    )


def _read_row(row: dict[str, Any]) -> Prices:
    until: date | None = row.pop("until", None)
    return Prices(**row, until=until.isoformat() if until else "")


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars by bucket; ``other`` is searches of the web."""

    read: float = 0
    write: float = 0
    input: float = 0
    output: float = 0
    other: float = 0

    def __add__(self, more: Cost) -> Cost:
        return Cost(
            self.read + more.read,
            self.write + more.write,
            self.input + more.input,
            self.output + more.output,
            self.other + more.other,
        )

    @property
    def total(self) -> float:
        """All of it."""
        return self.read + self.write + self.input + self.output + self.other


@dataclass(frozen=True, slots=True)
class Rates:
    """Dollars of one token in one request; ``write`` is the mean over what the request wrote."""

    input: float
    output: float
    write: float
    read: float


def find_prices(model: str, prompt: int, day: str) -> Prices | None:
    """The prices of a model for a prompt's size on a day; the latest without one; None for a model not in the list."""
    for prices in price_list().rows.get(model_name(model), ()):
        if prompt >= prices.above and (not prices.until or "" < day < prices.until):
            return prices
    return None


def price_usage(model: str, usage: Usage, day: str, prompt: int | None = None) -> Cost | None:
    """What tokens cost by bucket; None for a model without prices.

    Costs of requests alike but for their counts add up: ``prompt``, if given, is the size that tells the band.
    """
    prices = find_prices(model, usage.prompt if prompt is None else prompt, day)
    if prices is None:
        return None
    factor = 1e-6 * factor_of(usage, prices)
    return Cost(
        usage.read * prices.read * factor,
        (usage.write_5m * prices.write_5m + usage.write_1h * prices.write_1h) * factor,
        usage.input * prices.input * factor,
        usage.output * prices.output * factor,
        usage.web_searches * price_list().web_search,
    )


def find_rates(request: Request) -> Rates | None:
    """What a token costs in a request, with its factors for speed, batch and geography."""
    usage = request.usage
    prices = find_prices(request.model, usage.prompt, request.time)
    if prices is None:
        return None
    factor = 1e-6 * factor_of(usage, prices)
    write = prices.write_5m
    if usage.write:
        write = (usage.write_5m * prices.write_5m + usage.write_1h * prices.write_1h) / usage.write
    return Rates(prices.input * factor, prices.output * factor, write * factor, prices.read * factor)


def factor_of(usage: Usage, prices: Prices) -> float:
    """How many times a list price a request pays, for speed, batch and geography."""
    listed = price_list()
    fast = listed.fast if usage.speed == "fast" else 1
    batch = listed.batch if usage.tier == "batch" else 1
    return fast * batch * (prices.us if usage.geography == "us" else 1)


def request_cost(request: Request) -> Cost | None:
    """What a request was billed, by bucket; None for a model without prices."""
    return price_usage(request.model, request.usage, request.time)


def resident_cost(requests: Iterable[Request], position: int, size: float) -> float:
    """Dollars of ``size`` tokens that stand at ``position`` of the prompt in each of some requests.

    A prompt is first what was read from the cache, then what was written to it, then plain input: where the tokens
    stand tells what they cost, so that a request that missed the cache charges them as written again. A prompt that
    has become too short to hold them charges nothing.
    """
    return size * sum(_rate_at(request, position) for request in requests)


def _rate_at(request: Request, position: int) -> float:
    """Dollars of a token at a position of a request's prompt."""
    rates, usage = find_rates(request), request.usage
    if rates is None or (position and usage.prompt <= position):
        return 0
    if usage.read > position:
        return rates.read
    return rates.write if usage.write else rates.input
