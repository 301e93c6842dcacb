"""The one registry of languages, each a folder of data: ``languages/<name>/{spec.toml,tags.scm}``."""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cache, cached_property, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tree_sitter import Language, Query, QueryError

from indexers.errors import LanguageSpecError
from indexers.model import KINDS, REFERENCE_KINDS

ROOT = Path(__file__).parent
_DEFINITION, _REFERENCE = "definition.", "reference."
_OTHER_CAPTURES = frozenset({"name", "body", "doc", "parent"})
"""What ``tags.scm`` tells of a definition; the name and the body default to its fields of these names."""
_REFERENCES_HEADER = re.compile(r"^; References.*$", re.MULTILINE)
"""In ``tags.scm``, definitions stand before this line and references after it: each is a query of its own.

Compiling one costs milliseconds for every node type that has children in a pattern, in large grammars tens of them, and
nothing for ``_``: inside a definition name fields and tokens, and a node type only where they leave a doubt.
"""
_SPEC_KEYS = frozenset({
    "name", "grammar", "entry", "extensions", "filenames", "shebangs", "line_comments", "block_comments",
    "attributes", "self_names", "package_stems", "max_depth", "open_ended", "name_prefixes", "merge_clauses",
    "max_nesting", "wrappers", "paths", "dialects", "test_modules", "bare_strings", "repairs",
})  # fmt: skip


PATH_ROLES = ("generated", "tests", "copies", "examples", "documents", "legacy", "declarations", "foreign")
"""What a file can be other than source, the first that fits: machine-written (left out), tests, built or vendored
copies, examples and benchmarks, texts about the code, what is kept for old callers, types without code, code for
another operating system than the one this runs on."""


@dataclass(frozen=True, slots=True)
class Queries:
    """A dialect's grammar with its compiled queries; matches name definitions, captures find references."""

    language: Language
    definitions: Query
    references: Query


@dataclass(frozen=True, slots=True)
class Repair:
    """What a grammar cannot read: the groups of ``pattern`` are overwritten with ``fill``, and blanks after it.

    Done to every file where ``always``, to the others where the file has parse errors and it makes them fewer.
    """

    pattern: re.Pattern[bytes]
    fill: bytes
    always: bool


@dataclass(frozen=True)
class Spec:
    """One language (or dialect of it) as its folder describes it.

    ``attributes`` are the beginnings of lines that belong to the definition under them, ``self_names`` the
    qualifiers that mean the enclosing type, ``package_stems`` the file stems that stand for their folder,
    ``max_depth`` how deep symbols may nest (0: without limit), ``open_ended`` the kinds whose symbols last until the
    next one of their kind, ``name_prefixes`` what is not part of a name (Ruby's colon), ``merge_clauses`` whether
    neighbours of one name and kind are one definition (Elixir, Haskell), ``max_nesting`` how deep a line may stand
    before the grammar is not trusted with the file (0: any depth), ``wrappers`` the node types that belong to the
    definition right inside them (``export``, a template's head), ``test_modules`` the names of modules that hold
    tests, ``bare_strings`` whether text needs no quotes, ``repairs`` what the grammar cannot read as it stands,
    ``paths`` globs by role (see ``PATH_ROLES``).
    """

    name: str
    folder: Path
    grammar: str
    entry: str
    extensions: tuple[str, ...]
    filenames: tuple[str, ...]
    shebangs: tuple[str, ...]
    line_comments: tuple[bytes, ...]
    block_comments: tuple[tuple[bytes, bytes], ...]
    attributes: tuple[bytes, ...]
    self_names: frozenset[str]
    package_stems: frozenset[str]
    max_depth: int
    open_ended: frozenset[str]
    name_prefixes: tuple[str, ...]
    merge_clauses: bool
    max_nesting: int
    wrappers: frozenset[str]
    test_modules: frozenset[str]
    bare_strings: bool
    repairs: tuple[Repair, ...]
    paths: Mapping[str, tuple[str, ...]] = field(hash=False)

    @cached_property
    def queries(self) -> Queries:
        """The compiled grammar and queries.

        Raises:
            LanguageSpecError: the grammar is not installed, or ``tags.scm`` is not valid for it.
        """
        try:
            language = Language(_as_capsule(getattr(importlib.import_module(self.grammar), self.entry)()))
            text = (self.folder / "tags.scm").read_text(encoding="utf-8")
            definitions, *references = _REFERENCES_HEADER.split(text, maxsplit=1)
            queries = Queries(language, Query(language, definitions), Query(language, "".join(references)))
        except (ImportError, AttributeError, QueryError, OSError) as error:
            raise LanguageSpecError(f"language {self.name}: {error}") from error
        _check_captures(
            self.name, queries.definitions, {_DEFINITION + kind for kind in KINDS} | _OTHER_CAPTURES
        )
        _check_captures(self.name, queries.references, {_REFERENCE + kind for kind in REFERENCE_KINDS})
        return queries


