"""The quick half of every kind of fault: few trials of each sort; none goes wrong, and all do of a broken product."""

from __future__ import annotations

import sys

import pytest

from eval.faults import grammars
from eval.faults.command import KINDS, try_all
from eval.faults.ground import commands
from eval.faults.trials import FaultReport

pytestmark = pytest.mark.slow  # commands are started, killed and completed

ROUNDS = {
    "kills": 1,
    "corruption": 1,
    "torn": 1,
    "disk": 1,
    "contention": 1,
    "hostile": 1,
    "grammars": 1,
    "soak": 1,
}


def try_quickly(kind: str) -> FaultReport:
    def hear(_: str) -> None:
        pass

    return try_all({kind: KINDS[kind]}, 1, ROUNDS[kind], quick=True, show=hear, tell=hear)


@pytest.mark.parametrize("kind", ROUNDS)
def test_nothing_goes_wrong(kind: str) -> None:
    (found,) = try_quickly(kind).kinds
    assert found.trials
    assert found.failures == ()


@pytest.mark.parametrize("kind", sorted(ROUNDS.keys() - {"torn", "grammars"}))
def test_a_product_that_is_broken_is_told_by_every_kind(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "COMMAND", (sys.executable, "-c", "raise ValueError('unforeseen')"))
    assert try_quickly(kind).failed


def test_a_parse_that_is_not_the_same_twice_or_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [("cut", "a.py", b"x = 1\n")]
    assert grammars.judge(made) == []
    results = iter([1, 2])
    monkeypatch.setattr(grammars, "parse_file", lambda _: next(results))
    assert "parsed twice to something else" in grammars.judge(made)[0]

    def fail(_: object) -> None:
        raise ValueError("unforeseen")

    monkeypatch.setattr(grammars, "parse_file", fail)
    assert "ValueError: unforeseen" in grammars.judge(made)[0]
