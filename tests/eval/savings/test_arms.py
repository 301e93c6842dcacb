"""What the savings measurement counts by hand, and what its arms show of a small tree."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from eval.ripgrep.matchers import Matcher, PythonMatcher, Ripgrep
from eval.ripgrep.ranking import SourceTree, Window, choose_keywords, rank_files
from eval.savings import arms, context
from eval.savings.context import CAP, Turn, spend
from eval.savings.gold import GoldTally, ReplyLine, each_line
from eval.savings.own import OwnTools
from eval.tokens.count import EstimateCounter
from indexers.history.changes import Target
from memory_server.tuning.indexes import open_index
from tests.support.code_base import CODE_BASE, write_files

RIPGREP = shutil.which("rg")
MATCHERS: list[Matcher] = [PythonMatcher(), *([Ripgrep(RIPGREP)] if RIPGREP else [])]

TREE = {
    ".gitignore": "built/\n*.log\n!keep.log\n",
    "one.py": "Ledger\nother\nledger ledger\n",
    "two.py": "ledger\r\nno end",
    "deep/ledger.txt": "nothing here\n",
    "deep/.gitignore": "skipped.py\n",
    "deep/skipped.py": "ledger\n",
    "deep/inner/more.py": "x\n" * 9 + "LEDGER of the parcels\n",
    "built/out.py": "ledger\n",
    "run.log": "ledger\n",
    "keep.log": "a ledger\n",
    ".hidden/file.py": "ledger\n",
    ".hidden.py": "ledger\n",
    "umlaut.py": "ÜBER ledger\nüber\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with what a search leaves out: hidden, ignored and binary files, and a link."""
    write_files(tmp_path / "tree", TREE)
    (tmp_path / "tree" / "binary.bin").write_bytes(b"ledger\n\0\nledger\n")
    (tmp_path / "tree" / "latin.txt").write_bytes(b"caf\xe9 ledger\n")
    (tmp_path / "tree" / "link.py").symlink_to("one.py")
    return tmp_path / "tree"


class Characters:
    """A token a character, so that sums can be done by hand."""

    error_band = "exact"

    def count(self, text: str) -> int:
        return len(text)

    def count_lines(self, lines: Sequence[str]) -> Iterator[float]:
        return (float(len(line)) for line in lines)


@pytest.fixture
def by_characters(monkeypatch: pytest.MonkeyPatch) -> Characters:
    """Counts characters; envelopes have 5 and 7."""
    monkeypatch.setattr(context, "_CALL_ENVELOPE", "x" * 5)
    monkeypatch.setattr(context, "_REPLY_ENVELOPE", "x" * 7)
    return Characters()


def lines(path: str, start: int, end: int, width: int) -> list[ReplyLine]:
    return [ReplyLine("x" * width, path, number) for number in range(start, end + 1)]


def test_a_file_is_in_context_once_any_of_its_source_is_shown() -> None:
    tally = GoldTally([Target("src/a.py"), Target("b.py")])
    assert not tally.see(ReplyLine("src/a.py:12"))
    assert tally.see(ReplyLine("def f()", "a.py"))
    assert tally.share == 0.5
    assert not tally.see(ReplyLine("def g()", "a.py", 7))
    assert tally.see(ReplyLine("x", "b.py", 1))
    assert tally.share == 1


def test_lines_are_in_context_only_with_their_number() -> None:
    tally = GoldTally([Target("a.py", 3, 4)])
    assert [tally.see(ReplyLine("x", "a.py", number)) for number in (0, 2, 4)] == [False, False, True]


def test_gold_of_a_history_is_every_changed_line_once() -> None:
    assert each_line([Target("b.py", 2, 3), Target("a.py", 1, 1), Target("b.py", 3, 3)]) == (
        Target("a.py", 1, 1), Target("b.py", 2, 2), Target("b.py", 3, 3),
    )  # fmt: skip


