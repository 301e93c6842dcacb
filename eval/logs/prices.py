"""What models cost: published prices, the cost of a request by bucket, and of tokens that stand in a prompt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from indexers.tokens import model_name
from indexers.transcripts.model import Request

PRICES_DATE = "late 2026"

WEB_SEARCH = 0.01
"""Dollars of one search of the web."""

_FAST, _BATCH, _UNITED_STATES = 2.0, 0.5, 1.1


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars per million tokens, from a prompt of ``above`` tokens on and until ``before`` (a date) if there is one.

    ``regional``: it charges more for a prompt that stays in
    the United States.
    """

    input: float
    output: float
    write_5m: float
    write_1h: float
    read: float
    above: int = 0
    before: str = ""
    regional: bool = True


_OPUS_4 = Prices(15, 75, 18.75, 30, 1.5, regional=False)
_OPUS_4_5 = Prices(5, 25, 6.25, 10, 0.5, regional=False)
_OPUS_4_6 = Prices(5, 25, 6.25, 10, 0.5)
_OPUS_4_7 = Prices(5, 25, 6.25, 10, 0.5)
_SONNET_4 = Prices(3, 15, 3.75, 6, 0.3, regional=False)
_SONNET_4_LONG = Prices(6, 22.5, 7.5, 12, 0.6, above=200_001, regional=False)
_FABLE_5, _FABLE_5_1 = Prices(10, 50, 12.5, 20, 1), Prices(10, 50, 12.5, 20, 0.25)

PRICES: dict[str, tuple[Prices, ...]] = {
    "fable-5-1": (_FABLE_5_1,),
    "mythos-5-1": (_FABLE_5_1,),
    "fable-5": (_FABLE_5,),
    "mythos-5": (_FABLE_5,),
    "opus-5-5": (Prices(4, 20, 5, 8, 0.2),),
    "opus-5": (_OPUS_4_7,),
    "opus-4-8": (_OPUS_4_7,),
    "opus-4-7": (_OPUS_4_7,),
    "opus-4-6": (_OPUS_4_6,),
    "opus-4-5": (_OPUS_4_5,),
    "opus-4-1": (_OPUS_4,),
    "opus-4": (_OPUS_4,),
    "sonnet-5-5": (Prices(2, 10, 2.5, 4, 0.2, before="2026-10-07"), Prices(2, 10, 2.5, 4, 0.1)),
    "sonnet-5": (Prices(2, 10, 2.5, 4, 0.2),),
    "sonnet-4-6": (Prices(3, 15, 3.75, 6, 0.3),),
    "sonnet-4-5": (_SONNET_4_LONG, _SONNET_4),
    "sonnet-4": (_SONNET_4_LONG, _SONNET_4),
    "haiku-5-5": (Prices(0.5, 2.5, 0.625, 1, 0.05, above=100_001), Prices(0.1, 0.5, 0.125, 0.2, 0.01)),
    "haiku-4-5": (Prices(1, 5, 1.25, 2, 0.1, regional=False),),
}
"""As Anthropic's price list had them at ``PRICES_DATE``, by model; of several the first that applies."""


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


def find_prices(request: Request) -> Prices | None:
    """The prices that hold for a request; None for a model that is not in the list."""
    for prices in PRICES.get(model_name(request.model), ()):
        if request.usage.prompt >= prices.above and (not prices.before or request.time < prices.before):
            return prices
    return None


def find_rates(request: Request) -> Rates | None:
    """What a token costs in a request, with its factors for speed, batch and geography."""
    prices = find_prices(request)
    if prices is None:
        return None
    usage = request.usage
    factor = 1e-6 * (_FAST if usage.speed == "fast" else 1) * (_BATCH if usage.tier == "batch" else 1)
    factor *= _UNITED_STATES if prices.regional and usage.geography == "us" else 1
    write = prices.write_5m
    if usage.write:
        write = (usage.write_5m * prices.write_5m + usage.write_1h * prices.write_1h) / usage.write
    return Rates(prices.input * factor, prices.output * factor, write * factor, prices.read * factor)


def request_cost(request: Request) -> Cost | None:
    """What a request was billed, by bucket; None for a model without prices."""
    rates = find_rates(request)
    if rates is None:
        return None
    usage = request.usage
    return Cost(
        usage.read * rates.read,
        usage.write * rates.write,
        usage.input * rates.input,
        usage.output * rates.output,
        usage.web_searches * WEB_SEARCH,
    )


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
