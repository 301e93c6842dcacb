"""The patterns of ignore files: what git says of them, in a time that grows with their length."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexers.source.ignore import MAX_PATTERN, IgnoreRules
from tests.support.properties import UNTIMED, assert_linear

GLOB_PIECES = [
    "a", "b", "é", "1", " ", ".", "-", "!", "^", "\\", "]", "[", "?", "*", "*", "**", "/", "/", "**/", "/**", "***/",
    "[a-b]", "[!a]", "[^b]", "[]a]", "[b-a]", "[a-]", "[\\]]", "[[:alpha:]]", "[[:space:]1]", "[[:odd:]]", "#", "\t",
]  # fmt: skip
PATH_PIECES = ["a", "b", "ab", "é", "1", "/", "/", "]", "[", "-", "!", "^", "\\", " ", ".a", "\t"]

GLOBS = st.lists(st.sampled_from(GLOB_PIECES), min_size=1, max_size=6).map("".join)
PATHS = st.lists(st.sampled_from(PATH_PIECES), min_size=1, max_size=8).map(
    lambda pieces: "/".join(part for part in "".join(pieces).split("/") if part not in ("", ".", ".."))
)


def is_ignored(rules: IgnoreRules, path: str) -> bool:
    """What a walk makes of the rules: nothing inside an ignored folder is looked at."""
    parts = path.split("/")
    folders = ("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))
    return any(rules.judge(folder) for folder in folders) or bool(rules.judge(path))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ignoring")
    subprocess.run(["git", "init", "-q", os.fspath(folder)], check=True)
    return folder


@pytest.mark.slow
@settings(UNTIMED, max_examples=150)
@example(lines=["a**/*"], paths={"a", "ab", "a/b", "b"})
@example(lines=["ab**/**"], paths={"a", "ab", "ab/c"})
@example(lines=["a**/*/b"], paths={"a/b", "a/c/b", "ab"})
@given(
    lines=st.lists(GLOBS, min_size=1, max_size=3), paths=st.sets(PATHS.filter(bool), min_size=20, max_size=40)
)
def test_patterns_ignore_what_git_ignores(checkout: Path, lines: list[str], paths: set[str]) -> None:
    text = "\n".join(lines)
    (checkout / ".gitignore").write_text(text, "utf-8")
    asked = "".join(f"./{path}\0" for path in sorted(paths))
    command = ["git", "-C", os.fspath(checkout), "check-ignore", "--no-index", "-z", "--stdin"]
    done = subprocess.run(command, input=asked.encode(), capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    rules = IgnoreRules(text)
    assert {path for path in paths if is_ignored(rules, path)} == {
        path.removeprefix("./") for path in done.stdout.decode().split("\0") if path
    }


@pytest.mark.parametrize(
    "line", ["*a" * 9 + "b", "/*a" * 9 + "b", "a**/" * 9 + "q", "**/a*" * 9 + "q", "**/*a/**/*b?"]
)
@pytest.mark.parametrize("piece", ["a", "a/", "ab/a"])
def test_a_path_is_judged_in_linear_time(line: str, piece: str) -> None:
    rules = IgnoreRules(f"{line}\n!{line}\nx/{line}\n")
    assert_linear(lambda size: rules.judge(piece * size), 4_000)


@pytest.mark.parametrize("line", ["*a", "[", "[[:", "\\", " ", "a ", "\\ ", "**/", "!"])
def test_a_line_is_read_in_linear_time(line: str) -> None:
    assert_linear(lambda size: IgnoreRules(f"x{line * size}y"), MAX_PATTERN // 4 // 3)


@pytest.mark.slow
def test_patterns_are_read_up_to_a_number_of_bytes_and_plain_names_all() -> None:
    many = "".join(f"*a{number}b*\n" for number in range(50_000))
    rules = IgnoreRules(f"*.first\n{many}*.last\nplain\n/plain/path/\n!back\n")
    judged = [
        rules.judge(path) for path in ("x.first", "x.last", "plain", "plain/path/", "plain/path", "back")
    ]
    assert judged == [True, None, True, True, None, False]


def test_a_line_longer_than_any_path_says_nothing() -> None:
    assert IgnoreRules("a" * MAX_PATTERN).judge("a" * MAX_PATTERN)
    assert not IgnoreRules("*" * (MAX_PATTERN + 1)).judge("a")
