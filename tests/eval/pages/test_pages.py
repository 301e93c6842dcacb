"""The pages with plots: they stand alone, and show what the results hold."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from eval.chart import Bar, Panel, draw_chart
from eval.cli import app
from eval.live import page as live_page
from eval.live.results import LiveResult
from eval.logs import page as logs_page
from eval.logs.replay import Ledger, PromptSize, Replay
from eval.logs.results import ConversationReplay, LogsResult, collect, write_result
from eval.page import _MODEL, build_any_page, read_any
from eval.pages.plots import scale, spread
from eval.records import Unmeasured
from eval.savings import page as savings_page
from eval.savings.context import BUDGETS
from eval.savings.results import SavingsResult
from tests.support.log_lines import prompt, read_all, reply, says, write_log
from tests.support.places import CHECKOUT
from tests.support.properties import UNTIMED

RESULTS = CHECKOUT / "eval" / "results"
PAGED = sorted(path for kind in ("savings", "live") for path in RESULTS.glob(f"{kind}-*.json"))


def parse(page: str) -> Element:
    return ElementTree.fromstring(page.removeprefix("<!doctype html>\n"))


def find_section(page: str, heading: str) -> Element:
    return next(part for part in parse(page).iter("section") if part.findtext("h2") == heading)


def with_class(part: Element, name: str, tag: str) -> list[Element]:
    return [one for one in part.iter(tag) if name in one.get("class", "").split()]


def texts(part: Element) -> set[str]:
    return {one.text or "" for one in part.iter("text")}


def percent(part: Element, name: str) -> float:
    return float(part.get(name, "").removesuffix("%"))


def assert_stands_alone(page: str) -> None:
    """Nothing is fetched, run or out of its place."""
    root = parse(page)
    for one in root.iter():
        assert one.tag not in {"script", "link", "img", "iframe", "object"}
        assert not {"src", "href", "style-src", "onclick"} & one.attrib.keys()
        for name in ("x", "x1", "x2", "cx", "y", "y1", "y2", "cy", "width", "height"):
            assert math.isfinite(float(one.get(name, "0").removesuffix("%")))
    style = "".join(one.text or "" for one in root.iter("style"))
    assert not any(word in style for word in ("url(", "@import", "http"))


@pytest.fixture(scope="module")
def savings() -> SavingsResult:
    """A result that was measured, with made-up contexts."""
    found = read_any(next(path for path in PAGED if path.name.startswith("savings-files")))
    assert isinstance(found, SavingsResult)
    contexts = tuple((0.0, 1_000.0 + place, 2_000.0 + place) for place in range(len(found.arms)))
    return replace(found, contexts=contexts)


@pytest.fixture(scope="module")
def live() -> LiveResult:
    found = read_any(next(path for path in PAGED if path.name.startswith("live")))
    assert isinstance(found, LiveResult)
    return found


@pytest.fixture
def logs(tmp_path: Path) -> LogsResult:
    """Two conversations: one in which the index saves, one in which it costs."""
    for name, size in (("s1", 50_000), ("s2", 10_000)):
        asked, said = prompt("hello"), reply(f"m{size}", says("hi"), write=size)
        write_log(tmp_path / f"{name}.jsonl", *({**line, "sessionId": name} for line in (asked, said)))
    read = read_all(tmp_path)
    contexts = (PromptSize(50_000, 50_900), PromptSize(60_000, 40_000))
    measured = [
        ConversationReplay(
            conversation,
            Replay((), (), 1, tuple(Ledger(removed=saved * share) for share in (0.5, 1, 2)), contexts),
        )
        for conversation, saved in zip(read.conversations, (0.05, -0.02), strict=True)
    ]
    return collect(read, measured, [Unmeasured("s3", "its folder <b> is gone")], 900, 1.5, ())


@pytest.mark.parametrize("path", PAGED, ids=lambda path: path.stem)
def test_every_committed_result_has_a_page_that_stands_alone(path: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["page", str(path), "--html", str(tmp_path / "page.html")])
    assert done.exit_code == 0, done.output
    assert_stands_alone((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_a_page_of_logs_stands_alone_and_can_be_made_from_the_file(logs: LogsResult, tmp_path: Path) -> None:
    assert_stands_alone(logs_page.build_page(logs))
    (tmp_path / "logs.json").write_text(write_result(logs), encoding="utf-8")
    found = read_any(tmp_path / "logs.json")
    assert isinstance(found, LogsResult)
    assert logs_page.build_page(found) == logs_page.build_page(logs)


HOSTILE = "</text></p>'\"><script>x()</script><img src=x onerror=y>&lt;]]>{0}%s\x1b]52;c;x\x07\x9b2J\u202e"


def spoil_field(value: Any, field: str, inside: bool = False) -> Any:
    """A result's data with a hostile end to every text of a field."""
    if isinstance(value, dict):
        return {key: spoil_field(one, field, key == field) for key, one in value.items()}
    if isinstance(value, list):
        return [spoil_field(one, field, inside) for one in value]
    return value + HOSTILE if isinstance(value, str) and inside else value


