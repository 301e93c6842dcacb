"""The four questions, from parameters to text: what the tools and the commands of the same names reply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from indexers.model import Skipped
from indexers.source.walk import read_source
from indexers.summarize import Summary, choose_calls
from memory_server.answer.render import (
    SURE,
    Branch,
    Relative,
    render_candidates,
    render_outline,
    render_related,
    render_search,
    render_slices,
)
from memory_server.answer.slices import (
    Hit,
    Line,
    Slice,
    clip,
    numbered,
    pick_key_lines,
    split_lines,
    with_context,
)
from memory_server.errors import NotFoundError, OutsideRepositoryError
from memory_server.index.view import SIDE_ROLES, View
from memory_server.memory import Memory
from memory_server.model import SearchHit
from memory_server.query.candidates import path_filter
from memory_server.query.question import read_query
from memory_server.query.rank import RANKING
from memory_server.query.relations import find_relatives
from memory_server.query.targets import (
    FileTarget,
    SymbolTarget,
    are_overloads,
    describe_symbol,
    find_symbols,
    inside_root,
    resolve_target,
)

T = TypeVar("T")

FOUND_HITS, MAX_HITS, MAX_WEAK = 60, 12, 10
"""Hits to choose from; of them, at most so many are told of, and so many of the weak ones named."""

WEAK_SHARE, NAMED_SHARE = {"name": 0.65, "text": 0.4}, {"name": 0.65, "text": 0.3}
"""Hits below this share of the best score are weak: at most named, since what a reader skips still costs context.

