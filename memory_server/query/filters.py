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
    """A test whether a path equals, lies under, or matches a filter with ``*``, ``**`` and ``?``."""
    text = text.removeprefix("./").strip("/")
    if text in ("", "."):
        return lambda _: True
    anywhere: list[Part] = [] if "/" in text or "*" not in text else [Star.FOLDERS]
    marks = ("**" if mark.startswith("***") else mark for mark in _MARK.findall(text))
    parts = [_MARKS.get(mark) or re.escape(mark) for mark in marks]
    compiled = re.compile(join_parts(anywhere + parts, r"(?:/|\Z)"), re.DOTALL)
    return lambda path: compiled.match(path) is not None


_MARK = re.compile(r"(?:^|(?<=/))\*\*/|\*\*+|.", re.DOTALL)
_MARKS: dict[str, Part] = {"**/": Star.FOLDERS, "**": Star.ANYTHING, "*": Star.NAME, "?": "[^/]"}
