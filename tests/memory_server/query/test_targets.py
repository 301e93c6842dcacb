"""Targets: what people and models write to name a symbol, a file, or lines of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_server.errors import NotFoundError, OutsideRepositoryError, QueryError
from memory_server.memory import Memory
from memory_server.query.targets import (
    MAX_PATH,
    FileTarget,
    SymbolTarget,
    are_overloads,
    find_symbols,
    inside_root,
    nearest_names,
    resolve_target,
)
from tests.support.answering import make_sample, memory_over
from tests.support.properties import UNTIMED


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    yield memory_over(make_sample(tmp_path_factory.mktemp("targets") / "shop"))


def names_of(memory: Memory, text: str) -> list[str]:
    found = resolve_target(memory.view, memory.root, text)
    assert isinstance(found, SymbolTarget)
    view = memory.view
    return [f"{view.path_of(symbol)}::{view.qualified_names[symbol]}" for symbol in found.symbols]


@pytest.mark.parametrize(
    "text",
    [
        "Cart.add", "cart.add", "Cart::add", "Cart#add", "Cart->add", "`Cart.add`", " Cart.add() ", "cart.Cart.add",
        "shop.cart.Cart.add", "shop/cart/Cart/add", "shop/cart.py::Cart.add", "cart.py::add",
    ],
)  # fmt: skip
def test_a_symbol_is_found_however_its_name_is_written(memory: Memory, text: str) -> None:
    assert names_of(memory, text) == ["shop/cart.py::Cart.add"]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("shop/cart.py", FileTarget("shop/cart.py")),
        ("./shop/cart.py", FileTarget("shop/cart.py")),
        ("checkout.py", FileTarget("shop/checkout.py")),
        ("shop/cart.py:12", FileTarget("shop/cart.py", 12, 12)),
        ("shop/cart.py:12-40", FileTarget("shop/cart.py", 12, 40)),
        ("shop/cart.py:40-12", FileTarget("shop/cart.py", 40, 40)),
        ("shop/cart.py:0", FileTarget("shop/cart.py", 1, 1)),
    ],
)
def test_a_file_and_its_lines_are_found(memory: Memory, text: str, target: FileTarget) -> None:
    assert resolve_target(memory.view, memory.root, text) == target


def test_code_is_meant_before_tests_examples_and_fields(memory: Memory) -> None:
    assert names_of(memory, "total") == ["shop/cart.py::Cart.total", "shop/cart.py::GiftCart.total"]
    assert names_of(memory, "Minimum") == ["engine/lib.rs::Minimum"]


def test_the_most_important_of_several_comes_first(memory: Memory) -> None:
    found = find_symbols(memory.view, "save")
    importance = [float(memory.view.graph.importance[symbol]) for symbol in found]
    assert importance == sorted(importance, reverse=True)
    assert len(found) == 3


def test_overloads_in_a_row_are_one_target(memory: Memory) -> None:
    view = memory.view
    assert are_overloads(view, find_symbols(view, "describeItem"))
    assert not are_overloads(view, find_symbols(view, "save"))
    assert are_overloads(view, find_symbols(view, "add_tax"))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Crat", "did you mean Cart?"),
        ("aply_discount", "did you mean apply_discount?"),
        ("Cart.totl", "did you mean Cart.total?"),
        ("iscount", "did you mean apply_discount"),
        ("shop/cart.py::Cart.totals", "did you mean Cart.total"),
        ("shop/cart.py::nothing", "outline shop/cart.py lists its symbols"),
        ("shop/crat.py", "did you mean shop/cart.py"),
        ("shop/chekout.py:12", "did you mean shop/checkout.py?"),
        ("Stor.java::Store.save", "did you mean store/Store.java"),
        ("zzzzzzzz", "use search to find it"),
        ("", "use search to find it"),
    ],
)
def test_a_name_that_nothing_has_brings_the_nearest_ones(memory: Memory, text: str, hint: str) -> None:
    with pytest.raises(NotFoundError) as error:
        resolve_target(memory.view, memory.root, text)
    assert error.value.hint.startswith(hint)


def test_an_error_repeats_little_of_a_long_name(memory: Memory) -> None:
    with pytest.raises(NotFoundError) as error:
        resolve_target(memory.view, memory.root, "x" * MAX_PATH)
    assert len(str(error.value)) < 100


def test_a_target_longer_than_any_is_refused(memory: Memory) -> None:
    with pytest.raises(QueryError, match=r"a target of 1,001 characters, 1,000 is the most"):
        resolve_target(memory.view, memory.root, "a/" * (MAX_PATH // 2) + "b")


@pytest.mark.parametrize("text", ["..", "../x.py", "a/../../x", "/etc/passwd", "a\0b"])
def test_a_path_that_leads_outside_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(OutsideRepositoryError):
        inside_root(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "path"), [("", "."), ("a/b", "a/b"), ("./a//b/", "a/b"), ("a/../b", "b"), ("**/*.py", "**/*.py")]
)
def test_a_path_inside_is_made_relative(tmp_path: Path, text: str, path: str) -> None:
    assert inside_root(tmp_path, text) == path
    assert inside_root(tmp_path, f"{tmp_path}/{text}") == path


@settings(UNTIMED, max_examples=100)
@given(st.text(max_size=300))
def test_any_text_is_a_target_or_a_clear_error(memory: Memory, text: str) -> None:
    try:
        found = resolve_target(memory.view, memory.root, text)
    except (NotFoundError, OutsideRepositoryError) as error:
        assert error.hint
    else:
        assert isinstance(found, FileTarget) or found.symbols


def test_the_nearest_names_are_names_of_code(memory: Memory) -> None:
    assert "discount" in memory.view.by_name
    assert nearest_names(memory.view, ["discoun"]) == ["apply_discount", "test_discount_is_taken_off"]
