"""``outline``: what is at a path, asked of the index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from indexers.summarize import Detail
from memory_server.answer.outline.architecture import NO_ARCHITECTURE
from memory_server.answer.outline.reply import OutlineReply, fit
from memory_server.answer.outline.survey import survey
from memory_server.answer.outline.symbols import MIN_LINE_TOKENS, grow_branches
from memory_server.answer.parameters import OutlinePath, TokenBudget
from memory_server.answer.reply import LeftOut
from memory_server.answer.repository import Repository
from memory_server.answer.tool import Tool
from memory_server.deadline import in_time
from memory_server.errors import AbsentError
from memory_server.index.fresh import Sight
from memory_server.index.view import View
from memory_server.query.filters import path_filter
from memory_server.visible import quote_path

PART_TOKENS, HEAD_TOKENS = 48, 200
"""What a part takes of the budget, and what is told around the parts: so many parts are told of."""

FEWEST_PARTS, MOST_PARTS = 4, 100


def outline(repository: Repository, path: OutlinePath = "", budget: TokenBudget = 0) -> OutlineReply:
    """The architecture of a repository or a folder, the symbols of a file or of the files that a glob fits.

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
    symbols = _count_symbols(view, inside)
    architecture = NO_ARCHITECTURE
    if not path or view.paths[inside[0]].startswith(f"{path}/"):
        most = min(max((budget - HEAD_TOKENS) // PART_TOKENS, FEWEST_PARTS), MOST_PARTS)
        architecture = survey(view, inside, path, most, lambda file: "\n".join(sight.lines_if_served(file)))
    listed = not architecture.parts or symbols * MIN_LINE_TOKENS <= budget
    return OutlineReply(
        path=path,
        files=len(inside),
        symbols=symbols,
        languages=view.language_counts(inside),
        folders=_count_folders(view, inside, path),
        branches=tuple(grow_branches(view, inside)) if listed else (),
        detail=Detail.SIGNATURE,
        left_out=LeftOut(0, "less used symbols", "narrow with path=, or raise budget"),
        notes=sight.notes,
        budget=budget,
        architecture=architecture,
        listed=listed,
    )


def _count_symbols(view: View, inside: Sequence[int]) -> int:
    """How many symbols some files have; a file of which none is known is one."""
    named = np.bincount(view.file_of[~view.kinds.are_in(("file", "window"))], minlength=len(view.paths))
    return int(np.maximum(named[list(inside)], 1).sum())


def _count_folders(view: View, inside: Sequence[int], path: str) -> dict[str, int]:
    """Files by the next folder below ``path``, most first; none for a glob."""
    above = f"{path}/" if path else ""
    below = (view.paths[place].removeprefix(above) for place in inside if view.paths[place].startswith(above))
    counts = Counter(rest.partition("/")[0] for rest in below if "/" in rest)
    return dict(counts.most_common())


OUTLINE = Tool(
    name="outline",
    description="Architecture of the repository or a folder: parts, what uses what. Or a file's symbols.",
    help="Explain the architecture of the repository or a folder, or list a file's symbols.",
    ask=outline,
)
