"""The replay of logs: small logs with results worked out by hand."""

from __future__ import annotations

import io
import json
from dataclasses import astuple, dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from eval.logs.calibrate import calibrate
from eval.logs.reads import LoggedFolder, Read, Verdict, collect_epoch, split_epochs
from eval.logs.replay import BOUNDS, Fate, IndexReply, Replay, replay
from eval.logs.report import build_report
from eval.logs.results import TOKEN_ERROR, ConversationReplay, LogsResult, collect, write_result
from indexers.tokens import FAMILIES, NEWEST, OLDER, Family, estimate_tokens
from indexers.transcripts.model import Conversation
from tests.support.log_lines import (
    CWD,
    Line,
    compacted,
    held,
    numbered,
    prompt,
    read_all,
    reads,
    reply,
    result,
    says,
    uses,
)

LEDGER = (
    "class Ledger:",
    "    def post(self, entry):",
    "        self.entries.append(entry)",
    "    total = 0",
)
SHOWN = numbered(*LEDGER)
TOKENS = estimate_tokens(SHOWN)
FOLDER = LoggedFolder(CWD, CWD)
LOW, MID, HIGH = range(3)
ERROR = max(family.mean_error for family in FAMILIES)


@dataclass
class FakeIndex:
    """An index of one file that gives the same reply to every question."""

    shown: frozenset[tuple[str, int]] = frozenset()
    files: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"ledger.py": tuple(line.strip() for line in LEDGER)}
    )
    questions: list[str] = field(default_factory=list)

    def lines(self, path: str) -> tuple[str, ...]:
        return self.files.get(path, ())

    def overhead(self, family: Family) -> int:
        return 200 if family == NEWEST else 150

    def ask(self, question: str, family: Family) -> IndexReply:
        self.questions.append(question)
        return IndexReply(tokens=100 if family == NEWEST else 75, calls=10, turns=2, shown=self.shown)


def shows(*numbers: int) -> frozenset[tuple[str, int]]:
    return frozenset(("ledger.py", number) for number in numbers)


def judged(tmp_path: Path, *lines: Line) -> list[Read]:
    (thread,) = held(tmp_path, *lines).threads
    return [read for events in split_epochs(thread.events) for read in collect_epoch(events, FOLDER).reads]


def one_read(last: str) -> tuple[Line, ...]:
    """A read of the ledger in the first of three requests; what the second says of it."""
    return (
        prompt("where are entries kept?"),
        reply("m1", reads("t1", "ledger.py"), write=1000, output=10),
        result("t1", SHOWN),
        reply("m2", says(last), uses("t2", "TodoWrite"), read=1000, write=500, output=20),
        result("t2", "done"),
        reply("m3", says("done"), read=1500, write=100, output=5),
    )


def test_a_read_before_an_edit_cannot_be_replaced_but_one_before_a_windowed_read_can(tmp_path: Path) -> None:
    edit = uses("e1", "Edit", file_path=f"{CWD}/ledger.py", old_string="total = 0", new_string="total = 1")
    lines = (
        reply("m1", reads("t1", "ledger.py"), write=10),
        result("t1", SHOWN),
        reply("m2", reads("t2", "ledger.py", offset=4, limit=2), write=10),
        result("t2", numbered("    total = 0", "    more = 1", start=4)),
        reply("m3", edit, write=10),
        result("e1", "edited"),
        reply("m4", reads("t3", "ledger.py"), write=10),
        result("t3", numbered("class Ledger:", "    total = 1")),
    )
    found = judged(tmp_path, *lines)
    assert [read.verdict for read in found] == [
        Verdict.REPLACEABLE,
        Verdict.BEFORE_EDIT,
        Verdict.AFTER_EDIT,
    ]
    assert found[0].needs[0].either == (("total = 0",), ("total = 1",))
    whole = judged(tmp_path, *lines[:2], *lines[4:])
    assert [read.verdict for read in whole] == [Verdict.BEFORE_EDIT, Verdict.AFTER_EDIT]


