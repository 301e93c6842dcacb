"""A message as it was printed, found where it is written: with holes where its values stand, over several lines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexers.source.content import split_lines
from indexers.terms import text_terms
from memory_server.deadline import is_overdue
from memory_server.index.fresh import Sight
from memory_server.index.view import View
from memory_server.query.exact.scan import Place, rank_role, read_raw
from memory_server.query.exact.wanted import re2_escape

LONGEST = 600
"""Characters of a printed line that are compared with what is written."""

MOST_LINES = 8
"""Lines of a query that are taken for messages: the last, where a trace says what went wrong."""

CANDIDATES = 30
"""Symbols that are read: those with the most of a message's words, by how rare they are."""

SPAN = 0.6
"""Share of a message that what is written must account for, the values in its holes among it."""

FIXED, FIXED_SHARE, FIXED_WORDS = 8, 0.7, 3
"""Letters that what is written must have outside its holes, and how many of those of a message's plain words: what has
digits, dots or quotes in it is a value. A question has words of its own; of two words, all must be fixed.
"""

CUT = 6
"""Characters by which a piece is known that the message's beginning or end cuts."""

CUT_WORDS = 3, 2
"""Words that must be left of such a piece, at the message's beginning and at its end."""

RUN = 3
"""Lines between two parts of one message."""

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|`((?:[^`\\]|\\.)*)`')
_HOLE = re.compile(
    r"%(?:\([\w.]+\)|\d+\$)?[-+#0 ]*\d*(?:\.\d+)?(?:hh|ll|[hlzjtL])?[a-zA-Z@]|%\{\w*\}|[$#]\{[^{}]*\}|\{\{[^{}]*\}\}"
    r"|\{[^{}]*\}|\\\([^()]*\)|<[\w %=.()-]+>|\$\w+|\\[nrt]"
)
_QUESTION = re.compile(r"(?:how|where|what|which|why|who|when)\b|.*\?\Z", re.IGNORECASE)
_SPACES = re.compile(r"\s+")
_PLAIN = re.compile(r"(?<!\S)[(\[]?([^\W\d_]+)[.,:;!?)\]]*(?!\S)")
_MARK = re.compile(r"[:='\"`(\[]")
"""What messages have, and questions seldom."""
_LETTERS = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Part:
    """What one line writes of a message: which span of it, how many letters and words are fixed, and where they end."""

    place: Place
    start: int
    end: int
    letters: int
    words: int
    fixed: int


@dataclass(frozen=True, slots=True)
class Message:
    """Lines that write a printed message, and how many of its letters stand there."""

    places: tuple[Place, ...]
    letters: int


def find_messages(
    sight: Sight, root: str | os.PathLike[str], text: str, allowed: NDArray[np.bool_] | None = None
) -> tuple[list[Message], set[str]]:
    """Where the messages that a text quotes are written, the code's before others, then the most literal.

    And the files where they may be as well, for which there was no time.
    """
    lines = [line for line in text.splitlines() if line.strip()][-MOST_LINES:]
    found: list[Message] = []
    unread: set[str] = set()
    for line in lines:
        said = _SPACES.sub(" ", line[:LONGEST]).strip()
        if len(said.split()) >= 3 and not _QUESTION.match(said):
            found += _find_said(sight, root, said, allowed, unread)
    best = max((message.letters for message in found), default=0)
    kept = [message for message in found if message.letters >= 0.8 * best]
    kept.sort(key=lambda message: (rank_role(sight, message.places[0].path), -message.letters))
    return kept, unread


def _find_said(
    sight: Sight,
    root: str | os.PathLike[str],
    said: str,
    allowed: NDArray[np.bool_] | None,
    unread: set[str],
) -> Iterator[Message]:
    """The messages of one line; files for which there is no time are put to those ``unread``."""
    words = set(re.findall(r"[^\W_]{4,}", said)) or set(said.split())
    pattern = "|".join(sorted(map(re2_escape, words)))
    for path, numbers in _candidate_lines(sight.view, said, allowed).items():
        if is_overdue():
            unread.add(path)
            continue
        text = split_lines(read_raw(root, path))
        near = [(number, text[number - 1][:LONGEST]) for number in sorted(numbers) if number <= len(text)]
        column = pa.array([line for _, line in near], pa.large_string())
        holding = pc.indices_nonzero(pc.match_substring_regex(column, pattern=pattern)).to_pylist()
        parts = [part for at in holding for part in _parts_of(said, Place(path, near[at][0]), near[at][1])]
        for message in _join(said, parts):
            served = sight.lines_if_served(path)
            # What was looked through is the file as it lies there, which may hold what is not served.
            if all(served[p.line - 1 : p.line] == text[p.line - 1 : p.line] for p in message.places):
                yield message


def _candidate_lines(view: View, said: str, allowed: NDArray[np.bool_] | None) -> dict[str, set[int]]:
    """By file, the lines of the symbols that may write a message."""
    lines: dict[str, set[int]] = {}
    for symbol in _candidates(view, said, allowed):
        span = range(int(view.start_line[symbol]), int(view.end_line[symbol]) + 1)
        lines.setdefault(view.path_of(symbol), set()).update(span)
    return lines


def _candidates(view: View, said: str, allowed: NDArray[np.bool_] | None) -> list[int]:
    """The symbols with most of the words, by how rare they are."""
    total = np.zeros(len(view), np.float32)
    postings = view.lexical.documents
    for term in sorted(set(text_terms(said))):
        total[postings.documents[postings.find(term)]] += view.lexical.idf(term)
    if allowed is not None:
        total[~allowed[view.file_of]] = 0
    best = np.argsort(-total, kind="stable")[:CANDIDATES]
    return [int(symbol) for symbol in best if total[symbol] > 0.4 * total[best[0]]]


def _parts_of(said: str, place: Place, line: str) -> Iterator[Part]:
    """What a line's strings, or the line where it has none, write of a message."""
    strings = [next(filter(None, found), "") for found in _STRING.findall(line)] or [line.strip()]
    best: Part | None = None
    for string in strings:
        found = _match(said, string)
        if found and (best is None or found[2] > best.letters):
            best = Part(place, *found)
    if best:
        yield best


def _match(said: str, written: str) -> tuple[int, int, int, int, int] | None:
    """What a text with holes says of a message, as in `Part`; None unless all of it does.

    A message that was cut may begin or end within what is written.
    """
    unescaped = written.replace('\\"', '"').replace("\\'", "'")
    pieces = [_SPACES.sub(" ", piece) for piece in _HOLE.split(unescaped)]
    first, end, letters, words = -1, 0, 0, 0
    for piece in pieces:
        if not _LETTERS.search(piece):
            continue
        found = _find_piece(said, piece.strip(), end)
        if found is None:
            return None
        first = found[0] if first < 0 else first
        end = found[1]
        letters += len(_LETTERS.findall(said[found[0] : end]))
        words += len(said[found[0] : end].split())
        if end == len(said):
            break
    if first < 0:
        return None
    opens, closes = (len(pieces) > 1 and not _LETTERS.search(piece) for piece in (pieces[0], pieces[-1]))
    return (_before(said, first) if opens else first), (len(said) if closes else end), letters, words, end


def _find_piece(said: str, piece: str, start: int) -> tuple[int, int] | None:
    """Where a piece stands in a message after a place: whole, or cut at the message's beginning or end."""
    at = said.find(piece, start)
    if at >= 0:
        return at, at + len(piece)
    at = said.find(piece[:CUT], start)
    if at >= 0 and piece.startswith(end := said[at:]) and len(end.split()) >= CUT_WORDS[1]:
        return at, len(said)
    at = said.find(piece[-CUT:]) if start == 0 else -1
    if at >= 0 and piece.endswith(beginning := said[: at + CUT]) and len(beginning.split()) >= CUT_WORDS[0]:
        return 0, at + CUT
    return None


def _before(said: str, start: int) -> int:
    """Where the value before a place begins: after what a message begins with, such as the kind of error."""
    return max(said.rfind(": ", 0, start - 1) + 2, 0) if ": " in said[: start - 1] else 0


def _join(said: str, parts: Sequence[Part]) -> Iterator[Message]:
    """The messages that lines near each other write, each part after the one before."""
    at = 0
    while at < len(parts):
        run = [parts[at]]
        for part in parts[at + 1 :]:
            if part.place.line - run[-1].place.line > RUN or part.start < run[-1].end - 1:
                break
            run.append(part)
        at += len(run)
        if _writes(said, run):
            yield Message(tuple(part.place for part in run), sum(part.letters for part in run))


def _writes(said: str, run: Sequence[Part]) -> bool:
    """Whether some lines account for a message, and it is not a question that has some of their words."""
    first, last = run[0], run[-1]
    start = len(said) - _length(said, first.start)
    share, end = 1.0, len(said)
    words = sum(part.words for part in run)
    if words >= FIXED_WORDS or (words == FIXED_WORDS - 1 and _MARK.search(said[first.start : last.fixed])):
        # What stands in a last hole may be a message of its own.
        share, end = FIXED_SHARE, last.fixed if last.end == len(said) else len(said)
    plain = sum(len(word) for word in _PLAIN.findall(said[start:end]))
    letters = sum(part.letters for part in run)
    return letters >= max(FIXED, share * plain) and last.end - first.start >= SPAN * (len(said) - start)


def _length(said: str, start: int) -> int:
    """The characters of a message without what stands before its own words."""
    cut = said.rfind(": ", 0, start + 1)
    return len(said) - (cut + 2 if cut >= 0 else 0)
