"""Commands by the files of a project: each kind of file, and files that are hostile or broken."""

from __future__ import annotations

import pytest

from indexers.commands.model import Purpose
from indexers.commands.project import find_commands

WORKFLOW = """
on: push
jobs:
  a:
    steps:
      - run: |
          sudo apt install x
          pytest -q
          npm test ${{ x }}
"""
NOX = '@nox.session(python=["3.12"])\n@nox.parametrize("a", [1])\ndef tests(session): ...\n'
POE = "[tool.poe.tasks]\ndocs = 'x'\n[tool.pytest.ini_options]\n"
SCRIPTS = '{"scripts": {"test": "vitest", "build": "tsc", "prebuild": "rm -rf x"}}'
CASES = [
    ({"package.json": SCRIPTS}, ["npm test", "npm run build"]),
    ({"package.json": '{"scripts": {"lint": "eslint ."}}', "pnpm-lock.yaml": ""}, ["pnpm run lint"]),
    (
        {"Makefile": "CC := gcc\nall: build\nbuild: a.o\n\tcc\n.PHONY: all\n%.o: %.c\n"},
        ["make all", "make build"],
    ),
    (
        {"justfile": "set shell := ['sh']\n\ntest *args:\n  x\n_hidden:\n  x\nfmt:\n"},
        ["just test", "just fmt"],
    ),
    ({"Taskfile.yml": "tasks:\n  test:\n    cmds: [go test]\n  on: echo\n"}, ["task test", "task on"]),
    ({"mise.toml": '[tasks.deploy]\nrun = "x"\n'}, ["mise run deploy"]),
    ({"noxfile.py": NOX}, ["nox -s tests"]),
    ({"tox.ini": "[tox]\nenvlist = py3{11,12}, lint\n"}, ["tox", "tox -e lint"]),
    ({"pyproject.toml": POE, "uv.lock": ""}, ["poe docs", "uv run pytest"]),
    ({"Cargo.toml": ""}, ["cargo test", "cargo build", "cargo clippy", "cargo fmt"]),
    ({"go.mod": "module a"}, ["go test ./...", "go build ./...", "go vet ./..."]),
    ({"build.gradle.kts": "", "gradlew": ""}, ["./gradlew test", "./gradlew build"]),
    ({"pom.xml": ""}, ["mvn test", "mvn package"]),
    ({"composer.json": '{"scripts": {"test": "phpunit", "post-install-cmd": "x"}}'}, ["composer run test"]),
    ({".github/workflows/ci.yml": WORKFLOW}, ["pytest -q"]),
]
PARSED = [
    "package.json", "composer.json", "Taskfile.yml", "mise.toml", "noxfile.py", "pyproject.toml",
    ".github/workflows/a.yml",
]  # fmt: skip


@pytest.mark.parametrize(("files", "commands"), CASES, ids=lambda case: next(iter(case)))
def test_each_kind_of_file_says_its_commands(files: dict[str, str], commands: list[str]) -> None:
    assert [command.run for command in find_commands(list(files), files.__getitem__)] == commands


@pytest.mark.parametrize(
    ("run", "purpose"),
    [
        ("npm test", Purpose.TEST),
        ("cargo clippy", Purpose.CHECK),
        ("make build", Purpose.BUILD),
        ("just fmt", Purpose.FORMAT),
        ("npm run dev", Purpose.RUN),
        ("task deploy", Purpose.OTHER),
    ],
)
def test_what_a_command_is_for(run: str, purpose: Purpose) -> None:
    files = {".github/workflows/a.yml": f"jobs: {{a: {{steps: [{{run: {run}}}]}}}}"}
    assert [one.purpose for one in find_commands(list(files), files.__getitem__)] == [purpose]


@pytest.mark.parametrize(
    "text", ["", "[", "{", "\0", "[1]", '{"scripts": []}', '{"scripts": 3}', "a: " * 900, "[" * 90_000]
)
@pytest.mark.parametrize("path", PARSED)
def test_what_cannot_be_understood_says_nothing(path: str, text: str) -> None:
    assert find_commands([path], lambda _: text) == []


def test_a_file_that_cannot_be_read_is_passed_over() -> None:
    def read(path: str) -> str:
        if path == "Makefile":
            raise OSError
        return "module a"

    assert [one.run for one in find_commands(["Makefile", "go.mod"], read)][:1] == ["go test ./..."]
