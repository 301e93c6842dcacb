"""The one registry of languages, each a folder of data: ``languages/<name>/{spec.toml,tags.scm}``."""

from __future__ import annotations

import hashlib
import importlib
import re
import tomllib
from dataclasses import dataclass
from fnmatch import translate
from functools import cache, cached_property, lru_cache
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from tree_sitter import Language, Query, QueryError

from indexers.errors import LanguageSpecError
from indexers.model import KINDS, REFERENCE_KINDS

ROOT = Path(__file__).parent / "languages"
_DEFINITION, _REFERENCE = "definition.", "reference."
_OTHER_CAPTURES = frozenset({"name", "body", "doc", "parent"})
_SPEC_KEYS = frozenset({
    "name", "grammar", "entry", "extensions", "filenames", "shebangs", "line_comments", "block_comments",
    "attributes", "self_names", "package_stems", "max_depth", "paths", "dialects",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Queries:
    """A dialect's grammar with its compiled queries; matches name definitions, captures find references."""

    language: Language
    definitions: Query
    references: Query


@dataclass(frozen=True)
class Spec:
    """One language (or dialect of it) as its folder describes it.

    ``attributes`` are the beginnings of lines that belong to the definition under them, ``self_names`` the
    qualifiers that mean the enclosing type, ``package_stems`` the file stems that stand for their folder,
    ``max_depth`` how deep symbols may nest (0: without limit), ``test_paths`` and ``generated_paths`` globs.
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
    test_paths: tuple[str, ...]
    generated_paths: tuple[str, ...]

    @cached_property
    def queries(self) -> Queries:
        """The compiled grammar and queries.

        Raises:
            LanguageSpecError: the grammar is not installed, or ``tags.scm`` is not valid for it.
        """
        try:
            language = Language(getattr(importlib.import_module(self.grammar), self.entry)())
            text = (self.folder / "tags.scm").read_text(encoding="utf-8")
            definitions, references = Query(language, text), Query(language, text)
        except (ImportError, AttributeError, QueryError, OSError) as error:
            raise LanguageSpecError(f"language {self.name}: {error}") from error
        _check_captures(self.name, definitions)
        source = text.encode()
        for pattern in range(definitions.pattern_count):
            start, end = definitions.start_byte_for_pattern(pattern), definitions.end_byte_for_pattern(pattern)
            is_reference = b"@" + _REFERENCE.encode() in source[start:end]
            (definitions if is_reference else references).disable_pattern(pattern)
        return Queries(language, definitions, references)


def _check_captures(name: str, query: Query) -> None:
    known = {_DEFINITION + kind for kind in KINDS} | {_REFERENCE + kind for kind in REFERENCE_KINDS} | _OTHER_CAPTURES
    for index in range(query.capture_count):
        if query.capture_name(index) not in known:
            raise LanguageSpecError(f"language {name}: unknown capture @{query.capture_name(index)} in tags.scm")


def _read_spec(folder: Path) -> list[Spec]:
    with (folder / "spec.toml").open("rb") as file:
        data: dict[str, Any] = tomllib.load(file)
    if unknown := data.keys() - _SPEC_KEYS:
        raise LanguageSpecError(f"language {folder.name}: unknown key {min(unknown)!r} in spec.toml")
    if missing := {"name", "grammar"} - data.keys():
        raise LanguageSpecError(f"language {folder.name}: spec.toml lacks {min(missing)!r}")
    dialects = data.pop("dialects", [])
    return [_build_spec(folder, data)] + [_build_spec(folder, data | {"filenames": [], "shebangs": []} | d) for d in dialects]


def _build_spec(folder: Path, data: dict[str, Any]) -> Spec:
    paths = data.get("paths", {})
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
        test_paths=tuple(paths.get("tests", ())),
        generated_paths=tuple(paths.get("generated", ())),
    )


@cache
def all_specs() -> tuple[Spec, ...]:
    """Every language and dialect, ordered by folder name."""
    return tuple(spec for folder in sorted(ROOT.iterdir()) if (folder / "spec.toml").exists() for spec in _read_spec(folder))


@cache
def _by_extension() -> dict[str, Spec]:
    return {extension: spec for spec in reversed(all_specs()) for extension in spec.extensions}


@cache
def _by_filename() -> dict[str, Spec]:
    return {name: spec for spec in reversed(all_specs()) for name in spec.filenames}


_SHEBANG = re.compile(rb"#!\s*(?:/\S*/)?(?:env\s+(?:-S\s+)?)?([A-Za-z]+)")


def find_language(path: str, data: bytes = b"") -> Spec | None:
    """The language of a file by its name, its ending, or the first line of ``data``."""
    name = PurePosixPath(path).name
    if spec := _by_filename().get(name):
        return spec
    suffix = PurePosixPath(path).suffix.lower()
    if spec := _by_extension().get(suffix):
        return spec
    if data.startswith(b"#!") and (match := _SHEBANG.match(data)):
        program = match.group(1).decode()
        return next((spec for spec in all_specs() if program in spec.shebangs), None)
    stem = name.split(".", 1)[0]
    return _by_filename().get(stem) if stem != name and suffix not in _TEXT_SUFFIXES else None


_TEXT_SUFFIXES = frozenset({".txt", ".rst", ".adoc"})


def _compile_globs(globs: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for globs over posix paths; a glob without a slash matches the file's name anywhere."""
    if not globs:
        return None
    parts = []
    for glob in globs:
        body = glob.removeprefix("**/")
        anchored = "/" in body.removesuffix("/**") and not glob.startswith("**/")
        parts.append(("" if anchored else r"(?:.*/)?") + translate(body.replace("**", "*")))
    return re.compile("|".join(parts))


@cache
def _path_patterns(kind: str) -> re.Pattern[str] | None:
    return _compile_globs(tuple(sorted({glob for spec in all_specs() for glob in getattr(spec, kind)})))


@lru_cache(maxsize=100_000)
def is_test_path(path: str) -> bool:
    """Whether any language's conventions make this path a test."""
    pattern = _path_patterns("test_paths")
    return bool(pattern and pattern.match(path))


def is_generated_path(path: str) -> bool:
    """Whether any language's conventions make this path generated or locked content."""
    pattern = _path_patterns("generated_paths")
    return bool(pattern and pattern.match(path))


@cache
def registry_fingerprint() -> str:
    """A hash over every language's data and grammar version: another value means files parse differently."""
    digest = hashlib.blake2b(digest_size=8)
    for spec in all_specs():
        distribution = spec.grammar.replace("_", "-")
        digest.update(f"{spec.name} {metadata.version(distribution)}".encode())
        for name in ("spec.toml", "tags.scm"):
            digest.update((spec.folder / name).read_bytes())
    return digest.hexdigest()
