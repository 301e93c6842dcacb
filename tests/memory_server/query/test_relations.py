"""Walks over the reference graph of a sample repository."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from memory_server.answer.render import SURE, Relative
from memory_server.errors import QueryError
from memory_server.memory import Memory
from memory_server.query.relations import RELATIONS, find_relatives
from memory_server.query.targets import find_symbols
from tests.support.answering import answers_over, make_sample


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    yield answers_over(make_sample(tmp_path_factory.mktemp("relations") / "shop")).memory


def relatives_of(memory: Memory, name: str, relation: str, depth: int = 1) -> list[Relative]:
    view = memory.view
    place = view.file_index.get(name)
    starts = find_symbols(view, name) if place is None else (int(view.first[place]),)
    return find_relatives(view, starts, relation, depth)


def told(relatives: list[Relative]) -> list[str]:
    return [relative.summary.name or relative.summary.path for relative in relatives]


def test_callers_come_with_the_lines_of_their_calls(memory: Memory) -> None:
    found = relatives_of(memory, "Cart.total", "callers")
    assert [(relative.summary.name, relative.lines) for relative in found] == [
        ("total", (5,)),
        ("pay", (5,)),
        ("test_total_adds_up", (16,)),
    ]


def test_what_is_sure_comes_before_what_is_not_and_tests_come_last(memory: Memory) -> None:
    found = relatives_of(memory, "Cart.total", "callers")
    assert [relative.confidence >= SURE for relative in found] == [True, False, False]
    assert found[-1].summary.path == "tests/test_cart.py"


def test_callers_of_callers_are_further_away(memory: Memory) -> None:
    found = relatives_of(memory, "apply_discount", "callers", depth=2)
    assert told(found)[:3] == ["Cart.total", "GiftCart.total", "test_discount_is_taken_off"]
    assert {relative.depth for relative in found[3:]} == {2}
    assert all(relative.confidence <= 1.0 for relative in found)


def test_a_walk_never_comes_back_to_its_start(memory: Memory) -> None:
    for name in ("Cart.total", "apply_discount", "pay"):
        for relation in RELATIONS:
            assert name not in told(relatives_of(memory, name, relation, depth=4))


def test_callees_count_what_is_written_inside(memory: Memory) -> None:
    assert told(relatives_of(memory, "Cart.total", "callees")) == ["add_tax", "apply_discount"]
    assert set(told(relatives_of(memory, "Cart", "callees"))) == {"add_tax", "apply_discount"}
    assert all(not relative.lines for relative in relatives_of(memory, "Cart.total", "callees"))


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
    assert [(relative.summary.name, relative.depth) for relative in found] == [
        ("make_cart", 1),
        ("test_total_adds_up", 2),
    ]


def test_a_call_of_overloads_is_as_sure_as_a_call_of_one(memory: Memory) -> None:
    (caller,) = relatives_of(memory, "describeItem", "callers")
    assert caller.summary.name == "CartView.render"
    assert caller.confidence >= SURE


def test_an_unknown_relation_is_refused(memory: Memory) -> None:
    with pytest.raises(QueryError, match="unknown relation 'cousins'"):
        relatives_of(memory, "Cart", "cousins")