On the development split that leaves 2.5 hits of 12 for an identifier and 9.9 for a question, with 97% and 99.6% of the
wanted files among the 12 still there; at 0.5 a question's tokens until its files are shown rise by 4%.
"""

KEY_LINE_HITS, KEY_LINES = 5, 3
"""How many hits show lines of their source, and how many lines each."""

SHOWN_REFERENCES = 2
"""How many referring lines of one symbol are shown; of further ones, the numbers."""

RELATIVE_TOKENS = 15
"""No symbol with a referring line takes less; the files of more than fit are not read."""

OUTLINE_SYMBOLS = 3_000
"""The largest budget holds fewer lines than this; the weightiest symbols are chosen among so many."""

DOCUMENT_WEIGHT, TEST_WEIGHT, SIDE_WEIGHT = 0.1, 0.2, 0.3
"""In an outline, headings and keys, tests, and what only shows the code come after the code."""

DOCUMENT_KINDS = frozenset({"file", "section", "key", "block", "element", "rule", "stage", "target"})

BODY_KINDS = frozenset({"function", "method", "macro"})
"""Too long for the budget, these show how they begin; others show what they hold."""


class Answers:
    """Replies to questions about one repository, each within its token budget."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def search(self, query: str, path: str = "", kind: str = "", budget: int = 0) -> str:
        """Ranked hits as digests, grouped by file, the best with their key lines.

        Raises:
            QueryError: the query is empty or the kind unknown.
            OutsideRepositoryError: the path leads outside the repository.
        """
        view, found = self.memory.find(query, FOUND_HITS, path=self._inside(path), kind=kind)
        asked = read_query(query)
        best = found[0].score if found else 0.0
        hits = [hit for hit in found[:MAX_HITS] if hit.score >= WEAK_SHARE[asked.style] * best]
        told: list[Hit] = []
        seen: set[tuple[str, str]] = set()
        for place, hit in enumerate(hits):
            again = (hit.path, hit.name) in seen
            told.append(
                self._tell(view, hit, asked.terms if place < KEY_LINE_HITS and not again else {}, again=again)
            )
            seen.add((hit.path, hit.name))
        weak = _choose_weak(found, len(hits), NAMED_SHARE[asked.style] * best, WEAK_SHARE[asked.style] * best)
        return render_search(told, budget or self.memory.config.budget.search, weak, self._notes())

    def _tell(self, view: View, hit: SearchHit, terms: dict[int, float], *, again: bool) -> Hit:
        """A hit's summary; of a further overload, only the signature."""
        summary = summarize_symbol(view, hit.symbol)
        if again:
            return Hit(replace(summary, doc="", calls=()))
        try:
            text = self._lines(hit.path) if terms else []
        except NotFoundError:
            text = []
        return Hit(summary, pick_key_lines(text, summary, terms, view.lexical, KEY_LINES) if text else ())

    def read(self, targets: Sequence[str], context: int = 2, budget: int = 0) -> str:
        """Source of several targets with line numbers, the lines around it and the enclosing signatures.

        Raises:
            NotFoundError: a single target names nothing.
            OutsideRepositoryError: the path of a single target leads outside the repository.
        """
        limit = budget or self.memory.config.budget.read
        pieces: list[Slice | str] = []
        distinct = list(dict.fromkeys(targets))
        for target in distinct:
            try:
                pieces.append(self._read_one(target, context, limit // (2 if len(distinct) == 1 else 4)))
            except (NotFoundError, OutsideRepositoryError) as error:
                if len(distinct) == 1:
                    raise
                pieces.append(f"{error}; {error.hint}")
        return render_slices(pieces, limit, self._notes())

    def _read_one(self, target: str, context: int, budget: int) -> Slice | str:
        view, found = self._ask(lambda view: self._resolve(view, target))
        if isinstance(found, FileTarget):
            return self._file_slice(view, found, context)
        if not are_overloads(view, found.symbols):
            candidates = [describe_symbol(view, symbol) for symbol in found.symbols]
            return render_candidates(target, candidates, budget)
        return self._symbol_slice(view, found.symbols, context)

    def _resolve(self, view: View, target: str) -> tuple[FileTarget | SymbolTarget, set[str]]:
        found = resolve_target(view, self.memory.root, target)
        if isinstance(found, FileTarget):
            return found, {found.path}
        return found, {view.path_of(symbol) for symbol in found.symbols}

    def _ask(self, question: Callable[[View], tuple[T, set[str]]]) -> tuple[View, T]:
        """Ask the index; when a file that the answer serves has changed, or nothing is found, ask it anew."""
        memory = self.memory
        memory.tree.load()
        view = memory.view
        try:
            answer, served = question(view)
            changed = memory.refresh(served if served <= view.manifest.keys() else set())
        except NotFoundError:
            if not memory.refresh(set()):
                raise
            changed = True
        return (memory.view, question(memory.view)[0]) if changed else (view, answer)

    def _symbol_slice(self, view: View, symbols: Sequence[int], context: int) -> Slice:
        symbol = symbols[0]
        path, start = view.path_of(symbol), int(view.start_line[symbol])
        end = max(int(view.end_line[overload]) for overload in symbols)
        text = self._lines(path)
        title = f"{view.kinds[symbol]} {view.qualified_names[symbol]}"
        members = () if view.kinds[symbol] in BODY_KINDS else self._members(view, symbol)
        enclosing = self._enclosing(view, int(view.parent[symbol]), text)
        return Slice(path, title, start, end, enclosing, with_context(text, start, end, context), members)

    def _enclosing(self, view: View, symbol: int, text: Sequence[str]) -> tuple[Line, ...]:
        """The signature lines of a symbol and of those around it, outermost first."""
        lines: list[Line] = []
        while symbol >= 0 and view.kinds[symbol] != "file":
            if view.kinds[symbol] != "window":
                first = _signature_line(view, symbol, text)
                lines = [*numbered(text, first, first), *lines]
            symbol = int(view.parent[symbol])
        return tuple(lines)

    def _members(self, view: View, symbol: int) -> tuple[Summary, ...]:
        last = int(view.first[view.file_of[symbol] + 1])
        inside = (symbol + 1 + np.flatnonzero(view.parent[symbol + 1 : last] == symbol)).tolist()
        members = (describe_symbol(view, member) for member in inside if view.kinds[member] != "window")
        return tuple(replace(member, name=member.name.rpartition(".")[2]) for member in members)

    def _file_slice(self, view: View, target: FileTarget, context: int) -> Slice:
        path, text = target.path, self._lines(target.path)
        place = view.file_index.get(path)
        if target.end == 0:
            members = self._members(view, int(view.first[place])) if place is not None else ()
            return Slice(path, "", 1, len(text), (), numbered(text, 1, len(text)), members)
        if target.start > len(text):
            raise NotFoundError(f"{path} has {len(text)} lines", f"outline {path} lists its symbols")
        start, end = target.start, min(target.end, len(text))
        inner = _innermost(view, place, start, end) if place is not None else -1
        enclosing = self._enclosing(view, inner, text)
        title = f"in {view.qualified_names[inner]}" if enclosing else ""
        return Slice(path, title, start, end, enclosing, with_context(text, start, end, context))

    def outline(self, path: str = "", budget: int = 0) -> str:
        """The repository's map by importance, or a folder's or file's symbols, as deep as the budget allows.

        Raises:
            NotFoundError: no indexed file lies there.
            OutsideRepositoryError: the path leads outside the repository.
        """
        path = self._inside(path)
        fits = path_filter(path)

        def find(view: View) -> tuple[list[int], set[str]]:
            inside = [place for place, candidate in enumerate(view.paths) if fits(candidate)]
            if not inside:
                hint = "outline without a path shows the repository"
                raise NotFoundError(f"nothing indexed at {path or 'this repository'}", hint)
            return inside, {view.paths[place] for place in inside} if path else set()

        view, inside = self._ask(find)
        weights = _outline_weights(view, inside)
        branches = _branches(view, weights)
        title = _outline_title(view, inside, path, len(weights))
        limit = budget or self.memory.config.budget.outline
        return render_outline(title, branches, len(weights), limit, self._notes())

    def related(self, symbol: str, relation: str, depth: int = 1, budget: int = 0) -> str:
        """Callers, callees, implementations, importers or tests of a symbol.

        Raises:
            NotFoundError: no symbol or file has that name.
            QueryError: the relation is unknown.
            OutsideRepositoryError: the symbol is a path that leads outside the repository.
        """

        def find(view: View) -> tuple[tuple[tuple[int, ...], list[Relative]], set[str]]:
            starts = self._starts(view, symbol)
            relatives = find_relatives(view, starts, relation, depth) if are_overloads(view, starts) else []
            served = {relative.summary.path for relative in relatives}
            return (starts, relatives), served | {view.path_of(start) for start in starts}

        view, (starts, relatives) = self._ask(find)
        limit = budget or self.memory.config.budget.related
        if not are_overloads(view, starts):
            return render_candidates(symbol, [describe_symbol(view, start) for start in starts], limit)
        if relation in ("callers", "tests") and len(relatives) * RELATIVE_TOKENS <= limit:
            relatives = [self._with_source(relative) for relative in relatives]
        where = f"{view.path_of(starts[0])}:{view.start_line[starts[0]]}"
        name = view.qualified_names[starts[0]]
        title = f"{relation} of {name} ({where}): " if name else f"{relation} of {view.path_of(starts[0])}: "
        told = str(len(relatives)) if relatives else "none found; search may find uses that are not resolved"
        return render_related(title + told, relatives, limit, self._notes())

    def _starts(self, view: View, text: str) -> tuple[int, ...]:
        found = resolve_target(view, self.memory.root, text)
        if isinstance(found, SymbolTarget):
            return found.symbols
        place = view.file_index.get(found.path)
        if place is None:
            return find_symbols(view, text)
        return (_innermost(view, place, found.start, found.end) if found.end else int(view.first[place]),)

    def _with_source(self, relative: Relative) -> Relative:
        try:
            text = self._lines(relative.summary.path)
        except NotFoundError:
            return relative
        shown = relative.lines[:SHOWN_REFERENCES]
        return replace(relative, source=tuple((n, clip(text[n - 1])) for n in shown if n <= len(text)))

    def _lines(self, path: str) -> list[str]:
        """A file's lines as they are now.

        Raises:
            NotFoundError: there is no such file, or it is left out of the index for its content.
        """
        source = read_source(self.memory.root, path, self.memory.tree.rules)
        if isinstance(source, Skipped):
            raise NotFoundError(
                f"{path} is not served: {source.reason}", "repo-memory status says what is left out"
            )
        return split_lines(source.data)

    def _inside(self, path: str) -> str:
        """A path filter, relative to the root; empty for all."""
        path = inside_root(self.memory.root, path.strip()) if path.strip() else ""
        return "" if path == "." else path

    def _notes(self) -> tuple[str, ...]:
        return (self.memory.building,) if self.memory.building else ()


def summarize_symbol(view: View, symbol: int) -> Summary:
    """A symbol's summary, with the calls that matter."""
    graph = view.graph
    edges = graph.outgoing(symbol)
    edges = edges[(graph.kind[edges] == 0) & (graph.confidence[edges] >= SURE)]
    callees = graph.target[edges].tolist()
    calls = choose_calls([view.names[c] for c in callees], [float(graph.importance[c]) for c in callees])
    return replace(describe_symbol(view, symbol), doc=view.text("doc", symbol), calls=calls)


def _signature_line(view: View, symbol: int, text: Sequence[str]) -> int:
    """The line of a symbol that names it, after its attributes."""
    start, name = int(view.start_line[symbol]), view.names[symbol]
    near = range(start, min(start + 8, int(view.end_line[symbol]), len(text)) + 1)
    return next((number for number in near if name in text[number - 1]), start)


def _choose_weak(found: Sequence[SearchHit], told: int, named: float, told_of: float) -> list[SearchHit]:
    """Of the hits after those told of, the best of each further file, and what only its place in a file made weak."""
    weak: list[SearchHit] = []
    earlier: Counter[str] = Counter()
    for place, hit in enumerate(found):
        alone = hit.score / RANKING.same_file ** earlier[hit.path]
        if place >= told and alone >= (told_of if earlier[hit.path] else named):
            weak.append(hit)
        earlier[hit.path] += 1
    return weak[:MAX_WEAK]


def _innermost(view: View, place: int, start: int, end: int) -> int:
    """The smallest symbol of a file around some lines; the file itself when there is no other."""
    first, last = int(view.first[place]), int(view.first[place + 1])
    inside = (view.start_line[first:last] <= start) & (view.end_line[first:last] >= end)
    around = (first + np.flatnonzero(inside)).tolist()
    return next((symbol for symbol in reversed(around) if view.kinds[symbol] != "window"), first)


def _outline_weights(view: View, inside: Sequence[int]) -> dict[int, float]:
    """What each symbol is worth in an outline; windows are left out, and files that hold something else."""
    weights: dict[int, float] = {}
    depths: dict[int, int] = {}
    for place in inside:
        first, last = int(view.first[place]), int(view.first[place + 1])
        side = SIDE_WEIGHT if view.roles[place] in SIDE_ROLES else 1.0
        named = [symbol for symbol in range(first + 1, last) if view.kinds[symbol] != "window"]
        for symbol in named or [first]:
            depths[symbol] = depths.get(int(view.parent[symbol]), -1) + 1
            damp = TEST_WEIGHT if view.in_tests[symbol] else side
            kind = DOCUMENT_WEIGHT if view.kinds[symbol] in DOCUMENT_KINDS else 1.0
            weights[symbol] = float(view.graph.importance[symbol]) * damp * kind / 2.0 ** depths[symbol]
    return weights


def _branches(view: View, weights: dict[int, float]) -> list[Branch]:
    """The weightiest symbols with those around them, in the order of the files."""
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


def _outline_title(view: View, inside: Sequence[int], path: str, symbols: int) -> list[str]:
    most = ", ".join(f"{name} {count}" for name, count in list(view.language_counts(inside).items())[:6])
    files = "1 file" if len(inside) == 1 else f"{len(inside)} files"
    title = [f"{path or 'repository'}: {files}, {symbols} symbols ({most})"]
    start = len(path) + 1 if path else 0
    names = (view.paths[place][start:].split("/") for place in inside)
    counts = Counter(parts[0] for parts in names if len(parts) > 1 and "*" not in path)
    listed = ", ".join(f"{name} {count}" for name, count in counts.most_common(12))
    return [*title, f"folders: {listed}"] if listed else title
