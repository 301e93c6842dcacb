"""What the documentation says is so: its commands, paths, links, tables, settings, examples and chart."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from inspect import Parameter
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

import memory_server.config
from indexers.languages.registry import all_specs
from memory_server.answer.tool import Tool
from memory_server.answer.tools import TOOLS
from memory_server.cli.app import build_app
from memory_server.config import Config, load_config
from tests.docs.pages import CODE, INDEXERS, PAGE_IDS, PAGES, README, SERVER, blocks, prose, section
from tests.support.places import CHECKOUT

every_page = pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)

USE_IT = (
    'python3 -m venv ~/.repo-memory && ~/.repo-memory/bin/pip install torch==2.13.0 "$REPO_MEMORY" '
    "&& ~/.repo-memory/bin/repo-memory init"
)
TEST_IT = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def commands(page: Path) -> Iterator[list[str]]:
    """Every `repo-memory ...` of a page, in words."""
    lines = "\n".join([*blocks(page, "sh"), *blocks(page, "console")]).splitlines()
    for text in [*lines, *CODE.findall(prose(page))]:
        words = text.removeprefix("$ ").split()
        if words[:1] == ["repo-memory"]:
            yield words[1:]


@cache
def command_line() -> TyperGroup:
    """All commands."""
    group = typer.main.get_command(build_app([]))
    assert isinstance(group, TyperGroup)
    return group


def unknown_words(words: list[str]) -> list[str]:
    """Of a command's words, the options that it does not have, and a subcommand that is none."""
    group, rest = command_line(), list(words)
    while rest and (known := group.commands.get(rest[0])) is not None:
        rest.pop(0)
        if not isinstance(known, TyperGroup):
            options = {name for parameter in known.params for name in parameter.opts}
            return [word for word in rest if word.startswith("-") and word not in options | {"--help"}]
        group = known
    return [word for word in rest[:1] if word not in ("--help", "--version", "...")]


@every_page
def test_every_command_exists_with_its_options(page: Path) -> None:
    wrong = {" ".join(words): unknown for words in commands(page) if (unknown := unknown_words(words))}
    assert not wrong


@every_page
def test_every_module_that_is_run_exists(page: Path) -> None:
    named = re.findall(r"python -m\s+([\w.]+)", page.read_text("utf-8"))
    assert [name for name in named if name != "venv" and find_spec(name) is None] == []


def test_a_command_or_option_that_is_none_is_found() -> None:
    assert unknown_words(["serch", "words"]) == ["serch"]
    assert unknown_words(["eval", "sped"]) == ["sped"]
    assert unknown_words(["search", "words", "--limits", "3"]) == ["--limits"]


def test_the_two_commands_stand_as_they_are_used_and_the_first_is_soon_found() -> None:
    lines = README.read_text("utf-8").splitlines()
    assert lines.index(USE_IT) < 40
    assert TEST_IT in lines
    assert len(lines) < 120


PROTOCOL = {"tools/list"}
"""What looks like a path and is none."""


@every_page
def test_every_path_exists(page: Path) -> None:
    named = {
        text
        for text in CODE.findall(prose(page))
        if re.fullmatch(r"\w[\w.-]*/[\w./-]*|\.(ci|github)/.*", text)
    }
    gone = [
        path
        for path in named - PROTOCOL
        if not (CHECKOUT / path).exists() and not (page.parent / path).exists()
    ]
    assert not gone


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@every_page
def test_every_link_resolves(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in map(slug, HEADING.findall(target.read_text("utf-8"))), link


def tool_row(tool: Tool) -> str:
    """How a row of the README's table begins."""
    asked = [
        one.name if one.default is Parameter.empty else f"{one.name}?"
        for one in tool.parameters
        if one.kind is not Parameter.KEYWORD_ONLY
    ]
    return f"| `{tool.name}({', '.join(asked)})` | {tool.help} |"


def test_the_table_of_tools_is_that_of_the_tools() -> None:
    rows = re.findall(r"^\| `.*?` \| .*? \|", section(README, "Tools"), re.MULTILINE)
    assert rows == [*map(tool_row, TOOLS)]


def test_the_settings_are_the_defaults() -> None:
    [block] = blocks(SERVER, "toml")
    assert Config.model_validate(tomllib.loads(block)) == Config()
    assert {name: set(table) for name, table in tomllib.loads(block).items()} == {
        name: set(table) for name, table in Config().model_dump().items()
    }


def test_every_variable_sets_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = dict(
        re.findall(r"^\| `(REPO_MEMORY_\w+)` \| `([\w.]+)` \|$", SERVER.read_text("utf-8"), re.MULTILINE)
    )
    source = Path(memory_server.config.__file__).read_text("utf-8")
    assert set(told) == set(re.findall(r"REPO_MEMORY_\w+", source))
    for variable, setting in told.items():
        with monkeypatch.context() as patch:
            patch.setenv(variable, "7")
            group, name = setting.split(".")
            assert str(getattr(getattr(load_config(tmp_path), group), name)) == "7"


@pytest.mark.parametrize("page", [SERVER, INDEXERS], ids=["memory_server", "indexers"])
def test_the_layers_are_those_that_are_held(page: Path) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    [layers] = [
        contract["layers"] for contract in contracts if contract.get("containers") == [page.parent.name]
    ]
    assert " > ".join(layer for layer in layers if not layer.startswith("(")) in blocks(page, "")[-1]


def test_the_languages_are_those_there_are() -> None:
    [listed] = re.findall(r"^There are: (.*?)\.$", INDEXERS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names = re.split(r",\s+| and ", re.sub(r" \(\w+\)", "", listed))
    folders = {name.lower().replace("++", "pp").replace("#", "_sharp") for name in names}
    assert folders == {spec.folder.name for spec in all_specs()}
