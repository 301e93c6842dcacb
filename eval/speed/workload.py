"""What every tool has to do: queries drawn from the repository, edits made to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from eval.errors import MeasureError
from indexers.git import run_git
from indexers.languages.registry import find_language
from indexers.model import SourceFile
from indexers.parsing.parse import parse_file

QUERIES = 50
"""Queries drawn from a repository: half are names it defines, half are lines of its documents."""

_SOURCES_READ = 120
_DOCUMENTS_READ = 60
_LARGEST_BYTES = 200_000
_CODE_KINDS = frozenset({"class", "interface", "struct", "enum", "trait", "function", "method"})
_DOCUMENT_ENDINGS = (".md", ".rst", ".txt", ".mdx", ".adoc")
_NAME = re.compile(r"\w{4,60}")
_PROSE = re.compile(r"[A-Z][a-z]+(?: [a-z]+){3,9}(?=[.,:;]|$)")
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Definition:
    """A file and a name that it defines."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Workload:
    """What every tool is asked: the queries, definitions one per file, and of these what the edits rename."""

    revision: str
    files: int
    queries: tuple[str, ...]
    definitions: tuple[Definition, ...]
    edits: tuple[Definition, ...]


def draw_workload(root: Path) -> Workload:
    """Reads the queries and edits off a repository; the same tree gives the same workload.

    Raises:
        MeasureError: The repository defines no names.
    """
    paths = _list_paths(root)
    sources = list_sources(root)
    definitions = [found for path in spread(sources, _SOURCES_READ) if (found := _definitions(root, path))]
    if not definitions:
        raise MeasureError("the repository defines no names to search for", "measure one that holds code")
    names = sorted({definition.name for found in definitions for definition in found})
    documents = [path for path in paths if path.endswith(_DOCUMENT_ENDINGS)]
    prose = sorted({line for path in spread(documents, _DOCUMENTS_READ) for line in _prose(root, path)})
    asked_names = spread(names, QUERIES // 2)
    asked = [*asked_names, *(spread(prose, QUERIES - len(asked_names)) or map(_as_words, asked_names))]
    last = [found[-1] for found in definitions]
    revision = run_git(root, "rev-parse", "HEAD").strip()
    return Workload(revision, len(paths), tuple(asked), tuple(last), tuple(spread(last, 10)))


def list_sources(root: Path) -> list[str]:
    """The tracked files of code."""
    return [
        path for path in _list_paths(root) if find_language(path) and not path.endswith(_DOCUMENT_ENDINGS)
    ]


def _list_paths(root: Path) -> list[str]:
    return run_git(root, "ls-files", "-z").split("\0")[:-1]


def spread(items: Sequence[_Item], count: int) -> list[_Item]:
    """At most ``count`` items at even distances, the first always among them."""
    if len(items) <= count:
        return list(items)
    return [items[position * len(items) // count] for position in range(count)]


def rename_definitions(root: Path, edits: Sequence[Definition], ending: str) -> None:
    """Edits each file for real: the defined name gets ``ending`` wherever the file writes it."""
    for edit in edits:
        file = root / edit.path
        before = file.read_bytes()
        file.write_bytes(re.sub(rb"\b%s\b" % edit.name.encode(), f"{edit.name}{ending}".encode(), before))


def _read(root: Path, path: str) -> bytes:
    file = root / path
    if file.is_symlink() or not file.is_file() or file.stat().st_size > _LARGEST_BYTES:
        return b""
    return file.read_bytes()


def _definitions(root: Path, path: str) -> list[Definition]:
    data = _read(root, path)
    if not data:
        return []
    symbols = parse_file(SourceFile(path, data)).symbols
    return [
        Definition(path, symbol.name)
        for symbol in symbols
        if symbol.kind in _CODE_KINDS and _NAME.fullmatch(symbol.name)
    ]


def _prose(root: Path, path: str) -> list[str]:
    text = _read(root, path).decode("utf-8", "replace")
    return [match[0] for line in text.splitlines() if (match := _PROSE.match(line.strip()))]


def _as_words(name: str) -> str:
    return " ".join(re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", name)).lower()
