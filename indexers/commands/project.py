"""Commands that the files at a project's root say: task runners, manifests, and what continuous integration runs.

Nothing of it is executed. A file that cannot be understood says nothing.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import yaml

from indexers.commands.model import Command, Purpose

MOST_TEXT = 200_000
"""Characters of a file that a parser is given."""

MOST_COMMANDS = 200
"""Commands that are taken from one project."""

Said = Iterator[tuple[str, str]]
"""Names with the lines that they stand for."""

_PURPOSES = (
    (Purpose.FORMAT, re.compile(r"\b(fmt|format|prettier|black|gofmt|rustfmt)\b")),
    (
        Purpose.CHECK,
        re.compile(r"\b(lint\w*|check|clippy|vet|mypy|pyright|ruff|eslint|tsc|typecheck|types|style)\b"),
    ),
    (
        Purpose.TEST,
        re.compile(r"\b(tests?|pytest|spec|rspec|jest|vitest|unittest|coverage|e2e|phpunit|nextest)\b"),
    ),
    (Purpose.BUILD, re.compile(r"\b(build|compile|package|assemble|dist|bundle|install|make)\b")),
    (Purpose.RUN, re.compile(r"\b(run|start|serve|dev|server|watch)\b")),
)
_MAKE_TARGET = re.compile(r"^([A-Za-z][\w.-]{0,60})[ \t]*:(?![:=])", re.MULTILINE)
_JUST_RECIPE = re.compile(r"^@?([A-Za-z_][\w-]{0,60})(?:[ \t][^:=\n]{0,200})?:(?!=)", re.MULTILINE)
_NOX_SESSION = re.compile(r"^@(?:nox\.)?session\b[^\n]*\n(?:@[^\n]*\n){0,5}def ([A-Za-z_]\w*)", re.MULTILINE)
_BUILDERS = frozenset({
    "npm", "npx", "pnpm", "yarn", "bun", "deno", "make", "just", "task", "tox", "nox", "pytest", "python", "python3",
    "uv", "poetry", "hatch", "pdm", "pre-commit", "ruff", "mypy", "cargo", "go", "golangci-lint", "gradle", "./gradlew",
    "mvn", "./mvnw", "sbt", "dotnet", "bundle", "rake", "rspec", "composer", "phpunit", "mix", "rebar3", "swift",
    "xcodebuild", "cmake", "ctest", "ninja", "meson", "bazel", "zig", "stack", "cabal", "dart", "flutter",
})  # fmt: skip
"""Programs whose lines in a workflow build, test or check; what sets a machine up is none of a developer's."""


def find_commands(paths: Sequence[str], read: Callable[[str], str]) -> list[Command]:
    """The commands of a project, by its files' paths; ``read`` gives a file's text, or raises OSError or ValueError."""
    found: dict[str, Command] = {}
    names = {path for path in paths if "/" not in path}
    for pattern, reader in _READERS:
        for path in paths:
            if not fnmatchcase(path, pattern):
                continue
            try:
                said = list(reader(read(path)[:MOST_TEXT], names))
            except (OSError, ValueError, RecursionError, TypeError, AttributeError, KeyError, yaml.YAMLError):
                continue
            for name, run in said:
                if run and len(found) < MOST_COMMANDS:
                    found.setdefault(run, Command(run, name, find_purpose(name, run), path))
    return list(found.values())


def find_purpose(name: str, run: str) -> Purpose:
    """What a command is for, by its name, or else by the line."""
    for text in (name, run):
        words = re.sub(r"[-_:./]", " ", text.lower())
        for purpose, pattern in _PURPOSES:
            if pattern.search(words):
                return purpose
    return Purpose.OTHER


def _package_json(text: str, names: set[str]) -> Said:
    runner = next((tool for lock, tool in _LOCKS if lock in names), "npm")
    for name, line in json.loads(text).get("scripts", {}).items():
        is_step = name.startswith(("pre", "post")) and name not in {"prettier", "preview"}
        if isinstance(line, str) and not is_step:
            yield name, "npm test" if (runner, name) == ("npm", "test") else f"{runner} run {name}"


_LOCKS = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lockb", "bun"), ("bun.lock", "bun"))


def _composer_json(text: str, _: set[str]) -> Said:
    for name in json.loads(text).get("scripts", {}):
        if not name.startswith(("pre-", "post-")):
            yield name, f"composer run {name}"


