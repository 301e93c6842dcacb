"""Brackets and quotes that lack their other half, as the indentation tells, and the text with each made up for."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from indexers.languages.registry import Spec

MOST_BYTES, LONGEST_LINE, MOST_OPEN = 150_000, 5_000, 200
"""Bytes of a text and of a line that is looked through, and brackets that wait for their other half: the time for them
grows with the product."""

_CLOSERS = {b")": b"(", b"]": b"[", b"}": b"{"}
_INNER = b"{#"
"""How lines begin that belong to the block above them however little they are indented."""

_LINE = re.compile(rb"^[ \t]*(?=([^\s]))", re.MULTILINE)


@lru_cache(maxsize=64)
def _token_pattern(spec: Spec) -> re.Pattern[bytes]:
    """Comments and strings whole, then quotes that do not end on their line, then brackets."""
    blocks = [re.escape(a) + rb"[\s\S]*?" + re.escape(b) for a, b in spec.block_comments]
    lines = [re.escape(mark) + rb"[^\n]*" for mark in spec.line_comments]
    strings = [
        rb'"""[\s\S]*?"""',
        rb'"(?:\\.|[^"\\\n])*"',
        rb"'(?:\\.|[^'\\\n]){0,80}'",
        rb"`(?:\\.|[^`\\])*`",
    ]
    return re.compile(b"|".join([*blocks, *lines, *strings, rb'(?P<quote>")', rb"(?P<bracket>[()\[\]{}])"]))


def match_brackets(spec: Spec, text: bytes) -> bytes:
    """The text without its half strings, without unclosed round and stray closing brackets, and with blocks closed."""
    if len(text) > MOST_BYTES or max(map(len, text.split(b"\n"))) > LONGEST_LINE:
        return text
    mended = bytearray(text)
    for match in _token_pattern(spec).finditer(text):
        if match["quote"]:
            _blank_line(mended, match.start())
    _Matcher(spec, mended).run()
    return bytes(mended)


def _blank_line(text: bytearray, at: int) -> None:
    start, end = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)
    end = len(text) if end < 0 else end
    text[start:end] = b" " * (end - start)


class _Matcher:
    """One walk over the brackets of a text, which it mends."""

    def __init__(self, spec: Spec, text: bytearray) -> None:
        self._text = text
        self._tokens = _token_pattern(spec)
        self._comments = spec.line_comments
        self._open: list[tuple[bytes, int, int]] = []
        self._unclosed: list[tuple[bytes, int, int]] = []
        self._stray: list[int] = []
        self._early: dict[int, int] = {}
        self._blocks: list[tuple[bytes, int, int, int]] = []
        self._began: dict[int, int] = {}

    def run(self) -> None:
        for match in self._tokens.finditer(bytes(self._text)):
            bracket = match["bracket"]
            if bracket in _CLOSERS:
                self._close(bracket, match.start())
            elif bracket:
                self._open.append((bracket, match.start(), self._indent(match.start())[0]))
        if len(self._unclosed) + len(self._open) > MOST_OPEN:
            return  # no slip of a person's, and nothing that indentation tells
        for at in self._stray:
            self._text[at] = ord(" ")
        for bracket, at, indent in self._unclosed + [self._find_unclosed(*opened) for opened in self._open]:
            if bracket != b"{" or not self._close_block(at, indent):
                _blank_line(self._text, at)

    def _indent(self, at: int) -> tuple[int, bool]:
        """How far the statement of a bracket is indented, and whether the bracket is the first on its line."""
        start = self._text.rfind(b"\n", 0, at) + 1
        before = bytes(self._text[start:at])
        stripped = before.lstrip()
        return self._began.get(start, len(before) - len(stripped)), not stripped

    def _close(self, bracket: bytes, at: int) -> None:
        indent, first = self._indent(at)
        opener = _CLOSERS[bracket]
        near = range(len(self._open) - 1, max(len(self._open) - 1 - MOST_OPEN, -1), -1)
        known = next(
            (i for i in near if self._open[i][0] == opener and (not first or self._open[i][2] <= indent)), -1
        )
        if known < 0 or (first and opener == b"{" and self._open[known][2] < indent):
            self._stray.append(self._early.pop(len(self._open), at))
            return
        self._unclosed += self._open[known + 1 :]
        self._began[self._text.rfind(b"\n", 0, at) + 1] = self._open[known][2]
        if first and opener == b"{":
            self._blocks.append((*self._open[known], at))
        del self._open[known:]
        following = _LINE.search(self._text, at + 1)
        if first and following and len(following[0]) > indent and following[1] not in b")]}.":
            self._early[len(self._open)] = at

    def _find_unclosed(self, bracket: bytes, at: int, indent: int) -> tuple[bytes, int, int]:
        """The last block within an open one whose bracket it may have taken: it holds a line that stands no deeper."""
        within = (
            (kind, start, depth)
            for kind, start, depth, end in islice(reversed(self._blocks), MOST_OPEN)
            if start > at and depth == indent and self._find_outer_line(start, depth, end) is not None
        )
        return max(within, key=lambda block: block[1], default=(bracket, at, indent))

    def _find_outer_line(self, at: int, indent: int, end: int) -> int | None:
        """Where the first line after a block's opening bracket begins that stands no deeper than the block."""
        line = self._text.find(b"\n", at)
        for match in _LINE.finditer(self._text, line + 1, end) if line >= 0 else ():
            if len(match[0]) <= indent and match[1] not in _INNER:
                return match.start()
        return None

    def _close_block(self, at: int, indent: int) -> bool:
        """Put a closing bracket in the place of a line end before the first line that stands no deeper."""
        line = self._find_outer_line(at, indent, len(self._text))
        if line is None:
            return False
        end = len(bytes(self._text[:line]).rstrip())
        last = bytes(self._text[self._text.rfind(b"\n", 0, end) + 1 : end])
        if end <= at or any(mark in last for mark in self._comments):
            return False
        self._text[end] = ord("}")
        return True
