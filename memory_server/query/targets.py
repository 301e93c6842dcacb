"""What a target names: a symbol, a file, or lines of a file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from indexers.languages.registry import package_stems
from indexers.summarize import Summary
from indexers.tokens import truncate
from memory_server.deadline import in_time
from memory_server.errors import AbsentError, NotFoundError, OutsideRepositoryError, QueryError
from memory_server.index.view import SIDE_ROLES, View
from memory_server.query.target_text import read_target, spell_name, spell_path
from memory_server.visible import quote_name, quote_path, unquote

_SEPARATORS = re.compile(r"\.|::|#|->|/")
MINOR_KINDS = frozenset(
    {"file", "window", "field", "variable", "key", "section", "block", "element", "rule", "property"}
)
_UNNAMED_KINDS = frozenset({"section", "key", "block", "element", "rule"})
"""Kinds whose names are prose or data: nobody misspells them."""

SAID_WIDTH = 60
"""Characters of the asker's own words that an error says back."""

MAX_PATH = 1_000
"""Characters of a path, a glob or a target."""

NEAR_PATHS = 3
"""Files that are named where none is called as the asker says."""

MAX_NAME = 200
"""Characters of a name that another can be near to; comparing takes the product of their lengths."""


@dataclass(frozen=True, slots=True)
class FileTarget:
    """Lines of a file; ``end`` 0 means to its end."""

    path: str
    start: int = 1
    end: int = 0


@dataclass(frozen=True, slots=True)
class SymbolTarget:
    """One symbol, or several that the name fits equally, the most important first."""

    symbols: tuple[int, ...]


def resolve_target(view: View, root: Path, text: str) -> FileTarget | SymbolTarget:
    """Resolve ``path``, ``path:12-40``, ``path::Class.method`` or ``Class.method``, however it is written.

    Raises:
        NotFoundError: nothing fits; the hint names what is near.
        OutsideRepositoryError: a path leads outside the repository.
        QueryError: the target is longer than `MAX_PATH` characters.
    """
    check_length(text, "target")
    missed: NotFoundError | None = None
    for reading in read_target(text):
        path = find_path(view, root, reading.path, by_end=reading.by_end)
        if path is None:
            continue
        if not reading.name:
            return FileTarget(path, reading.start, reading.end)
        try:
            return _named_in_file(view, path, reading.name)
        except NotFoundError as error:
            missed = missed or error
    try:
        return SymbolTarget(find_symbols(view, text))
    except AbsentError as absent:
        if path := _find_module(view, text):
            return FileTarget(path)
        if near := _nearest_paths(view, text):
            absent.hint = f"did you mean {', '.join(map(quote_path, near))}?"
        raise missed or absent from None


def find_named_file(root: Path, text: str) -> str:
    """The file that a target names by its whole path, alone or with lines or a symbol; empty where it names none.

    Raises:
        OutsideRepositoryError: the path leads outside the repository.
        QueryError: the target is longer than `MAX_PATH` characters.
    """
    check_length(text, "target")
    paths = (_relative(root, reading.path) for reading in read_target(text))
    return next((path for path in paths if path and _is_file(root, path)), "")


def find_area(view: View, root: Path, text: str) -> str:
    """The file, the folder or the glob that a text names, relative to the root; empty for all.

    Raises:
        OutsideRepositoryError: the path leads outside the repository.
        QueryError: it is longer than `MAX_PATH` characters.
    """
    plain = unquote(text.strip())
    area = inside_root(root, plain) if plain else "."
    if not os.path.lexists(root / area) and area not in view.file_index:
        named = next(_find_areas(view, root, plain), "")
        *_, glob = (path for path, by_end in spell_path(plain) if by_end)
        area = named or inside_root(root, glob)
    return "" if area == "." else area


def _find_areas(view: View, root: Path, text: str) -> Iterator[str]:
    for reading in read_target(text):
        if path := find_path(view, root, reading.path, by_end=reading.by_end):
            yield path
        elif (folder := _relative(root, reading.path)) and os.path.isdir(root / folder):  # noqa: PTH112
            yield folder


def check_length(text: str, what: str) -> None:
    """Refuse a path, a glob or a target that is longer than any.

    Raises:
        QueryError: it has more than `MAX_PATH` characters.
    """
    if len(text) > MAX_PATH:
        raise QueryError(
            f"a {what} of {len(text):,} characters, {MAX_PATH:,} is the most",
            f"give a {what} as search shows it",
        )