SPOILT = {
    "name",
    "reason",
    "repository",
    "revision",
    "model",
    "task",
    "question",
    "processor",
    "path",
    "problem",
}


@pytest.mark.slow
def test_whatever_results_hold_is_text_in_their_pages(logs: LogsResult) -> None:
    results = [*(path.read_text("utf-8") for path in PAGED), write_result(logs)]
    spoilt = 0
    for text in results:
        data = json.loads(text)
        for field in sorted(SPOILT):
            try:
                page = build_any_page(_MODEL.validate_python(spoil_field(data, field)))
            except (ValueError, LookupError, StopIteration):
                continue  # the field is no free text in this result
            assert_stands_alone(page)
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", page)
            spoilt += "script&gt;" in page
    assert spoilt > len(results)


def test_a_drawing_shows_whatever_it_is_given_as_text() -> None:
    panel = Panel(HOSTILE, HOSTILE, ((Bar(HOSTILE, 1.0, HOSTILE, own=True),),))
    root = ElementTree.fromstring(draw_chart([panel], [HOSTILE]))
    assert {one.tag.rpartition("}")[2] for one in root.iter()} == {"svg", "style", "rect", "text"}
    assert sum("<script>" in (one.text or "") for one in root.iter()) == 5


def test_a_file_that_is_no_result_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "else.json").write_text("{}", encoding="utf-8")
    for name, told in (("else.json", "holds no result"), ("gone.json", "cannot read")):
        done = CliRunner().invoke(app, ["page", str(tmp_path / name), "--html", str(tmp_path / "page.html")])
        assert done.exit_code == 1
        assert told in done.stderr
        assert "hint: pass a file that `repo-memory eval savings`" in done.stderr


@pytest.mark.parametrize(
    ("heading", "points"), [("Recall against tokens", len(BUDGETS)), ("Resident context over turns", 3)]
)
def test_a_line_for_every_arm_is_named_at_its_end_and_in_the_key(
    savings: SavingsResult, heading: str, points: int
) -> None:
    section = find_section(savings_page.build_page(savings), heading)
    drawn = with_class(section, "series", "g")
    names = {name.replace(f"{savings.baseline}", f"{savings.baseline} (baseline)") for name in savings.arms}
    assert {line.get("data-name") for line in drawn} == names
    assert all(len(list(line.iter("circle"))) == points for line in drawn)
    assert names <= texts(section)
    (key,) = with_class(section, "key", "p")
    assert {"".join(span.itertext()).strip() for span in key.iter("span")} == names


def test_a_result_without_contexts_says_so(savings: SavingsResult) -> None:
    section = find_section(
        savings_page.build_page(replace(savings, contexts=())), "Resident context over turns"
    )
    assert "measure it again" in "".join(section.itertext())
    assert not list(section.iter("svg"))


def test_the_buckets_of_a_bar_add_up_to_the_arms_bill(savings: SavingsResult) -> None:
    section = find_section(savings_page.build_page(savings), "Cost by bucket")
    bars = with_class(section, "row", "svg")
    bills = {
        bill.arm: bill.questions
        for bill in savings.bills
        if (bill.remaining_turns, bill.model) == (savings_page.TURNS_ON, "Opus 5.5")
    }
    widths = [sum(percent(part, "width") for part in bar.iter("rect")) for bar in bars]
    assert all(len(list(bar.iter("rect"))) == 4 for bar in bars)
    scale_of = [width / bills[arm] for width, arm in zip(widths, savings.arms, strict=True)]
    assert scale_of == pytest.approx([scale_of[0]] * len(scale_of), rel=0.01)


def test_groups_in_which_it_saves_lie_right_of_zero_and_others_left(savings: SavingsResult) -> None:
    section = find_section(savings_page.build_page(savings), "Saving by repository")
    (zero,) = with_class(section, "zero", "line")
    bars = [next(bar.iter("rect")) for bar in with_class(section, "row", "svg")]
    assert len(bars) == len(savings.repositories)
    lost = [bar for bar in bars if "orange" in bar.get("class", "")]
    assert lost
    for bar in bars:
        edge = percent(bar, "x") + (percent(bar, "width") if bar in lost else 0)
        assert edge == pytest.approx(percent(zero, "x1"), abs=0.02)
    assert {group.name for group in savings.groups if group.kind == "repository"} <= texts(section)


