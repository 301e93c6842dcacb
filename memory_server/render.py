"""Answers as text: the only place that formats a reply, and that keeps it within its token budget.

Every reply ends with what was left out and how to get it, inside the same budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from indexers.summarize import Detail, Summary
from indexers.tokens import estimate_tokens
from memory_server.slices import Hit, Line, Slice, cut_to_budget

LEFT_OUT_TOKENS = 60
"""Kept free for the closing line."""


@dataclass(slots=True)
class Page:
    """Lines under a token budget; a line that does not fit is refused, and the page says so."""

    budget: int
    lines: list[str] = field(default_factory=list)
    used: int = 0

    def add(self, *lines: str) -> bool:
        """Append all lines, or none when they do not fit."""
        cost = sum(estimate_tokens(f"{line}\n") for line in lines)
        if self.used + cost > self.budget - LEFT_OUT_TOKENS:
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
        return _cut(text, self.budget)


def _cut(text: str, budget: int) -> str:
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


def render_search(hits: Sequence[Hit], total: int, budget: int, notes: Sequence[str] = ()) -> str:
    """Hits as digests grouped by file, best file first, the best few with their key lines."""
    if not hits:
        return Page(budget).close("no hits: try other words, or a name; `outline` shows what there is", *notes)
    shown = _fitting(hits, budget - LEFT_OUT_TOKENS)
    page = Page(budget)
    for path in dict.fromkeys(hit.summary.path for hit in shown):
        page.add(path, *(line for hit in shown if hit.summary.path == path for line in _hit_lines(hit)))
    left = total - len(shown)
    more = f"left out: {left} weaker hits; narrow with path= or kind=, or raise budget" if left > 0 else ""
    return page.close(more, *notes)


def _hit_lines(hit: Hit) -> list[str]:
    first, *rest = hit.summary.text(Detail.DIGEST).split("\n")
    return [f"  {first}", *(f"  {line}" for line in rest), *(f"    {line}" for line in numbered_text(hit.key_lines))]


def _fitting(hits: Sequence[Hit], budget: int) -> list[Hit]:
    """As many hits as fit as digests; then key lines for the best, as far as there is room."""
    shown: list[Hit] = []
    paths: set[str] = set()
    for hit in hits:
        bare = replace(hit, key_lines=())
        cost = sum(estimate_tokens(f"{line}\n") for line in _hit_lines(bare))
        cost += 0 if hit.summary.path in paths else estimate_tokens(f"{hit.summary.path}\n")
        key_cost = sum(estimate_tokens(f"    {line}\n") for line in numbered_text(hit.key_lines))
        if cost > budget:
            break
        budget -= cost
        paths.add(hit.summary.path)
        if hit.key_lines and key_cost <= budget:
            budget -= key_cost
            bare = hit
        shown.append(bare)
    return shown


def render_slices(slices: Sequence[Slice | str], budget: int, notes: Sequence[str] = ()) -> str:
    """Each target's lines, sharing the budget; texts among the targets are shown as they are."""
    page = Page(budget)
    for place, piece in enumerate(slices):
        share = (budget - LEFT_OUT_TOKENS - page.used) // (len(slices) - place)
        lines = piece.split("\n") if isinstance(piece, str) else _slice_lines(piece, share)
        if not page.add(*lines, *([""] if place < len(slices) - 1 else [])):
            kept = Page(share + LEFT_OUT_TOKENS)
            any(not kept.add(line) for line in lines)
            page.add(*kept.lines)
    return page.close(*notes)


def _slice_lines(piece: Slice, budget: int) -> list[str]:
    head = [f"{piece.path}:{piece.start}-{piece.end}  {piece.title}".rstrip()]
    first_shown = piece.lines[0][0] if piece.lines else piece.start
    head += numbered_text([line for line in piece.enclosing if line[0] < first_shown])
    budget -= sum(estimate_tokens(f"{line}\n") for line in head)
    kept = cut_to_budget(piece.lines, budget)
    if len(kept) == len(piece.lines):
        return head + numbered_text(kept)
    if piece.members:
        return head + _members(piece, budget)
    kept = cut_to_budget(piece.lines, budget - LEFT_OUT_TOKENS)
    last = kept[-1][0] if kept else piece.start - 1
    more = f"left out: lines {last + 1}-{piece.end}; read {piece.path}:{last + 1}-{piece.end}"
    return [*head, *numbered_text(kept), *([more] if last < piece.end else [])]