def inside_root(root: Path, text: str) -> str:
    """A path as posix and relative to the root; globs stay as they are.

    Raises:
        OutsideRepositoryError: through ``..``, a link, or as an absolute path it leads elsewhere.
        QueryError: it is longer than `MAX_PATH` characters.
    """
    check_length(text, "path")
    outside = OutsideRepositoryError(f"{truncate(text, SAID_WIDTH)} is outside the repository")
    if "\0" in text:
        raise outside
    joined = Path(os.path.normpath(root / text))
    if not joined.is_relative_to(root) or not joined.resolve().is_relative_to(root.resolve()):
        raise outside
    return joined.relative_to(root).as_posix()


def find_path(view: View, root: Path, text: str, *, by_end: bool = True) -> str | None:
    """The file a path names, exactly or by its unique end; None when it names none."""
    path = _relative(root, text)
    if not path or path in view.file_index or _is_file(root, path):
        return path or None
    named = view.by_file_name.get(path.rpartition("/")[2], ()) if by_end else ()
    ending = [view.paths[file] for file in named if view.paths[file].endswith(f"/{path}")]
    return ending[0] if len(ending) == 1 else None


def _relative(root: Path, text: str) -> str:
    """A path relative to the root; empty where the text is none."""
    return "" if not text or "\n" in text or "\0" in text else inside_root(root, text)


def _is_file(root: Path, path: str) -> bool:
    return os.path.isfile(root / path)  # noqa: PTH113 - False for a name too long


def _find_module(view: View, text: str) -> str | None:
    """The one file that a dotted name is the module's of."""
    wanted = _parts(spell_name(text)[-1])
    found = [
        path
        for path in in_time(view.paths if wanted else ())
        if wanted[-1] in path and _module(path)[-len(wanted) :] == wanted
    ]
    return found[0] if len(found) == 1 else None


