"""Symbols that a query points at: by an identifier in it, a path, or a file and line of a stack trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from memory_server.deadline import in_time
from memory_server.index.view import View
from memory_server.model import SearchHit
from memory_server.query.question import Query
from memory_server.query.signals import WHOLE_PATH
from memory_server.query.target_text import spell_path

MOST_NAMESAKES = 500
"""Symbols of one name that are looked at; of a name that common, none is meant."""

_OTHER_CASE = 0.8


def named_symbols(view: View, query: Query) -> dict[int, float]:
    """Symbols that the query points at: 1, 2 when what precedes a name fits as well, more for a whole path."""
    named: dict[int, float] = {}
    for symbol, value in (*_by_name(view, query), *_by_path(view, query), *_by_place(view, query)):
        named[symbol] = max(named.get(symbol, 0.0), value)
    return named


def is_meant_by(hit: SearchHit, query: Query) -> bool:
    """Whether a query is the name of a hit, with what precedes it: not an option, nor another's member of that name.

    The bare name of a file may as well be a text that is looked for.
    """
    if hit.kind == "file":
        return "/" in query.text
    if query.style != "name" or len(query.names) != 1 or query.text.lstrip("\"'`").startswith("-"):
        return False
    *outer, name = query.names[0]
    *scopes, own = hit.name.split(".")
    *folders, file = hit.path.lower().split("/")
    around = {*folders, file, file.split(".")[0], *(scope.lower() for scope in scopes)}
    return own == name and around.issuperset(part.lower() for part in outer)


def _by_name(view: View, query: Query) -> Iterable[tuple[int, float]]:
    for name in in_time(query.names):
        for symbol in view.by_name.get(name[-1].lower(), ())[:MOST_NAMESAKES]:
            outer = view.qualified_names[symbol].lower().split(".")[:-1]
            stem = view.path_of(symbol).rpartition("/")[2].split(".")[0].lower()
            fits = len(name) > 1 and name[-2].lower() in (*outer, stem)
            exact = view.names[symbol] == name[-1] and (
                not fits or view.qualified_names[symbol].endswith(".".join(name[-2:]))
            )
            yield symbol, (2.0 if fits else 1.0) * (1.0 if exact else _OTHER_CASE)


def _by_path(view: View, query: Query) -> Iterable[tuple[int, float]]:
    """The files that a query is the path of, or its end, each as a whole; with lines, it is a place."""
    if query.places:
        return
    spelt = (_files_at(view, path, by_end) for path, by_end in spell_path(query.text.strip()))
    meant = next(filter(None, spelt), [])
    for file in meant:
        yield int(view.first[file]), WHOLE_PATH if len(meant) == 1 else 2.0


def _files_at(view: View, path: str, by_end: bool) -> list[int]:
    """The files whose path is, or if that is enough ends in, a path."""
    asked = path.removeprefix("./")
    files = view.by_file_name.get(asked.rpartition("/")[2], ())
    return [
        file
        for file in files
        if view.paths[file] == asked or (by_end and view.paths[file].endswith(f"/{asked}"))
    ]


def find_places(view: View, query: Query) -> Iterator[tuple[int, int]]:
    """Files with the lines of a trace that they have; a path may begin anywhere, as installed code's does."""
    for path, line in query.places:
        parts = path.replace("\\", "/").split("/")
        shared = {file: _shared_end(parts, view.paths[file]) for file in view.by_file_name.get(parts[-1], ())}
        most = max(shared.values(), default=0)
        for file in (file for file, count in shared.items() if count == most):
            yield file, line


def _by_place(view: View, query: Query) -> Iterable[tuple[int, float]]:
    """The innermost symbol at each line of a trace."""
    for file, line in find_places(view, query):
        first, last = int(view.first[file]), int(view.first[file + 1])
        holds = (view.start_line[first:last] <= line) & (view.end_line[first:last] >= line)
        if holds.any():
            yield first + int(np.flatnonzero(holds)[-1]), 2.0


def _shared_end(parts: list[str], path: str) -> int:
    """How many last parts two paths share."""
    pairs = zip(reversed(parts), reversed(path.split("/")), strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), path.count("/") + 1)
