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
from indexers.languages.registry import all_specs
from indexers.model import SourceFile
from indexers.parsing.parse import parse_file
from indexers.source.walk import read_source

_NAME = re.compile(r"\w{4,60}")
_LETTERS = "bcdfghjklmnpqrstvwxz"


@dataclass(frozen=True, slots=True)
class _Source:
    """A file's text, and how many symbols each of its copies has."""

    text: str
    copied: int


def replicate(root: Path, symbols: int) -> int:
    """Adds copies of the repository's sources to it until they have ``symbols``, and commits; how many they have then.

    Copy ``n`` lies in ``copy_n/``. Every name that the repository defines has an ending of its own in each copy,
    wherever the copy writes it, so that a copy's references lead to the copy, and its words are words of their own.
    Names that a language's queries know (``attr_accessor``) stay: what they declare would be no symbol any more.

    Raises:
        MeasureError: the repository has no symbols, or more than that already.
        GitError: Git failed.
    """
    found = [
        source for path in list_sources(root) if isinstance(source := read_source(root, path), SourceFile)
    ]
    parsed = [parse_file(source).symbols for source in found]
    names = {
        symbol.name for file in parsed for symbol in file if _NAME.fullmatch(symbol.name)
    } - _known_names()
    total = sum(map(len, parsed))
    if not 0 < total <= symbols:
        raise MeasureError(f"the repository has {total:,} symbols", "ask for more than it has")
    sources: dict[str, _Source] = {}
    for source in found:
        text = source.data.decode("utf-8")
        copy = SourceFile(source.path, rename(text, names, _ending(1)).encode())
        sources[source.path] = _Source(text, len(parse_file(copy).symbols))
    for number in count(1):
        for path, made in sources.items():
            if total >= symbols:
                commit_all(root)
                return total
            target = root / f"copy_{number}" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(rename(made.text, names, _ending(number)), encoding="utf-8", newline="")
            total += made.copied
    raise AssertionError("unreachable")


def _known_names() -> set[str]:
    """The words of every language's queries."""
    queries = ((spec.folder / "tags.scm").read_text("utf-8") for spec in all_specs())
    return {word for query in queries for word in _NAME.findall(query)}


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
