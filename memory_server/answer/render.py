"""Answers as text: the only place that formats a reply, and that keeps it within its token budget.

Every reply ends with what was left out and how to get it, inside the same budget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from indexers.summarize import Detail, Summary
from indexers.tokens import estimate_tokens, truncate
from memory_server.answer.slices import Hit, Line, Slice, cut_to_budget, token_cost
from memory_server.model import SearchHit

LEFT_OUT_TOKENS = 60
"""Kept free for the closing line."""

NAMES_SHARE = 0.1
"""Of a search's budget, kept free for naming the weaker hits: each takes a tenth of what telling of it takes."""

MIN_LINE_TOKENS = 6
"""No line of an outline is cheaper; with less room the search for one that fits ends."""

HEAD_WIDTH = 140
"""Characters of a signature in a list, where only the kind of thing matters."""

TARGET_WIDTH = 80
"""Characters of the asker's own words that are said back."""


@dataclass(slots=True)
class Page:
    """Lines under a token budget; a line that does not fit is refused, and the page says so."""

    budget: float
    reserve: float = LEFT_OUT_TOKENS
    lines: list[str] = field(default_factory=list)
    used: float = 0.0

    @property
    def room(self) -> float:
        """Tokens left for lines before the closing ones."""
        return self.budget - self.reserve - self.used

    def add(self, *lines: str) -> bool:
        """Append all lines, or none when they do not fit."""
        cost = sum(map(token_cost, lines))
        if cost > self.room:
            return False
        self.lines += lines
        self.used += cost
        return True

    def close(self, *notes: str) -> str:
        """The text, with the closing notes; never over the budget."""
        lines = self.lines + [note for note in notes if note]
        text = "\n".join(lines)
        while len(lines) > 1 and estimate_tokens(text) > self.budget:
            lines.pop(-2 if len(lines) > 2 else -1)
            text = "\n".join(lines)
        return cut_text(text, self.budget)


def cut_text(text: str, budget: float) -> str:
    """The longest beginning of a text that fits; only for a budget too small for a single line."""
    low, high = 0, len(text)
    if estimate_tokens(text) <= budget:
        return text
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if estimate_tokens(text[:middle]) <= budget else (low, middle - 1)
    return text[:low]


def numbered_text(lines: Sequence[Line]) -> list[str]:
    """Source lines with their numbers, as they are shown everywhere."""
    return [f"{number}\t{text}" for number, text in lines]


def _cost(lines: Sequence[str]) -> float:
    return sum(map(token_cost, lines))


def render_search(
    hits: Sequence[Hit], budget: int, weak: Sequence[SearchHit] = (), notes: Sequence[str] = ()
) -> str:
    """Hits as digests grouped by file, best file first, the best few with their key lines; weak ones by name."""
    if not hits:
        return Page(budget).close(
            "no hits; try other words or fewer filters, `outline` shows what there is", *notes
        )
    page = Page(budget)
    shown = _fitting(hits, page.room - NAMES_SHARE * budget)
    for path in dict.fromkeys(hit.summary.path for hit in shown):
        page.add(path, *(line for hit in shown if hit.summary.path == path for line in _hit_lines(hit)))
    named: list[Summary | SearchHit] = [*(hit.summary for hit in hits[len(shown) :]), *weak]
    count = len(named)
    while named and not page.add(_name_weak(named)):
        named.pop()
    left = count - len(named)
    more = f"left out: {left} weaker hits; narrow with path= or kind=, or raise budget" if left else ""
    return page.close(more, *notes)


def _name_weak(symbols: Sequence[Summary | SearchHit]) -> str:
    """One line: each file with the lines and the names of what it holds."""
    files: dict[str, list[str]] = {}
    for symbol in symbols:
        lines = f"{symbol.start_line}-{symbol.end_line} {symbol.name.rpartition('.')[2]}"
        files.setdefault(symbol.path, []).append(lines.rstrip())
    return "weaker: " + "; ".join(f"{path} {', '.join(found)}" for path, found in files.items())


def _hit_lines(hit: Hit) -> list[str]:
    head = hit.summary.text(Detail.DIGEST).split("\n")
    return [*(f"  {line}" for line in head), *(f"    {line}" for line in numbered_text(hit.key_lines))]


