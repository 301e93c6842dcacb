"""What ``outline`` replies: an architecture, the symbols of files, or both where there is room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from indexers.summarize import Detail
from memory_server.answer.outline.architecture import NO_ARCHITECTURE, Architecture, fit_architecture
from memory_server.answer.outline.symbols import Branch, branches_json, choose_branches
from memory_server.answer.page import Page, TextLine
from memory_server.answer.reply import Json, LeftOut, Reply, Told
from memory_server.visible import quote_path

LANGUAGES, FOLDERS = 6, 12
"""How many of them the title names, the most frequent."""


@dataclass(frozen=True, slots=True)
class OutlineReply(Reply):
    """A part of a repository: how many files and symbols it has, in which languages and folders, and what they are.

    Of a folder that is its ``architecture``. ``branches`` are symbols in the order of the files, each after those it
    stands under: the weightiest; or of an architecture, all where they fit and else those that are central, which are
    not ``listed`` in the text again.
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
    architecture: Architecture = NO_ARCHITECTURE
    listed: bool = True

    def told(self) -> Sequence[Told]:
        """The symbols of a file; of a folder, none is meant."""
        return [branch.summary for branch in self.branches] if self.files == 1 else ()

    def lines(self) -> tuple[TextLine, ...]:
        """The lines of the text, within the budget."""
        page = Page(self.budget)
        page.add(*_title(self))
        for line in self.architecture.lines():
            page.add(line)
        shown_path = ""
        for branch in self.branches if self.listed else ():
            heading = [TextLine(quote_path(branch.path))] if branch.path != shown_path else []
            page.add(*heading, *([branch.line(self.detail)] if branch.summary.kind != "file" else []))
            shown_path = branch.path
        return page.close(self.left_out.text(), *self.notes)

    def json(self) -> Json:
        """The reply for a script: symbols with those inside them."""
        counts = {"files": self.files, "languages": dict(self.languages), "folders": dict(self.folders)}
        symbols = {"symbols": branches_json(self.branches), "left_out": self.left_out.json()}
        return {"path": self.path, **counts, **self.architecture.json(), **symbols}


def _title(reply: OutlineReply) -> list[TextLine]:
    most = ", ".join(f"{name} {count}" for name, count in list(reply.languages.items())[:LANGUAGES])
    files = "1 file" if reply.files == 1 else f"{reply.files} files"
    title = [TextLine(f"{quote_path(reply.path) or 'repository'}: {files}, {reply.symbols} symbols ({most})")]
    listed = ", ".join(f"{quote_path(name)} {count}" for name, count in list(reply.folders.items())[:FOLDERS])
    return [*title, TextLine(f"folders: {listed}")] if listed and not reply.architecture.parts else title


def fit(whole: OutlineReply) -> OutlineReply:
    """The architecture, then as many branches as fit, with signatures where all of them do, the weightiest first.

    Beside an architecture branches are listed only where all fit, since it tells of all of them in fewer words.
    """
    page = Page(whole.budget)
    page.add(*_title(whole))
    architecture, untold = fit_architecture(whole.architecture, page.room)
    for line in architecture.lines():
        page.add(line)
    chosen: set[int] = set()
    detail = Detail.SIGNATURE
    for detail in (Detail.SIGNATURE, Detail.NAMES) if whole.listed else ():
        chosen = choose_branches(whole.branches, page.room, detail)
        if len(chosen) == whole.symbols:
            break
    is_map = bool(whole.architecture.parts)
    listed = whole.listed and (not is_map or len(chosen) == whole.symbols)
    shown = tuple(whole.branches[place] for place in sorted(chosen))
    branches = shown if listed else central_branches(architecture)
    left = replace(whole.left_out, count=whole.symbols - len(branches))
    if untold:
        left = replace(left, count=untold, what="smaller parts")
    return replace(
        whole, architecture=architecture, branches=branches, detail=detail, listed=listed, left_out=left
    )


def central_branches(architecture: Architecture) -> tuple[Branch, ...]:
    """The central symbols of the parts, in the order of the files."""
    found = (summary for part in architecture.parts for summary in part.central)
    ordered = sorted(found, key=lambda summary: (summary.path, summary.start_line, summary.name))
    return tuple(Branch(summary.path, 0, summary, 0.0) for summary in ordered)