def _as_capsule(pointer: object) -> object:
    """A grammar's pointer as tree-sitter takes it; older wheels hand out a plain address."""
    if not isinstance(pointer, int):
        return pointer
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return new(pointer, b"tree_sitter.Language", None)


def _check_captures(name: str, query: Query, known: set[str]) -> None:
    """Refuse a capture that would be ignored; those that only serve predicates begin with an underscore."""
    for index in range(query.capture_count):
        capture = query.capture_name(index)
        if capture not in known and not capture.startswith("_"):
            raise LanguageSpecError(f"language {name}: unknown capture @{capture} in tags.scm")


def _read_spec(folder: Path) -> list[Spec]:
    with (folder / "spec.toml").open("rb") as file:
        data: dict[str, Any] = tomllib.load(file)
    if unknown := data.keys() - _SPEC_KEYS:
        raise LanguageSpecError(f"language {folder.name}: unknown key {min(unknown)!r} in spec.toml")
    if missing := {"name", "grammar"} - data.keys():
        raise LanguageSpecError(f"language {folder.name}: spec.toml lacks {min(missing)!r}")
    dialects = data.pop("dialects", [])
    return [_build_spec(folder, data)] + [
        _build_spec(folder, data | {"filenames": [], "shebangs": []} | d) for d in dialects
    ]


def _build_spec(folder: Path, data: dict[str, Any]) -> Spec:
    return Spec(
        name=data["name"],
        folder=folder,
        grammar=data["grammar"],
        entry=data.get("entry", "language"),
        extensions=tuple(data.get("extensions", ())),
        filenames=tuple(data.get("filenames", ())),
        shebangs=tuple(data.get("shebangs", ())),
        line_comments=tuple(mark.encode() for mark in data.get("line_comments", ())),
        block_comments=tuple((start.encode(), end.encode()) for start, end in data.get("block_comments", ())),
        attributes=tuple(mark.encode() for mark in data.get("attributes", ())),
        self_names=frozenset(data.get("self_names", ())),
        package_stems=frozenset(data.get("package_stems", ())),
        max_depth=int(data.get("max_depth", 0)),
        open_ended=frozenset(data.get("open_ended", ())),
        name_prefixes=tuple(data.get("name_prefixes", ())),
        merge_clauses=bool(data.get("merge_clauses", False)),
        max_nesting=int(data.get("max_nesting", 0)),
        wrappers=frozenset(data.get("wrappers", ())),
        test_modules=frozenset(data.get("test_modules", ())),
        bare_strings=bool(data.get("bare_strings", False)),
        repairs=tuple(_read_repair(repair) for repair in data.get("repairs", ())),
        paths=_read_paths(data["name"], data.get("paths", {})),
    )


def _read_repair(repair: Mapping[str, Any]) -> Repair:
    pattern = re.compile(repair["pattern"].encode(), re.MULTILINE)
    return Repair(pattern, repair.get("fill", "").encode(), bool(repair.get("always", False)))


