"""The search of an agent without an index: words of the question, put to ripgrep, files ranked by what they hold."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from eval.ripgrep.matchers import Lines, Matcher
from indexers.source.content import split_lines
from indexers.terms import stem_word

_STOP_WORDS = """
a about after all also an and any are as at be because been before being between both but by can
code could did do does doing done during each for from get gets had has have having how if in
into is it its itself just like made make makes more most no not of off on once only or other
out over own same should so some such than that the their them then there these they this those
through to too under until up use used uses using very via was were what when where which while
who why will with within without would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""English words that say nothing of what is looked for, and those with which one asks about code."""

MIN_KEYWORD = 3
"""Characters of a keyword: shorter ones match nearly every file."""

PATH_WEIGHT = 2.0
"""Matching lines that a keyword in the path is worth."""

_WORD = re.compile(r"\w+")
_IDENTIFIER = re.compile(r"[a-z\d][A-Z]|_|\d|^[A-Z]{2}")


def choose_keywords(question: str) -> tuple[str, ...]:
    """The question's words without stop words, each once: identifiers whole, others without their endings."""
    words = [word for word in _WORD.findall(question) if len(word) >= MIN_KEYWORD and not word.isdigit()]
    telling = [word for word in words if word.lower() not in STOP_WORDS] or words
    keywords = (word if _IDENTIFIER.search(word) else stem_word(word.lower()) for word in telling)
    return tuple(dict.fromkeys(keywords))


@dataclass(frozen=True, slots=True)
class Window:
    """Lines of a file, 1-based and inclusive."""

    start: int
    end: int


class SourceTree:
    """A folder's text files, and which lines of them match."""

    def __init__(self, folder: Path, matcher: Matcher) -> None:
        self.folder = folder
        self.matcher = matcher
        self._matches: dict[str, Lines] = {}
        self._lines: dict[str, list[str]] = {}

    @cached_property
    def texts(self) -> dict[str, bytes]:
        """Every file that is searched; a NUL byte makes a file binary."""
        read = ((path, _read(self.folder / path)) for path in self.matcher.list_files(self.folder))
        return {path: data for path, data in read if data is not None and b"\0" not in data}

    def lines(self, path: str) -> list[str]:
        """A file's lines."""
        if path not in self._lines:
            self._lines[path] = split_lines(self.texts[path])
        return self._lines[path]

    def match(self, keyword: str) -> Lines:
        """The lines that hold a keyword."""
        if keyword not in self._matches:
            self._matches[keyword] = self.matcher.match(self.folder, self.texts, keyword)
        return self._matches[keyword]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A file by how much of a question it holds, with its matching lines and what each is worth."""

    path: str
    score: float
    values: dict[int, dict[str, float]]

    @property
    def hits(self) -> int:
        """Lines that match."""
        return len(self.values)

    def windows(self, size: int, length: int) -> Iterator[Window]:
        """Windows of ``size`` lines around the matches, best first, none around what another one shows.

        A window is worth the keywords in it, each once; where two are worth the same, more matching lines count, then
        the earlier one. A file that only its name brought is read from the top.
        """
        left = sorted(self.values)
        if not left:
            yield Window(1, min(size, length))
        while left:
            best = max(
                (_window(line, size, length) for line in left),
                key=lambda window: (*self._worth(left, window), -window.start),
            )
            yield best
            left = [line for line in left if not best.start <= line <= best.end]

    def _worth(self, lines: Sequence[int], window: Window) -> tuple[float, int]:
        """What the keywords in a window are worth, and how many of the lines, ascending, are in it."""
        inside = lines[bisect_left(lines, window.start) : bisect_right(lines, window.end)]
        held = {keyword: value for line in inside for keyword, value in self.values[line].items()}
        return sum(held.values()), len(inside)


def rank_files(tree: SourceTree, keywords: Sequence[str]) -> list[Ranked]:
    """Files that match, best first: rarer keywords, more of them and more matching lines of each count for more.

    A file's score is the sum over its keywords of ``ln(1 + files / files with it) * (1 + ln(matching lines))``.
    """
    scores: defaultdict[str, float] = defaultdict(float)
    values: dict[str, dict[int, dict[str, float]]] = {}
    for keyword in keywords:
        content = tree.match(keyword)
        named = {path for path in tree.texts if keyword.lower() in path.lower()}
        found = sorted(content.keys() | named)
        rarity = math.log(1 + len(tree.texts) / max(len(found), 1))
        for path in found:
            lines = content.get(path, [])
            scores[path] += rarity * (1 + math.log(len(lines) + PATH_WEIGHT * (path in named)))
            held = values.setdefault(path, {})
            for line in lines:
                held.setdefault(line, {})[keyword] = rarity
    ordered = sorted(scores, key=lambda path: (-scores[path], path))
    return [Ranked(path, scores[path], values[path]) for path in ordered]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _window(line: int, size: int, length: int) -> Window:
    """``size`` lines around one, within the file."""
    start = max(1, min(line - size // 2, length - size + 1))
    return Window(start, min(start + size - 1, length))
