"""A file replaced while a question is answered: what is shown of it and what is said of it are of one state."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.faults.torn import ASKED, MOVING, find_shifts, judge, write_moving
from indexers.files import read_head
from memory_server.errors import NotFoundError
from memory_server.memory import Memory
from tests.support.git_project import Project
from tests.support.indexing import open_memory

OnRead = Callable[[int], None]


@pytest.fixture
def memory(repository: Project) -> Memory:
    write_moving(repository.root, 0)
    memory = open_memory(repository.root)
    memory.sync()
    return memory


def at_each_read(monkeypatch: pytest.MonkeyPatch, act: OnRead, *, after: bool) -> list[int]:
    """Act on every reading of the moving file's content, before or after it; the numbers of the readings so far."""
    original, reads = read_head, [0]

    def read(path: str, *arguments: int) -> bytes:
        if not path.endswith(f"/{MOVING}"):
            return original(path, *arguments)
        reads[0] += 1
        if not after:
            act(reads[0])
        data = original(path, *arguments)
        if after:
            act(reads[0])
        return data

    monkeypatch.setattr("indexers.source.walk.read_head", read)
    return reads


@pytest.mark.slow
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("replaced", [{1}, {2}, {3}, {1, 2}, {2, 3}, set(range(1, 1_000))])
def test_a_file_replaced_at_any_reading_is_told_of_as_one_state(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, asked: str, after: bool, replaced: set[int]
) -> None:
    def replace(number: int) -> None:
        if number in replaced:
            write_moving(memory.root, 7 * number)

    reads = at_each_read(monkeypatch, replace, after=after)
    write_moving(memory.root, 3)
    assert judge(asked, ASKED[asked](memory)) == []
    assert reads[0] < 20


@pytest.mark.slow
@pytest.mark.parametrize("asked", [asked for asked in ASKED if asked not in ("outline", "callees")])
def test_bytes_are_told_apart_where_size_and_time_are_not(memory: Memory, asked: str) -> None:
    path = memory.root / MOVING
    text = path.read_text(encoding="utf-8")
    times = (1_000_000_000, 1_000_000_000)
    os.utime(path, ns=times)
    memory.sync()
    path.write_text("\n" + text[:-1], encoding="utf-8")
    os.utime(path, ns=times)
    assert find_shifts(ASKED[asked](memory).json()) == {1}


def test_a_symbol_that_went_with_the_last_reading_is_not_found(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rewrite(number: int) -> None:
        (memory.root / MOVING).write_text(f"def other():\n    return {number}\n" * number, encoding="utf-8")

    at_each_read(monkeypatch, rewrite, after=False)
    with pytest.raises(NotFoundError, match="no symbol or file"):
        memory.read(["step_3"])


def test_a_file_that_went_with_the_last_reading_is_not_served(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_each_read(monkeypatch, lambda _: (memory.root / MOVING).unlink(missing_ok=True), after=False)
    assert MOVING not in memory.search("carry freight onward").text()
    with pytest.raises(NotFoundError):
        memory.read([f"{MOVING}::step_3"])


def test_the_same_file_of_several_targets_is_read_once(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = at_each_read(monkeypatch, lambda _: None, after=False)
    memory.read([f"{MOVING}::step_{number}" for number in range(5)])
    assert reads[0] == 1


def test_the_checker_sees_lines_of_another_state(tmp_path: Path) -> None:
    write_moving(tmp_path, 2)
    lines = [
        {"line": 6, "text": "def step_1(freight_1):"},
        {"line": 8, "text": "    return step_1(carried_0)"},
    ]
    torn = {"slices": [{"path": MOVING, "name": "step_1", "start_line": 6, "lines": lines}]}
    assert len(find_shifts(torn)) > 1
