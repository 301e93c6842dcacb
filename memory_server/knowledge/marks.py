"""Marked lines of ours in a file of somebody else's: put in, brought up to date, and taken out to the byte.

A block in a file that was there stands after a line end of its own; a file that begins with it was made for it. The
begin mark holds a hash of what follows, so that an edit between the marks is seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from memory_server.errors import KnowledgeError

_BLOCK = re.compile(
    rb"^<!-- repo-memory:begin ([0-9a-f]{12}) -->(\r?\n)(.*?)^<!-- repo-memory:end -->",
    re.DOTALL | re.MULTILINE,
)
_MARK = re.compile(rb"^<!-- repo-memory:(?:begin|end)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """The marked lines of a file, from ``start`` to ``end``; their line ends are those of the begin mark."""

    start: int
    end: int
    newline: bytes


def find_block(data: bytes) -> Block | None:
    """The block of a file.

    Raises:
        KnowledgeError: its text was edited, a mark lost its partner, or the file is no text of single bytes.
    """
    if b"\0" in data:
        raise KnowledgeError("it is not text in UTF-8", "save it as UTF-8")
    marks = len(_MARK.findall(data))
    found = _BLOCK.search(data)
    if marks != (2 if found else 0):
        raise KnowledgeError(
            "its marks are not one pair", "take the lines with repo-memory's marks out by hand"
        )
    if found is None:
        return None
    digest, newline, text = found.groups()
    if _hash(text) != digest:
        raise KnowledgeError(
            "its text was edited between the marks",
            "move what you wrote out of the marks, delete the lines between them with the marks, and run it again",
        )
    return Block(found.start(), found.end(), newline)


def put_block(data: bytes | None, text: str, head: str = "") -> bytes:
    """A file with a block of a text, in place of the one that it has; ``head`` begins a file that is new.

    Raises:
        KnowledgeError: the block that is there is not as it was written.
    """
    if data is None:
        return head.encode() + _render(text, b"\n") + b"\n"
    block = find_block(data)
    if block is not None:
        return data[: block.start] + _render(text, block.newline) + data[block.end :]
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    return data + newline + _render(text, newline) + newline


def take_block(data: bytes, head: str = "") -> bytes | None:
    """A file without its block; None where it was made for the block.

    Raises:
        KnowledgeError: the block is not as it was written.
    """
    block = find_block(data)
    if block is None:
        return data
    before, after = data[: block.start], data[block.end :].removeprefix(block.newline)
    if before.replace(b"\r\n", b"\n") == head.encode() and not after:
        return None
    return before.removesuffix(block.newline) + after


def _render(text: str, newline: bytes) -> bytes:
    body = f"{text}\n".encode(errors="replace")
    lines = b"<!-- repo-memory:begin %b -->\n%b<!-- repo-memory:end -->" % (_hash(body), body)
    return lines.replace(b"\n", newline)


def _hash(text: bytes) -> bytes:
    """A hash of a text that line ends of another system leave as it is."""
    return blake2b(text.replace(b"\r\n", b"\n"), digest_size=6).hexdigest().encode()
