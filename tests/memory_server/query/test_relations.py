"""Walks over the reference graph of a sample repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexers.summarize import Summary
from memory_server.errors import QueryError
from memory_server.memory import Memory
from memory_server.query.relations import RELATIONS, SURE, RelatedSymbol, count_unresolved, find_related
from memory_server.query.targets import describe_symbol, find_symbols
from tests.support.answering import make_sample, memory_over
from tests.support.code_base import write_files


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    yield memory_over(make_sample(tmp_path_factory.mktemp("relations") / "shop"))


@dataclass(frozen=True, slots=True)
class Described:
    """A related symbol with its summary."""

    summary: Summary
    found: RelatedSymbol


def starts_of(memory: Memory, name: str) -> tuple[int, ...]:
    place = memory.view.file_index.get(name)
    return find_symbols(memory.view, name) if place is None else (int(memory.view.first[place]),)


def relatives_of(memory: Memory, name: str, relation: str, depth: int = 1) -> list[Described]:
    found = find_related(memory.view, starts_of(memory, name), relation, depth)
    return [Described(describe_symbol(memory.view, related.symbol), related) for related in found]


def told(relatives: list[Described]) -> list[str]:
    return [relative.summary.name or relative.summary.path for relative in relatives]


def test_callers_come_with_the_lines_of_their_calls(memory: Memory) -> None:
    found = relatives_of(memory, "Cart.total", "callers")
    assert [(relative.summary.name, relative.found.lines) for relative in found] == [
        ("total", (5,)),
        ("pay", (5,)),
        ("test_total_adds_up", (16,)),
    ]


def test_what_is_sure_comes_before_what_is_not_and_tests_come_last(memory: Memory) -> None:
    found = relatives_of(memory, "Cart.total", "callers")
    assert [relative.found.confidence >= SURE for relative in found] == [True, False, False]
    assert found[-1].summary.path == "tests/test_cart.py"


def test_callers_of_callers_are_further_away(memory: Memory) -> None:
    found = relatives_of(memory, "apply_discount", "callers", depth=2)
    assert told(found)[:3] == ["Cart.total", "GiftCart.total", "test_discount_is_taken_off"]
    assert {relative.found.depth for relative in found[3:]} == {2}
    assert all(relative.found.confidence <= 1.0 for relative in found)


def test_a_walk_never_comes_back_to_its_start(memory: Memory) -> None:
    for name in ("Cart.total", "apply_discount", "pay"):
        for relation in RELATIONS:
            assert name not in told(relatives_of(memory, name, relation, depth=4))


def test_callees_count_what_is_written_inside(memory: Memory) -> None:
    assert told(relatives_of(memory, "Cart.total", "callees")) == ["add_tax", "apply_discount"]
    assert set(told(relatives_of(memory, "Cart", "callees"))) == {"add_tax", "apply_discount"}
    assert all(not relative.found.lines for relative in relatives_of(memory, "Cart.total", "callees"))


def test_implementations_are_types_for_a_type_and_methods_for_a_method(memory: Memory) -> None:
    assert told(relatives_of(memory, "Store", "implementations")) == ["FileStore", "MemoryStore"]
    assert told(relatives_of(memory, "Store.save", "implementations")) == [
        "FileStore.save",
        "MemoryStore.save",
    ]
    assert told(relatives_of(memory, "Cart", "implementations")) == ["GiftCart"]
    assert told(relatives_of(memory, "add_tax", "implementations")) == []


def test_importers_are_files(memory: Memory) -> None:
    found = relatives_of(memory, "shop/cart.py", "importers")
    assert told(found) == ["examples/demo.py", "shop/checkout.py", "tests/test_cart.py"]
    assert {relative.summary.kind for relative in found} == {"file"}
    assert told(relatives_of(memory, "add_tax", "importers")) == ["shop/cart.py"]


def test_callers_of_a_file_are_elsewhere(memory: Memory) -> None:
    assert "shop/prices.py" not in {
        relative.summary.path for relative in relatives_of(memory, "shop/prices.py", "callers")
    }


def test_tests_reach_what_they_test_through_one_helper(memory: Memory) -> None:
    found = relatives_of(memory, "Cart", "tests")
    assert [(relative.summary.name, relative.found.depth) for relative in found] == [
        ("make_cart", 1),
        ("test_total_adds_up", 2),
    ]


def test_a_call_of_overloads_is_as_sure_as_a_call_of_one(memory: Memory) -> None:
    (caller,) = relatives_of(memory, "describeItem", "callers")
    assert caller.summary.name == "CartView.render"
    assert caller.found.confidence >= SURE


def test_an_unknown_relation_is_refused(memory: Memory) -> None:
    with pytest.raises(QueryError, match="unknown relation 'cousins'"):
        relatives_of(memory, "Cart", "cousins")


@pytest.mark.parametrize(
    ("name", "relation", "count"),
    [
        ("Cart.total", "callers", 1),  # super().total
        ("Cart.add", "callers", 0),
        ("pay", "callees", 1),  # print
        ("Cart.add", "callees", 1),  # ValueError
        ("Serve", "callees", 1),  # http.ListenAndServe
        ("shop/prices.py", "callers", 0),
    ],
)
def test_references_whose_target_is_not_known_are_counted(
    memory: Memory, name: str, relation: str, count: int
) -> None:
    assert count_unresolved(memory.view, starts_of(memory, name), relation) == count


def test_calls_of_a_name_that_fits_too_many_are_counted(tmp_path: Path) -> None:
    many = {f"far{place}/run.py": "class Job:\n    def launch(self): ...\n" for place in range(6)}
    write_files(tmp_path, {**many, "main.py": "def start(job):\n    job.launch()\n"})
    memory = memory_over(tmp_path)
    start = next(place for place, name in enumerate(memory.view.names) if name == "launch")
    assert find_related(memory.view, [start], "callers") == []
    assert count_unresolved(memory.view, [start], "callers") == 1
