"""Ways to count tokens for a measurement: the product's estimate, ctok, or Anthropic's own count over the network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from hashlib import blake2b
from importlib import import_module
from importlib.metadata import version
from typing import Protocol

from eval.errors import MeasureError
from eval.tokens.api import message_counter
from indexers.tokens import NEWEST, OLDER, Family, estimate_tokens, weigh_tokens


class TokenCounter(Protocol):
    """Counts tokens, and says how surely."""

    @property
    def error_band(self) -> str:
        """What to say beside every total."""

    def count(self, text: str) -> int:
        """Tokens of a text; 0 of no text."""

    def count_lines(self, lines: Sequence[str]) -> Iterator[float]:
        """Tokens of each line of a text; together they are those of the text, less rounding."""


_weigh_line = lru_cache(maxsize=200_000)(weigh_tokens)
"""The same lines are shown by many arms."""


@dataclass(frozen=True, slots=True)
class EstimateCounter:
    """The product's own estimate for a family of models."""

    family: Family = NEWEST

    @property
    def error_band(self) -> str:
        """How far the estimate is off."""
        return self.family.error_band

    def count(self, text: str) -> int:
        """Estimated tokens."""
        return estimate_tokens(text, self.family)

    def count_lines(self, lines: Sequence[str]) -> Iterator[float]:
        """Estimated tokens of each line with its newline, as they are asked for."""
        return (_weigh_line(f"{line}\n", self.family) for line in lines)


class ReferenceCounter:
    """Counts of whole texts by what counts messages; the same text is put to it once.

    A text's lines share its count in proportion to their estimates: what a tokenizer makes of a line depends on its
    neighbours, and a count for each line would be a request for each.
    """

    def __init__(self, error_band: str, count_message: Callable[[str], int]) -> None:
        self.error_band = error_band
        self._count_message = count_message
        self._counts: dict[bytes, int] = {}

    def count(self, text: str) -> int:
        """Tokens of a text without the frame of its message: "a" is one token in all families."""
        if not text.strip():  # Anthropic's endpoint refuses messages without a visible character
            return estimate_tokens(text)
        return self._count_once(text) - self._count_once("a") + 1

    def count_lines(self, lines: Sequence[str]) -> Iterator[float]:
        """Tokens of each line."""
        weights = [_weigh_line(f"{line}\n", NEWEST) for line in lines]
        scale = self.count("\n".join(lines)) / (sum(weights) or 1)
        return (weight * scale for weight in weights)

    def _count_once(self, text: str) -> int:
        key = blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
        if key not in self._counts:
            self._counts[key] = self._count_message(text)
        return self._counts[key]


_CTOK_VERSIONS = {NEWEST: "4.8", OLDER: "3.0"}


def ctok_counter(family: Family = NEWEST) -> ReferenceCounter:
    """Counts by ctok, offline.

    Raises:
        MeasureError: it is not installed.
    """
    try:
        count = import_module("ctok").token_count
    except ImportError as error:
        raise MeasureError(
            "ctok is not installed", "pip install 'ctok>=1.3,<2' with Python 3.12 or newer"
        ) from error
    told = f"token counts by ctok {version('ctok')}, models {family.name}"
    return ReferenceCounter(told, partial(count, version=_CTOK_VERSIONS[family]))


class CountBy(StrEnum):
    """What counts the tokens of a measurement."""

    ESTIMATE = "estimate"
    CTOK = "ctok"
    API = "api"


COUNTED_MODEL = "claude-opus-5-5"
"""Whose tokens the endpoint counts where the user names no model: the first one that the bill is told for."""


@dataclass(frozen=True, slots=True)
class Counting:
    """The choice of a counter, as it is handed to worker processes; ``model`` is for the endpoint alone."""

    by: CountBy = CountBy.ESTIMATE
    model: str = COUNTED_MODEL

    @property
    def key(self) -> str:
        """All that counts depend on, as a part of a file name."""
        return re.sub(r"[^\w.-]", "-", f"api-{self.model}") if self.by is CountBy.API else self.by.value

    def open(self) -> TokenCounter:
        """A counter, with nothing counted yet.

        Raises:
            MeasureError: ctok is not installed, or there is no key for the endpoint.
        """
        if self.by is CountBy.CTOK:
            return ctok_counter()
        if self.by is CountBy.API:
            counter = message_counter(self.model)
            return ReferenceCounter(f"token counts by Anthropic's own count of {self.model}", counter.count)
        return EstimateCounter()

    @property
    def notice(self) -> str:
        """What a user has to know before a run; empty where nothing leaves the machine."""
        if self.by is not CountBy.API:
            return ""
        host = message_counter(self.model).host
        return f"--count api: questions, calls and replies, with your code in them, are sent to {host} to be counted"