def test_a_window_printed_by_the_shell_does_not_stand_in_for_the_read_that_an_edit_asks_for(
    tmp_path: Path,
) -> None:
    edit = uses("e1", "Edit", file_path=f"{CWD}/ledger.py", old_string="total = 0", new_string="total = 1")
    lines = (
        reply("m1", reads("t1", "ledger.py"), write=10),
        result("t1", SHOWN),
        reply("m2", uses("t2", "Bash", command="sed -n 4,5p ledger.py"), write=10),
        result("t2", "    total = 0\n    more = 1"),
        reply("m3", reads("t3", "ledger.py", offset=9), write=10),
        result("t3", "beyond the end", is_error=True),
        reply("m4", edit, write=10),
        result("e1", "edited"),
    )
    found = [read.verdict for read in judged(tmp_path, *lines)]
    assert found == [Verdict.BEFORE_EDIT, Verdict.BEFORE_EDIT, Verdict.NO_TEXT]


def test_a_file_counts_once_in_an_epoch_and_again_after_a_compaction(tmp_path: Path) -> None:
    lines = [
        line
        for n in range(3)
        for line in (reply(f"m{n}", reads(f"t{n}", "ledger.py"), write=10), result(f"t{n}", SHOWN))
    ]
    found = judged(tmp_path, *lines[:4], compacted(), *lines[4:])
    assert [read.verdict for read in found] == [Verdict.REPLACEABLE, Verdict.AGAIN, Verdict.REPLACEABLE]


def test_of_a_second_read_only_the_new_lines_count(tmp_path: Path) -> None:
    more = numbered(*LEDGER, "    a = 1", "    b = 2", "    c = 3", "    d = 4")
    lines = (
        reply("m1", reads("t1", "ledger.py", limit=4), write=10),
        result("t1", SHOWN),
        reply("m2", reads("t2", "ledger.py"), write=10),
        result("t2", more),
    )
    first, second = judged(tmp_path, *lines)
    assert first.place.tokens == TOKENS
    assert second.place.tokens == pytest.approx(estimate_tokens(more) / 2)


def test_failed_reads_and_files_outside_are_told_apart(tmp_path: Path) -> None:
    lines = (
        reply("m1", reads("t1", "ledger.py"), uses("t2", "Read", file_path="/etc/hosts"), write=10),
        result("t1", "no such file", is_error=True),
        result("t2", numbered("127.0.0.1 localhost")),
    )
    assert [read.verdict for read in judged(tmp_path, *lines)] == [Verdict.NO_TEXT, Verdict.OUTSIDE]


def test_a_covered_read_falls_away_and_all_else_is_charged(tmp_path: Path) -> None:
    found = replay(held(tmp_path, *one_read("Kept in ledger.py:2.")), FOLDER, FakeIndex(shows(2)))
    assert [replayed.fate for replayed in found.reads] == [Fate.COVERED]
    # Written by the second request (6.25), read by the third (0.50).
    assert list(found.dollars) == pytest.approx([TOKENS * 6.75e-6])
    ledger = found.ledgers[MID]
    assert astuple(ledger) == pytest.approx(
        (
            TOKENS * 6.75e-6,
            10 * 25e-6,
            100 * 6.75e-6,
            2 * (1000 + 100) * 0.5e-6 + 10 * 25e-6,
            200 * (6.25 + 0.5 + 0.5) * 1e-6,
        )
    )  # in the order of Ledger's fields
    low = found.ledgers[LOW]
    assert low.removed == pytest.approx(TOKENS * 6.75e-6 * (1 - ERROR))
    assert low.replies == pytest.approx(100 * 6.75e-6 * (1 + ERROR))
    assert low.turns_saved == 0


