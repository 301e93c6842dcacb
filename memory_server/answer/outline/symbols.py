"""The symbols of some files as a tree: the weightiest that there is room for, with those around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexers.summarize import Detail, Summary
from memory_server.answer.page import HEAD_WIDTH, TextLine, cost_of
from memory_server.answer.reply import symbol_json
from memory_server.deadline import in_time
from memory_server.index.view import SIDE_ROLES, View
from memory_server.query.targets import describe_symbol
from memory_server.visible import quote_path

OUTLINE_SYMBOLS = 3_000
"""The largest budget holds fewer lines than this; the weightiest symbols are chosen among so many."""

MIN_LINE_TOKENS = 6
"""No line of an outline is cheaper; with less room the search for one that fits ends."""

DOCUMENT_WEIGHT, TEST_WEIGHT, SIDE_WEIGHT = 0.1, 0.2, 0.3
"""Headings and keys, tests, and what only shows the code come after the code."""

DOCUMENT_KINDS = frozenset({"file", "section", "key", "block", "element", "rule", "stage", "target"})


@dataclass(frozen=True, slots=True)
class Branch:
    """A symbol of an outline, ``depth`` below its file; ``weight`` says what is worth more when room is short."""

    path: str
    depth: int
    summary: Summary
    weight: float

    def line(self, detail: Detail) -> TextLine:
        """The symbol, indented below its file."""
        return TextLine(f"{'  ' * (self.depth + 1)}{self.summary.head(detail, HEAD_WIDTH)}", self.path)


def branches_json(branches: Sequence[Branch]) -> list[dict[str, object]]:
    """Symbols with those inside them."""
    top: list[dict[str, object]] = []
    open_above: list[tuple[Branch, list[dict[str, object]]]] = []
    for branch in branches:
        while open_above and not _is_under(branch, open_above[-1][0]):
            open_above.pop()
        children: list[dict[str, object]] = []
        (open_above[-1][1] if open_above else top).append(
            {**symbol_json(branch.summary), "children": children}
        )
        open_above.append((branch, children))
    return top


def _weigh(view: View, inside: Sequence[int]) -> dict[int, float]:
    """What each symbol is worth in an outline; windows are left out, and files that hold something else."""
    weights: dict[int, float] = {}
    depths: dict[int, int] = {}
    for place in in_time(inside):
        first, last = int(view.first[place]), int(view.first[place + 1])
        side = SIDE_WEIGHT if view.roles[place] in SIDE_ROLES else 1.0
        named = [symbol for symbol in range(first + 1, last) if view.kinds[symbol] != "window"]
        for symbol in named or [first]:
            depths[symbol] = depths.get(int(view.parent[symbol]), -1) + 1
            damp = TEST_WEIGHT if view.in_tests[symbol] else side
            kind = DOCUMENT_WEIGHT if view.kinds[symbol] in DOCUMENT_KINDS else 1.0
            weights[symbol] = float(view.graph.importance[symbol]) * damp * kind / 2.0 ** depths[symbol]
    return weights


def grow_branches(view: View, inside: Sequence[int]) -> list[Branch]:
    """The weightiest symbols of some files with those around them, in the order of the files."""
    weights = _weigh(view, inside)
    symbols = np.array(list(weights), np.int64)
    values = np.array(list(weights.values()), np.float64)
    chosen: set[int] = set()
    for symbol in symbols[np.argsort(-values, kind="stable")[:OUTLINE_SYMBOLS]].tolist():
        while symbol in weights and symbol not in chosen:
            chosen.add(symbol)
            symbol = int(view.parent[symbol])
    depths: dict[int, int] = {}
    branches = []
    for symbol in sorted(chosen):
        depth = depths[symbol] = depths.get(int(view.parent[symbol]), -1) + 1
        summary = replace(describe_symbol(view, symbol), name=view.names[symbol])
        branches.append(Branch(summary.path, depth, summary, weights[symbol]))
    return branches


def choose_branches(branches: Sequence[Branch], room: float, detail: Detail) -> set[int]:
    """Places of the branches that fit into the room, the weightiest first, with those around them."""
    parents = _parents(branches)
    chosen: set[int] = set()
    paths: set[str] = set()
    for place in sorted(range(len(branches)), key=lambda place: (-branches[place].weight, place)):
        if room < MIN_LINE_TOKENS:
            break
        if place in chosen:
            continue
        chain = [place]
        while parents[chain[-1]] >= 0 and parents[chain[-1]] not in chosen:
            chain.append(parents[chain[-1]])
        path = branches[place].path
        lines = [branches[link].line(detail) for link in chain if branches[link].summary.kind != "file"]
        cost = cost_of(lines if path in paths else [TextLine(quote_path(path)), *lines])
        if cost > room:
            continue
        room -= cost
        chosen.update(chain)
        paths.add(path)
    return chosen


def _parents(branches: Sequence[Branch]) -> list[int]:
    above: list[int] = []
    parents: list[int] = []
    for place, branch in enumerate(branches):
        while above and not _is_under(branch, branches[above[-1]]):
            above.pop()
        parents.append(above[-1] if above else -1)
        above.append(place)
    return parents


def _is_under(branch: Branch, other: Branch) -> bool:
    return branch.path == other.path and branch.depth > other.depth
