"""Filters of paths and places in a question: what they find, in a time that grows with their length."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.parsing.parse import first_text
from indexers.source.masking import mask_secrets
from memory_server.errors import QueryError
from memory_server.query.filters import path_filter
from memory_server.query.question import MAX_QUERY, read_query
from memory_server.query.target_text import LINE_MARKS
from tests.support.properties import UNTIMED, assert_linear

PLACE = re.compile(rf"([\w./\\@+-]+\.\w{{1,6}})(?:{LINE_MARKS})(\d{{1,7}})\b")
"""Plain, and quadratic in a text without any."""


def naively_fits(glob: str, path: str) -> bool:
    """Whether a glob matches a path or a folder above it, tried letter by letter."""

    @cache
    def fits(at: int, place: int) -> bool:
        rest = glob[at:]
        ahead = range(place, len(path) + 1)
        if not rest:
            return place == len(path) or path[place] == "/"
        if rest.startswith("**/") and (at == 0 or glob[at - 1] == "/"):
            return any((end == place or path[end - 1] == "/") and fits(at + 3, end) for end in ahead)
        if rest.startswith("**"):
            return any(fits(at + 2, end) for end in ahead)
        if rest[0] == "*":
            return any("/" not in path[place:end] and fits(at + 1, end) for end in ahead)
        same = place < len(path) and (path[place] != "/" if rest[0] == "?" else path[place] == rest[0])
        return same and fits(at + 1, place + 1)

    return fits(0, 0)


@UNTIMED
@given(
    st.text("ab/*?", min_size=1, max_size=9).filter(lambda glob: glob.strip("/")),
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join),
)
def test_a_filter_lets_through_what_its_glob_matches(glob: str, path: str) -> None:
    glob = glob.strip("/")
    anywhere = "**/" if "/" not in glob and "*" in glob else ""
    assert path_filter(glob)(path) == naively_fits(anywhere + glob, path)


@pytest.mark.parametrize(
    "glob", ["*" * 40 + "b", "**/*" * 12 + "q", "*a*" * 20 + "q", "a**b" * 9, "**/a*/**/b"]
)
@pytest.mark.parametrize("piece", ["a", "a/", "ab/a"])
def test_a_path_is_filtered_in_linear_time(glob: str, piece: str) -> None:
    fits = path_filter(glob)
    assert_linear(lambda size: fits(piece * size), 4_000)


@UNTIMED
@given(
    st.lists(
        st.sampled_from(
            ["a", "b.py", "/", "\\", "-", ":", "(", '"', '", line ', ", line ", ":line ", "#L", "12", " "]
        )
    )
)
def test_places_are_those_that_a_plain_pattern_finds(pieces: list[str]) -> None:
    text = "".join(pieces) + " x"
    found = [(path, int(line)) for path, line in PLACE.findall(text)]
    if not re.search(r"\d[\w./\\@+-]", text):  # what follows a line number at once is no path of its own
        assert read_query(text).places == tuple(dict.fromkeys(found))


@pytest.mark.parametrize(
    "piece", ["a", ".", "/", "A", "a.", "a:", "a.b:1", "1", "v1", "x::", "a, line ", "-@+"]
)
def test_a_question_is_read_in_linear_time(piece: str) -> None:
    size = MAX_QUERY // 4 // len(piece) - 1
    assert_linear(lambda count: read_query(piece * count), size)


def test_a_question_longer_than_any_is_refused() -> None:
    read_query("x" * MAX_QUERY)
    with pytest.raises(QueryError, match=r"the query has 10,001 characters, 10,000 is the most"):
        read_query("x" * (MAX_QUERY + 1))


@pytest.mark.parametrize(
    "piece", [b" ", b"- ", b"ab ", b"sk-", b"\n", b"-----BEGIN PRIVATE KEY-----", b"a\n"]
)
def test_a_files_text_is_judged_in_linear_time(piece: bytes) -> None:
    def judge(count: int) -> None:
        first_text(piece * count)
        mask_secrets("a.txt", piece * count + b"T3BlbkFJ")

    assert_linear(judge, 20_000 // len(piece))


@pytest.mark.parametrize(
    ("glob", "fitting", "others"),
    [
        ("*.{ts,tsx}", ["a.ts", "x/a.tsx"], ["a.t", "a.py"]),
        ("src/{a,b}/*.py", ["src/a/x.py", "src/b/x.py"], ["src/c/x.py", "a/x.py"]),
        ("{src,lib/core}/**/x.py", ["src/x.py", "lib/core/a/x.py"], ["lib/x.py"]),
        ("{setup,conf}.py", ["setup.py", "a/conf.py"], ["x.py"]),
        ("a{,b}.py", ["a.py", "ab.py"], ["b.py"]),
        ("{a,b{1,2}}.py", ["a.py", "b1.py", "b2.py"], ["b.py"]),
        ("x/{a,b}", ["x/a", "x/b/c.py", "x/{a,b}"], ["x/c"]),
        ("{{name}}/a.py", ["{{name}}/a.py"], ["name/a.py"]),
        ("x/{a", ["x/{a"], ["x/a"]),
        ("x/a},{b,c}", ["x/a},b", "x/a},c"], ["x/a"]),
    ],
)
def test_braces_stand_for_each_of_what_they_hold(glob: str, fitting: list[str], others: list[str]) -> None:
    fits = path_filter(glob)
    assert [path for path in (*fitting, *others) if fits(path)] == fitting


@UNTIMED
@given(
    st.recursive(
        st.text("ab", max_size=2),
        lambda inner: (
            st.lists(inner, min_size=2, max_size=3).map(lambda said: f"{{{','.join(said)}}}")
            | st.tuples(inner, inner).map("".join)
        ),
        max_leaves=5,
    ),
    st.text("ab", min_size=1, max_size=5),
)
def test_braces_are_read_as_the_alternatives_that_they_are(glob: str, path: str) -> None:
    expression = glob.replace("{", "(?:").replace("}", ")").replace(",", "|")
    fits = re.fullmatch(expression, path) is not None
    assert path_filter(f"x/{glob}")(f"x/{path}") == (fits or re.fullmatch(expression, "") is not None)


@pytest.mark.parametrize("glob", ["{a,b}" * 7, "{a,b" + ",c" * 64 + "}", "{" * 300 + "a,b}" + ",b}" * 299])
def test_braces_of_too_many_alternatives_are_refused(glob: str) -> None:
    with pytest.raises(QueryError, match="a glob of more than 64 alternatives"):
        path_filter(glob)


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["{", "}", ",", "{,", "{}", "{a,", ",}", "a{b}"])
def test_braces_are_read_in_linear_time(piece: str) -> None:
    assert_linear(lambda count: path_filter(piece * count), 4_000 // len(piece))


@pytest.mark.parametrize("glob", ["{a,b}" * 6 + "*q", "**/{a*,*a}" * 6 + "q"])
def test_a_path_is_filtered_by_alternatives_in_linear_time(glob: str) -> None:
    fits = path_filter(glob)
    assert_linear(lambda size: fits("ab/a" * size), 1_000)
