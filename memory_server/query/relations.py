"""Walks over the reference graph: who calls, is called by, implements, imports or tests a symbol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexers.model import CONTAINER_KINDS, REFERENCE_KINDS
from indexers.references.graph import CALL, IMPORT, INHERIT
from memory_server.deadline import in_time
from memory_server.errors import QueryError
from memory_server.index.view import View

RELATIONS = ("callers", "callees", "implementations", "importers", "tests")

CHANGES, TOGETHER = HISTORY = ("changes", "together")
"""Those that the history answers, not the graph."""

SURE = 0.6
"""Confidence from which a reference is told as a fact."""

MAX_DEPTH = 4
TEST_DEPTH = 2
"""Tests reach what they test through at most one helper, or the tie is loose."""

Edges = Iterator[tuple[int, int, float]]
"""Of each reference: the symbol at its other end, its line, how sure it is."""

Step = Callable[[View, int], Edges]


@dataclass(frozen=True, slots=True)
class RelatedSymbol:
    """A symbol found over the graph: the lines of its references, how far away it is, how sure the tie."""

    symbol: int
    lines: tuple[int, ...]
    depth: int
    confidence: float


@dataclass(slots=True)
class _Found:
    """A symbol on the way: its distance, how sure at best, the lines that refer to the one before."""

    depth: int
    confidence: float
    lines: set[int] = field(default_factory=set)


def find_related(view: View, starts: Sequence[int], relation: str, depth: int = 1) -> list[RelatedSymbol]:
    """Symbols in a relation to any of ``starts``: nearest first, code before tests, sure before unsure.

    Raises:
        QueryError: the relation is unknown.
    """
    steps: dict[str, Step] = {
        "callers": _callers,
        "callees": _callees,
        "implementations": _implementations,
        "importers": _importers,
        "tests": _callers,
    }
    if relation not in steps:
        raise QueryError(
            f"unknown relation {relation[:40]!r}", f"use one of: {', '.join((*RELATIONS, *HISTORY))}"
        )
    wanted_depth = max(TEST_DEPTH, depth) if relation == "tests" else depth
    found = _walk(view, starts, steps[relation], min(max(wanted_depth, 1), MAX_DEPTH))
    if relation == "tests":
        found = {symbol: seen for symbol, seen in found.items() if view.in_tests[symbol]}
    return _in_order(view, found, with_lines=relation != "callees")


def _in_order(view: View, found: dict[int, _Found], *, with_lines: bool) -> list[RelatedSymbol]:
    """By distance, then by file; the files in which something is sure come first, and tests last."""
    best: dict[tuple[int, int], float] = {}
    for symbol, seen in found.items():
        key = (seen.depth, int(view.file_of[symbol]))
        best[key] = max(best.get(key, 0.0), seen.confidence)

    def rank(symbol: int) -> tuple[int, bool, bool, int]:
        depth, file = found[symbol].depth, int(view.file_of[symbol])
        return depth, bool(view.in_tests[symbol]), best[depth, file] < SURE, symbol

    related = []
    for symbol in sorted(found, key=rank):
        seen = found[symbol]
        lines = sorted(seen.lines - {int(view.start_line[symbol])} if view.names[symbol] else seen.lines)
        shown = tuple(lines) if with_lines else ()
        related.append(RelatedSymbol(symbol, shown, seen.depth, seen.confidence))
    return related


def _walk(view: View, starts: Sequence[int], step: Step, depth: int) -> dict[int, _Found]:
    """Breadth first, each symbol at its smallest distance."""
    found: dict[int, _Found] = {}
    level = dict.fromkeys(starts, 1.0)
    for distance in range(1, depth + 1):
        level = {
            other: _note(found, other, line, distance, sure)
            for (other, line), sure in _reach(view, level, step).items()
            if other not in starts and (other not in found or found[other].depth == distance)
        }
    return found


def _reach(view: View, level: dict[int, float], step: Step) -> dict[tuple[int, int], float]:
    """The symbols one step on, and of each line that refers how surely it refers to any of the level."""
    reached: dict[tuple[int, int], float] = {}
    for symbol, sure in in_time(level.items()):
        for end, line, confidence in step(view, symbol):
            key = (_whole(view, end), line)
            reached[key] = min(reached.get(key, 0.0) + sure * confidence, 1.0)
    return reached


def _note(found: dict[int, _Found], symbol: int, line: int, distance: int, sure: float) -> float:
    seen = found.setdefault(symbol, _Found(distance, 0.0))
    seen.lines.add(line)
    seen.confidence = max(seen.confidence, sure)
    return seen.confidence


def _whole(view: View, symbol: int) -> int:
    """The symbol itself, for a window of lines the symbol or file that it is a piece of."""
    while view.kinds[symbol] == "window" and view.parent[symbol] >= 0:
        symbol = int(view.parent[symbol])
    return symbol


def _edges_in(view: View, symbol: int, kind: int) -> Edges:
    graph = view.graph
    for edge in graph.incoming(symbol).tolist():
        if graph.kind[edge] == kind:
            yield int(graph.source[edge]), int(graph.line[edge]), float(graph.confidence[edge])


def _edges_out(view: View, symbol: int, kind: int) -> Edges:
    graph = view.graph
    for edge in graph.outgoing(symbol).tolist():
        if graph.kind[edge] == kind:
            yield int(graph.target[edge]), int(graph.line[edge]), float(graph.confidence[edge])


def _callers(view: View, symbol: int) -> Edges:
    """Calls of a symbol; of a file, calls of what it defines from elsewhere."""
    if view.kinds[symbol] != "file":
        yield from _edges_in(view, symbol, CALL)
        return
    place = int(view.file_of[symbol])
    for inner in range(symbol, int(view.first[place + 1])):
        for source, line, confidence in _edges_in(view, inner, CALL):
            if view.file_of[source] != place:
                yield source, line, confidence


def _callees(view: View, symbol: int) -> Edges:
    """What a symbol calls, what is written inside it included."""
    yield from _edges_out(view, symbol, CALL)
    met = {symbol}
    for inner in sorted(_inside(view, symbol) - met):
        met.add(inner)
        yield from (edge for edge in _edges_out(view, inner, CALL) if edge[0] not in met)


def _implementations(view: View, symbol: int) -> Edges:
    """Types that inherit from a type; for a method, the methods of the same name in those types."""
    if view.kinds[symbol] in CONTAINER_KINDS:
        yield from _edges_in(view, symbol, INHERIT)
        return
    owner = int(view.parent[symbol])
    if owner < 0 or view.kinds[owner] not in CONTAINER_KINDS:
        return
    name = view.names[symbol]
    types = {source: confidence for source, _, confidence in _edges_in(view, owner, INHERIT)}
    for other in view.by_name.get(name.lower(), ()):
        if view.names[other] == name and int(view.parent[other]) in types:
            yield other, int(view.start_line[other]), types[int(view.parent[other])]


def _importers(view: View, symbol: int) -> Edges:
    """Files that import a symbol; of a file, those that import it or what it defines."""
    last = int(view.first[view.file_of[symbol] + 1]) if view.kinds[symbol] == "file" else symbol + 1
    for inner in range(symbol, last):
        for source, line, confidence in _edges_in(view, inner, IMPORT):
            if view.file_of[source] != view.file_of[symbol]:
                yield int(view.first[view.file_of[source]]), line, confidence


def count_unresolved(view: View, starts: Sequence[int], relation: str) -> int:
    """References that may belong to a relation, but whose target is not known.

    Of callees, those from inside the symbol, calls that leave the repository among them; of the others, those that
    write its name.
    """
    if relation == "callees":
        return _count_unresolved_calls(view, _inside(view, starts[0]))
    kind = {"implementations": INHERIT, "importers": IMPORT}.get(relation, CALL)
    name = view.names[starts[0]]
    if not name:
        return 0
    graph = view.graph
    sources, lines, _ = _references(
        view, np.flatnonzero(pc.equal(view.references["name"], name).to_numpy()), kind
    )
    foreign = ~np.isin(sources, starts)  # a call of itself is no edge of the graph
    edges = np.isin(graph.target, view.by_name.get(name.lower(), [])) & (graph.kind == kind)
    known = _place_keys(graph.source[edges], graph.line[edges])
    return int(np.count_nonzero(~np.isin(_place_keys(sources, lines)[foreign], known)))


def _count_unresolved_calls(view: View, inside: set[int]) -> int:
    """Calls from within some symbols of one file that no edge of the graph stands for."""
    file = int(view.file_of[min(inside)])
    rows = np.arange(*view.reference_first[[file, file + 1]])
    sources, lines, names = _references(view, rows, CALL)
    known = {
        (int(view.graph.source[edge]), int(view.graph.line[edge]), view.names[int(view.graph.target[edge])])
        for symbol in inside
        for edge in view.graph.outgoing(symbol).tolist()
    }
    found = zip(sources.tolist(), lines.tolist(), names, strict=True)
    return sum(
        place not in known for place in found if place[0] in inside and view.names[place[0]] != place[2]
    )


def _references(
    view: View, rows: NDArray[np.int64], kind: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], list[str]]:
    """Sources, lines and names of those of some references that are of a kind."""
    found = view.references.take(pa.array(rows))
    files = np.searchsorted(view.reference_first, rows, side="right") - 1
    wanted = pc.equal(found["kind"], REFERENCE_KINDS[kind]).to_numpy()
    sources = (found["source"].to_numpy() + view.first[files])[wanted]
    return sources, found["line"].to_numpy()[wanted], found["name"].filter(pa.array(wanted)).to_pylist()


def _place_keys(symbols: NDArray[np.int64], lines: NDArray[np.int32]) -> NDArray[np.int64]:
    return (symbols.astype(np.int64) << 32) | lines


def _inside(view: View, symbol: int) -> set[int]:
    """A symbol and all that stands inside it."""
    inside = {symbol}
    for inner in range(symbol + 1, int(view.first[view.file_of[symbol] + 1])):
        if int(view.parent[inner]) not in inside:
            break
        inside.add(inner)
    return inside
