"""Walks over the reference graph: who calls, is called by, implements, imports or tests a symbol."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from indexers.graph import CALL, IMPORT, INHERIT
from indexers.languages import is_test_path
from indexers.model import CONTAINER_KINDS
from indexers.summarize import Summary
from memory_server.errors import QueryError
from memory_server.render import Relative
from memory_server.view import View

RELATIONS = {
    "callers": "callers of",
    "callees": "callees of",
    "implementations": "implementations of",
    "importers": "importers of",
    "tests": "tests of",
}
"""Each relation, and how a reply names it."""

MAX_DEPTH = 4
TEST_DEPTH = 2
"""Tests reach what they test through at most one helper, or the tie is loose."""

Step = Callable[[View, int], Iterator[tuple[int, int, float]]]


def find_relatives(view: View, start: int, relation: str, depth: int = 1) -> list[Relative]:
    """Symbols in a relation to ``start``, nearest first, then by file and line.

    Raises:
        QueryError: the relation is unknown.
    """
    steps: dict[str, Step] = {
        "callers": _callers, "callees": _callees, "implementations": _implementations,
        "importers": _importers, "tests": _callers,
    }  # fmt: skip
    if relation not in steps:
        raise QueryError(f"unknown relation {relation!r}", f"use one of: {', '.join(RELATIONS)}")
    wanted_depth = max(TEST_DEPTH, depth) if relation == "tests" else depth
    found = _walk(view, start, steps[relation], min(max(wanted_depth, 1), MAX_DEPTH))
    if relation == "tests":
        found = {symbol: seen for symbol, seen in found.items() if is_test_path(view.path_of(symbol))}
    order = sorted(found.items(), key=lambda item: (item[1][1], item[0]))
    return [Relative(_summary(view, symbol), line, level, sure) for symbol, (line, level, sure) in order]


def _walk(view: View, start: int, step: Step, depth: int) -> dict[int, tuple[int, int, float]]:
    """Breadth first: each symbol with the line of its reference, its distance and the path's confidence."""
    found: dict[int, tuple[int, int, float]] = {}
    level = {start: 1.0}
    for distance in range(1, depth + 1):
        following: dict[int, float] = {}
        for symbol, sure in level.items():
            for other, line, confidence in step(view, symbol):
                if other == start or (other in found and found[other][1] < distance):
                    continue
                if other not in found or found[other][2] < sure * confidence:
                    found[other] = (line, distance, sure * confidence)
                    following[other] = sure * confidence
        level = following
    return found


def _edges_in(view: View, symbol: int, kinds: tuple[int, ...]) -> Iterator[tuple[int, int, float]]:
    graph = view.graph
    for edge in graph.incoming(symbol).tolist():
        if graph.kind[edge] in kinds:
            yield int(graph.source[edge]), int(graph.line[edge]), float(graph.confidence[edge])


def _edges_out(view: View, symbol: int, kinds: tuple[int, ...]) -> Iterator[tuple[int, int, float]]:
    graph = view.graph
    for edge in graph.outgoing(symbol).tolist():
        if graph.kind[edge] in kinds:
            yield int(graph.target[edge]), int(graph.line[edge]), float(graph.confidence[edge])


def _callers(view: View, symbol: int) -> Iterator[tuple[int, int, float]]:
    """Calls of a symbol; of a file, calls of what it defines from elsewhere."""
    if view.kinds[symbol] != "file":
        yield from _edges_in(view, symbol, (CALL,))
        return
    place = int(view.file_of[symbol])
    for inner in range(symbol, int(view.first[place + 1])):
        for source, line, confidence in _edges_in(view, inner, (CALL,)):
            if view.file_of[source] != place:
                yield source, line, confidence


def _callees(view: View, symbol: int) -> Iterator[tuple[int, int, float]]:
    """What a symbol calls; for a type, what its members call."""
    yield from _edges_out(view, symbol, (CALL,))
    if view.kinds[symbol] in CONTAINER_KINDS:
        for inner in range(symbol + 1, int(view.first[view.file_of[symbol] + 1])):
            if view.start_line[inner] > view.end_line[symbol]:
                break
            yield from _edges_out(view, inner, (CALL,))


def _implementations(view: View, symbol: int) -> Iterator[tuple[int, int, float]]:
    """Types that inherit from a type; for a method, the methods of the same name in those types."""
    if view.kinds[symbol] in CONTAINER_KINDS:
        yield from _edges_in(view, symbol, (INHERIT,))
        return
    owner = int(view.parent[symbol])
    if owner < 0 or view.kinds[owner] not in CONTAINER_KINDS:
        return
    name = view.names[symbol]
    types = {source: confidence for source, _, confidence in _edges_in(view, owner, (INHERIT,))}
    for other in view.by_name.get(name.lower(), ()):
        if view.names[other] == name and int(view.parent[other]) in types:
            yield other, int(view.start_line[other]), types[int(view.parent[other])]


def _importers(view: View, symbol: int) -> Iterator[tuple[int, int, float]]:
    """Imports of a symbol; of a file, imports of it or of what it defines."""
    last = int(view.first[view.file_of[symbol] + 1]) if view.kinds[symbol] == "file" else symbol + 1
    for inner in range(symbol, last):
        yield from _edges_in(view, inner, (IMPORT,))


def _summary(view: View, symbol: int) -> Summary:
    return Summary(
        path=view.path_of(symbol),
        start_line=int(view.start_line[symbol]),
        end_line=int(view.end_line[symbol]),
        kind=view.kinds[symbol],
        name=view.qualified_names[symbol],
        signature=view.text("signature", symbol),
        doc="",
    )