def test_tokens_of_an_older_model_are_counted_by_its_own_family(tmp_path: Path) -> None:
    older = [
        {**line, "message": {**line["message"], "model": "claude-opus-4-6"}}
        if line["type"] == "assistant"
        else line
        for line in one_read("Kept in ledger.py:2.")
    ]
    found = replay(held(tmp_path, *older), FOLDER, FakeIndex(shows(2)))
    removed = estimate_tokens(SHOWN, OLDER)
    assert removed < TOKENS
    ledger = found.ledgers[MID]  # at the prices of the test before
    assert ledger.removed == pytest.approx(removed * 6.75e-6)
    assert ledger.replies == pytest.approx(75 * 6.75e-6)
    assert ledger.schema == pytest.approx(150 * (6.25 + 0.5 + 0.5) * 1e-6)


def test_when_the_reply_misses_what_was_cited_both_are_charged(tmp_path: Path) -> None:
    found = replay(held(tmp_path, *one_read("Kept in ledger.py:2-3.")), FOLDER, FakeIndex(shows(2)))
    assert [replayed.fate for replayed in found.reads] == [Fate.MISSED]
    for ledger in found.ledgers:
        assert (ledger.removed, ledger.turns_saved) == (0, 0)
        assert ledger.replies > 0
        assert ledger.net < 0


def test_a_read_of_which_nothing_was_cited_is_credited_by_the_high_bound_alone(tmp_path: Path) -> None:
    found = replay(held(tmp_path, *one_read("I see.")), FOLDER, FakeIndex(shows(3)))
    assert [replayed.fate for replayed in found.reads] == [Fate.SHOWN]
    assert [ledger.removed > 0 for ledger in found.ledgers] == [False, False, True]


def test_quoted_code_counts_as_cited(tmp_path: Path) -> None:
    quote = "It is:\n```python\nself.entries.append(entry)\n```\n"
    fates = [
        replay(held(tmp_path, *one_read(quote)), FOLDER, FakeIndex(shows(line))).reads[0].fate
        for line in (3, 2)
    ]
    assert fates == [Fate.COVERED, Fate.MISSED]


def test_lines_that_the_file_has_no_longer_are_not_credited(tmp_path: Path) -> None:
    index = FakeIndex(shows(1), {"ledger.py": ("class Ledger:",)})
    found = replay(held(tmp_path, *one_read("Kept in ledger.py:2.")), FOLDER, index)
    assert [replayed.fate for replayed in found.reads] == [Fate.CHANGED]
    assert found.ledgers[HIGH].removed == 0


def test_a_file_that_is_not_indexed_is_neither_asked_for_nor_credited(tmp_path: Path) -> None:
    index = FakeIndex(files={})
    found = replay(held(tmp_path, *one_read("Kept in ledger.py:2.")), FOLDER, index)
    assert [replayed.read.verdict for replayed in found.reads] == [Verdict.NOT_INDEXED]
    assert index.questions == []
    assert found.ledgers[MID].net == -found.ledgers[MID].schema


def test_the_last_pattern_is_asked_before_the_prompt_and_a_repeated_question_costs_once(
    tmp_path: Path,
) -> None:
    index = FakeIndex(shows(1), {"ledger.py": FakeIndex().lines("ledger.py"), "b.py": ("b = 1",)})
    lines = (
        prompt("where are entries kept?"),
        reply("m1", uses("g1", "Grep", pattern=r"def\s+post\("), write=1000),
        result("g1", "ledger.py:2"),
        reply("m2", reads("t1", "ledger.py"), reads("t2", "b.py"), read=1000, write=100),
        result("t1", SHOWN),
        result("t2", numbered("b = 1")),
        reply("m3", says("Kept in ledger.py:2 and b.py:1."), read=1100, write=200),
    )
    found = replay(held(tmp_path, *lines), FOLDER, index)
    assert index.questions == ["def post", "where are entries kept?"] * 2
    # Two questions, each once in the context: written by the third request.
    assert found.ledgers[MID].replies == pytest.approx(2 * 100 * 6.25e-6)