def _members(piece: Slice, budget: int) -> list[str]:
    """What a large symbol holds, in place of its source."""
    lines: list[str] = []
    note = f"left out: the bodies ({piece.end - piece.start + 1} lines); read a member by name, or {piece.path}:FIRST-LAST"
    budget -= estimate_tokens(note)
    for member in piece.members:
        line = f"  {member.head(Detail.SIGNATURE)}"
        budget -= estimate_tokens(f"{line}\n")
        if budget < 0:
            break
        lines.append(line)
    return [*lines, note]


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of an outline with what is under it; ``weight`` says what is worth more when room is short."""

    path: str
    depth: int
    summary: Summary
    weight: float


def render_outline(title: str, branches: Sequence[Branch], budget: int, notes: Sequence[str] = ()) -> str:
    """A file's or folder's symbols by file, as many and as deep as the budget allows.

    The weightiest are chosen first, always together with what they stand under; what is shown keeps the files' order.
    """
    for detail in (Detail.SIGNATURE, Detail.NAMES):
        chosen = _choose(branches, budget - LEFT_OUT_TOKENS - estimate_tokens(title), detail)
        if len(chosen) == len(branches) or detail is Detail.NAMES:
            break
    page = Page(budget)
    page.add(title)
    shown_path = ""
    for place in sorted(chosen):
        branch = branches[place]
        if branch.path != shown_path:
            page.add(branch.path)
            shown_path = branch.path
        if branch.summary.kind != "file":
            page.add(f"{'  ' * (branch.depth + 1)}{branch.summary.head(detail)}")
    left = len(branches) - len(chosen)
    more = f"left out: {left} less used symbols; narrow with path=, or raise budget" if left else ""
    return page.close(more, *notes)


def _choose(branches: Sequence[Branch], budget: int, detail: Detail) -> set[int]:
    above: list[int] = []
    parents: list[int] = []
    for place, branch in enumerate(branches):
        while above and (branches[above[-1]].depth >= branch.depth or branches[above[-1]].path != branch.path):
            above.pop()
        parents.append(above[-1] if above else -1)
        above.append(place)
    chosen: set[int] = set()
    paths: set[str] = set()
    for place in sorted(range(len(branches)), key=lambda place: (-branches[place].weight, place)):
        chain = [place]
        while parents[chain[-1]] >= 0 and parents[chain[-1]] not in chosen:
            chain.append(parents[chain[-1]])
        chain = [link for link in chain if link not in chosen]
        cost = sum(estimate_tokens(f"{'  ' * (branches[link].depth + 1)}{branches[link].summary.head(detail)}\n") for link in chain)
        cost += 0 if branches[place].path in paths else estimate_tokens(f"{branches[place].path}\n")
        if cost > budget:
            continue
        budget -= cost
        chosen.update(chain)
        paths.add(branches[place].path)
    return chosen


@dataclass(frozen=True, slots=True)
class Relative:
    """A symbol found over the graph: where the reference stands, how far away, how sure."""

    summary: Summary
    line: int
    depth: int
    confidence: float


def render_related(title: str, relatives: Sequence[Relative], budget: int, notes: Sequence[str] = ()) -> str:
    """Related symbols by file, nearest first; an unsure reference carries a question mark."""
    page = Page(budget)
    page.add(title)
    shown = 0
    for depth in sorted({relative.depth for relative in relatives}):
        level = [relative for relative in relatives if relative.depth == depth]
        if depth > 1 and not page.add(f"at distance {depth}:"):
            break
        for path in dict.fromkeys(relative.summary.path for relative in level):
            inside = [relative for relative in level if relative.summary.path == path]
            for place, relative in enumerate(inside):
                line = _relative_line(relative)
                if not page.add(*([path] if place == 0 else []), line):
                    return page.close(f"left out: {len(relatives) - shown} more; raise budget, or lower depth", *notes)
                shown += 1
    return page.close(*notes)


def _relative_line(relative: Relative) -> str:
    sure = "" if relative.confidence >= SURE else " ?"
    return f"  {relative.summary.head(Detail.SIGNATURE)} @{relative.line}{sure}"


SURE = 0.6
"""Confidence from which a reference is told as a fact."""


def render_candidates(target: str, candidates: Sequence[Summary], budget: int) -> str:
    """An ambiguous name's candidates, each with the target that reads it."""
    page = Page(budget)
    page.add(f"{target} is ambiguous; read one of:")
    shown = sum(page.add(f"  {c.path}::{c.name}  {c.start_line}-{c.end_line} {c.signature or c.kind}") for c in candidates)
    left = len(candidates) - shown
    return page.close(f"left out: {left} more" if left else "")