def _read_paths(name: str, paths: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    if unknown := paths.keys() - set(PATH_ROLES):
        raise LanguageSpecError(f"language {name}: unknown role {min(unknown)!r} of paths")
    return {role: tuple(globs) for role, globs in paths.items()}


@cache
def all_specs() -> tuple[Spec, ...]:
    """Every language and dialect, ordered by folder name."""
    return tuple(
        spec
        for folder in sorted(ROOT.iterdir())
        if (folder / "spec.toml").exists()
        for spec in _read_spec(folder)
    )


@cache
def _by_extension() -> dict[str, Spec]:
    return {extension: spec for spec in reversed(all_specs()) for extension in spec.extensions}


@cache
def _by_filename() -> dict[str, Spec]:
    return {name: spec for spec in reversed(all_specs()) for name in spec.filenames}


@cache
def package_stems() -> frozenset[str]:
    """The names without suffix of files that stand for their folder, in any language."""
    return frozenset(stem for spec in all_specs() for stem in spec.package_stems)


@cache
def test_modules() -> frozenset[str]:
    """The names of modules that hold tests, in any language."""
    return frozenset(name for spec in all_specs() for name in spec.test_modules)


_SHEBANG = re.compile(rb"#!\s*(?:/\S*/)?(?:env\s+(?:-S\s+)?)?([A-Za-z]+)")


def find_language(path: str, data: bytes = b"") -> Spec | None:
    """The language of a file by its name, its ending, or the first line of ``data``."""
    name = path.rpartition("/")[2]
    if spec := _by_filename().get(name):
        return spec
    before, _, ending = name.rpartition(".")
    suffix = f".{ending.lower()}" if before else ""
    if spec := _by_extension().get(suffix):
        return spec
    if data.startswith(b"#!") and (match := _SHEBANG.match(data)):
        program = match.group(1).decode()
        return next((spec for spec in all_specs() if program in spec.shebangs), None)
    stem = name.split(".", 1)[0]
    return _by_filename().get(stem) if stem != name and suffix not in _TEXT_SUFFIXES else None


_TEXT_SUFFIXES = frozenset({".txt", ".rst", ".adoc"})


class _PathMatcher:
    """Whether a posix path matches any of some globs; one without a slash matches the file's name anywhere.

    What the commonest globs ask (a name, its ending, a folder) is looked up, the others are one pattern each for
    names and paths: every file of a repository is asked at every sync.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self._names: set[str] = set()
        self._folders: set[str] = set()
        endings: list[str] = []
        names: list[str] = []
        anywhere: list[str] = []
        anchored: list[str] = []
        for glob in globs:
            folder = glob.removeprefix("**/").removesuffix("/**")
            if glob == f"**/{folder}/**" and _is_plain(folder):
                self._folders.add(folder)
            elif "/" in glob:
                patterns = anywhere if glob.startswith("**/") else anchored
                patterns.append(translate(glob.removeprefix("**/").replace("**", "*")))
            elif _is_plain(glob):
                self._names.add(glob)
            elif glob.startswith("*") and _is_plain(glob[1:]):
                endings.append(glob[1:])
            else:
                names.append(translate(glob))
        self._endings = tuple(endings)
        self._name_pattern = re.compile("|".join(names)) if names else None
        patterns = [f"(?:.*/)?(?:{'|'.join(anywhere)})", *anchored] if anywhere else anchored
        self._path_pattern = re.compile("|".join(patterns)) if patterns else None

    def matches(self, path: str) -> bool:
        *folders, name = path.split("/")
        return (
            name in self._names
            or name.endswith(self._endings)
            or not self._folders.isdisjoint(folders)
            or (self._name_pattern is not None and self._name_pattern.match(name) is not None)
            or (self._path_pattern is not None and self._path_pattern.match(path) is not None)
        )


def _is_plain(glob: str) -> bool:
    return not set(glob) & set("*?[/")


@cache
def _common_paths() -> Mapping[str, tuple[str, ...]]:
    with (ROOT / "paths.toml").open("rb") as file:
        data = tomllib.load(file)
    systems: dict[str, list[str]] = data.pop("systems")
    own = next((name for name in systems if sys.platform.startswith(name)), "")
    foreign = [glob for name, globs in systems.items() if name != own for glob in globs]
    return _read_paths("paths.toml", data | {"foreign": foreign})


@cache
def _path_matcher(role: str) -> _PathMatcher:
    found = {glob for spec in all_specs() for glob in spec.paths.get(role, ())}
    return _PathMatcher(sorted(found.union(_common_paths().get(role, ()))))


@lru_cache(maxsize=100_000)
def path_role(path: str) -> str:
    """The first of ``PATH_ROLES`` that a path has by any language's conventions; empty for plain source."""
    return next((role for role in PATH_ROLES if _path_matcher(role).matches(path)), "")


def is_test_path(path: str) -> bool:
    """Whether any language's conventions make this path a test."""
    return path_role(path) == "tests"


@cache
def registry_fingerprint() -> str:
    """A hash over every language's data and grammar version: another value means files parse differently."""
    digest = hashlib.blake2b(digest_size=8)
    for spec in all_specs():
        distribution = spec.grammar.replace("_", "-")
        digest.update(f"{spec.name} {metadata.version(distribution)}".encode())
        for name in ("spec.toml", "tags.scm"):
            digest.update((spec.folder / name).read_bytes())
    digest.update((ROOT / "paths.toml").read_bytes())
    return digest.hexdigest()