def _fitting(hits: Sequence[Hit], room: float) -> list[Hit]:
    """As many hits as fit as digests; key lines as far as there is room, the best hits first."""
    shown: list[Hit] = []
    paths: set[str] = set()
    for hit in hits:
        bare = replace(hit, key_lines=())
        heading = [] if hit.summary.path in paths else [hit.summary.path]
        cost, full = _cost([*heading, *_hit_lines(bare)]), _cost([*heading, *_hit_lines(hit)])
        if cost > room:
            break
        shown.append(hit if full <= room else bare)
        room -= full if full <= room else cost
        paths.add(hit.summary.path)
    return shown


def render_slices(slices: Sequence[Slice | str], budget: int, notes: Sequence[str] = ()) -> str:
    """Each target's lines, sharing the budget; texts among the targets are shown as they are."""
    page = Page(budget, reserve=_cost(notes) + 1)
    whole = [_whole(piece) for piece in slices]
    shares = share_out([_cost(lines) for lines in whole], page.room)
    for piece, lines, share in zip(slices, whole, shares, strict=True):
        fits = _cost(lines) <= share
        shown = lines if fits or isinstance(piece, str) else _shortened(piece, share)
        for line in shown if fits else [*shown, ""]:
            if not page.add(line):
                break
    while page.lines and not page.lines[-1]:
        page.lines.pop()
    return page.close(*notes)


def share_out(wanted: Sequence[float], room: float) -> list[float]:
    """Room for each: what it wants where that is little, an equal part of the rest where it is not."""
    shares = [0.0] * len(wanted)
    for place, index in enumerate(sorted(range(len(wanted)), key=lambda index: (wanted[index], index))):
        shares[index] = min(wanted[index], room / (len(wanted) - place))
        room -= shares[index]
    return shares


def _whole(piece: Slice | str) -> list[str]:
    if isinstance(piece, str):
        return [*piece.split("\n"), ""]
    return [*_heading(piece), *numbered_text(piece.lines), ""]


def _heading(piece: Slice) -> list[str]:
    if not piece.lines:
        return [f"{piece.path} is empty"]
    head = f"{piece.path}:{piece.start}-{piece.end}  {piece.title}".rstrip()
    return [head, *numbered_text([line for line in piece.enclosing if line[0] < piece.lines[0][0]])]


def _shortened(piece: Slice, room: float) -> list[str]:
    head = _heading(piece)
    room -= _cost(head) + token_cost("")
    if piece.members:
        return head + _member_lines(piece, room)
    lines = [line for line in piece.lines if line[0] >= piece.start]
    kept = cut_to_budget(lines, room - _cost([_rest(piece, piece.end)]))
    last = kept[-1][0] if kept else piece.start - 1
    return [*head, *numbered_text(kept), *([_rest(piece, last + 1)] if last < piece.end else [])]


def _rest(piece: Slice, first: int) -> str:
    return f"left out: lines {first}-{piece.end}; read {piece.path}:{first}-{piece.end}, or raise budget"


