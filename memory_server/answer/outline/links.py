"""How the parts of an architecture hang together: what is central in each, and which uses which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from indexers.model import CONTAINER_KINDS
from memory_server.index.view import View

Ints = NDArray[np.int64]

CODE_KINDS = (*sorted(CONTAINER_KINDS), "function", "method", "macro", "type")
"""What code consists of."""

VALUE_KINDS = ("constant", "variable")
"""What may be central where no code is."""

SURE_ENOUGH, SURE_OF_METHOD = 0.4, 0.45
"""Confidence from which a reference says what depends on what: a method's name alone says nothing of whose it is."""

CENTRAL, USES = 4, 4
"""Symbols and uses of a part that are told at most."""

LEAST_USE = 0.1
"""Share of a part's most used other part that a use has to have to be told."""


class Links:
    """The references from files to symbols of other files, seen as those between parts; each counts once a file.

    ``part_of`` holds the number of each file's part in the view, -1 for none; ``heard`` are the symbols that count.
    What is heard of a file without a part counts as another part's.
    """

    def __init__(self, view: View, part_of: Ints, heard: NDArray[np.bool_]) -> None:
        graph = view.graph
        needed = np.where(view.kinds.are_in(("method",)), SURE_OF_METHOD, SURE_ENOUGH)
        sure = graph.confidence >= needed[graph.target]
        source, target = graph.source[sure], graph.target[sure]
        files = view.file_of[source].astype(np.int64)
        keep = heard[source] & heard[target]
        pairs = np.unique((files[keep] << 32) | _outermost(view, target[keep]))
        self.view, self.part_of, self.heard = view, part_of, heard
        self.files, self.targets = pairs >> 32, pairs & 0xFFFFFFFF
        self.sources = part_of[self.files]
        """The part of each reference's file."""
        self.ends = part_of[view.file_of[self.targets]]
        """The part of each reference's target."""

    def central(self) -> list[dict[str, int]]:
        """Of each part the symbols by name that most files of others refer to, code before values.

        What is said of a type's methods is said of the type.
        """
        view = self.view
        code = view.kinds.are_in(CODE_KINDS)
        heard = (
            (self.ends >= 0)
            & (self.sources != self.ends)
            & (code | view.kinds.are_in(VALUE_KINDS))[self.targets]
        )
        targets = self.targets[heard]
        called: dict[tuple[int, str], int] = {}
        members: list[int] = []
        numbers = np.zeros(len(view), np.int64)
        for symbol in np.unique(targets).tolist():
            name = _plain_name(view, symbol)
            number = numbers[symbol] = called.setdefault(
                (int(self.part_of[view.file_of[symbol]]), name), len(called)
            )
            if number == len(members):
                members.append(symbol)
            elif view.kinds[symbol] in CONTAINER_KINDS and view.kinds[members[number]] not in CONTAINER_KINDS:
                members[number] = symbol
        counts = np.bincount(
            np.unique((self.files[heard] << 32) | numbers[targets]) & 0xFFFFFFFF, minlength=len(called)
        )
        symbols = np.array(members, np.int64)
        best = np.lexsort((symbols, -view.graph.importance[symbols], -counts, ~code[symbols])).tolist()
        names = list(called)
        return self._first_of_each((*names[number], members[number]) for number in best)

    def important(self) -> list[dict[str, int]]:
        """Of each part the outermost code by name that is most important."""
        view = self.view
        parts = self.part_of[view.file_of]
        symbols = np.flatnonzero((parts >= 0) & view.kinds.are_in(CODE_KINDS) & self.heard)
        symbols = symbols[_outermost(view, symbols) == symbols]
        symbols = symbols[np.lexsort((symbols, -view.graph.importance[symbols], parts[symbols]))]
        place = np.arange(len(symbols)) - np.searchsorted(parts[symbols], parts[symbols])
        best = symbols[place < 2 * CENTRAL].tolist()
        return self._first_of_each((int(parts[symbol]), _plain_name(view, symbol), symbol) for symbol in best)

    def _first_of_each(self, found: Iterable[tuple[int, str, int]]) -> list[dict[str, int]]:
        """The first few names of each part, each with its symbol."""
        names: list[dict[str, int]] = [{} for _ in range(int(self.part_of.max(initial=-1)) + 1)]
        for part, name, symbol in found:
            if len(names[part]) < CENTRAL:
                names[part].setdefault(name, symbol)
        return names

    def uses(self) -> list[list[int]]:
        """Of each part the others that it refers to most."""
        between = (self.sources >= 0) & (self.ends >= 0) & (self.sources != self.ends)
        pairs = Counter(zip(self.sources[between].tolist(), self.ends[between].tolist(), strict=True))
        used: list[list[tuple[int, int]]] = [[] for _ in range(int(self.part_of.max(initial=-1)) + 1)]
        for (source, end), count in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0])):
            used[source].append((end, count))
        return [[end for end, count in found[:USES] if count >= LEAST_USE * found[0][1]] for found in used]


def _outermost(view: View, symbols: Ints) -> Ints:
    """For each symbol the outermost around it that is no file and no module."""
    around = view.kinds.are_in(("file", "module"))
    while True:
        above = view.parent[symbols]
        inner = (above >= 0) & ~around[np.maximum(above, 0)]
        if not inner.any():
            return symbols
        symbols = np.where(inner, above, symbols)


def _plain_name(view: View, symbol: int) -> str:
    """An outermost symbol's name without its modules; of a method that stands apart from its type, the type's."""
    above = int(view.parent[symbol])
    if above >= 0 and view.kinds[above] == "module":
        return view.names[symbol]
    return view.qualified_names[symbol].partition(".")[0]


def count_code(view: View) -> Ints:
    """How many functions, methods and types each file has."""
    return np.bincount(view.file_of[view.kinds.are_in(CODE_KINDS)], minlength=len(view.paths))


def shorten(paths: Sequence[str]) -> list[str]:
    """Each path's shortest end, in whole names, that no other path has."""
    ends = Counter(end for path in set(paths) for end in _ends(path))
    return [next((end for end in _ends(path) if ends[end] == 1), path) for path in paths]


def _ends(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[start:]) for start in range(len(names) - 1, -1, -1)]
