"""An architecture as values and as lines: what a folder is, where it is entered, its parts, what lies beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from indexers.summarize import Summary
from indexers.tokens import truncate
from memory_server.answer.outline.manifests import NO_MANIFEST, Manifest
from memory_server.answer.page import TextLine, cost_of
from memory_server.answer.reply import Json
from memory_server.visible import quote_name, quote_path

NAME_WIDTH = 60
"""Characters of a name or of what an entry point starts."""

ENTRIES = 6
"""Entry points that are told of."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an architecture: a file, a whole folder, or of one whose parts follow what is small, with its names.

    ``doc`` is what its README or its package says of it. ``central`` are the symbols that most files of other parts
    refer to, or where there are none (then not ``is_used``) those that matter most inside. ``uses`` are names of other
    parts, the most used first.
    """

    path: str
    files: int
    weight: float
    is_folder: bool
    is_divided: bool = False
    names: tuple[str, ...] = ()
    unnamed: int = 0
    """How many small ones are not named."""
    doc: str = ""
    central: tuple[Summary, ...] = ()
    is_used: bool = False
    uses: tuple[str, ...] = ()

    def line(self, depth: int = 0, above: str = "") -> TextLine:
        """The part on one line, below the part of the folder ``above``, what others wrote of it last."""
        where = quote_path(self.path.removeprefix(above) or ".", "/" if self.is_folder else "")
        more = [f"{self.unnamed} more"] if self.unnamed else []
        said = [", ".join([*map(quote_path, self.names), *more])] if self.names else []
        said += (
            [f"{self.files} file{'s' * (self.files != 1)}"] if self.is_folder and not self.is_divided else []
        )
        names = ", ".join(_name(summary.name) for summary in self.central)
        said += [f"{'central' if self.is_used else 'defines'} {names}"] if names else []
        said += [f"uses {', '.join(map(quote_path, self.uses))}"] if self.uses else []
        doc = f" - {self.doc}" if self.doc else ""
        text = f"{'  ' * (depth + 1)}{where}{': ' if said else ''}{'; '.join(said)}{doc}"
        return TextLine(text, self.path if doc else "")

    def cut(self, to: _Detail) -> Part:
        """The same in fewer words; of what is small, folders stand first and are told thrice as freely as files."""
        folders = sum(name.endswith("/") for name in self.names)
        named = max(to.names, min(folders, 3 * to.names))
        return replace(
            self,
            names=self.names[:named],
            unnamed=max(len(self.names) - named, 0),
            central=self.central[: to.central],
            uses=self.uses[: to.uses],
            doc=truncate(self.doc, to.width) if to.width else "",
        )

    def json(self) -> Json:
        """The part as data."""
        return {
            "path": self.path,
            "files": self.files,
            "names": list(self.names),
            "doc": self.doc,
            "central": [summary.name for summary in self.central],
            "uses": list(self.uses),
        }


@dataclass(frozen=True, slots=True)
class Beside:
    """Files that are not told one by one: what they are, how many, and the folders that hold most of them."""

    what: str
    files: int
    folders: tuple[str, ...]

    def text(self) -> str:
        """The same in words."""
        where = ", ".join(quote_path(folder, "/") for folder in self.folders)
        return f"{self.what} {self.files}" + (f" ({where})" if where else "")


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a folder is and how it is made; of a file there is none."""

    manifest: Manifest = NO_MANIFEST
    entries: tuple[str, ...] = ()
    """Where it is entered, as it is told: a script with what it starts, or the place of a main function."""
    parts: tuple[Part, ...] = ()
    beside: tuple[Beside, ...] = ()

    def lines(self) -> list[TextLine]:
        """The lines of the text: each is indented, since others wrote the words."""
        own = self.manifest
        lines = []
        if own.name or own.description:
            place = quote_path(own.path)
            named = f"{_name(own.name)} ({place})" if own.name else place
            said = f" - {own.description}" if own.description else ""
            lines.append(TextLine(f"  about: {named}{said}", own.path))
        if self.entries:
            more = f"; {len(self.entries) - ENTRIES} more" if len(self.entries) > ENTRIES else ""
            lines.append(TextLine(f"  entry points: {'; '.join(self.entries[:ENTRIES])}{more}"))
        lines += self._part_lines()
        if self.beside:
            lines.append(TextLine(f"  beside: {'; '.join(one.text() for one in self.beside)}"))
        return lines

    def _part_lines(self) -> Iterator[TextLine]:
        """The parts, those inside a folder whose own part is told below it and without its path."""
        above: list[str] = []
        for part in self.parts:
            while above and not part.path.startswith(above[-1]):
                above.pop()
            yield part.line(len(above), above[-1] if above else "")
            if part.is_divided and part.path:
                above.append(f"{part.path}/")

    def json(self) -> Json:
        """The architecture as data."""
        own = self.manifest
        return {
            "about": {"path": own.path, "name": own.name, "description": own.description},
            "entry_points": list(self.entries),
            "parts": [part.json() for part in self.parts],
            "beside": [
                {"what": one.what, "files": one.files, "folders": list(one.folders)} for one in self.beside
            ],
        }


NO_ARCHITECTURE = Architecture()
"""That of a file."""


def entry_text(name: str, starts: str) -> str:
    """A script and what it starts."""
    return _name(name) if name == starts else f"{_name(name)} = {_name(starts)}"


def _name(name: str) -> str:
    return quote_name(truncate(name, NAME_WIDTH))


class _Detail(NamedTuple):
    """How much of a part is told: small ones by name, central symbols, uses, characters of its doc."""

    names: int
    central: int
    uses: int
    width: int


_DETAILS = (
    _Detail(16, 4, 4, 140),
    _Detail(12, 4, 4, 110),
    _Detail(10, 3, 3, 90),
    _Detail(8, 3, 3, 80),
    _Detail(8, 2, 2, 0),
    _Detail(5, 2, 2, 0),
    _Detail(3, 1, 2, 0),
    _Detail(1, 1, 1, 0),
)
"""The fullest first."""

DOC_WIDTH = 70
"""Characters of the docs that are told where there is no room for all."""


def fit_architecture(whole: Architecture, room: float) -> tuple[Architecture, int]:
    """The same in as few words as it takes to fit; parts that do not fit even so, the lightest, are counted."""
    for detail in _DETAILS:
        told = replace(whole, parts=tuple(part.cut(detail) for part in whole.parts))
        left = room - cost_of(told.lines())
        if left >= 0:
            return (told if detail.width else _add_docs(told, whole, left)), 0
    left = room - cost_of(replace(told, parts=()).lines())
    kept: list[int] = []
    for place in _heavy_first(told.parts):
        left -= cost_of([told.parts[place].line()])
        if left < 0:
            break
        kept.append(place)
    parts = tuple(told.parts[place] for place in sorted(kept))
    return replace(told, parts=parts), len(told.parts) - len(parts)


def _add_docs(told: Architecture, whole: Architecture, left: float) -> Architecture:
    """The docs of the heaviest parts, as many as there is room for."""
    parts = list(told.parts)
    for place in _heavy_first(told.parts):
        with_doc = replace(parts[place], doc=truncate(whole.parts[place].doc, DOC_WIDTH))
        cost = cost_of([with_doc.line()]) - cost_of([parts[place].line()])
        if cost <= left:
            parts[place], left = with_doc, left - cost
    return replace(told, parts=tuple(parts))


def _heavy_first(parts: Sequence[Part]) -> list[int]:
    return sorted(range(len(parts)), key=lambda place: -parts[place].weight)
