"""Texts that stand in one line of a repository alone: messages, options and keys, as people would search for them.

Nothing here knows of an index: a repository is its files' lines.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a text is in its file."""

    MESSAGE = "message"
    """A string of three words or more."""
    OPTION = "option"
    """An option of a command, ``--dry-run``."""
    KEY = "key"
    """A key of a configuration or of the environment: ``pool.size``, ``POOL_SIZE``."""


class Variant(StrEnum):
    """How a text is searched for."""

    PLAIN = "as it is"
    QUOTED = "in quotes"
    CUT = "a part of it"
    FILLED = "with values in its holes"


@dataclass(frozen=True, slots=True)
class Item:
    """A text to search for, and the line (from 1) that holds what it was made of."""

    kind: Kind
    variant: Variant
    query: str
    path: str
    line: int


_STRING = re.compile(r'"((?:[^"\\\n]|\\.){6,200})"|\'((?:[^\'\\\n]|\\.){6,200})\'')
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]{2,40}(?![\w-])")
_KEY = re.compile(r"[a-z][\w-]*(?:\.[a-z][\w-]*)+|[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+")
_FILE = re.compile(
    r"\.(?:py|[jt]sx?|rb|go|rs|java|kt|c|h|cc|cpp|cs|php|json|ya?ml|toml|html?|css|md|rst|txt|xml|sh|lock|cfg|ini|sql|log"
    r"|conf|png|svg|gif|jpg|pdf|zip|gz)\Z"
)
_HOLE = re.compile(r"%[sdrv]|%\([a-z_]+\)s|\$\{[^{}]*\}|#\{[^{}]*\}|\{[^{}]*\}")
_VALUES = ("42", "/srv/app/data.json", "worker-3", "'main'", "alice", "0.25")
_PROSE = re.compile(r"[A-Za-z][^\\]*\Z")
_LEAST_WORDS, _CUT_WORDS = 3, 5


def sample_items(texts: Mapping[str, Sequence[str]], count: int, seed: int) -> list[Item]:
    """At most ``count`` texts, a third of each kind, of the lines of each path, the same for the same seed.

    Of each kind, those that can be are also searched for in every other variant.
    """
    drawn = random.Random(seed)
    lines = [line for path in sorted(texts) for line in texts[path]]
    items: list[Item] = []
    for kind in Kind:
        found = sorted(set(_find(kind, texts)))
        drawn.shuffle(found)
        unique = (one for one in found if _is_unique(one[0], lines))
        for text, path, line in _take(unique, count // len(Kind)):
            items += [Item(kind, variant, query, path, line) for variant, query in _vary(kind, text, drawn)]
    return items


def _find(kind: Kind, texts: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, int]]:
    for path, lines in texts.items():
        for number, line in enumerate(lines, 1):
            if kind is Kind.OPTION:
                yield from ((option, path, number) for option in _OPTION.findall(line))
                continue
            for string in (one or other for one, other in _STRING.findall(line)):
                is_message = len(string.split()) >= _LEAST_WORDS and _PROSE.match(string)
                is_key = _KEY.fullmatch(string) and not _FILE.search(string)
                if is_message if kind is Kind.MESSAGE else is_key:
                    yield string, path, number


def _is_unique(text: str, lines: Sequence[str]) -> bool:
    """Whether one line of all holds a text."""
    holding = (line for line in lines if text in line)
    return next(holding, None) is not None and next(holding, None) is None


def _take(found: Iterator[tuple[str, str, int]], count: int) -> Iterator[tuple[str, str, int]]:
    """The first of them, no two of one line."""
    seen: Counter[tuple[str, int]] = Counter()
    for text, path, line in found:
        if len(seen) == count:
            return
        if not seen[path, line]:
            seen[path, line] += 1
            yield text, path, line


def _vary(kind: Kind, text: str, drawn: random.Random) -> Iterator[tuple[Variant, str]]:
    if kind is Kind.MESSAGE and _HOLE.search(text):
        yield Variant.FILLED, _HOLE.sub(lambda _: drawn.choice(_VALUES), text)
        return
    yield Variant.PLAIN, text
    yield Variant.QUOTED, f'"{text}"'
    words = text.split(" ")
    if kind is Kind.MESSAGE and len(words) > _CUT_WORDS:
        start = drawn.randrange(1, len(words) - _CUT_WORDS + 1)
        yield Variant.CUT, " ".join(words[start : start + _CUT_WORDS])
