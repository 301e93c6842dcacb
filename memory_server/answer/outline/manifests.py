"""What a folder is, and where it is entered, by the manifests that package managers read, or by its README."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from indexers.summarize import first_sentence

MOST_TEXT = 200_000
"""Characters of a manifest that a parser is given."""

MOST_SEARCHED = 10_000
"""Characters of a text that is searched by patterns, whose time may grow with the square of it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest, at ``path``, says of its folder; ``entries`` are names with what they start."""

    path: str = ""
    name: str = ""
    description: str = ""
    entries: tuple[tuple[str, str], ...] = ()


NO_MANIFEST = Manifest()

Reader = Callable[[str], Manifest]
"""Reads a manifest's text.

Raises:
    ValueError, RecursionError: it is none.
"""


def read_manifests(
    paths: Sequence[str], languages: Mapping[str, int], read: Callable[[str], str]
) -> list[Manifest]:
    """What the manifests among a folder's own files say: first that of the language with the most files.

    Those that cannot be understood are left out.
    """
    found: list[tuple[int, Manifest]] = []
    for order, (glob, spoken, reader) in enumerate(_READERS):
        files = sum(languages.get(language, 0) for language in spoken)
        for path in paths:
            if not fnmatchcase(path.rpartition("/")[2], glob):
                continue
            try:
                said = reader(read(path)[:MOST_TEXT])
            except (ValueError, RecursionError):
                continue
            if said.name or said.entries:
                found.append((order - files * len(_READERS), _at(path, said)))
    return [said for _, said in sorted(found, key=lambda pair: (pair[0], pair[1].path))]


def _at(path: str, said: Manifest) -> Manifest:
    description = first_sentence(" ".join(said.description.split()))
    return Manifest(path, said.name.strip(), description, said.entries)


def _get(value: Any, *keys: str) -> Any:  # noqa: ANN401 - any value of TOML or JSON
    """What lies at some keys; None where nothing does."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any, *keys: str) -> str:  # noqa: ANN401 - any value of TOML or JSON
    found = _get(value, *keys)
    return found if isinstance(found, str) else ""


