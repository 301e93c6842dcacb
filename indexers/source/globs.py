"""Globs as regular expressions whose time grows with the length of the glob times that of the path, never faster.

A pattern engine that tries again looks for each star's length anew whenever what follows does not match. No star here
needs that: what follows it is looked for from the left, and the first place found leaves the most to all that comes
after. So each stretch between two stars is an atomic group, which is never entered again. A stretch of whole folders or
of anything is tried at each place, and given up within a name, which has 255 bytes at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum


class Star(Enum):
    """What stands for any text: within a folder's or file's name, for whole folders, or for anything at all."""

    NAME = "[^/]*"
    FOLDERS = "(?:[^/]*+/)*"
    ANYTHING = ".*"


Part = str | Star
"""A pattern of a fixed number of characters, or a star; `Star.FOLDERS` follows a slash or stands first."""


def join_parts(parts: Sequence[Part], end: str) -> str:
    """The pattern of a glob's parts, then of ``end``, which has to say itself where the text ends."""
    cuts = [place for place, part in enumerate(parts) if part in (Star.FOLDERS, Star.ANYTHING)]
    starts, ends = [0, *(cut + 1 for cut in cuts)], [*cuts, len(parts)]
    blocks = [
        _join_block(parts[start:stop], end if stop == len(parts) else "")
        for start, stop in zip(starts, ends, strict=True)
    ]
    found = [f"(?>{Star(parts[cut]).value}?{block})" for cut, block in zip(cuts, blocks[1:], strict=True)]
    return "".join([blocks[0], *found])


def _join_block(parts: Sequence[Part], end: str) -> str:
    """The pattern of parts among which no star but `Star.NAME` stands."""
    stretches = [""]
    for part in parts:
        if isinstance(part, Star):
            stretches.append("")
        else:
            stretches[-1] += part
    first, *others = stretches
    if not others:
        return first + end
    found = [f"(?>[^/]*?{stretch})" for stretch in others[:-1]]
    last = f"(?>[^/]*{others[-1]}{end})" if others[-1] else f"[^/]*+{end}"
    return "".join([first, *found, last])
