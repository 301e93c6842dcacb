"""A question's time, and the part of it that a step of the answer may take."""

from __future__ import annotations

from contextvars import copy_context

import pytest

from memory_server.deadline import check_time, due_in, due_in_part, is_overdue
from memory_server.errors import OverdueError
from tests.support.answering import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("memory_server.deadline.time", found)
    return found


def test_a_part_is_over_before_the_whole(clock: Clock) -> None:
    with due_in(20):
        clock.now += 10
        with due_in_part(0.5):
            clock.now += 5
            assert not is_overdue()
            clock.now += 1
            assert is_overdue()
        assert not is_overdue()
        clock.now += 5
        with pytest.raises(OverdueError):
            check_time()


def test_a_part_of_no_end_has_none(clock: Clock) -> None:
    with due_in_part(0.5):
        clock.now += 1e9
        assert not is_overdue()


@pytest.mark.usefixtures("clock")
def test_a_part_is_over_with_a_question_that_is_given_up() -> None:
    with due_in(20), due_in_part(0.5):
        thread = copy_context()
        assert not thread.run(is_overdue)
    assert thread.run(is_overdue)


@pytest.mark.usefixtures("clock")
def test_a_part_that_still_runs_is_over_with_its_question() -> None:
    with due_in(20):
        thread = copy_context()
    with pytest.raises(OverdueError):
        thread.run(_check_part)


def _check_part() -> None:
    with due_in_part(0.5):
        check_time()