def test_the_saving_by_question_category_is_drawn(savings: SavingsResult) -> None:
    section = find_section(savings_page.build_page(savings), "Saving by question category")
    assert {group.name for group in savings.groups if group.kind == "category"} <= texts(section)


def test_every_arms_cost_per_correct_answer_has_its_interval(live: LiveResult) -> None:
    section = find_section(live_page.build_page(live), "Cost per correct answer")
    rows = with_class(section, "row", "svg")
    assert len(rows) == len(live.arms)
    for row, arm in zip(rows, live.arms, strict=True):
        (interval,), (dot,) = with_class(row, "interval", "line"), list(row.iter("circle"))
        assert percent(interval, "x1") < percent(dot, "cx") < percent(interval, "x2")
        assert f"${arm.cost_per_correct:.3f}" in texts(row)


def test_contexts_at_the_end_are_drawn_by_task_and_arm(live: LiveResult) -> None:
    section = find_section(live_page.build_page(live), "Context at the end")
    rows = with_class(section, "row", "svg")
    assert [len(list(row.iter("circle"))) for row in rows] == [len(live.arms)] * live.tasks
    assert {run.task for run in live.runs} <= texts(section)


def test_a_live_page_tells_an_arm_without_a_correct_answer(live: LiveResult) -> None:
    runs = tuple(replace(run, correct=False) if run.arm == "with" else run for run in live.runs)
    section = find_section(live_page.build_page(replace(live, runs=runs)), "Cost per correct answer")
    assert "no correct answer" in texts(section)


def test_a_bill_is_drawn_by_bucket_and_savings_by_bound(logs: LogsResult) -> None:
    page = logs_page.build_page(logs)
    bill = find_section(page, "The bill by bucket")
    hints = [hint.text or "" for hint in bill.iter("title")]
    assert any("cache write" in hint for hint in hints)
    saved = find_section(page, "What the index would have saved")
    assert [next(bar.iter("rect")).get("class") for bar in with_class(saved, "row", "svg")] == [
        "blue dash0"
    ] * 3
    assert {f"{change.share:+.2%}  (${change.net:,.2f})" for change in logs.changes} <= texts(saved)


def test_conversations_that_would_have_cost_more_come_first_in_their_own_colour(logs: LogsResult) -> None:
    section = find_section(logs_page.build_page(logs), "Conversation by conversation")
    ranges = with_class(section, "range", "g")
    assert [one.get("class") for one in ranges] == ["range orange", "range blue"]
    assert "1 of 2 would have cost more" in "".join(section.itertext())


def test_a_context_is_drawn_with_and_without_the_index(logs: LogsResult) -> None:
    section = find_section(logs_page.build_page(logs), "A context over its requests")
    first, second = with_class(section, "series", "g")
    assert [first.get("data-name"), second.get("data-name")] == ["as billed", "with the index"]
    hints = [[hint.text for hint in line.iter("title")] for line in (first, second)]
    assert hints == [
        ["as billed, 1: 50,000", "as billed, 2: 60,000"],
        ["with the index, 1: 50,900", "with the index, 2: 40,000"],
    ]


def test_what_could_not_be_replayed_is_named_as_it_is_written(logs: LogsResult) -> None:
    section = find_section(logs_page.build_page(logs), "Conditions")
    assert "Not replayed: s3: its folder <b> is gone" in {part.text for part in section.iter("p")}


def test_totals_say_how_surely_tokens_are_counted(savings: SavingsResult, logs: LogsResult) -> None:
    assert savings_page.build_page(savings).lower().count(savings.token_error) == 2
    saved = find_section(logs_page.build_page(logs), "What the index would have saved")
    assert logs.token_error[1:] in "".join(saved.itertext())


VALUES = st.floats(-1e9, 1e9).map(lambda value: round(value, 6))


@UNTIMED
@given(st.lists(VALUES))
def test_a_scale_holds_zero_and_every_value_between_its_marks(values: list[float]) -> None:
    axis = scale("", values, str)
    places = [value for value, _ in axis.ticks]
    assert 2 <= len(places) <= 8
    assert (axis.low, axis.high) == (places[0], places[-1])
    assert min(places, key=abs) == pytest.approx(0, abs=1e-9)
    slack = 1e-6 * (axis.high - axis.low)
    assert all(axis.low - slack <= value <= axis.high + slack for value in values)


@UNTIMED
@given(st.lists(st.floats(0, 280), max_size=12))
def test_names_at_the_ends_of_lines_never_overlap_or_leave_the_plot(places: list[float]) -> None:
    moved = spread(sorted(places), 15, 280)
    assert all(later - earlier >= 15 - 1e-6 for earlier, later in pairwise(moved))
    assert all(place <= 280 for place in moved)
