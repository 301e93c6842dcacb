"""The four answers: golden texts over a sample repository, and what every answer keeps to.

After a wanted change run ``UPDATE_GOLDEN=1 pytest tests/memory_server/answer/test_answers.py`` and read the diff.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexers.source.content import split_lines
from indexers.tokens import estimate_tokens
from memory_server.answer.reply import Reply
from memory_server.errors import NotFoundError, OutsideRepositoryError, QueryError
from memory_server.memory import Memory
from memory_server.visible import show_line
from tests.support.answering import SAMPLE, WordEmbedder, make_sample, memory_over
from tests.support.code_base import write_files
from tests.support.places import CHECKOUT, TESTS
from tests.support.properties import UNTIMED

GOLDEN = TESTS / "golden" / "answers"

CASES: dict[str, Callable[[Memory], Reply]] = {
    "search_text": lambda memory: memory.search("how is the total computed"),
    "search_name": lambda memory: memory.search("apply_discount"),
    "search_filtered": lambda memory: memory.search("save an order", path="store", kind="class"),
    "search_nothing": lambda memory: memory.search("total", path="docs/*.rst"),
    "search_small": lambda memory: memory.search("how is the total computed", budget=160),
    "read_method": lambda memory: memory.read(["Cart.total"]),
    "read_ambiguous": lambda memory: memory.read(["total"]),
    "read_several": lambda memory: memory.read(["describeItem", "server/main.go:6-8", "missing", "total"]),
    "read_class_that_does_not_fit": lambda memory: memory.read(["Cart"], budget=130),
    "read_function_that_does_not_fit": lambda memory: memory.read(["shop/cart.py::Cart.add"], budget=130),
    "read_file": lambda memory: memory.read(["naïve.py"]),
    "read_long_line": lambda memory: memory.read(["wide.py"]),
    "read_empty_file": lambda memory: memory.read(["empty.py"]),
    "read_section": lambda memory: memory.read(["docs/guide.md::Discounts"], context=0),
    "outline_repository": lambda memory: memory.outline(),
    "outline_small": lambda memory: memory.outline(budget=220),
    "outline_folder": lambda memory: memory.outline("shop"),
    "outline_glob": lambda memory: memory.outline("store/*.java"),
    "related_callers": lambda memory: memory.related("Cart.total", "callers"),
    "related_callers_far": lambda memory: memory.related("add_tax", "callers", depth=3),
    "related_callers_small": lambda memory: memory.related("add_tax", "callers", depth=3, budget=150),
    "related_callers_of_overloads": lambda memory: memory.related("describeItem", "callers"),
    "related_callees": lambda memory: memory.related("Cart.total", "callees"),
    "related_implementations": lambda memory: memory.related("Store", "implementations"),
    "related_implementations_of_method": lambda memory: memory.related("Rule.holds", "implementations"),
    "related_importers": lambda memory: memory.related("shop/prices.py", "importers"),
    "related_tests": lambda memory: memory.related("Cart", "tests"),
    "related_nothing": lambda memory: memory.related("Serve", "callers"),
    "related_ambiguous": lambda memory: memory.related("total", "callers"),
}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    yield memory_over(make_sample(tmp_path_factory.mktemp("sample") / "shop"))


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_its_golden_text(memory: Memory, name: str) -> None:
    golden = GOLDEN / f"{name}.txt"
    text = CASES[name](memory).text() + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_every_golden_text_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == CASES.keys()


NAMES = (
    "Cart",
    "total",
    "Cart.total",
    "describeItem",
    "save",
    "shop/cart.py",
    "wide.py",
    "naïve.py",
    "shop/cart.py:1-30",
)
TEXTS = st.one_of(st.sampled_from(NAMES), st.text(max_size=60), st.text(min_size=200, max_size=2_000))
BUDGETS = st.integers(100, 5_000)


def assert_fits(memory: Memory, text: str, budget: int) -> None:
    assert estimate_tokens(text) <= budget
    for number, line in re.findall(r"^ *(\d+)\t(.*)$", text, re.MULTILINE):
        assert int(number) > 0
        shown = line.split("… (")[0].removesuffix("…").rstrip()
        assert any(
            show_line(lines[int(number) - 1]).startswith(shown)
            for lines in (split_lines(known.encode()) for known in SAMPLE.values())
            if len(lines) >= int(number)
        ), line
    assert memory.view.paths


@pytest.mark.slow
@settings(UNTIMED, max_examples=60)
@given(query=TEXTS, budget=BUDGETS, path=st.sampled_from(["", "shop", "*.py"]))
def test_a_search_never_exceeds_its_budget(memory: Memory, query: str, budget: int, path: str) -> None:
    try:
        text = memory.search(query, path=path, budget=budget).text()
    except QueryError:
        assert not query.strip()
    else:
        assert_fits(memory, text, budget)


@pytest.mark.slow
@settings(UNTIMED, max_examples=60)
@given(targets=st.lists(TEXTS, min_size=1, max_size=6), budget=BUDGETS, context=st.integers(0, 50))
def test_a_read_never_exceeds_its_budget(
    memory: Memory, targets: list[str], budget: int, context: int
) -> None:
    try:
        text = memory.read(targets, context, budget).text()
    except (NotFoundError, OutsideRepositoryError, QueryError) as error:
        assert len(set(targets)) == 1
        assert len(str(error)) < 200
    else:
        assert_fits(memory, text, budget)


@settings(UNTIMED, max_examples=40)
@given(
    path=st.one_of(st.sampled_from(["", ".", "shop", "wide.py", "**/*.ts"]), st.text(max_size=20)),
    budget=BUDGETS,
)
def test_an_outline_never_exceeds_its_budget(memory: Memory, path: str, budget: int) -> None:
    try:
        text = memory.outline(path, budget).text()
    except (NotFoundError, OutsideRepositoryError, QueryError):
        assert path.strip()
    else:
        assert_fits(memory, text, budget)


@settings(UNTIMED, max_examples=60)
@given(
    symbol=TEXTS,
    relation=st.sampled_from(["callers", "callees", "implementations", "importers", "tests"]),
    depth=st.integers(1, 4),
    budget=BUDGETS,
)
def test_relatives_never_exceed_their_budget(
    memory: Memory, symbol: str, relation: str, depth: int, budget: int
) -> None:
    try:
        text = memory.related(symbol, relation, depth, budget).text()
    except (NotFoundError, OutsideRepositoryError, QueryError):
        assert symbol not in NAMES[:5]
    else:
        assert_fits(memory, text, budget)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["../other", "/etc", "shop/../../other", "link", "link/secret.py", "shop/../link"]
)
@pytest.mark.parametrize("tool", ["search", "read", "outline", "related"])
def test_a_path_outside_the_repository_is_refused(tmp_path: Path, tool: str, path: str) -> None:
    outside = tmp_path / "other"
    write_files(outside, {"secret.py": "def hidden(): pass\n"})
    root = make_sample(tmp_path / "shop")
    (root / "link").symlink_to(outside)
    memory = memory_over(root)
    asked: dict[str, Callable[[], Reply]] = {
        "search": lambda: memory.search("hidden", path=path),
        "read": lambda: memory.read([path]),
        "outline": lambda: memory.outline(path),
        "related": lambda: memory.related(path, "callers"),
    }
    with pytest.raises(OutsideRepositoryError, match="is outside the repository"):
        asked[tool]()


def test_lines_of_a_file_outside_the_repository_are_refused_among_others(memory: Memory) -> None:
    text = memory.read(["../other.py:1-3", "add_tax"]).text()
    assert "../other.py:1-3 is outside the repository; use a path inside the repository" in text
    assert "def add_tax" in text


@pytest.mark.parametrize("budget", [20, 45, 60, 100, 200, 2_000])
def test_a_target_for_which_there_is_no_room_is_counted(memory: Memory, budget: int) -> None:
    targets = ["save", "nothing_one", "Cart.totl", "total", "nothing_two", "Cart.add"]
    text = memory.read(targets, budget=budget).text()
    titles = re.findall(r"^(?:\w+ is ambiguous|no symbol|shop/cart.py:)", text, re.MULTILINE)
    dropped = re.search(r"^left out: (\d) of 6 targets; raise budget$", text, re.MULTILINE)
    assert len(titles) + (int(dropped[1]) if dropped else 0) == len(targets)


def test_an_absolute_path_inside_the_repository_is_taken(memory: Memory) -> None:
    root = memory.root
    assert memory.outline(str(root / "shop")) == memory.outline("shop")
    assert memory.read([f"{root}/shop/prices.py:6-8"]) == memory.read(["shop/prices.py:6-8"])
    assert memory.search("discount", path=str(root / "shop")) == memory.search("discount", path="shop/")


@pytest.mark.parametrize("name", [".env", ".git/config", "key.pem"])
def test_a_secret_is_not_read_even_by_its_path(tmp_path: Path, name: str) -> None:
    root = make_sample(tmp_path / "shop")
    write_files(root, {name: "password = hunter2\n"})
    with pytest.raises(NotFoundError, match="is not served"):
        memory_over(root).read([name])


def test_an_answer_shows_a_file_as_it_is_now(tmp_path: Path) -> None:
    root = make_sample(tmp_path / "shop")
    memory = memory_over(root)
    source = SAMPLE["shop/prices.py"].replace("def add_tax", "# a new line\n\n\ndef add_tax")
    (root / "shop/prices.py").write_text(source, encoding="utf-8")
    assert "9\tdef add_tax(price: int) -> int:" in memory.read(["add_tax"]).text()
    assert "\n  9-11 def add_tax(price: int) -> int\n" in memory.outline("shop/prices.py").text()


def test_a_file_that_came_later_is_found(tmp_path: Path) -> None:
    root = make_sample(tmp_path / "shop")
    memory = memory_over(root)
    write_files(root, {"shop/late.py": "def refund():\n    return add_tax(1)\n"})
    assert "1\tdef refund():" in memory.read(["refund"]).text()
    assert "late.py" in memory.outline("shop/late.py").text()


def test_a_line_beyond_the_end_is_told(memory: Memory) -> None:
    with pytest.raises(NotFoundError, match=r"shop/checkout.py has 10 lines"):
        memory.read(["shop/checkout.py:90-99"])


def test_an_unknown_relation_and_kind_name_the_known_ones(memory: Memory) -> None:
    with pytest.raises(QueryError, match="unknown relation 'friends'") as relation:
        memory.related("Cart", "friends")
    assert "callers, callees, implementations, importers, tests" in relation.value.hint
    with pytest.raises(QueryError, match="unknown kind 'klass'") as kind:
        memory.search("cart", kind="klass")
    assert "class, interface" in kind.value.hint


def test_the_same_question_gives_the_same_bytes_from_a_loaded_index(memory: Memory) -> None:
    with Memory.open(memory.root, embedder=WordEmbedder()) as written:
        written.sync()
    with Memory.open(memory.root, embedder=WordEmbedder()) as loaded:
        assert len(loaded.view)
        assert {name: ask(loaded).text() for name, ask in CASES.items()} == {
            name: ask(memory).text() for name, ask in CASES.items()
        }


ASK = """
import sys
from pathlib import Path
from tests.memory_server.answer.test_answers import CASES
from tests.support.answering import memory_over
memory = memory_over(Path(sys.argv[1]))
sys.stdout.buffer.write("\\n".join(ask(memory).text() for ask in CASES.values()).encode())
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["0", "4711"])
def test_the_same_question_gives_the_same_bytes_in_another_process(memory: Memory, seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(memory.root)],
        env=environment,
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == "\n".join(ask(memory).text() for ask in CASES.values())


def test_what_a_first_run_has_not_reached_is_said(memory: Memory) -> None:
    memory.index.building = "still indexing: 3 of 9 files"
    try:
        for name in ("search_text", "read_method", "outline_folder", "related_callers"):
            assert CASES[name](memory).text().endswith("\nstill indexing: 3 of 9 files")
    finally:
        memory.index.building = ""
