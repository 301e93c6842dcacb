"""``outline``: the repository's map by importance, or a folder's or file's symbols, as deep as the budget allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexers.summarize import Detail, Summary
from memory_server.answer.page import HEAD_WIDTH, Page, TextLine, cost_of
from memory_server.answer.parameters import OutlinePath, TokenBudget
from memory_server.answer.reply import Json, LeftOut, Reply, Told, symbol_json
from memory_server.answer.repository import Repository
from memory_server.answer.tool import Tool
from memory_server.deadline import in_time
from memory_server.errors import AbsentError
from memory_server.index.fresh import Sight
from memory_server.index.view import SIDE_ROLES, View
from memory_server.query.filters import path_filter
from memory_server.query.targets import describe_symbol
from memory_server.visible import quote_path

OUTLINE_SYMBOLS = 3_000
"""The largest budget holds fewer lines than this; the weightiest symbols are chosen among so many."""

MIN_LINE_TOKENS = 6
"""No line of an outline is cheaper; with less room the search for one that fits ends."""

DOCUMENT_WEIGHT, TEST_WEIGHT, SIDE_WEIGHT = 0.1, 0.2, 0.3
"""Headings and keys, tests, and what only shows the code come after the code."""

DOCUMENT_KINDS = frozenset({"file", "section", "key", "block", "element", "rule", "stage", "target"})

LANGUAGES, FOLDERS = 6, 12
"""How many of them the title names, the most frequent."""


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


@dataclass(frozen=True, slots=True)
class OutlineReply(Reply):
    """A part of a repository: how many files and symbols it has, in which languages and folders, and the weightiest.

    ``branches`` are in the order of the files, each after those it stands under.
    """

    path: str
    files: int
    symbols: int
    languages: Mapping[str, int]
    folders: Mapping[str, int]
    branches: tuple[Branch, ...]
    detail: Detail
    left_out: LeftOut
    notes: tuple[str, ...]
    budget: int

    def told(self) -> Sequence[Told]:
        """The symbols of a file; of a folder, none is meant."""
        return [branch.summary for branch in self.branches] if self.files == 1 else ()

    def lines(self) -> tuple[TextLine, ...]:
        """The lines of the text, within the budget."""
        page = Page(self.budget)
        page.add(*_title(self))
        shown_path = ""
        for branch in self.branches:
            heading = [TextLine(quote_path(branch.path))] if branch.path != shown_path else []
            page.add(*heading, *([branch.line(self.detail)] if branch.summary.kind != "file" else []))
            shown_path = branch.path
        return page.close(self.left_out.text(), *self.notes)

    def json(self) -> Json:
        """The reply for a script: symbols with those inside them."""
        top: list[dict[str, object]] = []
        open_above: list[tuple[Branch, list[dict[str, object]]]] = []
        for branch in self.branches:
            while open_above and not _is_under(branch, open_above[-1][0]):
                open_above.pop()
            children: list[dict[str, object]] = []
            (open_above[-1][1] if open_above else top).append(
                {**symbol_json(branch.summary), "children": children}
            )
            open_above.append((branch, children))
        counts = {"files": self.files, "languages": dict(self.languages), "folders": dict(self.folders)}
        return {"path": self.path, **counts, "symbols": top, "left_out": self.left_out.json()}


def outline(repository: Repository, path: OutlinePath = "", budget: TokenBudget = 0) -> OutlineReply:
    """What a repository, a folder, a file or a glob holds.

    Raises:
        NotFoundError: no indexed file lies there.
        OutsideRepositoryError: the path leads outside the repository.
    """
    path = repository.inside(path)
    fits = path_filter(path)

    def question(sight: Sight) -> tuple[OutlineReply, set[str]]:
        view = sight.view
        sight.include(path)
        inside = [place for place, candidate in enumerate(in_time(view.paths)) if fits(candidate)]
        if not inside:
            hint = "outline without a path shows the repository"
            raise AbsentError(f"nothing indexed at {quote_path(path) or 'this repository'}", hint)
        whole = _tell(sight, path, inside, budget or repository.config.budget.outline)
        return whole, {view.paths[place] for place in inside} if path else set()

    return fit(repository.index.ask(question))


def _tell(sight: Sight, path: str, inside: Sequence[int], budget: int) -> OutlineReply:
    """The outline of some files, whatever it costs."""
    view = sight.view
    weights = _weigh(view, inside)
    return OutlineReply(
        path=path,
        files=len(inside),
        symbols=len(weights),
        languages=view.language_counts(inside),
        folders=_count_folders(view, inside, path),
        branches=tuple(_grow(view, weights)),
        detail=Detail.SIGNATURE,
        left_out=LeftOut(0, "less used symbols", "narrow with path=, or raise budget"),
        notes=sight.notes,
        budget=budget,
    )


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


def _grow(view: View, weights: Mapping[int, float]) -> list[Branch]:
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


def _count_folders(view: View, inside: Sequence[int], path: str) -> dict[str, int]:
    """Files by the next folder below ``path``, most first; none for a glob."""
    above = f"{path}/" if path else ""
    below = (view.paths[place].removeprefix(above) for place in inside if view.paths[place].startswith(above))
    counts = Counter(rest.partition("/")[0] for rest in below if "/" in rest)
    return dict(counts.most_common())


def _title(reply: OutlineReply) -> list[TextLine]:
    most = ", ".join(f"{name} {count}" for name, count in list(reply.languages.items())[:LANGUAGES])
    files = "1 file" if reply.files == 1 else f"{reply.files} files"
    title = [TextLine(f"{quote_path(reply.path) or 'repository'}: {files}, {reply.symbols} symbols ({most})")]
    listed = ", ".join(f"{quote_path(name)} {count}" for name, count in list(reply.folders.items())[:FOLDERS])
    return [*title, TextLine(f"folders: {listed}")] if listed else title


def fit(whole: OutlineReply) -> OutlineReply:
    """As many branches as fit, with signatures where all of them do, the weightiest first."""
    page = Page(whole.budget)
    page.add(*_title(whole))
    for detail in (Detail.SIGNATURE, Detail.NAMES):
        chosen = _choose(whole.branches, page.room, detail)
        if len(chosen) == whole.symbols:
            break
    branches = tuple(whole.branches[place] for place in sorted(chosen))
    left = replace(whole.left_out, count=whole.symbols - len(chosen))
    return replace(whole, branches=branches, detail=detail, left_out=left)


def _choose(branches: Sequence[Branch], room: float, detail: Detail) -> set[int]:
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


OUTLINE = Tool(
    name="outline",
    description="Map of the repository by importance, or of a folder's or file's symbols with lines.",
    help="Map the repository, a folder or a file.",
    ask=outline,
)
