"""What a target names: a symbol, a file, or lines of a file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from indexers.languages import is_test_path
from memory_server.errors import NotFoundError, OutsideRepositoryError
from memory_server.view import View

_LINES = re.compile(r"(?P<path>.+?):(?P<start>\d+)(?:-(?P<end>\d+))?")
_SEPARATORS = re.compile(r"\.|::|#|->|/")
_MINOR_KINDS = frozenset({"file", "window", "field", "variable", "key", "section", "block", "element", "rule"})


@dataclass(frozen=True, slots=True)
class FileTarget:
    """Lines of a file; ``end`` 0 means to its end."""

    path: str
    start: int = 1
    end: int = 0


@dataclass(frozen=True, slots=True)
class SymbolTarget:
    """One symbol, or several that the name fits equally."""

    symbols: tuple[int, ...]


def resolve_target(view: View, root: Path, text: str) -> FileTarget | SymbolTarget:
    """Resolve ``path``, ``path:12-40``, ``path::Class.method`` or ``Class.method``.

    Raises:
        NotFoundError: nothing fits; the hint names what is near.
        OutsideRepositoryError: a path leads outside the repository.
    """
    text = text.strip().strip("`")
    if "::" in text and (path := find_path(view, root, text.split("::", 1)[0])):
        return _named_in_file(view, path, text.split("::", 1)[1])
    if (match := _LINES.fullmatch(text)) and (path := find_path(view, root, match["path"])):
        start = int(match["start"])
        return FileTarget(path, max(start, 1), max(int(match["end"] or start), start))
    if path := find_path(view, root, text):
        return FileTarget(path)
    return SymbolTarget(find_symbols(view, text))


def inside_root(root: Path, text: str) -> str:
    """A path as posix and relative to the root.

    Raises:
        OutsideRepositoryError: through ``..``, a link, or as an absolute path it leads elsewhere.
    """
    joined = Path(os.path.normpath(root / text))
    if not joined.is_relative_to(root) or not joined.resolve().is_relative_to(root.resolve()):
        raise OutsideRepositoryError(f"{text} is outside the repository")
    return joined.relative_to(root).as_posix()


def find_path(view: View, root: Path, text: str) -> str | None:
    """The file a path names, exactly or by its unique end; None when it names none."""
    if not text or "\n" in text or len(text) > 1000 or "\0" in text:
        return None
    relative = inside_root(root, text)
    if relative in view.file_index or (root / relative).is_file():
        return relative
    ending = [path for path in view.paths if path.endswith(f"/{relative}")]
    return ending[0] if len(ending) == 1 else None


def _named_in_file(view: View, path: str, name: str) -> SymbolTarget:
    place = view.file_index.get(path)
    if place is None:
        raise NotFoundError(f"{path} is not indexed", f"read {path}:1-100 shows its lines")
    first, last = int(view.first[place]), int(view.first[place + 1])
    wanted = _SEPARATORS.split(name.strip())
    found = [symbol for symbol in range(first, last) if _fits(view, symbol, wanted)]
    if not found:
        near = get_close_matches(name, view.qualified_names[first:last], n=3, cutoff=0.5)
        raise NotFoundError(f"no {name} in {path}", _suggest(near) or f"outline path={path} lists its symbols")
    return SymbolTarget(_prefer(view, found))


def find_symbols(view: View, text: str) -> tuple[int, ...]:
    """The symbols a name fits, the likely ones alone when there are any.

    Raises:
        NotFoundError: no symbol has that name; the hint lists the nearest names.
    """
    wanted = [part for part in _SEPARATORS.split(text.strip().removesuffix("()")) if part]
    last = wanted[-1].lower() if wanted else ""
    named = [symbol for symbol in view.by_name.get(last, ()) if _fits(view, symbol, wanted)]
    if not named:
        raise NotFoundError(f"no symbol or file {text}", _suggest(nearest_names(view, text)))
    exact = [symbol for symbol in named if view.names[symbol] == wanted[-1]]
    return _prefer(view, exact or named)


def _fits(view: View, symbol: int, wanted: Sequence[str]) -> bool:
    """Whether a symbol's qualified name, after its file's path, ends in the wanted parts."""
    parts = view.path_of(symbol).rsplit(".", 1)[0].split("/") + view.qualified_names[symbol].split(".")
    return [part.lower() for part in parts[-len(wanted) :]] == [part.lower() for part in wanted]


def _prefer(view: View, symbols: Sequence[int]) -> tuple[int, ...]:
    """Definitions before fields and variables, and code before tests; several stay when none stands out."""
    preferences: tuple[Callable[[int], bool], ...] = (
        lambda symbol: view.kinds[symbol] not in _MINOR_KINDS,
        lambda symbol: not is_test_path(view.path_of(symbol)),
        lambda symbol: view.kinds[symbol] != "impl",
    )
    for is_better in preferences:
        symbols = [symbol for symbol in symbols if is_better(symbol)] or symbols
    return tuple(symbols)


def nearest_names(view: View, text: str) -> list[str]:
    """Names spelt much like the wanted one, nearest first."""
    last = _SEPARATORS.split(text)[-1].lower()
    near = get_close_matches(last, list(view.by_name), n=4, cutoff=0.6)
    near += [name for name in sorted(view.by_name, key=len) if last and last in name][: 4 - len(near)]
    return [view.qualified_names[view.by_name[name][0]] for name in dict.fromkeys(near)]


def _suggest(names: Sequence[str]) -> str:
    return f"did you mean {', '.join(names)}?" if names else "use search to find it"
