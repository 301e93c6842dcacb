"""The trials of faults are counted and told, and what is broken on purpose is found wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from eval.cli import app
from eval.errors import MeasureError
from eval.faults import command
from eval.faults.ground import commands
from eval.faults.ground.commands import Ended, isolated
from eval.faults.ground.place import Place
from eval.faults.trials import Plan, Trial


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with isolated(tmp_path):
        yield Place(Plan(Random(1), 1, True, tmp_path), files=3)


def cannot() -> list[str]:
    raise MeasureError("no such disk here", "use another machine")


def refused() -> list[str]:
    raise PermissionError("not allowed")


def sample(plan: Plan) -> Iterator[Trial]:
    for number in plan.pick(range(9)):
        yield Trial(f"drawn {number}", list)
    yield Trial("a bad one", lambda: ["it broke"])
    yield Trial("a raising one", refused)
    yield Trial("an impossible one", cannot)


def run_sample(monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    monkeypatch.setattr(command, "KINDS", {"sample": sample})
    result = CliRunner().invoke(app, ["faults", "--seed", "7", *words])
    return result.exit_code, result.stdout


def test_what_is_wrong_is_counted_told_and_ends_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out = run_sample(monkeypatch, "--quick", "--json")
    report = json.loads(out)
    (kind,) = report["kinds"]
    assert (code, report["seed"], report["rounds"]) == (1, 7, 2)
    assert (kind["trials"], kind["right"]) == (4, 2)
    assert kind["failures"] == [
        {"trial": "a bad one", "evidence": ["it broke"]},
        {"trial": "a raising one", "evidence": ["PermissionError: not allowed"]},
    ]
    assert kind["left_out"] == [{"name": "an impossible one", "reason": "no such disk here"}]
    assert "wrong: sample: a bad one\n  it broke" in run_sample(monkeypatch)[1]


def test_evidence_that_is_no_text_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "KINDS", {"odd": lambda _: iter([Trial("odd \udcff", lambda: ["\udcff"])])})
    result = CliRunner().invoke(app, ["faults", "--output", str(tmp_path / "kept.json")])
    assert result.exit_code == 1
    (kind,) = json.loads((tmp_path / "kept.json").read_text("utf-8"))["kinds"]
    assert kind["failures"] == [{"trial": "odd \udcff", "evidence": ["\udcff"]}]


def test_a_seed_draws_the_same_again_and_all_are_tried_unless_it_is_quick(tmp_path: Path) -> None:
    def names(seed: int, *, quick: bool) -> list[str]:
        return [trial.name for trial in sample(Plan(Random(seed), 3, quick, tmp_path))]

    assert names(1, quick=True) == names(1, quick=True)
    assert len({*map(tuple, (names(seed, quick=True) for seed in range(9)))}) > 1
    assert len(names(1, quick=False)) == 12


def test_an_unknown_kind_is_told() -> None:
    result = CliRunner().invoke(app, ["faults", "--only", "nothing"])
    assert result.exit_code == 1
    assert "use one of: " in result.stderr


@pytest.mark.parametrize(
    ("code", "err", "wrong"),
    [
        (0, "", ""),
        (0, "a warning\n", ""),
        (1, "error: no index\n\nhint: run it\n", ""),
        (1, "", ""),
        (1, "error: no index\n", "without one line and a hint"),
        (1, "error: one\ntwo\n\nhint: run it\n", "without one line and a hint"),
        (0, "Traceback (most recent call last):\n", "showed a traceback"),
        (2, "Usage:", "ended with 2"),
        (-11, "", "ended with -11"),
        (None, "", "did not end"),
    ],
)
def test_an_end_is_an_answer_or_one_line_and_a_hint(code: int | None, err: str, wrong: str) -> None:
    found = Ended(("index",), code, "", err).wrong()
    assert bool(found) == bool(wrong)
    assert all(wrong in told for told in found)
    assert Ended(("index",), code, "", err).wrong(0) or code == 0


BROKEN = {
    "raises": ("raise ValueError('unforeseen')", "ended with 1: Traceback"),
    "forgets a file": (
        "from memory_server.index import tree_files\n"
        "find = tree_files.list_entries\n"
        "tree_files.list_entries = lambda *given: (find(*given)[0][1:], find(*given)[1])",
        "is not indexed as a fresh index has it",
    ),
    "writes where it may not": ("open(sys.argv[3] + '/stray', 'w').close()", "changed outside of the index"),
    "ends before it did anything": ("sys.exit()", "has no index"),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", BROKEN)
def test_a_product_that_is_broken_is_found_wrong(
    place: Place, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    prelude, evidence = BROKEN[how]
    program = f"import sys\n{prelude}\nfrom memory_server.cli import main\nmain()"
    monkeypatch.setattr(commands, "COMMAND", (sys.executable, "-P", "-c", program))
    assert evidence in str(place.recover(place.outside()))
