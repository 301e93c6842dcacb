"""The quick half of every kind of fault: few trials of each sort, and none goes wrong."""

from __future__ import annotations

import pytest

from eval.faults.command import KINDS, try_all

pytestmark = pytest.mark.slow  # commands are started, killed and completed

ROUNDS = {"kills": 1, "corruption": 1, "torn": 1, "disk": 1, "contention": 1, "hostile": 1, "soak": 1}


@pytest.mark.parametrize("kind", ROUNDS)
def test_nothing_goes_wrong(kind: str) -> None:
    report = try_all({kind: KINDS[kind]}, 1, ROUNDS[kind], quick=True, show=lambda _: None)
    (found,) = report.kinds
    assert found.trials
    assert found.failures == ()
