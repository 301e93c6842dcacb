"""Targets as people and tools write them: each means what its plain form means, in every door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_server.errors import NotFoundError, OutsideRepositoryError
from memory_server.memory import Memory
from memory_server.query.question import read_query
from memory_server.query.target_text import read_target, spell_name, spell_path
from memory_server.query.targets import MAX_PATH, FileTarget, find_area, find_named_file, resolve_target
from tests.support.answering import SAMPLE, make_sample, memory_over
from tests.support.code_base import write_files
from tests.support.properties import UNTIMED, assert_linear

PACKAGED = {
    "shop/__init__.py": "class Till:\n    def open(self) -> None:\n        pass\n",
    "tests/test_till.py": (
        "class TestTill:\n    def test_opens(self, kind):\n        pass\n\n\ndef test_shuts(kind):\n    pass\n"
    ),
    "a#L1.py": "FIRST = 1\n",
    "odd:1/a.py": "SECOND = 2\nTHIRD = 3\n",
    "b/kept.py": "FOURTH = 4\n",
}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    root = make_sample(tmp_path_factory.mktemp("written") / "shop")
    write_files(root, PACKAGED)
    yield memory_over(root)


def at(path: str, start: int = 2, end: int = 2) -> list[str]:
    """Lines of a path, as they are written; those with two lines where ``end`` is another."""
    named = path.replace("/", "\\")
    url = f"https://github.com/o/r/blob/feature/x/{path}"
    if start == end:
        return [
            f"{path}#L{start}", f"{path}#{start}", f"{path}#L{start}C5", f"{path}:{start}:5", f"{path}:L{start}",
            f"{path}:{start}:", f"{path}:{start}:5:", f"{path}({start})", f"{path}({start},5)", f"{path}({start},5):",
            f"{path}, line {start}", f"{path} line {start}", f"{path}:line {start}", f'File "{path}", line {start}',
            f'  File "{path}", line {start}, in <module>', f'"{path}", line {start}', f"{named}:{start}",
            f".\\{named}:{start}", f"./{path}:{start}", f"a/{path}:{start}", f"b/{path}#L{start}",
            f"https://github.com/o/r/blob/main/{path}#L{start}", f"{url}?plain=1#L{start}", f"`{path}:{start}`",
            f"https://gitlab.com/g/o/r/-/blob/v1.0/{path}#L{start}", f"'{path}':{start}", f'"{path}:{start}"',
            f"https://raw.githubusercontent.com/o/r/main/{path}#L{start}",
        ]  # fmt: skip
    lines = f"{start}-{end}"
    return [
        f"{path}#L{start}-L{end}", f"{path}#L{start}-{end}", f"{path}#L{start}C1-L{end}C9", f"{path}:L{start}-L{end}",
        f"{path}:{lines}:3", f"{path}:{start}:5-{end}:9", f"{path}({lines})", f"{path}, lines {lines}",
        f"{path} lines {lines}", f"{named}:{lines}", f"{named}#L{start}-L{end}", f"{url}#L{start}-L{end}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "path", ["shop/cart.py", "web/cart.ts", "server/main.go", "store/Store.java", "engine/lib.rs"]
)
def test_lines_are_found_however_they_are_written(memory: Memory, path: str) -> None:
    for start, end in ((2, 2), (2, 4)):
        plain = resolve_target(memory.view, memory.root, f"{path}:{start}-{end}")
        for text in (*at(path, start, end), *at(f"{memory.root}/{path}", start, end)[:5]):
            assert resolve_target(memory.view, memory.root, text) == plain, text
            assert find_named_file(memory.root, text) == path, text
            assert find_area(memory.view, memory.root, text) == path, text
        assert (
            resolve_target(memory.view, memory.root, f"file://{memory.root}/{path}#L{start}-L{end}") == plain
        )


@pytest.mark.parametrize(
    "text",
    [
        "shop/cart.py", "shop\\cart.py", ".\\shop\\cart.py", "a/shop/cart.py", "b/shop/cart.py", "cart.py", "shop.cart",
        '"shop\\cart.py"', "'shop/cart.py'", "https://github.com/o/r/blob/main/shop/cart.py", "b\\shop\\cart.py",
        "https://github.com/o/r/blob/feature/x/shop/cart.py",
    ],
)  # fmt: skip
def test_a_file_is_found_however_it_is_written(memory: Memory, text: str) -> None:
    assert memory.read([text]).text() == memory.read(["shop/cart.py"]).text()


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("shop/cart.py::Cart.add", [
            "shop.cart.Cart.add", "shop/cart.Cart.add", "shop::cart::Cart::add", "shop.cart:Cart.add", "Cart#add",
            "Cart.add()", "Cart.add(name, price)", "shop/cart.py:Cart.add", "shop/cart.py#Cart.add",
            "shop\\cart.py::Cart.add", "shop\\cart\\Cart\\add", "a/shop/cart.py::Cart.add()", "cart.Cart::add(name)",
        ]),
        ("shop/__init__.py::Till.open", ["shop.Till.open", "shop:Till.open", "shop.__init__.Till.open"]),
        ("web/cart.ts::CartView.render", [
            "web/cart.CartView.render", "CartView#render(items: Item[])", "web\\cart.ts#CartView.render",
        ]),
        ("server/main.go::newMux", ["main.newMux", "server/main.newMux()", "server.main.newMux"]),
        ("store/FileStore.java::FileStore.save", [
            "store.FileStore.save(String)", "FileStore#save(java.lang.String)", "store.FileStore::save",
        ]),
        ("engine/lib.rs::Minimum.holds", ["engine::lib::Minimum::holds", "lib.(*Minimum).holds"]),
        ("tests/test_till.py::TestTill.test_opens", [
            "tests/test_till.py::TestTill::test_opens[a::b/c.d-1]", "tests/test_till.py::TestTill::test_opens",
        ]),
        ("tests/test_till.py::test_shuts", ["tests/test_till.py::test_shuts[x(1)]", "tests\\test_till.py::test_shuts"]),
    ],
)  # fmt: skip
def test_a_symbol_is_found_however_tools_write_it(memory: Memory, plain: str, written: list[str]) -> None:
    found = memory.read([plain]).text()
    for text in written:
        assert memory.read([text]).text() == found, text


@pytest.mark.parametrize(
    ("text", "path", "start"),
    [
        ("a#L1.py", "a#L1.py", 1), ("a#L1.py#L1", "a#L1.py", 1), ("odd:1/a.py", "odd:1/a.py", 1),
        ("odd:1/a.py:2", "odd:1/a.py", 2), ("odd:1/a.py:2:7", "odd:1/a.py", 2), ("b/kept.py", "b/kept.py", 1),
    ],
)  # fmt: skip
def test_a_file_that_is_called_so_is_meant_first(memory: Memory, text: str, path: str, start: int) -> None:
    (found,) = memory.read([text]).slices
    assert (found.path, found.start_line) == (path, start)


def test_every_door_takes_a_path_as_it_is_written(memory: Memory) -> None:
    hits = memory.search("total", path="shop/cart.py").text()
    callers = memory.related("shop/cart.py::Cart.total", "callers").text()
    for text in ("shop\\cart.py", "./shop/cart.py", "a/shop/cart.py", "cart.py", "shop/cart.py:12"):
        assert memory.search("total", path=text).text() == hits
        assert memory.outline(text).text() == memory.outline("shop/cart.py").text()
        assert memory.related(f"{text.partition(':')[0]}::Cart.total", "callers").text() == callers
    assert memory.outline("shop\\").text() == memory.outline("shop").text()
    assert memory.outline("{shop,web}/**/*.{py,ts}").languages == {"python": 4, "typescript": 2}
    assert not memory.outline("{shop,web}").folders
    assert memory.outline("shop\\*.py").text() == memory.outline("shop/*.py").text()


def test_a_search_reads_the_places_of_a_trace() -> None:
    for text in at("shop/cart.py", 20, 20):
        if text.endswith(("#20", "#L20C5", "?plain=1#L20", "':20")):
            continue  # no tool prints a place so
        ((path, line),) = read_query(f"it broke at {text} again").places
        assert path.replace("\\", "/").endswith("shop/cart.py"), text
        assert line == 20


def test_a_page_with_lines_finds_what_is_there(memory: Memory) -> None:
    url = "https://github.com/o/r/blob/main/shop/cart.py"
    assert memory.search(f"{url}#L20-L22")[0].name == "Cart.total"
    assert memory.search(url)[0].kind == "file"


@pytest.mark.parametrize(
    "text",
    [
        "..\\x.py", "shop\\..\\..\\x.py", "..\\..\\etc\\passwd:1", "file:///etc/passwd", "file:///etc/passwd#L1",
        "https://github.com/o/r/blob/main/../../../etc/passwd", "a/../../x.py", "b\\..\\..\\x.py",
        "https://github.com/o/r/blob/main/%2e%2e/%2e%2e/etc/passwd",
    ],
)  # fmt: skip
def test_nothing_written_leads_outside(memory: Memory, text: str) -> None:
    for ask in (resolve_target, find_area):
        with pytest.raises((OutsideRepositoryError, NotFoundError)):
            found = ask(memory.view, memory.root, text)
            if isinstance(found, str):
                memory.outline(text)


def test_a_link_written_with_other_separators_is_not_followed_outside(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hidden\n")
    root = make_sample(tmp_path / "shop")
    (root / "shop" / "out").symlink_to(tmp_path)
    memory = memory_over(root)
    for text in ("shop\\out\\secret.txt", "a/shop/out/secret.txt", f"file://{root}/shop/out/secret.txt"):
        with pytest.raises(OutsideRepositoryError):
            memory.read([text])


@settings(UNTIMED, max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            [*SAMPLE, "shop\\cart.py", *"ab/\\:#()-,.[]{}\"'` L1C%", "::", "12", " line ", "file://", ".."]
        ),
        max_size=8,
    )
)
def test_whatever_is_written_is_answered_inside_or_refused(memory: Memory, pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        found = resolve_target(memory.view, memory.root, text)
    except (NotFoundError, OutsideRepositoryError) as error:
        assert error.hint
        return
    paths = (
        [found.path]
        if isinstance(found, FileTarget)
        else [memory.view.path_of(symbol) for symbol in found.symbols]
    )
    for path in paths:
        assert (memory.root / path).resolve().is_relative_to(memory.root.resolve())


@pytest.mark.parametrize(
    "piece",
    [
        "a", ":", "#", "::", ":1", "#L1", "(", "(1", "-", "[", ", in ", ", line 1", " line ", "/", "\\", "(*a)", "a/",
        "1:1-",
    ],
)  # fmt: skip
def test_a_target_is_read_in_linear_time(piece: str) -> None:
    def read(count: int) -> None:
        text = piece * count
        list(read_target(text))
        list(spell_path(text))
        list(spell_path(f"https://{text}/o/r/blob/{text}"))
        spell_name(text)

    assert_linear(read, 8 * MAX_PATH // len(piece))
