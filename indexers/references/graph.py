"""References resolved to symbols, each with a confidence; importance by PageRank over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexers.languages.registry import all_specs
from indexers.model import CONTAINER_KINDS, REFERENCE_KINDS
from indexers.references.modules import ModulePaths

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

CALL, IMPORT, INHERIT = range(len(REFERENCE_KINDS))

CONFIDENCE = {
    "own type": 0.95, "named type": 0.95, "same file": 0.9, "imported": 0.9,
    "only one": 0.7, "only one, of anything": 0.4, "nearby": 0.5,
}  # fmt: skip
"""How sure each way of resolving is; several equal candidates share it. Judgement, not measured."""

MAX_CANDIDATES = 4
"""A name with more equal candidates than this stays unresolved: an edge to each would only be noise."""

_BODY_KINDS = frozenset({"function", "method", "macro", "test"})
_UNREFERENCED = frozenset({"file", "window", "section", "key", "block", "element", "rule", "stage"})
_DAMPING, _ROUNDS = 0.85, 25

_BATCH = 20_000
"""References looked up at once in all that their files import: bounds the memory that the pairs take."""


@dataclass(frozen=True, slots=True)
class GraphInput:
    """A tree's symbols (by place) and references; names, kinds and qualifiers are Arrow string arrays.

    ``parents`` are symbol places or -1, ``ref_sources`` symbol places, ``languages`` one a file.
    """

    names: Any
    kinds: Any
    parents: Ints
    file_of: NDArray[np.int32]
    paths: Sequence[str]
    languages: Sequence[str]
    ref_names: Any
    ref_qualifiers: Any
    ref_kinds: Any
    ref_sources: Ints
    ref_lines: NDArray[np.int32]


@dataclass(frozen=True)
class Graph:
    """Resolved references as parallel arrays sorted by source, and ``importance`` per symbol (mean 1).

    An import's target is the imported symbol, or the file symbol of the module.
    """

    source: Ints
    target: Ints
    kind: NDArray[np.int8]
    line: NDArray[np.int32]
    confidence: Floats
    importance: Floats

    def outgoing(self, symbol: int) -> Ints:
        """Places of the edges that start at a symbol."""
        return np.arange(*np.searchsorted(self.source, [symbol, symbol + 1]))

    def incoming(self, symbol: int) -> Ints:
        """Places of the edges that end at a symbol, by source."""
        order, targets = self._by_target
        return order[slice(*np.searchsorted(targets, [symbol, symbol + 1]))]

    @cached_property
    def _by_target(self) -> tuple[Ints, Ints]:
        """The order of the edges by target, and the targets in it."""
        order = np.argsort(self.target, kind="stable")
        return order, self.target[order]


def resolve_references(given: GraphInput) -> Graph:
    """Resolve every reference that can be, in order of trust, and rank the symbols by who refers to them."""
    resolver = _Resolver(given)
    resolver.resolve()
    source, target, kind, line, confidence = resolver.edges()
    importance = rank_symbols(len(given.names), source, target, confidence, given.parents)
    return Graph(source, target, kind, line, confidence, importance)


class _Join:
    """Candidates by a 64-bit key: the definitions whose key equals a reference's."""

    def __init__(self, keys: Ints, symbols: Ints) -> None:
        order = np.argsort(keys, kind="stable")
        self.symbols = symbols[order]
        self.keys, self.first, self.counts = np.unique(keys[order], return_index=True, return_counts=True)

    def find(self, keys: Ints) -> tuple[Ints, Ints]:
        """For each key the first place of its symbols, and how many there are."""
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return self.first[place], np.where(self.keys[place] == keys, self.counts[place], 0)


