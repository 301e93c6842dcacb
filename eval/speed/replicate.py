"""A repository made larger: its own code again and again, each time under other names."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from eval.copies import commit_all
from eval.errors import MeasureError
from eval.speed.workload import list_sources
from indexers.model import Skipped
from indexers.parsing.parse import parse_file
from indexers.source.walk import read_source

_NAME = re.compile(r"\w{4,60}")
_LETTERS = "bcdfghjklmnpqrstvwxz"


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A file's text and how many symbols it has."""

    text: str
    symbols: int


def replicate(root: Path, symbols: int) -> int:
    """Adds copies of the repository's sources to it until they have ``symbols``, and commits; how many they have then.

    Copy ``n`` lies in ``copy_n/``. Every name that the repository defines has an ending of its own in each copy,
    wherever the copy writes it, so that a copy's references lead to the copy, and its words are words of their own.

    Raises:
        MeasureError: the repository has no symbols, or more than that already.
        GitError: Git failed.
    """
    sources: dict[str, _Parsed] = {}
    names: set[str] = set()
    for path in list_sources(root):
        found = read_source(root, path)
        if isinstance(found, Skipped):
            continue
        parsed = parse_file(found).symbols
        sources[path] = _Parsed(found.data.decode("utf-8"), len(parsed))
        names |= {symbol.name for symbol in parsed if _NAME.fullmatch(symbol.name)}
    total = sum(source.symbols for source in sources.values())
    if not 0 < total <= symbols:
        raise MeasureError(f"the repository has {total:,} symbols", "ask for more than it has")
    for number in count(1):
        for path, source in sources.items():
            if total >= symbols:
                commit_all(root)
                return total
            target = root / f"copy_{number}" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(rename(source.text, names, _ending(number)), encoding="utf-8")
            total += source.symbols
    raise AssertionError("unreachable")


def rename(text: str, names: Set[str], ending: str) -> str:
    """A text in which each of some names has an ending."""
    return _NAME.sub(lambda match: match[0] + ending if match[0] in names else match[0], text)


def _ending(number: int) -> str:
    """Letters for a number, which no word ends in by chance."""
    letters = ""
    while number:
        number, digit = divmod(number, len(_LETTERS))
        letters += _LETTERS[digit]
    return f"_q{letters}"
