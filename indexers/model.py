"""The values that flow from a file on disk to a searchable symbol."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

KINDS = (
    "file", "window",
    "module", "class", "interface", "struct", "enum", "trait", "impl",
    "function", "method", "macro", "type", "constant", "variable", "field", "property", "test",
    "section", "key", "block", "element", "rule", "target", "table", "stage",
)  # fmt: skip
"""Every kind a symbol can have. ``file`` is the whole file, ``window`` a run of lines without structure."""

CONTAINER_KINDS = frozenset({"class", "interface", "struct", "enum", "trait", "impl"})
"""Kinds whose functions are methods."""

REFERENCE_KINDS = ("call", "import", "inherit")


class SkipReason(StrEnum):
    """Why a file is not in the index."""

    BINARY = "binary"
    GENERATED = "generated or minified"
    TOO_LARGE = "over the size limit"
    SECRET = "looks like a secret"
    UNREADABLE = "cannot be read"
    OUTSIDE = "leads outside the repository"
    EXCLUDED = "excluded by configuration"
    IGNORED = "ignored by git"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to index: ``path`` is relative and posix, ``data`` its bytes as UTF-8."""

    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file left out of the index, and why."""

    path: str
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named piece of a file.

    Lines are 1-based and inclusive; bytes are a half-open range into the file's data. ``parent`` is the position of
    the enclosing symbol in the file's list, -1 for none. ``qualified_name`` joins the enclosing names with dots.
    """

    name: str
    qualified_name: str
    kind: str
    signature: str
    doc: str
    start_line: int
    end_line: int
    start_byte: int
    end_byte: int
    parent: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a name inside symbol ``source`` (its position in the file's list).

    ``qualifier`` is the identifier written before the name (``self`` in ``self.run()``), or "".
    """

    name: str
    qualifier: str
    kind: str
    line: int
    source: int


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What one file says. ``symbols[0]`` is the file itself; ``language`` is "" when it was read in windows.

    ``problem`` says why a file in a known language was read in windows instead, or "".
    """

    language: str
    lines: int
    symbols: tuple[Symbol, ...]
    references: tuple[Reference, ...]
    problem: str = ""