def test_tokens_are_counted_to_the_line_that_brings_the_gold(by_characters: Characters) -> None:
    turns = [
        Turn("Bash", "{1234}", [ReplyLine("y" * 100)]),  # 4 + 6 + 5 to call, 7 + 100 in reply: 122
        Turn("Read", "{}", lines("a.py", 1, 10, 50)),  # 4 + 2 + 5 and 7 + 500: 518
        Turn("Read", "{}", lines("b.py", 1, 10, 50)),
        Turn("Read", "{}", lines("c.py", 1, 10, 50)),
    ]
    spent = spend(iter(turns), [Target("a.py", 4, 4), Target("b.py", 2, 2)], by_characters, overhead=200)
    first = 200 + 122 + 18 + 4 * 50
    gold = 200 + 122 + 518 + 18 + 2 * 50
    assert (spent.first, spent.gold, spent.resident) == (first, gold, 200 + 122 + 2 * 518)
    assert (spent.turns, spent.calls) == (3, 15 + 11 + 11)
    assert spent.reread == 200 + (200 + 122) + (200 + 122 + 518)
    assert spent.recalls == (0.0, 1.0, 1.0, 1.0, 1.0)
    assert (
        spend(iter(turns), [Target("a.py", 4, 4), Target("z.py")], by_characters, overhead=200).recalls[1]
        == 0.5
    )


def test_a_miss_is_charged_the_cap(by_characters: Characters) -> None:
    exhausted = spend(iter([Turn("Read", "{}", lines("a.py", 1, 2, 50))]), [Target("z.py")], by_characters)
    assert (exhausted.first, exhausted.gold, exhausted.resident, exhausted.turns) == (CAP, CAP, CAP, 1)
    endless = (Turn("Read", "{}", lines("a.py", 1, 100, 100)) for _ in range(1_000))
    assert spend(endless, [Target("z.py")], by_characters).turns == 2
    late = spend(
        iter([Turn("Read", "{}", lines("a.py", 1, 300, 100))]), [Target("a.py", 250, 250)], by_characters
    )
    assert (late.gold, late.resident) == (CAP, CAP)


def test_a_reply_that_holds_the_gold_stays_whole(by_characters: Characters) -> None:
    spent = spend(
        iter([Turn("Read", "{}", lines("a.py", 1, 300, 100))]), [Target("a.py", 1, 1)], by_characters
    )
    assert (spent.gold, spent.resident) == (11 + 7 + 100, 11 + 7 + 30_000)


def test_keywords_are_what_a_question_tells() -> None:
    assert choose_keywords("How are the routes registered for a Blueprint?") == (
        "rout",
        "register",
        "blueprint",
    )
    assert choose_keywords("ShouldBindJSON and parse_url of 42") == ("ShouldBindJSON", "parse_url")
    assert choose_keywords("what is it") == ("what",)


@pytest.mark.parametrize("matcher", MATCHERS, ids=lambda matcher: type(matcher).__name__)
def test_hidden_ignored_and_binary_files_are_not_searched(tree: Path, matcher: Matcher) -> None:
    source = SourceTree(tree, matcher)
    assert source.match("ledger") == {
        "one.py": [1, 3], "two.py": [1], "keep.log": [1], "deep/inner/more.py": [10], "umlaut.py": [1],
        "latin.txt": [1],
    }  # fmt: skip


@pytest.mark.skipif(not RIPGREP, reason="ripgrep is not installed")
@pytest.mark.parametrize("keyword", ["ledger", "LEDGER", "über", "er", "nothing there", "x", "e"])
def test_figures_do_not_depend_on_what_matches(tree: Path, keyword: str) -> None:
    ours, theirs = (SourceTree(tree, matcher) for matcher in MATCHERS)
    assert ours.texts.keys() == theirs.texts.keys()
    assert ours.match(keyword) == theirs.match(keyword)


@pytest.mark.skipif(not RIPGREP, reason="ripgrep is not installed")
def test_matches_with_context_are_what_ripgrep_prints(tree: Path) -> None:
    (tree / "latin.txt").unlink()
    write_files(tree, {"far.py": "ledger\n" + "x\n" * 20 + "ledger\n" + "y\n" * 5 + "ledger\n"})
    (turn,) = arms.grep_context(SourceTree(tree, PythonMatcher()), "ledger")
    command = [str(RIPGREP), "-n", "-i", "-C", "3", "--sort", "path", "--no-require-git", "ledger"]
    printed = subprocess.run(
        command, cwd=tree, capture_output=True, check=True, text=True, stdin=subprocess.DEVNULL
    )
    told = [
        line
        for line in printed.stdout.replace("\r", "").split("\n")[:-1]
        if not line.startswith("binary.bin")
    ]
    ours = [line.text.replace("\r", "") for line in turn.lines]
    assert [line for line in ours if line != "--"] == [line for line in told if line != "--"]
    assert abs(ours.count("--") - told.count("--")) <= 1
    assert len(told) > 20


