"""Comments in any language: what they say of a definition or a file, and code without them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import dropwhile

from indexers.languages.registry import Spec
from indexers.tokens import truncate

DOC_LIMIT = 400
_HEAD = 8_000
"""Bytes of a file in which its own comment begins."""

_MARKS = re.compile(
    r"^[ \t]*(?:/\*+!?|\*+/|\*(?!\*)|//+!?|#+!?|--+(?:[ \t]*[|^])?|;+|%+|\{-\|?|-\}|<!--|-->|\"{3}|'{3})?[ \t]?"
    r"|[ \t]*(?:\*+/|-\}|-->)[ \t]*$",
    re.M,
)
_BREAK = re.compile(
    r"\n\s*\n|\n(?=[ \t]*(?:@[a-z]|:[a-z]+|\\[a-z]+ ))"
    r"|(?=<(?:p|para|param|typeparam|returns|value|remarks|exception|example)\b)|</summary>"
)
"""A new paragraph: a blank line, a line that begins with a tag, or a tag of its own."""

_NO_LINE = re.compile(
    r"^[ \t]*(?:[=~*#_-]{3,}"
    r"|:(?:markup|include|(?:singleton-)?method|attr\w*|category|title|main|(?:no|stop|start)doc):.*)$",
    re.M,
)
"""A rule, or a line for RDoc."""

_NO_TEXT = re.compile(r"(?:={1,6}|#{1,6}) .*|:call-seq:.*")
"""A heading, or RDoc's list of ways to call a method."""

_TAG = re.compile(
    r"<(?:see|seealso|paramref|typeparamref)\s+\w+=\"(?:[A-Z]:)?([^\"]*)\"\s*/>"  # .NET's documentation comments
    r"|\{@(?:link|linkplain|code|literal)\s+([^{}]*)\}"  # Javadoc's
    r"|</?(?:summary|remarks|para|returns|value|p|br)(?:\s[^<>]*)?/?>|(</?(?:c|code|tt)>)"
)
_LEGAL = re.compile(
    r"copyright|\blicen[cs]e|spdx|all rights reserved|redistribut|permission is hereby|\bwarrant(?:y|ies)\b",
    re.I,
)


def comment_above(spec: Spec, data: bytes, starts: Sequence[int], line: int) -> tuple[int, str]:
    """The attributes and the comment that stand directly over a line: (first attribute's line, comment).

    ``starts`` are the offsets of the lines in ``data``.
    """
    first = line
    collected: list[bytes] = []
    index = line - 1
    while index >= 0:
        text = data[starts[index] : starts[index + 1]].strip()
        is_comment = text.startswith(spec.line_comments or (b"\0",)) and not text.startswith(b"#!")
        if text.startswith(spec.attributes or (b"\0",)) and not (collected and not is_comment):
            first = first if collected else index
        elif is_comment:
            collected.append(text)
        elif block := next(((s, e) for s, e in spec.block_comments if text.endswith(e)), None):
            top = data.rfind(block[0], 0, starts[index + 1] - len(block[1]))
            if top < 0 or data[data.rfind(b"\n", 0, top) + 1 : top].strip():
                break
            collected.append(data[top : starts[index + 1]].strip())
            break
        else:
            break
        index -= 1
    return first, b"\n".join(reversed(collected)).decode("utf-8", "replace")


def file_doc(spec: Spec, data: bytes) -> str:
    """What the comments at the top of a file say of it, in plain text; not whose it is and under what licence."""
    for comment in _leading_comments(spec, data[:_HEAD]):
        said = [part for part in _paragraphs(comment.decode("utf-8", "replace")) if not _LEGAL.search(part)]
        if said:
            return truncate(_join(said), DOC_LIMIT)
    return ""


def _leading_comments(spec: Spec, text: bytes) -> Iterator[bytes]:
    """The comments before the first code; each block, and each run of lines."""
    run: list[bytes] = []
    while text:
        line, _, rest = text.partition(b"\n")
        line = line.strip()
        block = next(((s, e) for s, e in spec.block_comments if line.startswith(s)), None)
        if line.startswith((b"#!", *spec.attributes)):
            text = text.partition(block[1])[2] if block is not None else rest
        elif line.startswith(spec.line_comments or (b"\0",)):
            run.append(line)
            text = rest
        else:
            if run:
                yield b"\n".join(run)
                run = []
            if block is not None:
                comment, _, text = text.lstrip().partition(block[1])
                yield comment
            elif line:
                return
            else:
                text = rest
    if run:
        yield b"\n".join(run)


def clean_doc(doc: str) -> str:
    """A doc comment's first paragraphs as plain text on one line; each ends as a sentence does."""
    return truncate(_join(_paragraphs(doc)), DOC_LIMIT) if doc else ""


def _paragraphs(doc: str) -> list[str]:
    """A comment's paragraphs on one line each, without the comment's marks, rules, and what comes before its text."""
    text = _NO_LINE.sub("", _MARKS.sub("", doc[: DOC_LIMIT * 4]))
    paragraphs = [" ".join(_TAG.sub(_tag_text, part).split()) for part in _BREAK.split(text)]
    paragraphs = [part for part in paragraphs if part]
    return list(dropwhile(_NO_TEXT.fullmatch, paragraphs)) or paragraphs


def _tag_text(tag: re.Match[str]) -> str:
    return "`" if tag[3] else f"`{tag[2]}`" if tag[2] else tag[1] or ""


def _join(paragraphs: Sequence[str]) -> str:
    """One line; a paragraph without an end mark gets one, so that the first sentence is known."""
    ended = [
        part if part.endswith((".", "!", "?", ":", ";", ",")) else f"{part}." for part in paragraphs[:-1]
    ]
    return " ".join([*ended, *paragraphs[-1:]])


@cache
def _comment_pattern(spec: Spec) -> re.Pattern[bytes]:
    lines = b"|".join(re.escape(mark) for mark in spec.line_comments) or rb"(?!)"
    blocks = b"|".join(re.escape(start) + rb"[\s\S]*?" + re.escape(end) for start, end in spec.block_comments)
    quoted = rb"""(?P<quoted>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    return re.compile(quoted + rb"|(?<!\S)(?:" + lines + rb")[^\n]*|" + (blocks or rb"(?!)"))


def cut_comments(spec: Spec, text: bytes) -> bytes:
    """Code without its comments; what only looks like one (in quotes, inside a word) stays."""
    marks = (*spec.line_comments, *(start for start, _ in spec.block_comments))
    if not any(mark in text for mark in marks):
        return text
    return _comment_pattern(spec).sub(lambda found: found["quoted"] or b" ", text)
