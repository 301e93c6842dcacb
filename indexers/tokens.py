"""Text into estimates of a model's tokens, and text cut to a length."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import mul
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits, punctuation

_CHARACTER_CLASSES = {
    "lowercase": ascii_lowercase.encode(),
    "uppercase": ascii_uppercase.encode(),
    "consonants": bytes(letter for letter in ascii_letters.encode() if letter not in b"aeiouAEIOU"),
    "digits": digits.encode(),
    "newlines": b"\n",
    "blanks": b" \t",
    "tabs": b"\t",
    "punctuation": punctuation.encode(),
    "underscores": b"_",
    "two-byte characters": bytes(range(0xC2, 0xE0)),
    "longer characters": bytes(range(0xE0, 0xF8)),
}
"""Bytes of UTF-8 that count alike; a character outside ASCII is counted at its first byte."""

TOKEN_WEIGHTS = {
    ("lowercase", " x"): (0.596, 0.773),
    ("uppercase", " x"): (0.356, 0.258),
    ("uppercase", "x"): (0.586, 0.174),
    ("consonants", "x"): (0.31, 0.093),
    ("digits", " x"): (1.371, 1.396),
    ("digits", "xxxx"): (1.291, 1.207),
    ("newlines", " x"): (0.789, 0.873),
    ("blanks", " xx"): (1.18, 0.945),
    ("tabs", "x"): (0.61, 0.602),
    ("punctuation", " x"): (1.127, 1.082),
    ("punctuation", "xxx"): (0.972, 0.616),
    ("underscores", "x"): (0.247, 0.334),
    ("two-byte characters", "x"): (0.454, 0.456),
    ("longer characters", "x"): (0.982, 1.012),
}
"""Tokens for each occurrence of a pattern in a class's marks, in the newest family and in the older one.

None is negative: more text, no fewer tokens. Made by ``eval/tokens/fit.py``.
"""


@dataclass(frozen=True, slots=True)
class Family:
    """One of Claude's tokenizers, as estimated: the weights, and the estimate's relative errors.

    ``mean_error`` and ``high_error`` (its 95th percentile) are those against ctok 1.3 on 5,484 texts of the 31
    repositories of the retrieval benchmark's development split, each estimated by weights that were fitted on the
    other 30.
    """

    name: str
    weights: tuple[float, ...]
    mean_error: float
    high_error: float

    @property
    def error_band(self) -> str:
        """What to say beside every total."""
        return f"token counts ±{self.mean_error:.1%} on average, ±{self.high_error:.1%} on one text in twenty"


NEWEST = Family("4.7 and later", tuple(newest for newest, _ in TOKEN_WEIGHTS.values()), 0.047, 0.121)
"""Models from Opus 4.7, Sonnet 5 and Haiku 5.5 on: 1.29 times the older family's tokens on those texts."""

OLDER = Family("before 4.7", tuple(older for _, older in TOKEN_WEIGHTS.values()), 0.041, 0.111)
"""Models from Claude 3 to Opus 4.6, Sonnet 4.6 and Haiku 4.5."""

FAMILIES = (NEWEST, OLDER)

_OLDER_MODELS = frozenset({
    "opus-4", "opus-4-1", "opus-4-5", "opus-4-6", "sonnet-4", "sonnet-4-5", "sonnet-4-6", "haiku-4-5",
})  # fmt: skip
_MODEL = re.compile(r"claude-([a-z]+)-(\d+)(?:[-.](\d{1,2})(?!\d))?")


def model_name(model: str) -> str:
    """A model's family and version (``opus-4-6``), as price lists name it; its own name where it has neither."""
    found = _MODEL.search(model)
    return "-".join(part for part in found.groups() if part) if found else model


def find_family(model: str) -> Family:
    """The tokenizer of a model; the newest for one that is not known."""
    return OLDER if model_name(model) in _OLDER_MODELS else NEWEST


_TABLES = {
    name: bytes(ord("x" if byte in members else " ") for byte in range(256))
    for name, members in _CHARACTER_CLASSES.items()
}
_PATTERNS = tuple((name, pattern.encode()) for name, pattern in TOKEN_WEIGHTS)


def count_token_features(text: str) -> list[int]:
    """How often each pattern of ``TOKEN_WEIGHTS`` occurs in ``text``; none falls when text is appended.

    The text is marked once per character class (``x`` in the class, a blank elsewhere), so that `` x`` counts
    runs of the class and ``xxx`` its stretches of three.
    """
    data = b"\0" + text.encode("utf-8", "replace")
    marked = {name: data.translate(table) for name, table in _TABLES.items()}
    return [marked[name].count(pattern) for name, pattern in _PATTERNS]


def weigh_tokens(text: str, family: Family = NEWEST) -> float:
    """The estimate before it is rounded: those of a text's lines, each with its newline, add up to the text's."""
    tokens: float = sum(map(mul, count_token_features(text), family.weights))
    return tokens


def estimate_tokens(text: str, family: Family = NEWEST) -> int:
    """Tokens that a model of a family is billed for ``text``; 0 only for no text.

    Budgets hold by the newest family, which counts more.
    """
    return max(1, round(weigh_tokens(text, family))) if text else 0


def truncate(text: str, limit: int) -> str:
    """``text`` cut to ``limit`` characters at a word where one is near, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit * 0.6 else cut).rstrip(" ,;:") + "…"