class _Resolver:
    """One pass of resolution; each stage settles references that the stages before it left open."""

    def __init__(self, given: GraphInput) -> None:
        self.given = given
        encoded = given.names.dictionary_encode()
        self.codes: dict[str, int] = {name: code for code, name in enumerate(encoded.dictionary.to_pylist())}
        self.name_code = encoded.indices.to_numpy().astype(np.int64)
        self.ref_name = self._encode(given.ref_names, last_segment=True)
        self.ref_qualifier = self._encode(given.ref_qualifiers)
        self.is_bare = _encode_with(given.ref_qualifiers, lambda text: not text).astype(bool)
        kinds = {kind: index for index, kind in enumerate(REFERENCE_KINDS)}
        self.ref_kind = _encode_with(given.ref_kinds, lambda kind: kinds[kind]).astype(np.int8)
        self.source_file = given.file_of[given.ref_sources].astype(np.int64)
        languages = {name: index for index, name in enumerate(sorted(set(given.languages)))}
        file_language = np.array([languages[name] for name in given.languages], np.int64)
        self.language = file_language[given.file_of] if len(given.file_of) else np.zeros(0, np.int64)
        self.open = self.ref_name >= 0
        self.found: list[tuple[Ints, Ints, Floats]] = []
        self.definitions = np.flatnonzero(_encode_with(given.kinds, lambda kind: kind not in _UNREFERENCED))
        self.owner = self._owners()

    def _encode(self, column: Any, *, last_segment: bool = False) -> Ints:  # noqa: ANN401 - Arrow is not typed
        """Each text's name code, -1 where no symbol has that name."""

        def code(text: str) -> int:
            found = self.codes.get(text, -1)
            return found if found >= 0 or not last_segment else self.codes.get(_last_segment(text), -1)

        return _encode_with(column, code)

    def _owners(self) -> Ints:
        """The innermost type around each symbol, itself when it is one, -1 without."""
        given = self.given
        is_type = _encode_with(given.kinds, lambda kind: kind in CONTAINER_KINDS or kind == "module").astype(
            bool
        )
        owner = np.where(is_type, np.arange(len(is_type)), -1)
        parent = given.parents.copy()
        while True:
            missing = np.flatnonzero((owner < 0) & (parent >= 0))
            if not len(missing):
                return owner
            above = parent[missing]
            owner[missing] = np.where(is_type[above], above, -1)
            parent[missing] = np.where(is_type[above], -1, given.parents[above])

    def resolve(self) -> None:
        """Run the stages, the surest first."""
        definitions, name = self.definitions, self.name_code
        parents = self.given.parents[definitions]
        inside = np.where(parents >= 0, self.owner[np.maximum(parents, 0)], -1)
        owner_name = np.where(inside >= 0, name[np.maximum(inside, 0)], -1)
        source_owner = self.owner[self.given.ref_sources] if len(self.given.ref_sources) else self.ref_name
        source_owner_name = np.where(source_owner >= 0, name[np.maximum(source_owner, 0)], -2)
        is_self = self._is_self()
        bare = self.is_bare | is_self
        self._stage(
            "own type", _pair(name[definitions], owner_name), _pair(self.ref_name, source_owner_name), bare
        )
        self._stage(
            "named type", _pair(name[definitions], owner_name), _pair(self.ref_name, self.ref_qualifier),
            ~bare & (self.ref_qualifier >= 0),
        )  # fmt: skip
        self._stage(
            "same file", _pair(name[definitions], self.given.file_of[definitions].astype(np.int64)),
            _pair(self.ref_name, self.source_file), bare | (self.ref_kind != CALL),
        )  # fmt: skip
        self.definitions = definitions = definitions[~self._is_local()[definitions]]
        self._resolve_imports()
        known = bare | (self.ref_kind != CALL)
        self._stage("only one", name[definitions], self.ref_name, known, most=1)
        self._stage("only one, of anything", name[definitions], self.ref_name, ~known, most=1)
        folders = self._folders()
        self._stage(
            "nearby", _pair(name[definitions], folders[self.given.file_of[definitions]]),
            _pair(self.ref_name, folders[self.source_file]), np.ones(len(self.ref_name), bool),
        )  # fmt: skip
        self._stage("nearby", name[definitions], self.ref_name, np.ones(len(self.ref_name), bool), weight=0.6)

    def _is_local(self) -> NDArray[np.bool_]:
        """Whether a definition stands inside a function's body, unknown outside its file."""
        has_body = _encode_with(self.given.kinds, lambda kind: kind in _BODY_KINDS).astype(bool)
        parents = self.given.parents
        return (parents >= 0) & has_body[np.maximum(parents, 0)] if len(has_body) else has_body

    def _is_self(self) -> NDArray[np.bool_]:
        selves = {name for spec in all_specs() for name in spec.self_names}
        return _encode_with(self.given.ref_qualifiers, lambda text: int(text in selves)).astype(bool)

    def _folders(self) -> Ints:
        codes: dict[str, int] = {}
        names = (path.rpartition("/")[0] for path in self.given.paths)
        return np.array([codes.setdefault(name, len(codes)) for name in names], np.int64)

    def _stage(
        self,
        way: str,
        keys: Ints,
        wanted: Ints,
        applies: NDArray[np.bool_],
        most: int = MAX_CANDIDATES,
        weight: float = 1.0,
    ) -> None:
        """Settle the open references to which a way applies and that have between 1 and ``most`` candidates."""
        references = np.flatnonzero(self.open & applies)
        if not len(references) or not len(keys):
            return
        join = _Join(keys, self.definitions)
        low, count = join.find(wanted[references])
        good = (count > 0) & (count <= most)
        self._settle(references[good], join.symbols, low[good], count[good], CONFIDENCE[way] * weight)

    def _settle(self, references: Ints, symbols: Ints, low: Ints, count: Ints, confidence: float) -> None:
        total = int(count.sum())
        if not total:
            return
        within = np.arange(total) - np.repeat(np.cumsum(count) - count, count)
        targets = symbols[np.repeat(low, count) + within]
        repeated = np.repeat(references, count)
        shared = (confidence / np.repeat(count, count)).astype(np.float32)
        keep = self.language[targets] == self.language[self.given.ref_sources[repeated]]
        shared = np.where(keep, shared, shared * 0.5).astype(np.float32)
        self.found.append((repeated, targets, shared))
        self.open[references] = False

    def _resolve_imports(self) -> None:
        """Modules to files by their path's end, then names to what the imported files define."""
        given = self.given
        imports = np.flatnonzero(self.ref_kind == IMPORT)
        modules = ModulePaths(given.paths, given.languages)
        texts = given.ref_names.take(imports).to_pylist()
        pairs: set[tuple[int, int]] = set()
        references, targets = [], []
        first = np.searchsorted(given.file_of, np.arange(len(given.paths)))
        for reference, text in zip(imports.tolist(), texts, strict=True):
            source = int(self.source_file[reference])
            file = modules.find(text, source)
            if file is None or file == source:
                continue
            pairs.add((source, file))
            references.append(reference)
            targets.append(int(first[file]))
        if not references:
            return
        self._resolve_imported_names(np.array(sorted(pairs), np.int64))
        still = np.array(references, np.int64)
        open_still = self.open[still] | (self.ref_name[still] < 0)
        chosen, symbols = still[open_still], np.array(targets, np.int64)[open_still]
        self.found.append((chosen, symbols, np.full(len(chosen), CONFIDENCE["imported"], np.float32)))
        self.open[chosen] = False

    def _resolve_imported_names(self, pairs: Ints) -> None:
        """Open references whose name is defined at the top of exactly one file that their file imports."""
        definitions = self.definitions
        files = self.given.file_of[definitions].astype(np.int64)
        join = _Join(_pair(self.name_code[definitions], files), definitions)
        starts = np.searchsorted(pairs[:, 0], np.arange(len(self.given.paths) + 1))
        references = np.flatnonzero(self.open)
        for first in range(0, len(references) if len(definitions) else 0, _BATCH):
            self._find_among_imported(references[first : first + _BATCH], pairs, starts, join)

    def _find_among_imported(self, references: Ints, pairs: Ints, starts: Ints, join: _Join) -> None:
        sources = self.source_file[references]
        count = (starts[sources + 1] - starts[sources]).astype(np.int64)
        repeated = np.repeat(references, count)
        within = np.arange(len(repeated)) - np.repeat(np.cumsum(count) - count, count)
        imported = pairs[np.repeat(starts[sources], count) + within, 1] if len(repeated) else repeated
        low, count = join.find(_pair(self.ref_name[repeated], imported))
        hit = (count > 0) & (count <= MAX_CANDIDATES)
        repeated, low, found = repeated[hit], low[hit], count[hit]
        unique, position = np.unique(repeated, return_index=True)
        self._settle(unique, join.symbols, low[position], found[position], CONFIDENCE["imported"])

    def edges(self) -> tuple[Ints, Ints, NDArray[np.int8], NDArray[np.int32], Floats]:
        """All resolved references, sorted by source, then line, then target, self references left out."""
        if not self.found:
            empty = np.zeros(0, np.int64)
            return empty, empty, np.zeros(0, np.int8), np.zeros(0, np.int32), np.zeros(0, np.float32)
        references, targets, confidence = (np.concatenate(parts) for parts in zip(*self.found, strict=True))
        sources, lines = self.given.ref_sources[references], self.given.ref_lines[references]
        kinds = self.ref_kind[references]
        keep = sources != targets
        order = np.lexsort((kinds[keep], targets[keep], lines[keep], sources[keep]))
        return (
            sources[keep][order], targets[keep][order], kinds[keep][order], lines[keep][order], confidence[keep][order],
        )  # fmt: skip