def test_files_rank_by_rare_words_and_many_lines(tmp_path: Path) -> None:
    files = {f"{name}.py": "common\n" for name in "abcdef"}
    write_files(
        tmp_path, {**files, "many.py": "common\n" * 8, "rare.py": "seldom\n", "z/seldom.py": "common\n"}
    )
    ranked = rank_files(SourceTree(tmp_path, PythonMatcher()), ["common", "seldom"])
    # ln(1 + 9/2)(1 + ln 2) + ln(1 + 9/8) = 3.64; ln(1 + 9/2) = 1.70; ln(1 + 9/8)(1 + ln 8) = 2.32; ln(1 + 9/8) = 0.75
    assert [(found.path, round(found.score, 2)) for found in ranked][:4] == [
        ("z/seldom.py", 3.64), ("many.py", 2.32), ("rare.py", 1.70), ("a.py", 0.75),
    ]  # fmt: skip


def test_windows_hold_most_words_first_and_never_the_same_match_twice(tmp_path: Path) -> None:
    text = ["alpha", *["-"] * 48, "alpha", "beta", *["-"] * 48, "beta"]
    write_files(tmp_path, {"a.py": "\n".join(text) + "\n"})
    (found,) = rank_files(SourceTree(tmp_path, PythonMatcher()), ["alpha", "beta"])
    assert list(found.windows(10, 100)) == [Window(45, 54), Window(1, 10), Window(91, 100)]
    assert list(found.windows(500, 100)) == [Window(1, 100)]


def test_windows_are_read_in_the_order_of_the_files_then_the_next_ones(tmp_path: Path) -> None:
    far = "parcel\n" + "x\n" * 300 + "parcel\n"
    write_files(tmp_path, {"a.py": far + "parcel\n", "b.py": far})
    listing, *reads = arms.read_windows(50)(SourceTree(tmp_path, PythonMatcher()), "parcels")
    assert [line.text for line in listing.lines] == ["a.py:3", "b.py:2"]
    assert [(turn.lines[0].path, turn.lines[0].start_line, len(turn.lines)) for turn in reads] == [
        ("a.py", 254, 50), ("b.py", 1, 50), ("a.py", 1, 50), ("b.py", 253, 50),
    ]  # fmt: skip
    assert json.loads(reads[1].input) == {"file_path": "b.py", "offset": 1, "limit": 50}


def test_reads_are_capped_as_claude_code_caps_them(tmp_path: Path) -> None:
    many, heavy = "parcel\n" * 3_000, "parcel " * 40_000 + "\n"
    write_files(tmp_path, {"many.py": many, "heavy.py": heavy, "wide.py": "parcel" * 1_000})
    source = SourceTree(tmp_path, PythonMatcher())
    _, *reads = arms.read_capped(source, "parcel")
    read = {turn.lines[0].path: turn for turn in reads if turn.lines[0].path}
    assert len(read["many.py"].lines) == 2_000
    assert len(read["wide.py"].lines[0].text) == len("1\t") + 2_000
    errors = [turn for turn in reads if turn.lines[0].text.startswith("File content exceeds")]
    assert [json.loads(turn.input)["file_path"] for turn in errors] == ["heavy.py"]
    _, *whole = arms.read_whole(source, "parcel")
    assert [len(turn.lines) for turn in whole] == [3_000, 1, 1]


def test_output_of_a_command_is_cut(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": ("parcel " * 10 + "\n") * 1_000})
    (turn,) = arms.grep_context(SourceTree(tmp_path, PythonMatcher()), "parcel")
    assert 29_000 < sum(len(line.text) + 1 for line in turn.lines) <= arms.BASH_CHARACTERS


def test_an_agent_with_the_tools_searches_then_reads_the_hits_then_what_was_left_out(tmp_path: Path) -> None:
    long = "def settle_parcels():\n" + "".join(f"    parcel_{n} = ship_parcel({n})\n" for n in range(400))
    write_files(tmp_path / "shop", {**CODE_BASE, "app/parcel.py": long})
    with open_index(tmp_path / "shop", tmp_path / "indexes") as memory:
        tools = OwnTools(memory)
        turns = list(tools.ask("settle parcels"))
        assert 500 < tools.overhead(EstimateCounter()) < 1_400
    assert [turn.tool.rpartition("__")[2] for turn in turns] == ["search", *["read"] * (len(turns) - 1)]
    assert len(turns) > 2
    shown = {(line.path, line.start_line) for turn in turns for line in turn.lines}
    assert {("app/parcel.py", number) for number in range(1, 402)} <= shown
