"""Answers are laid out within their budgets, and say what they leave out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.source.content import split_lines
from indexers.summarize import Detail, Summary, choose_calls, first_sentence
from indexers.tokens import estimate_tokens
from memory_server.answer import read, related
from memory_server.answer.outline import Branch, OutlineReply
from memory_server.answer.outline.reply import fit
from memory_server.answer.page import Page, TextLine, cut_text, cut_to_budget, join, share_out, token_cost
from memory_server.answer.read import Slice
from memory_server.answer.related import RelatedReply, Relative
from memory_server.answer.reply import LeftOut, ambiguity_lines, fit_candidates
from memory_server.answer.search import SearchReply
from memory_server.answer.search.draft import Draft
from memory_server.answer.slices import numbered, with_context
from memory_server.model import Line, SearchHit
from tests.support.properties import UNTIMED

LINES = st.lists(st.text(max_size=40), max_size=20)


def summary(
    name: str, path: str = "a.py", start: int = 1, end: int = 9, signature: str = "", kind: str = "function"
) -> Summary:
    return Summary(path, start, end, kind, name, signature, "")


def source(path: str, size: int) -> Slice:
    lines = tuple(Line(number, f"line = {number}") for number in range(1, size + 1))
    return Slice(path, 1, size, "", "file", (), lines)


def told(name: str, path: str = "a.py") -> SearchHit:
    found = summary(name, path=path)
    return SearchHit(path, 1, 9, name, "function", 1.0, summary=found)


def related_text(relatives: Sequence[Relative], budget: int) -> str:
    whole = RelatedReply(
        symbol=summary("asked", path="z.py"),
        relation="callers",
        found=len(relatives),
        relatives=tuple(relatives),
        is_short=False,
        unresolved=0,
        left_out=LeftOut(0, "more", "raise budget"),
        notes=(),
        budget=budget,
        has_unsure=any(not relative.sure for relative in relatives),
    )
    return related.fit(whole).text()


def search_reply(hits: Sequence[SearchHit], budget: int, weaker: Sequence[SearchHit] = ()) -> SearchReply:
    draft = Draft(budget)
    draft.add_hits(hits, weaker)
    return draft.close(hits)


def search_text(hits: Sequence[SearchHit], budget: int, weaker: Sequence[SearchHit] = ()) -> str:
    return search_reply(hits, budget, weaker).text()


def candidates_text(name: str, candidates: Sequence[Summary], budget: int) -> str:
    return join(ambiguity_lines(fit_candidates(name, candidates, budget), budget))


@UNTIMED
@given(LINES, st.integers(1, 300))
def test_a_page_stays_within_its_budget(lines: list[str], budget: int) -> None:
    page = Page(budget)
    for line in lines:
        page.add(TextLine(line))
    assert estimate_tokens(join(page.close("left out: the rest"))) <= budget


@UNTIMED
@given(LINES)
def test_the_costs_of_lines_add_up_to_no_less_than_their_text(lines: list[str]) -> None:
    assert sum(map(token_cost, lines)) >= estimate_tokens("\n".join(lines)) - 0.51


@UNTIMED
@given(st.text(), st.integers(1, 40))
def test_a_cut_text_is_its_longest_beginning_that_fits(text: str, budget: int) -> None:
    cut = cut_text(text, budget)
    assert text.startswith(cut)
    assert estimate_tokens(cut) <= budget
    assert cut == text or estimate_tokens(text[: len(cut) + 1]) > budget


@UNTIMED
@given(st.lists(st.floats(0, 1_000), min_size=1, max_size=10), st.floats(0, 3_000))
def test_shares_never_add_up_to_more_than_the_room(wanted: list[float], room: float) -> None:
    shares = share_out(wanted, room)
    assert sum(shares) <= room + 1e-6
    assert all(share <= wish + 1e-6 for share, wish in zip(shares, wanted, strict=True))


def test_what_a_small_target_leaves_goes_to_the_large_ones() -> None:
    assert share_out([10, 500, 500], 310) == [10, 150, 150]


def test_targets_that_do_not_fit_share_the_budget_and_say_where_to_go_on() -> None:
    text = read.fit([source("long.py", 400), source("short.py", 3), source("other.py", 400)], 600).text()
    assert "short.py:1-3\n1\tline = 1\n2\tline = 2\n3\tline = 3\n" in text
    assert text.count("left out: lines ") == 2
    assert "read long.py:" in text
    assert "read other.py:" in text
    assert 450 < estimate_tokens(text) <= 600


def test_only_a_line_feed_ends_a_line() -> None:
    assert split_lines("a\x0cb\u2028c\r\nd\x85e\n".encode()) == ["a\x0cb\u2028c\r", "d\x85e"]
    assert split_lines(b"") == []
    assert split_lines(b"\n") == [""]


def test_context_has_no_blank_edges_and_ends_with_the_file() -> None:
    text = ["one", "", "two", "", "three"]
    assert with_context(text, 3, 3, 1) == ((3, "two"),)
    assert with_context(text, 3, 3, 5) == ((1, "one"), (2, ""), (3, "two"), (4, ""), (5, "three"))


def test_a_line_too_long_to_be_code_is_cut() -> None:
    assert numbered(["x" * 500], 1, 1) == ((1, f"{'x' * 400}… (100 more characters)"),)


def test_lines_are_cut_to_a_budget_from_their_end() -> None:
    lines = numbered(["some words here"] * 50, 1, 50)
    kept = cut_to_budget(lines, 40)
    assert kept == lines[: len(kept)]
    assert 0 < len(kept) < 50


def test_weaker_hits_are_named_or_left_out_and_counted() -> None:
    hits = [told(f"name_{place}", path=f"{place}.py") for place in range(20)]
    text = search_text(hits, 180)
    assert text.startswith("0.py\n  1-9 function name_0\n1.py\n")
    shown = text.count("function")
    assert f"\nweaker: {shown}.py 1-9 name_{shown}" in text
    named = text.count(" name_") - shown
    left = f"left out: {20 - shown - named} weaker hits; narrow with path= or kind=, or raise budget"
    assert text.endswith(left)
    assert shown > 1
    assert named >= 1


def test_weak_hits_are_named_by_file_after_those_told_of() -> None:
    weak = [
        SearchHit("b.py", 3, 9, "Cart.pay", "method", 0.5, 1),
        SearchHit("c.py", 1, 40, "", "file", 0.4, 2),
        SearchHit("b.py", 12, 14, "total", "function", 0.4, 3),
    ]
    text = search_text([told("name")], 300, weak)
    assert text.endswith("\nweaker: b.py 3-9 pay, 12-14 total; c.py 1-40")
    assert "left out" not in text


def test_the_span_of_a_file_shows_nothing_of_it_but_its_doc_does() -> None:
    found = replace(summary("", path="a.py", kind="file"), doc="Reads parcels.")
    hit = SearchHit("a.py", 1, 9, "", "file", 1.0, summary=found, lines=(Line(3, "x = 1"),))
    shown = [(line.text, line.path, line.number) for line in search_reply([hit], 300).lines()]
    assert shown == [
        ("a.py", "", 0),
        ("  1-9 file", "", 0),
        ("    Reads parcels.", "a.py", 0),
        ("    3\tx = 1", "a.py", 3),
    ]


def test_an_outline_shows_the_weightiest_with_what_is_around_them() -> None:
    branches = [
        Branch("a.py", 0, summary("Outer", kind="class"), 0.1),
        Branch("a.py", 1, summary("inner"), 5.0),
        *(Branch("b.py", 0, summary(f"other_{place}"), 1.0) for place in range(30)),
    ]
    whole = OutlineReply(
        path="",
        files=2,
        symbols=len(branches),
        languages={"python": 2},
        folders={},
        branches=tuple(branches),
        detail=Detail.SIGNATURE,
        left_out=LeftOut(0, "less used symbols", "narrow with path=, or raise budget"),
        notes=(),
        budget=125,
    )
    text = fit(whole).text()
    assert "a.py\n  1-9 class Outer\n    1-9 function inner\nb.py\n" in text
    assert "less used symbols; narrow with path=, or raise budget" in text


def test_relatives_lose_their_lines_before_any_is_left_out() -> None:
    relatives = [
        Relative(
            summary(f"caller_{place}", path="a/b.py"),
            (Line(place, "    call(value, other)"),),
            1,
            0.9,
            shown=1,
        )
        for place in range(1, 13)
    ]
    assert "\n    12\t    call(value, other)" in related_text(relatives, 1_000)
    short = related_text(relatives, 300)
    assert "\n  1-9 caller_12 @12" in short
    assert "call(value" not in short
    assert "left out: 8 more (a 8); raise budget" in related_text(relatives, 140)


def test_an_unsure_relative_has_a_question_mark_that_is_explained() -> None:
    sure = Relative(summary("known"), (Line(3, ""),), 1, 0.9)
    unsure = Relative(summary("guess"), (Line(4, ""),), 1, 0.3)
    assert related_text([sure, unsure], 300) == (
        "callers of asked (z.py:1): 2; ? = the name alone fits\n"
        "a.py\n  1-9 function known @3\n  1-9 function guess @4 ?"
    )
    assert "?" not in related_text([sure], 300)


def test_further_lines_of_a_relative_are_counted() -> None:
    many = Relative(summary("busy"), tuple(Line(n, "") for n in range(10, 19)), 1, 0.9)
    assert "1-9 function busy @10, 11, 12, 13, 14 and 4 more" in related_text([many], 300)


def test_candidates_of_one_name_in_one_file_are_told_apart_by_their_lines() -> None:
    text = candidates_text("add", [summary("add", start=1, end=2), summary("add", start=8, end=9)], 300)
    assert text == "add is ambiguous; ask for one of:\n  a.py:1-2 function\n  a.py:8-9 function"


def test_many_candidates_lose_their_signatures_and_are_counted() -> None:
    candidates = [
        summary(f"C{place}.run", signature="def run(self, value: int) -> int") for place in range(40)
    ]
    text = candidates_text("run", candidates, 300)
    assert "def run" not in text
    assert "  a.py::C0.run  1-9\n" in text
    assert (
        text.splitlines()[-1] == f"left out: {40 - text.count('::')} more; say its class or its path as well"
    )


@pytest.mark.parametrize(
    ("given_summary", "detail", "head"),
    [
        (summary("f", signature="def f()"), Detail.NAMES, "1-9 function f"),
        (summary("C.f", signature="def f()"), Detail.SIGNATURE, "1-9 def f() (in C)"),
        (summary("C.f", signature="void C.f()"), Detail.SIGNATURE, "1-9 void C.f()"),
        (summary("f", end=1), Detail.SIGNATURE, "1 function f"),
        (summary("", kind="file"), Detail.DIGEST, "1-9 file"),
        (summary("lines 1-9", kind="window"), Detail.NAMES, "1-9"),
    ],
)
def test_a_symbols_first_line_says_where_and_what_it_is(
    given_summary: Summary, detail: Detail, head: str
) -> None:
    assert given_summary.head(detail) == head


def test_a_docs_first_sentence_is_cut_to_a_readable_length() -> None:
    assert first_sentence("Does it. And more.") == "Does it."
    assert first_sentence("no end") == "no end"
    assert len(first_sentence("word " * 100)) <= 140


def test_the_most_important_calls_are_kept_in_their_order() -> None:
    names = [*"abcdefg", "a"]
    assert choose_calls(names, [1, 9, 2, 8, 3, 7, 0, 6]) == ("a", "b", "d", "e", "f")