def test_a_cache_miss_charges_a_resident_read_as_written_again(tmp_path: Path) -> None:
    lines = (*one_read("I see."), prompt("go on"), reply("m4", says("well"), write=1700, read=0))
    found = replay(held(tmp_path, *lines), FOLDER, FakeIndex(shows(3)))
    assert list(found.dollars) == pytest.approx([TOKENS * (6.25 + 0.5 + 6.25) * 1e-6])


def test_each_context_is_told_as_billed_and_as_it_would_have_been(tmp_path: Path) -> None:
    found = replay(held(tmp_path, *one_read("Kept in ledger.py:2.")), FOLDER, FakeIndex(shows(2)))
    # Schemas are 200 from the first request on; the first request's read falls away for a reply of 100.
    shorter = 200 + 100 - round(TOKENS)
    assert [astuple(one) for one in found.contexts] == [
        (1000, 1200), (1500, 1500 + shorter), (1600, 1600 + shorter),
    ]  # fmt: skip


def test_the_bounds_are_in_order(tmp_path: Path) -> None:
    for last in ("I see.", "Kept in ledger.py:2.", "Kept in ledger.py:4."):
        nets = [
            ledger.net
            for ledger in replay(held(tmp_path, *one_read(last)), FOLDER, FakeIndex(shows(2))).ledgers
        ]
        assert nets == sorted(nets)


def collected(tmp_path: Path, *found: tuple[Conversation, Replay]) -> LogsResult:
    return collect(read_all(tmp_path), [ConversationReplay(*one) for one in found], [], 200, 0, ())


def test_a_conversation_that_would_have_cost_more_is_counted_and_told(tmp_path: Path) -> None:
    conversation = held(tmp_path, *one_read("Kept in ledger.py:4."))
    told = collected(tmp_path, (conversation, replay(conversation, FOLDER, FakeIndex(shows(2)))))
    assert told.worse == (1, 1, 1)
    bill = (1000 * 6.25 + 1000 * 0.5 + 500 * 6.25 + 1500 * 0.5 + 100 * 6.25 + 35 * 25) * 1e-6
    assert told.dollars == pytest.approx(bill)
    assert told.changes[MID].share == pytest.approx(told.changes[MID].net / bill)
    screen = io.StringIO()
    Console(width=160, file=screen).print(build_report(told))
    row = next(line for line in screen.getvalue().splitlines() if "would have cost more" in line)
    assert row.count("1 of 1") == len(BOUNDS)
    tables = 3  # what was read, what came of asking, what would have changed
    assert " ".join(screen.getvalue().split()).count(TOKEN_ERROR) == tables
    assert json.loads(write_result(told))["worse"] == [1, 1, 1]


def test_a_model_without_a_price_is_named_and_left_out_of_dollars(tmp_path: Path) -> None:
    held(tmp_path, prompt("hello"), reply("m1", says("hi"), write=10, model="claude-9-poem"))
    told = collected(tmp_path)
    assert told.unpriced == ("claude-9-poem",)
    assert [bill.dollars for bill in told.bill] == [None]


@pytest.mark.parametrize(("model", "family"), [("opus-4-7", NEWEST), ("opus-4-6", OLDER)])
def test_calibration_tells_billed_tokens_for_one_estimated(
    tmp_path: Path, model: str, family: Family
) -> None:
    text = numbered(*(f"    entry_{n} = post({n})" for n in range(200)))
    came = (text, json.dumps({"file_path": f"{CWD}/a.py"}))
    grown = round(1.2 * sum(estimate_tokens(part, family) for part in came))
    lines = (
        reply("m1", reads("t1", "a.py"), write=1000, model=f"claude-{model}"),
        result("t1", text),
        reply("m2", says("well"), read=1000, write=grown, model=f"claude-{model}"),
    )
    (found,) = calibrate([held(tmp_path, *lines)])
    assert (found.model, found.growths) == (model, 1)
    assert found.scale == pytest.approx(1.2, abs=0.002)


def test_bounds_are_told_from_the_least_to_the_most() -> None:
    assert [bound.name for bound in BOUNDS] == ["low", "mid", "high"]
