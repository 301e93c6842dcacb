"""The four questions, from parameters to text: what the MCP tools and the commands of the same names reply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from indexers.languages import is_test_path
from indexers.summarize import Summary, choose_calls
from memory_server import rank
from memory_server.errors import NotFoundError
from memory_server.memory import Memory
from memory_server.model import SearchHit
from memory_server.relations import RELATIONS, find_relatives
from memory_server.render import (
    Branch,
    render_candidates,
    render_outline,
    render_related,
    render_search,
    render_slices,
)
from memory_server.search import path_filter
from memory_server.slices import Hit, Slice, numbered, pick_key_lines, with_context
from memory_server.targets import FileTarget, SymbolTarget, find_symbols, inside_root, resolve_target
from memory_server.view import View

MAX_HITS = 12
WEAK_SHARE = 0.3
"""Hits below this share of the best score are not shown: what a reader skips still costs context."""

KEY_LINE_HITS, KEY_LINES = 5, 3
"""How many hits show lines of their source, and how many lines each."""

NO_BODY_KINDS = frozenset({"file", "window"})


class Answers:
    """Replies to questions about one repository, each within its token budget."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def search(self, query: str, path: str = "", kind: str = "", budget: int = 0) -> str:
        """Ranked hits as digests, grouped by file, the best with their key lines.

        Raises:
            QueryError: the query is empty or the kind unknown.
        """
        hits = self.memory.search(query, MAX_HITS, path=path, kind=kind)
        hits = [hit for hit in hits if hit.score >= WEAK_SHARE * hits[0].score]
        view = self.memory.view
        terms = rank.read_query(query).terms
        told = [self._tell(view, hit, terms if place < KEY_LINE_HITS else {}) for place, hit in enumerate(hits)]
        return render_search(told, len(told), budget or self.memory.config.budget.search, self._notes())

    def _tell(self, view: View, hit: SearchHit, terms: dict[int, float]) -> Hit:
        summary = summarize_symbol(view, hit.symbol)
        if not terms:
            return Hit(summary)
        text = self.memory.read_lines(hit.path)
        return Hit(summary, pick_key_lines(text, hit.start_line, hit.end_line, terms, view.lexical, KEY_LINES))

    def read(self, targets: Sequence[str], context: int = 2, budget: int = 0) -> str:
        """Source of several targets with line numbers, the lines around it and the enclosing signatures.

        Raises:
            NotFoundError: a single target names nothing.
            OutsideRepositoryError: a path leads outside the repository.
        """
        self.memory.tree.load()
        pieces: list[Slice | str] = []
        for target in targets:
            try:
                pieces.append(self._read_one(target, context, budget))
            except NotFoundError as error:
                if len(targets) == 1:
                    raise
                pieces.append(f"{target}: {error}\n  hint: {error.hint}")
        return render_slices(pieces, budget or self.memory.config.budget.read, self._notes())

    def _read_one(self, target: str, context: int, budget: int) -> Slice | str:
        memory = self.memory
        for _ in range(2):
            view = memory.view
            try:
                found = resolve_target(view, memory.root, target)
            except NotFoundError:
                if memory.refresh(set()):
                    continue
                raise
            paths = {found.path} if isinstance(found, FileTarget) else {view.path_of(s) for s in found.symbols}
            if not memory.refresh(paths):
                break
        if isinstance(found, FileTarget):
            return self._file_slice(view, found, context)
        if len(found.symbols) > 1:
            candidates = [summarize_symbol(view, symbol) for symbol in found.symbols]
            return render_candidates(target, candidates, (budget or memory.config.budget.read) // 2)
        return self._symbol_slice(view, found.symbols[0], context)

    def _symbol_slice(self, view: View, symbol: int, context: int) -> Slice:
        path, start, end = view.path_of(symbol), int(view.start_line[symbol]), int(view.end_line[symbol])
        text = self.memory.read_lines(path)
        title = f"{view.kinds[symbol]} {view.qualified_names[symbol]}"
        lines = with_context(text, start, end, context)
        return Slice(path, title, start, end, self._enclosing(view, symbol, text), lines, self._members(view, symbol))

    def _enclosing(self, view: View, symbol: int, text: Sequence[str]) -> tuple[tuple[int, str], ...]:
        lines: list[tuple[int, str]] = []
        outer = int(view.parent[symbol])
        while outer >= 0 and view.kinds[outer] not in NO_BODY_KINDS:
            first = self._signature_line(view, outer, text)
            lines = [*numbered(text, first, first), *lines]
            outer = int(view.parent[outer])
        return tuple(lines)

    def _signature_line(self, view: View, symbol: int, text: Sequence[str]) -> int:
        """The line of a symbol that names it, after its attributes."""
        start, name = int(view.start_line[symbol]), view.names[symbol]
        near = range(start, min(start + 8, int(view.end_line[symbol]), len(text)) + 1)
        return next((number for number in near if name in text[number - 1]), start)

    def _members(self, view: View, symbol: int) -> tuple[Summary, ...]:
        last = int(view.first[view.file_of[symbol] + 1])
        inside = [s for s in range(symbol + 1, last) if int(view.parent[s]) == symbol and view.kinds[s] != "window"]
        return tuple(summarize_symbol(view, member) for member in inside)

    def _file_slice(self, view: View, target: FileTarget, context: int) -> Slice:
        text = self.memory.read_lines(target.path)
        whole = target.end == 0
        start, end = min(target.start, max(len(text), 1)), min(target.end or len(text), len(text))
        place = view.file_index.get(target.path)
        if place is None:
            return Slice(target.path, "", start, end, (), numbered(text, start, end))
        file = int(view.first[place])
        if whole:
            return Slice(target.path, "", start, end, (), numbered(text, start, end), self._members(view, file))
        inner = self._innermost(view, place, start, end)
        enclosing = self._enclosing(view, inner, text) if inner >= 0 else ()
        if inner >= 0 and view.kinds[inner] not in NO_BODY_KINDS:
            line = self._signature_line(view, inner, text)
            enclosing = (*enclosing, *numbered(text, line, line))
        title = f"in {view.qualified_names[inner]}" if enclosing else ""
        return Slice(target.path, title, start, end, enclosing, with_context(text, start, end, context))

    def _innermost(self, view: View, place: int, start: int, end: int) -> int:
        first, last = int(view.first[place]), int(view.first[place + 1])
        around = [s for s in range(first, last) if view.start_line[s] <= start and view.end_line[s] >= end]
        return around[-1] if around else -1

    def outline(self, path: str = "", budget: int = 0) -> str:
        """The repository's map by importance, or a folder's or file's symbols, as deep as the budget allows.

        Raises:
            NotFoundError: no indexed file lies there.
            OutsideRepositoryError: the path leads outside the repository.
        """
        memory = self.memory
        memory.tree.load()
        if path and "*" not in path:
            path = inside_root(memory.root, path)
        fits = path_filter(path)
        for _ in range(2):
            view = memory.view
            inside = [place for place, candidate in enumerate(view.paths) if fits(candidate)]
            if not memory.refresh({view.paths[place] for place in inside} if path not in ("", ".") else set()):
                break
        if not inside:
            raise NotFoundError(f"nothing indexed at {path or '.'}", "outline without a path shows the repository")
        branches = [branch for place in inside for branch in _branches(view, place)]
        title = _outline_title(view, inside, path if path != "." else "")
        return render_outline(title, branches, budget or memory.config.budget.outline, self._notes())

    def related(self, symbol: str, relation: str, depth: int = 1, budget: int = 0) -> str:
        """Callers, callees, implementations, importers or tests of a symbol.

        Raises:
            NotFoundError: no symbol or file has that name.
            QueryError: the relation is unknown.
        """
        memory = self.memory
        memory.tree.load()
        limit = budget or memory.config.budget.related
        for _ in range(2):
            view = memory.view
            found = resolve_target(view, memory.root, symbol)
            starts = self._starts(view, found, symbol)
            relatives = find_relatives(view, starts[0], relation, depth) if len(starts) == 1 else []
            served = {relative.summary.path for relative in relatives} | {view.path_of(start) for start in starts}
            if not memory.refresh(served):
                break
        if len(starts) > 1:
            return render_candidates(symbol, [summarize_symbol(view, start) for start in starts], limit)
        name = view.qualified_names[starts[0]] or view.path_of(starts[0])
        title = f"{len(relatives)} {RELATIONS[relation]} {name} ({view.path_of(starts[0])}:{view.start_line[starts[0]]})"
        return render_related(title, relatives, limit, self._notes())

    def _starts(self, view: View, found: FileTarget | SymbolTarget, text: str) -> tuple[int, ...]:
        if isinstance(found, SymbolTarget):
            return found.symbols
        place = view.file_index.get(found.path)
        if place is None:
            return find_symbols(view, text)
        if found.end:
            return (self._innermost(view, place, found.start, found.end),)
        return (int(view.first[place]),)

    def _notes(self) -> tuple[str, ...]:
        return (self.memory.building,) if self.memory.building else ()


def summarize_symbol(view: View, symbol: int) -> Summary:
    """A symbol's summary, with the calls that matter."""
    graph = view.graph
    edges = graph.outgoing(symbol)
    callees = [int(t) for t, kind in zip(graph.target[edges], graph.kind[edges], strict=True) if kind == 0]
    return Summary(
        path=view.path_of(symbol),
        start_line=int(view.start_line[symbol]),
        end_line=int(view.end_line[symbol]),
        kind=view.kinds[symbol],
        name=view.qualified_names[symbol],
        signature=view.text("signature", symbol),
        doc=view.text("doc", symbol),
        calls=choose_calls([view.names[c] for c in callees], [float(graph.importance[c]) for c in callees]),
    )


def _branches(view: View, place: int) -> list[Branch]:
    """A file's symbols in order, without windows; the file itself first."""
    path, damp = view.paths[place], 0.2 if is_test_path(view.paths[place]) else 1.0
    depths: dict[int, int] = {}
    branches = []
    for symbol in range(int(view.first[place]), int(view.first[place + 1])):
        if view.kinds[symbol] == "window":
            continue
        parent = int(view.parent[symbol])
        depths[symbol] = depths[parent] + 1 if parent in depths else -1
        weight = float(view.graph.importance[symbol]) * damp / (2.0 ** max(depths[symbol], 0))
        summary = Summary(
            path, int(view.start_line[symbol]), int(view.end_line[symbol]), view.kinds[symbol],
            view.qualified_names[symbol] if depths[symbol] < 1 else view.names[symbol], view.text("signature", symbol), "",
        )  # fmt: skip
        branches.append(Branch(path, depths[symbol], summary, weight))
    return branches[1:] or branches


def _folders(view: View, inside: Sequence[int], path: str) -> str:
    """The folders right under a path with their file counts, as one line; empty for a file."""
    start = len(path) + 1 if path else 0
    names = (view.paths[place][start:].split("/") for place in inside)
    counts = Counter(parts[0] for parts in names if len(parts) > 1)
    return f"folders: {', '.join(f'{name} {count}' for name, count in counts.most_common(12))}" if counts else ""


def _outline_title(view: View, inside: Sequence[int], path: str) -> str:
    symbols = sum(int(view.first[place + 1] - view.first[place]) for place in inside)
    languages = view.language_counts(inside)
    most = ", ".join(f"{name} {count}" for name, count in list(languages.items())[:6])
    title = f"{path or 'repository'}: {len(inside)} files, {symbols} symbols ({most})"
    folders = _folders(view, inside, path)
    return f"{title}\n{folders}" if folders else title