def _member_lines(piece: Slice, room: float) -> list[str]:
    """What a large symbol holds, in place of its source."""
    note = f"left out: the source; read a member by its name, or {piece.path}:FIRST-LAST"
    page = Page(room - token_cost(f"{note} and 10000 members"), reserve=0)
    first = [line for line in piece.lines if line[0] == piece.start][:1]
    for detail in (Detail.SIGNATURE, Detail.NAMES):
        members = (f"  {member.head(detail, HEAD_WIDTH)}" for member in piece.members)
        lines = [*numbered_text(first), *members]
        if _cost(lines) <= page.room:
            break
    if not all(page.add(line) for line in lines):
        left = len(lines) - len(page.lines)
        note = note.replace("the source", f"the source and {left} members")
    return [*page.lines, note]


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of an outline with what is under it; ``weight`` says what is worth more when room is short."""

    path: str
    depth: int
    summary: Summary
    weight: float

    def line(self, detail: Detail) -> str:
        """The symbol, indented below its file."""
        return f"{'  ' * (self.depth + 1)}{self.summary.head(detail, HEAD_WIDTH)}"


def render_outline(
    title: Sequence[str], branches: Sequence[Branch], total: int, budget: int, notes: Sequence[str] = ()
) -> str:
    """A file's or folder's symbols by file, as many and as deep as the budget allows.

    The weightiest are chosen first, always together with what they stand under; what is shown keeps the order
    of the files. ``total`` counts all there is, of which ``branches`` may be the likely part.
    """
    page = Page(budget)
    page.add(*title)
    for detail in (Detail.SIGNATURE, Detail.NAMES):
        chosen = _choose(branches, page.room, detail)
        if len(chosen) == total:
            break
    shown_path = ""
    for place in sorted(chosen):
        branch = branches[place]
        heading = [branch.path] if branch.path != shown_path else []
        page.add(*heading, *([branch.line(detail)] if branch.summary.kind != "file" else []))
        shown_path = branch.path
    left = total - len(chosen)
    more = f"left out: {left} less used symbols; narrow with path=, or raise budget" if left > 0 else ""
    return page.close(more, *notes)


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
        cost = _cost(lines if path in paths else [path, *lines])
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
        while above and (
            branches[above[-1]].depth >= branch.depth or branches[above[-1]].path != branch.path
        ):
            above.pop()
        parents.append(above[-1] if above else -1)
        above.append(place)
    return parents


SURE = 0.6
"""Confidence from which a reference is told as a fact."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A symbol found over the graph: the lines of its references, how far away, how sure.

    ``source`` holds the first of those lines where they say more than the symbol's signature.
    """

    summary: Summary
    lines: tuple[int, ...]
    depth: int
    confidence: float
    source: tuple[Line, ...] = ()

    def full_lines(self) -> list[str]:
        """The symbol with the lines that refer, or its signature."""
        rest = self.lines[len(self.source) :]
        if not self.source:
            return [self._row(self.summary.head(Detail.SIGNATURE, HEAD_WIDTH), rest)]
        shown = [f"    {line}" for line in numbered_text(self.source)]
        return [self._row(self.summary.head(Detail.NAMES), rest), *shown]

    def short_lines(self) -> list[str]:
        """The symbol's name with the numbers of the lines that refer."""
        return [self._row(f"{self.summary.span} {self.summary.name}", self.lines)]

    def _row(self, text: str, lines: Sequence[int]) -> str:
        sure = "" if self.confidence >= SURE else " ?"
        return f"  {'file' if self.summary.kind == 'file' else text}{self._at(lines)}{sure}"

    def _at(self, lines: Sequence[int]) -> str:
        more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
        return f" @{', '.join(map(str, lines[:5]))}{more}" if lines else ""


def render_related(title: str, relatives: Sequence[Relative], budget: int, notes: Sequence[str] = ()) -> str:
    """Related symbols by file, nearest first, in full when there is room; the unsure have a question mark."""
    page = Page(budget)
    unsure = any(relative.confidence < SURE for relative in relatives)
    page.add(f"{title}; ? = the name alone fits" if unsure else title)
    rows = _related_rows(relatives, Relative.full_lines)
    if _cost([line for _, lines in rows for line in lines]) > page.room:
        rows = _related_rows(relatives, Relative.short_lines)
    shown = 0
    for _, lines in rows:
        if not page.add(*lines):
            break
        shown += 1
    left = Counter(relative.summary.path.split("/")[0] for relative, _ in rows[shown:])
    where = ", ".join(f"{name} {count}" for name, count in left.most_common(4))
    more = f"left out: {len(rows) - shown} more ({where}); raise budget" if left else ""
    return page.close(more, *notes)


def _related_rows(
    relatives: Sequence[Relative], tell: Callable[[Relative], list[str]]
) -> list[tuple[Relative, list[str]]]:
    """Each relative's lines, under a heading where its file or its distance differs from the one before."""
    rows: list[tuple[Relative, list[str]]] = []
    path, depth = "", 1
    for relative in relatives:
        heading = [f"at distance {relative.depth}:"] if relative.depth != depth else []
        lines = tell(relative)
        if heading or relative.summary.path != path:
            heading.append(relative.summary.path)
        path, depth = relative.summary.path, relative.depth
        if heading and lines[0].startswith("  file"):
            heading[-1] += lines.pop(0).removeprefix("  file")
        rows.append((relative, heading + lines))
    return rows


def render_candidates(target: str, candidates: Sequence[Summary], budget: int) -> str:
    """An ambiguous name's candidates, each with the target that means it alone."""
    page = Page(budget)
    page.add(f"{truncate(target, TARGET_WIDTH)} is ambiguous; ask for one of:")
    named = Counter((summary.path, summary.name) for summary in candidates)
    short, full = [], []
    for summary in candidates:
        alone = named[summary.path, summary.name] == 1
        where = f"::{summary.name}  {summary.span}" if alone else f":{summary.span}"
        short.append(f"  {summary.path}{where}")
        full.append(f"{short[-1]} {truncate(summary.signature, HEAD_WIDTH) or summary.kind}")
    rows = full if _cost(full) <= page.room else short
    shown = 0
    while shown < len(rows) and page.add(rows[shown]):
        shown += 1
    left = len(rows) - shown
    return page.close(f"left out: {left} more; say its class or its path as well" if left else "")