def _pyproject(text: str, names: set[str]) -> Said:
    tools = tomllib.loads(text).get("tool", {})
    for tool, keys, line in _PYTHON_TASKS:
        tasks: Any = tools.get(tool, {})
        for key in keys:
            tasks = tasks.get(key, {})
        yield from ((name, line.format(name)) for name in tasks if not name.startswith("_"))
    for name in tools.get("hatch", {}).get("envs", {}).get("default", {}).get("scripts", {}):
        yield name, f"hatch run {name}"
    lead = "uv run " if "uv.lock" in names else "poetry run " if "poetry.lock" in names else ""
    for tool, line in (("pytest", "pytest"), ("mypy", "mypy ."), ("ruff", "ruff check .")):
        if tool in tools:
            yield tool, lead + line


_PYTHON_TASKS = (
    ("poe", ("tasks",), "poe {}"),
    ("pdm", ("scripts",), "pdm run {}"),
    ("taskipy", ("tasks",), "task {}"),
)


def _makefile(text: str, _: set[str]) -> Said:
    for name in _MAKE_TARGET.findall(text):
        yield name, f"make {name}"


def _justfile(text: str, _: set[str]) -> Said:
    for name in _JUST_RECIPE.findall(text):
        if not name.startswith("_") and name not in {"set", "alias", "export", "import", "mod"}:
            yield name, f"just {name}"


def _taskfile(text: str, _: set[str]) -> Said:
    for name, task in _mapping(yaml.load(text, Loader=_Loader)).get("tasks", {}).items():
        if not (isinstance(task, dict) and task.get("internal") == "true"):
            yield str(name), f"task {name}"


def _mise(text: str, _: set[str]) -> Said:
    for name in tomllib.loads(text).get("tasks", {}):
        yield name, f"mise run {name}"


def _tox(text: str, _: set[str]) -> Said:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    listed = parser.get("tox", "envlist", fallback="") or parser.get("tox", "env_list", fallback="")
    yield "tests", "tox"
    for name in re.findall(r"[\w.-]+(?:\{[^}\n]*\})?[\w.-]*", listed):
        if "{" not in name:
            yield name, f"tox -e {name}"


def _nox(text: str, _: set[str]) -> Said:
    for name in _NOX_SESSION.findall(text):
        yield name, f"nox -s {name}"


def _fixed(*lines: str, wrapper: tuple[str, str] = ("", "")) -> Callable[[str, set[str]], Said]:
    """A reader of a manifest whose tool has the same commands everywhere; a wrapper at the root runs it."""
    script, plain = wrapper

    def read(_: str, names: set[str]) -> Said:
        for line in lines:
            name = line.split()[1]
            yield name, f"./{line.replace(plain, script, 1)}" if script and script in names else line

    return read


def _workflow(text: str, _: set[str]) -> Said:
    for job in _mapping(_mapping(yaml.load(text, Loader=_Loader)).get("jobs")).values():
        for step in _mapping(job).get("steps", []):
            lines = _mapping(step).get("run", "")
            for line in lines.split("\n") if isinstance(lines, str) else ():
                words = line.split()
                if words and words[0] in _BUILDERS and "${{" not in line and not line.rstrip().endswith("\\"):
                    yield str(_mapping(step).get("name", "")), " ".join(words)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Reads every scalar as the text it is: a task may be called ``on``."""


_GRADLE = _fixed("gradle test", "gradle build", wrapper=("gradlew", "gradle"))
_READERS: tuple[tuple[str, Callable[[str, set[str]], Said]], ...] = (
    ("justfile", _justfile),
    ("Justfile", _justfile),
    ("Makefile", _makefile),
    ("makefile", _makefile),
    ("GNUmakefile", _makefile),
    ("Taskfile.y*ml", _taskfile),
    ("mise.toml", _mise),
    (".mise.toml", _mise),
    ("package.json", _package_json),
    ("composer.json", _composer_json),
    ("noxfile.py", _nox),
    ("tox.ini", _tox),
    ("pyproject.toml", _pyproject),
    ("Cargo.toml", _fixed("cargo test", "cargo build", "cargo clippy", "cargo fmt")),
    ("go.mod", _fixed("go test ./...", "go build ./...", "go vet ./...")),
    ("build.gradle", _GRADLE),
    ("build.gradle.kts", _GRADLE),
    ("pom.xml", _fixed("mvn test", "mvn package", wrapper=("mvnw", "mvn"))),
    ("mix.exs", _fixed("mix test", "mix compile", "mix format")),
    ("Package.swift", _fixed("swift test", "swift build")),
    ("Rakefile", _fixed("rake test")),
    (".github/workflows/*.y*ml", _workflow),
)
"""What reads which file, what a project names itself before what its tools always have."""
