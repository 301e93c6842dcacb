"""How an agent without an index reads: whole files, files as Claude Code caps them, windows, matches with context."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest

from eval.ripgrep.ranking import Ranked, SourceTree, Window, choose_keywords, rank_files
from eval.savings.context import Turn
from eval.savings.gold import ReplyLine
from eval.tokens.count import EstimateCounter

LISTED = 20
"""Files of the ranking that the agent reads."""

READ_LINES, READ_LINE_LENGTH = 2_000, 2_000
"""Lines, and characters of a line, that Claude Code's Read gives at once."""

READ_TOKENS, READ_BYTES = 25_000, 262_144
"""Tokens of output and bytes of a file above which Claude Code's Read gives an error instead."""

LARGE_WINDOW = 500
"""Lines that are read of a file which is too large for Read: around its best match."""

BASH_CHARACTERS = 30_000
"""Characters of output that Claude Code's Bash gives."""

CONTEXT_LINES = 3
"""Lines that ``rg -C`` shows around a match."""

WINDOWS = (50, 100, 150)

Arm = Callable[[SourceTree, str], Iterator[Turn]]


def read_whole(tree: SourceTree, question: str) -> Iterator[Turn]:
    """Every listed file, whole: what is often called the cost without an index, and its upper bound."""
    ranked = _listed(tree, question)
    yield _listing(tree, question)
    for found in ranked:
        yield _read(tree, found.path, 1, len(tree.lines(found.path)))


def read_capped(tree: SourceTree, question: str) -> Iterator[Turn]:
    """Every listed file as Claude Code's Read gives it; of one too large for it, an error and then a window."""
    ranked = _listed(tree, question)
    yield _listing(tree, question)
    for found in ranked:
        whole = _read(tree, found.path, 1, min(len(tree.lines(found.path)), READ_LINES))
        size = len(tree.texts[found.path])
        if size <= READ_BYTES and sum(whole.line_tokens(EstimateCounter())) <= READ_TOKENS:
            yield whole
            continue
        message = f"File content exceeds the maximum allowed ({READ_TOKENS} tokens). Use offset and limit."
        yield Turn("Read", whole.input, (ReplyLine(message),))
        window = next(found.windows(LARGE_WINDOW, len(tree.lines(found.path))))
        yield _read(tree, found.path, window.start, window.end)


def read_windows(size: int) -> Arm:
    """The best window of each listed file, then the second best of each, and so on."""

    def arm(tree: SourceTree, question: str) -> Iterator[Turn]:
        ranked = _listed(tree, question)
        yield _listing(tree, question)
        windows = (_windows(tree, found, size) for found in ranked)
        for turn in zip_longest(*windows):
            for path, window in filter(None, turn):
                yield _read(tree, path, window.start, window.end)

    return arm


def grep_context(tree: SourceTree, question: str) -> Iterator[Turn]:
    """``rg -C`` for one keyword at a time, the one in the fewest files first."""
    counts = {keyword: len(tree.match(keyword)) for keyword in choose_keywords(question)}
    for keyword in sorted(counts, key=lambda keyword: (counts[keyword], keyword)):
        command = f"rg -n -i -C {CONTEXT_LINES} {_quote(keyword)}"
        yield Turn("Bash", json.dumps({"command": command}), _matches(tree, keyword))


ARMS: dict[str, Arm] = {
    "whole files (upper bound)": read_whole,
    "whole files as Read caps them": read_capped,
    **{f"rg, windows of {size}": read_windows(size) for size in WINDOWS},
    "rg -C": grep_context,
}

BASELINES = tuple(f"rg, windows of {size}" for size in WINDOWS)
"""Of these the one with the fewest tokens is the headline baseline."""


def _windows(tree: SourceTree, found: Ranked, size: int) -> Iterator[tuple[str, Window]]:
    return ((found.path, window) for window in found.windows(size, len(tree.lines(found.path))))


_rank = lru_cache(maxsize=1)(rank_files)
"""The arms are put the same question one after the other."""


def _listed(tree: SourceTree, question: str) -> list[Ranked]:
    return _rank(tree, choose_keywords(question))[:LISTED]


def _listing(tree: SourceTree, question: str) -> Turn:
    """The one call that finds the files: each keyword's files with their matching lines counted, as the ranking needs.

    Generous: where in a file the best window is, the agent is taken to know.
    """
    keywords = choose_keywords(question)
    command = "; ".join(f"rg -i -c {_quote(keyword)}" for keyword in keywords)
    counts = (
        ReplyLine(f"{path}:{len(lines)}")
        for keyword in keywords
        for path, lines in sorted(tree.match(keyword).items())
    )
    return Turn("Bash", json.dumps({"command": command}), _cut(counts))


def _read(tree: SourceTree, path: str, start: int, end: int) -> Turn:
    """Claude Code's Read of some lines of a file; of the whole one, without saying which."""
    text = tree.lines(path)
    asked: dict[str, object] = {"file_path": path}
    if (start, end) != (1, min(len(text), READ_LINES)):
        asked |= {"offset": start, "limit": end - start + 1}
    lines = tuple(
        ReplyLine(f"{number}\t{text[number - 1][:READ_LINE_LENGTH]}", path, number)
        for number in range(start, end + 1)
    )
    return Turn("Read", json.dumps(asked), lines)


def _matches(tree: SourceTree, keyword: str) -> list[ReplyLine]:
    """What ``rg -n -C`` prints."""
    matches = sorted(tree.match(keyword).items())
    return _cut(line for path, numbers in matches for line in _with_context(tree, path, numbers))


def _cut(lines: Iterable[ReplyLine]) -> list[ReplyLine]:
    """As much of a command's output as Bash gives."""
    shown: list[ReplyLine] = []
    room = BASH_CHARACTERS
    for line in lines:
        room -= len(line.text) + 1
        if room < 0:
            break
        shown.append(line)
    return shown


def _with_context(tree: SourceTree, path: str, numbers: Sequence[int]) -> Iterator[ReplyLine]:
    text, matching, last = tree.lines(path), set(numbers), 0
    for match in numbers:
        start, end = max(1, match - CONTEXT_LINES, last + 1), min(len(text), match + CONTEXT_LINES)
        if start > last + 1 or not last:
            yield ReplyLine("--")
        for number in range(start, end + 1):
            mark = ":" if number in matching else "-"
            yield ReplyLine(f"{path}{mark}{number}{mark}{text[number - 1]}", path, number)
        last = max(last, end)


def _quote(word: str) -> str:
    return f"'{word}'"
