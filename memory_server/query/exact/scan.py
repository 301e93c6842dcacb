"""Lines that hold what is wanted, in the files as they are now."""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from indexers.files import read_head
from indexers.languages.registry import find_language
from memory_server.deadline import due_in_part, is_overdue
from memory_server.index.fresh import Sight
from memory_server.query.exact.files import files_with
from memory_server.query.exact.wanted import Wanted

MOST_FILES = 12
"""Files whose lines are told of; of further ones it is only counted how many hold the text."""

MOST_LOOSE = 400
"""Files that are looked through for a text whose ends may be parts of words, unless it must stand somewhere."""

_READING = 0.5
"""Of the time, what reading files for a text takes at most; then their lines are looked at."""

_BATCH = 64

_LARGEST = 16_000_000
"""Bytes of a file that are looked at; far more than is ever indexed."""

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)

_ROLES = ("", "declarations", "tests", "examples", "documents", "legacy", "foreign", "copies")
"""Files in the order in which their lines are told of: the code, then what is beside it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line that holds the text; ``line`` counts from 1."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Found:
    """Where a text stands: ``places`` by file, and how often in ``more`` files, whose lines were not looked at.

    It may stand as well in the files that are ``unread``, for which there was no time.
    """

    wanted: Wanted
    places: tuple[Place, ...] = ()
    more: Mapping[str, int] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()


def find_text(
    sight: Sight, root: str | os.PathLike[str], wanted: Wanted, allowed: NDArray[np.bool_] | None = None
) -> Found:
    """Every line that holds a text: looked for first where its words stand, then where its ends may be parts of words.

    ``allowed`` says of each file whether it may be told of.
    """
    files = _ordered(sight, files_with(sight.view, wanted.inner | wanted.edges), allowed)
    found = _look(sight, root, wanted, files)
    if found.places or found.unread or not wanted.edges:
        return found
    files = _ordered(sight, files_with(sight.view, wanted.inner), allowed)
    if len(files) > MOST_LOOSE and not (wanted.is_certain or wanted.is_telling):
        return found
    return _look(sight, root, wanted, files)


def _ordered(sight: Sight, files: NDArray[np.int64], allowed: NDArray[np.bool_] | None) -> list[int]:
    """Files by role; of one role, in the given order."""
    if allowed is not None:
        files = files[allowed[files]]
    roles = sight.view.roles
    return sorted(files.tolist(), key=lambda file: _ROLES.index(roles[file]))


def _look(sight: Sight, root: str | os.PathLike[str], wanted: Wanted, files: Sequence[int]) -> Found:
    with due_in_part(_READING):
        holding, unread = _holding(sight, root, wanted, files)
    holding.sort(key=lambda file: not file.has_spelling)  # stable: of each sort by role
    places: list[Place] = []
    more: dict[str, int] = {}
    told = 0
    for file in holding:
        if told == MOST_FILES:
            more[file.path] = file.lines
            continue
        if is_overdue():
            unread.add(file.path)
            continue
        lines = sight.lines_if_served(file.path)
        here = wanted.places(lines)
        marks = _comment_marks(file.path)
        here.sort(key=lambda at: (wanted.text not in lines[at], lines[at].lstrip().startswith(marks)))
        places += [Place(file.path, place + 1) for place in here]
        told += bool(here)
    return Found(wanted, tuple(places), more, frozenset(unread))


@lru_cache(maxsize=10_000)
def _comment_marks(path: str) -> tuple[str, ...]:
    """What the comments of a file's language begin with, and the further lines of those of several."""
    spec = find_language(path)
    if spec is None:
        return ()
    opening = [mark for mark, _ in spec.block_comments]
    return tuple(
        mark.decode() for mark in (*spec.line_comments, *opening, *((b"*",) if b"/*" in opening else ()))
    )


def rank_role(sight: Sight, path: str) -> int:
    """The place of a file's role among those that are told of, the code first."""
    return _ROLES.index(sight.view.roles[sight.view.file_index[path]])


@dataclass(frozen=True, slots=True)
class _File:
    """A file that holds a text: in how many lines, and whether spelt as it is asked for."""

    path: str
    lines: int
    has_spelling: bool


def _holding(
    sight: Sight, root: str | os.PathLike[str], wanted: Wanted, files: Sequence[int]
) -> tuple[list[_File], set[str]]:
    """The files that hold a text by their bytes, with those that may though not in UTF-8; those not read in time."""
    paths, spelling = sight.view.paths, wanted.text.encode()
    holding: list[_File] = []
    for start in range(0, len(files), _BATCH):
        if is_overdue():
            return holding, {paths[file] for file in files[start:]}
        read = [(paths[file], read_raw(root, paths[file])) for file in files[start : start + _BATCH]]
        counts = wanted.count_lines([data for _, data in read])
        for (path, data), lines in zip(read, counts, strict=True):
            if lines or _is_transcoded(data, wanted):
                holding.append(_File(path, lines, spelling in data))
    return holding, set()


def read_raw(root: str | os.PathLike[str], path: str) -> bytes:
    """A file's bytes as they lie there; none for one that cannot be read. They may hold what is not served."""
    try:
        return read_head(f"{root}/{path}", _LARGEST)
    except OSError:
        return b""


def _is_transcoded(data: bytes, wanted: Wanted) -> bool:
    """Whether a file's text has other bytes than those that were looked at."""
    if data.startswith(_WIDE_MARKS):
        return True
    if wanted.pattern.isascii():
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False