def _pairs(value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any value of TOML or JSON
    """The texts of a table, by name."""
    for name, target in value.items() if isinstance(value, dict) else ():
        if isinstance(target, str):
            yield name, target


def _read_pyproject(text: str) -> Manifest:
    data = tomllib.loads(text)
    own = _get(data, "project") or _get(data, "tool", "poetry")
    entries = (
        pair
        for key in ("scripts", "gui-scripts")
        for pair in _pairs(_get(own, key))
    )  # fmt: skip
    return Manifest("", _text(own, "name"), _text(own, "description"), tuple(entries))


def _read_setup_cfg(text: str) -> Manifest:
    data = ConfigParser(interpolation=None)
    try:
        data.read_string(text)
    except ConfigError as error:
        raise ValueError("no setup.cfg") from error
    name, description = (data.get("metadata", key, fallback="") for key in ("name", "description"))
    scripts = data.get("options.entry_points", "console_scripts", fallback="")
    return Manifest("", name, description, tuple(_SCRIPT.findall(scripts)))


_SCRIPT = re.compile(r"(?<![\w.-])([\w.-]+) *= *([\w.]+:[\w.]+)")


def _read_setup_py(text: str) -> Manifest:
    text = text[:MOST_SEARCHED]
    name, description = (
        found[2] if (found := re.search(rf"\b{key} *= *(['\"])(.*?)\1", text, re.IGNORECASE)) else ""
        for key in ("name", "description")
    )
    return Manifest("", name, description, tuple(_SCRIPT.findall(text)))


def _read_cargo(text: str) -> Manifest:
    data = tomllib.loads(text)
    binaries = _get(data, "bin")
    entries = (
        (_text(binary, "name"), _text(binary, "path"))
        for binary in (binaries if isinstance(binaries, list) else ())
        if _text(binary, "path")
    )
    return Manifest("", _text(data, "package", "name"), _text(data, "package", "description"), tuple(entries))


def _read_package_json(text: str) -> Manifest:
    data = json.loads(text)
    program = _get(data, "bin")
    programs = {_text(data, "name"): program} if isinstance(program, str) else program
    main = {"main": _text(data, "main") or _text(data, "module")}
    entries = (pair for table in (programs, main) for pair in _pairs(table) if pair[1])
    return Manifest("", _text(data, "name"), _text(data, "description"), tuple(entries))


def _read_composer(text: str) -> Manifest:
    data = json.loads(text)
    programs = _get(data, "bin")
    listed = [programs] if isinstance(programs, str) else programs if isinstance(programs, list) else []
    entries = ((path.rpartition("/")[2], path) for path in listed if isinstance(path, str))
    return Manifest("", _text(data, "name"), _text(data, "description"), tuple(entries))


def _read_go_mod(text: str) -> Manifest:
    found = re.search(r"^module[ \t]+\"?([^\s\"]+)", text, re.MULTILINE)
    return Manifest("", found[1] if found else "")


_XML_INNER = re.compile(
    r"<(parent|dependencies|dependencyManagement|build|profiles|licenses|developers|organization|modules)\b"
    r".*?</\1>|<!--.*?-->",
    re.DOTALL,
)


def _read_pom(text: str) -> Manifest:
    text = text[:MOST_SEARCHED]
    own = _XML_INNER.sub("", text)
    name, artifact, description = (
        found[1].strip() if (found := re.search(rf"<{tag}>([^<]*)</{tag}>", own)) else ""
        for tag in ("name", "artifactId", "description")
    )
    named = name if "${" not in name else ""
    entries = ((main, main) for main in re.findall(r"<mainClass>([^<$]+)</mainClass>", text)[:3])
    return Manifest("", named or artifact, description, tuple(entries))


def _read_gemspec(text: str) -> Manifest:
    text = text[:MOST_SEARCHED]
    name, summary = (
        found[2] if (found := re.search(rf"\.{key}\s*=\s*(['\"])(.*?)\1", text)) else ""
        for key in ("name", "summary")
    )
    listed = re.search(r"\.executables\s*=\s*(?:%w)?(?:\[([^\]]*)\])?", text)
    folder = found[1] if (found := re.search(r"\.bindir\s*=\s*['\"]([^'\"]+)", text)) else "bin"
    programs = re.findall(r"[\w.-]+", listed[1] or "") if listed else []
    entries = [(program, f"{folder}/{program}") for program in programs]
    if listed and not entries:  # what a program of Ruby finds there
        entries = [(f"{folder}/", f"{folder}/")]
    return Manifest("", name, summary, tuple(entries))


_READERS: tuple[tuple[str, tuple[str, ...], Reader], ...] = (
    ("pyproject.toml", ("python",), _read_pyproject),
    ("setup.cfg", ("python",), _read_setup_cfg),
    ("setup.py", ("python",), _read_setup_py),
    ("Cargo.toml", ("rust",), _read_cargo),
    ("go.mod", ("go",), _read_go_mod),
    ("package.json", ("javascript", "typescript", "tsx"), _read_package_json),
    ("pom.xml", ("java", "kotlin", "scala"), _read_pom),
    ("composer.json", ("php",), _read_composer),
    ("*.gemspec", ("ruby",), _read_gemspec),
)
"""Manifests by name, the languages that each speaks for, and what reads it."""


_HEADING = re.compile(r"<h([1-6])\b.*?</h\1>", re.IGNORECASE | re.DOTALL)
_BLOCK_END = re.compile(r"</(?:p|div|center|table|ul)>|<br ?/?>\s*<br ?/?>", re.IGNORECASE)
_MARKUP = re.compile(
    r"<!--.*?-->|```.*?```|\[!\[[^\]]*\]\([^)]*\)\]\([^)]*\)|!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])|<[^<>]*>",
    re.DOTALL,
)
"""What a README shows without words: comments, code, badges, images, tags."""

_LINK = re.compile(r"\[([^\[\]]+)\](?:\([^()\s]*\)|\[[^\]]*\])")
_LINK_OF_RST = re.compile(r"`([^`<]+?)\s*<[^<>`]*>`_+")
_RULE = re.compile(r"[=~#*^\"'`-]{3,}")
_NO_PROSE = re.compile(r"[#>|=~+-]|\* |\.\. |:\w+:|\d+[.)] |\[!")
"""How a heading, a quote, a table, a list or a directive begins."""

_MENU = re.compile(r" [|\u2022\u00b7] ")
"""Links beside each other."""

_LEAST_WORDS = 4
"""A paragraph of fewer words says nothing of what a project is."""


def first_statement(readme: str, name: str = "") -> str:
    """A README's first sentence of prose without its markup, rather one that names what it is about; or nothing."""
    blocks = _LINK_OF_RST.sub(r"\1", readme[:MOST_SEARCHED])
    text = _MARKUP.sub("", _BLOCK_END.sub("\n\n", _HEADING.sub("\n\n", blocks)))
    said = [sentence for paragraph in re.split(r"\n\s*\n", text) if (sentence := _say(paragraph))]
    named = re.compile(rf"\b{re.escape(name)}\b" if name else "$", re.IGNORECASE)
    return min(said, key=lambda sentence: _rank(named.search(sentence)), default="")


def _rank(found: re.Match[str] | None) -> int:
    """A sentence that begins with the name comes first, then one that holds it."""
    return 2 if found is None else int(found.start() > 0)


def _say(paragraph: str) -> str:
    """The first sentence of a paragraph of prose."""
    lines = [line.strip() for line in paragraph.strip().splitlines()]
    if not lines or _NO_PROSE.match(lines[0]) or any(map(_RULE.fullmatch, lines)):
        return ""
    said = _LINK.sub(r"\1", " ".join(lines)).replace("**", "").replace("``", "`")
    is_told = len(re.findall(r"\w{2,}", said)) >= _LEAST_WORDS and not _MENU.search(said)
    sentence = first_sentence(" ".join(said.split()))
    return sentence if is_told and not sentence.endswith(":") else ""