def _nearest_paths(view: View, text: str) -> list[str]:
    """Files called much like the one that a text names, by a suffix that some file has; nearest first."""
    suffixes = {name.rpartition(".")[2] for name in in_time(view.by_file_name) if "." in name}
    names = (reading.path.rpartition("/")[2] for reading in read_target(text))
    meant = next((name for name in names if name.rpartition(".")[2] in suffixes and "." in name), "")
    size = len(meant)
    if not 0 < size <= MAX_NAME:
        return []
    alike = [name for name in view.by_file_name if abs(len(name) - size) <= 1 + size // 4]
    near = get_close_matches(meant, in_time(alike), n=NEAR_PATHS, cutoff=0.7)
    return [view.paths[file] for name in near for file in view.by_file_name[name]][:NEAR_PATHS]


def _module(path: str) -> list[str]:
    """The names of a file's module, the outermost first; a package's own file has the package's."""
    *folders, name = path.split("/")
    stem = name.rsplit(".", 1)[0]
    return folders if stem in package_stems() else [*folders, stem]


def _named_in_file(view: View, path: str, name: str) -> SymbolTarget:
    place = view.file_index.get(path)
    if place is None:
        raise NotFoundError(
            f"{quote_path(path)} is not indexed", f"read {quote_path(path, ':1-100')} shows its lines"
        )
    first, last = int(view.first[place]), int(view.first[place + 1])
    found: list[int] = []
    for wanted in filter(None, map(_parts, spell_name(name))):
        found = found or [symbol for symbol in range(first + 1, last) if _fits(view, symbol, wanted)]
    if not found:
        known = [full for full in view.qualified_names[first:last] if len(full) <= MAX_NAME]
        near = get_close_matches(name[:MAX_NAME], known, n=3, cutoff=0.5)
        hint = _suggest(near) if near else f"outline {quote_path(path)} lists its symbols"
        raise NotFoundError(f"no {quote_name(truncate(name, SAID_WIDTH))} in {quote_path(path)}", hint)
    return SymbolTarget(_prefer(view, found))


def find_symbols(view: View, text: str) -> tuple[int, ...]:
    """The symbols a name fits, the likely ones alone when there are any.

    Raises:
        NotFoundError: no symbol has that name; the hint lists the nearest names.
    """
    wanted: list[str] = []
    for wanted in map(_parts, spell_name(text)):
        bearers = view.by_name.get(wanted[-1].lower(), ()) if wanted else ()
        exact = [symbol for symbol in bearers if view.names[symbol] == wanted[-1]]
        named = [symbol for symbol in exact if _fits(view, symbol, wanted)]
        named = named or [symbol for symbol in bearers if _fits(view, symbol, wanted)]
        named = named or [symbol for symbol in exact if _fits(view, symbol, wanted, by_folder=True)]
        if named:
            return _prefer(view, named)
    raise AbsentError(
        f"no symbol or file {quote_name(truncate(text, SAID_WIDTH))}", _suggest(nearest_names(view, wanted))
    )


def _parts(name: str) -> list[str]:
    return [part for part in _SEPARATORS.split(name.strip().removesuffix("()")) if part]


def _fits(view: View, symbol: int, wanted: Sequence[str], *, by_folder: bool = False) -> bool:
    """Whether a symbol's qualified name ends in the wanted parts, after its file's path or its folder's alone.

    A package's names are often known by the folder: its files have names of their own, or repeat a class's.
    """
    module = view.path_of(symbol).rpartition("/")[0] if by_folder else view.path_of(symbol).rsplit(".", 1)[0]
    parts = module.split("/") + view.qualified_names[symbol].split(".")
    return [part.lower() for part in parts[-len(wanted) :]] == [part.lower() for part in wanted]


def _prefer(view: View, symbols: Sequence[int]) -> tuple[int, ...]:
    """Definitions before fields, code before tests and examples; several stay when none stands out."""
    preferences: tuple[Callable[[int], bool], ...] = (
        lambda symbol: view.kinds[symbol] not in MINOR_KINDS,
        lambda symbol: not view.in_tests[symbol],
        lambda symbol: view.roles[view.file_of[symbol]] not in SIDE_ROLES,
        lambda symbol: view.kinds[symbol] != "impl",
    )
    for is_better in preferences:
        symbols = [symbol for symbol in symbols if is_better(symbol)] or symbols
    if are_overloads(view, symbols):
        return tuple(symbols)
    importance = view.graph.importance
    return tuple(sorted(symbols, key=lambda symbol: (-float(importance[symbol]), symbol)))


def is_beside(view: View, symbol: int) -> bool:
    """Whether a symbol is part of a test, an example, a text or a copy."""
    return bool(view.in_tests[symbol]) or view.roles[view.file_of[symbol]] in SIDE_ROLES


def are_overloads(view: View, symbols: Sequence[int]) -> bool:
    """Whether symbols follow each other in a file under one qualified name: they are read as one."""
    first, last = min(symbols), max(symbols)
    between = range(first, last + 1)
    same_place = (
        len({(int(view.file_of[s]), int(view.parent[s]), view.qualified_names[s]) for s in symbols}) == 1
    )
    return same_place and all(s in symbols or int(view.parent[s]) >= first for s in between)


def find_innermost(view: View, place: int, start: int, end: int) -> int:
    """The smallest symbol of a file around some lines; the file itself when there is no other."""
    first, last = int(view.first[place]), int(view.first[place + 1])
    inside = (view.start_line[first:last] <= start) & (view.end_line[first:last] >= end)
    around = (first + np.flatnonzero(inside)).tolist()
    return next((symbol for symbol in reversed(around) if view.kinds[symbol] != "window"), first)


def describe_symbol(view: View, symbol: int) -> Summary:
    """A symbol's place, name and signature."""
    return Summary(
        path=view.path_of(symbol),
        start_line=int(view.start_line[symbol]),
        end_line=int(view.end_line[symbol]),
        kind=view.kinds[symbol],
        name=view.qualified_names[symbol],
        signature=view.text("signature", symbol),
        doc="",
    )


def nearest_names(view: View, wanted: Sequence[str]) -> list[str]:
    """Qualified names of the symbols spelt much like the last part, nearest first."""
    if not wanted:
        return []
    *outer, name = (part.lower() for part in wanted)
    size = len(name)
    if size > MAX_NAME:
        return []
    alike = _spelt(view, outer, (known for known in view.by_name if abs(len(known) - size) <= 1 + size // 4))
    near = get_close_matches(name, alike, n=4, cutoff=0.7)
    found = [alike[known] for known in near]
    if len(near) < 4:
        rest = (known for known in view.by_name if name in known and known not in near)
        holding = _spelt(view, outer, rest)
        found += [holding[known] for known in sorted(holding, key=lambda known: (len(known), known))]
    return found[:4]


def _spelt(view: View, outer: Sequence[str], names: Iterable[str]) -> dict[str, str]:
    """Of the names that code has, the qualified one of the symbol that bears it, best inside ``outer``."""
    found, around = {}, set(outer)
    for name in in_time(names):
        bearers = [symbol for symbol in view.by_name[name] if view.kinds[symbol] not in _UNNAMED_KINDS]
        known = [view.qualified_names[symbol] for symbol in bearers]
        if known:
            found[name] = max(known, key=lambda full: len(around & set(full.lower().split("."))))
    return found


def _suggest(names: Sequence[str]) -> str:
    said = [quote_name(truncate(name, SAID_WIDTH)) for name in names]
    return f"did you mean {', '.join(said)}?" if said else "use search to find it"
