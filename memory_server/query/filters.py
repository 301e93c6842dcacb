"""Which symbols a path and a kind let through."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from indexers.model import KINDS
from indexers.source.globs import Part, Star, join_parts
from memory_server.deadline import in_time
from memory_server.errors import QueryError
from memory_server.index.view import View


def allowed_symbols(view: View, path: str, kind: str) -> NDArray[np.bool_] | None:
    """Which symbols a path (a file, a folder, or a glob) and a kind let through; None when all are.

    Raises:
        QueryError: there is no such kind of symbol.
    """
    if kind and kind not in KINDS:
        raise QueryError(f"unknown kind {kind[:40]!r}", f"use one of: {', '.join(KINDS)}")
    allowed = None
    if path:
        fits = path_filter(path)
        allowed = np.array([fits(candidate) for candidate in in_time(view.paths)], bool)[view.file_of]
    if kind:
        kinds = view.kinds.are_in([kind])
        allowed = kinds if allowed is None else allowed & kinds
    return allowed


def path_filter(text: str) -> Callable[[str], bool]:
    """A test whether a path equals, lies under, or matches a filter with ``*``, ``**``, ``?`` and ``{a,b}``.

    A glob without a slash matches in any folder; a path, from the root on.

    Raises:
        QueryError: the braces say more than `MOST_ALTERNATIVES`.
    """
    text = _strip_slashes(text)
    if text in ("", "."):
        return lambda _: True
    said = _expand_braces(text)
    globs = [text, *(glob for glob in map(_strip_slashes, said) if glob)] if len(said) > 1 else [text]
    patterns = [_pattern(glob, is_glob="*" in glob or len(said) > 1) for glob in globs]
    compiled = re.compile("|".join(dict.fromkeys(patterns)), re.DOTALL)
    return lambda path: compiled.match(path) is not None


def _strip_slashes(text: str) -> str:
    return text.removeprefix("./").strip("/")


def _pattern(glob: str, *, is_glob: bool) -> str:
    anywhere: list[Part] = [Star.FOLDERS] if is_glob and "/" not in glob else []
    marks = ("**" if mark.startswith("***") else mark for mark in _MARK.findall(glob))
    parts = [_MARKS.get(mark) or re.escape(mark) for mark in marks]
    return join_parts(anywhere + parts, r"(?:/|\Z)")


def _expand_braces(text: str) -> list[str]:
    """The texts that one with ``{a,b}`` stands for, inner braces included; others than pairs with a comma are letters.

    Raises:
        QueryError: there are more than `MOST_ALTERNATIVES`.
    """
    marks = _brace_marks(text)
    outer: list[tuple[list[str], list[str]]] = []
    options: list[str] = []
    said, start = [""], 0
    for place in (*marks, len(text)):
        said = [one + text[start:place] for one in said]
        letter, start = text[place : place + 1], place + 1
        if letter == "{":
            outer.append((said, options))
            said, options = [""], []
        elif letter == ",":
            options += said
            said = [""]
        elif letter == "}":
            ends = options + said
            before, options = outer.pop()
            if len(before) * len(ends) > MOST_ALTERNATIVES:
                raise QueryError(
                    f"a glob of more than {MOST_ALTERNATIVES} alternatives", "ask in several calls"
                )
            said = [one + end for one in before for end in ends]
    return said


def _brace_marks(text: str) -> list[int]:
    """Where the braces stand that belong together and have a comma between them, and these commas, ascending."""
    marks: list[int] = []
    opened: list[list[int]] = []
    for place, letter in enumerate(text):
        if letter == "{":
            opened.append([place])
        elif letter == "," and opened:
            opened[-1].append(place)
        elif letter == "}" and opened:
            pair = opened.pop()
            marks += [*pair, place] if len(pair) > 1 else []
    return sorted(marks)


MOST_ALTERNATIVES = 64
"""Globs that one with braces may stand for."""

_MARK = re.compile(r"(?:^|(?<=/))\*\*/|\*\*+|.", re.DOTALL)
_MARKS: dict[str, Part] = {"**/": Star.FOLDERS, "**": Star.ANYTHING, "*": Star.NAME, "?": "[^/]"}