def _encode_with(column: Any, code: Callable[[str], int]) -> Ints:  # noqa: ANN401 - Arrow is not typed
    """Map an Arrow string column through a function, calling it once per distinct text."""
    encoded = column.dictionary_encode()
    table = np.array([code(text) for text in encoded.dictionary.to_pylist()], np.int64)
    return table[encoded.indices.to_numpy()] if len(table) else np.zeros(0, np.int64)


def _pair(left: Ints, right: Ints) -> Ints:
    """Two codes as one key; -1 and -2 stay apart from every code."""
    return (left << 32) | (right & 0xFFFFFFFF)


def _last_segment(text: str) -> str:
    for mark in ("::", ".", "/", "\\"):
        text = text.rpartition(mark)[2]
    return text


def rank_symbols(size: int, source: Ints, target: Ints, confidence: Floats, parents: Ints) -> Floats:
    """PageRank (Page et al. 1999) over references weighted by confidence, scaled to mean 1.

    A symbol also passes a fifth of a reference to its parent, so that a type is as important as its members.
    """
    if not size:
        return np.zeros(0, np.float32)
    children = np.flatnonzero(parents >= 0)
    sources = np.concatenate([source, children])
    targets = np.concatenate([target, parents[children]])
    weight = np.concatenate([confidence, np.full(len(children), 0.2, np.float32)]).astype(np.float64)
    out = np.bincount(sources, weight, minlength=size)
    share = weight / out[sources]
    dangling = out == 0
    rank = np.full(size, 1.0 / size)
    for _ in range(_ROUNDS):
        spread = np.bincount(targets, rank[sources] * share, minlength=size)
        rank = (1 - _DAMPING) / size + _DAMPING * (spread + rank[dangling].sum() / size)
    return (rank * size).astype(np.float32)
