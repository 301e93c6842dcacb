"""What an outline of a repository or a folder explains, on small code bases that are made for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.tokens import estimate_tokens
from memory_server.answer.outline.division import Piece, divide
from memory_server.answer.outline.links import shorten
from memory_server.answer.outline.manifests import Manifest, first_statement, read_manifests
from memory_server.memory import Memory
from tests.support.answering import memory_over
from tests.support.code_base import write_files

SHOP = {
    "pyproject.toml": """[project]
name = "tea-shop"
description = "Sells tea. And nothing else."

[project.scripts]
tea = "tea.cli:main"
""",
    "README.md": "# Tea\n\nA shop for tea.\n",
    "tea/__init__.py": '"""All that sells tea."""\n',
    "tea/cli.py": '"""The command line."""\n\nfrom tea.orders.book import Book\n\n\n'
    "def main() -> None:\n    Book().take()\n",
    "tea/orders/__init__.py": '"""Orders, from the first to the last. Longer text."""\n',
    "tea/orders/book.py": "from tea.store.shelf import Shelf, fetch\n\n\nclass Book:\n    time: int = 0\n\n"
    "    def take(self) -> None:\n        fetch(Shelf())\n\n    def drop(self) -> None:\n        fetch(Shelf())\n",
    "tea/orders/bill.py": "from tea.store.shelf import fetch\n\n\ndef send_bill() -> None:\n    fetch()\n",
    "tea/store/README.md": "# Store\n\nWhere the tea lies. Cold.\n",
    "tea/store/__init__.py": "",
    "tea/store/shelf.py": "class Shelf:\n    size: int = 0\n\n    def fill(self) -> None:\n        pass\n\n\n"
    "def fetch(shelf=None) -> None:\n    measure()\n\n\ndef measure() -> None:\n    pass\n",
    "vendor/lib/deep/copy.py": "def copied() -> None:\n    pass\n",
    "tests/test_book.py": "from tea.orders.book import Book\n\n\ndef test_take() -> None:\n    Book().take()\n",
    "docs/guide.md": "# Guide\n\nHow to sell.\n",
    "settings/port.yaml": "port: 80\n",
    "settings/host.yaml": "host: tea\n",
    "tea/orders/made_pb2.py": "def made() -> None:\n    pass\n",
}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    root = tmp_path_factory.mktemp("outline") / "tea"
    write_files(root, SHOP)
    return memory_over(root)


def told(memory: Memory, path: str = "", budget: int = 0) -> list[str]:
    return memory.outline(path, budget).text().splitlines()


def test_a_repository_says_what_it_is_where_it_is_entered_its_parts_and_what_lies_beside(
    memory: Memory,
) -> None:
    lines = told(memory)
    end = next(place for place, line in enumerate(lines) if line.startswith("  beside: "))
    assert lines[1 : end + 1] == [
        "  about: tea-shop (pyproject.toml) - Sells tea.",
        "  entry points: tea = tea.cli:main; tea/cli.py:6",
        "  tea/: __init__.py - All that sells tea.",
        "    cli.py: defines main; uses book.py - The command line.",
        "    orders/: __init__.py - Orders, from the first to the last.",
        "      bill.py: defines send_bill; uses shelf.py",
        "      book.py: central Book; uses shelf.py",
        "    store/: __init__.py - Where the tea lies.",
        "      shelf.py: central fetch, Shelf",
        "  beside: tests 1 (tests/); docs 3; vendored or built 1 (vendor/lib/deep/); "
        "configuration 3 (settings/); generated 1 (tea/orders/)",
    ]


def test_symbols_follow_where_there_is_room_for_all_of_them(memory: Memory) -> None:
    assert "  4-11 class Book" in told(memory)
    short = told(memory, budget=300)
    assert not any("class Book" in line for line in short)
    assert short[-1].startswith("left out: ")


def test_fewer_tokens_make_larger_parts_that_know_what_they_use(memory: Memory) -> None:
    assert "    store/: 2 files; central fetch, Shelf - Where the tea lies." in told(memory, budget=350)
    assert "      book.py: central Book; uses store" in told(memory, budget=350)


def test_a_folder_has_its_parts_and_is_described_by_what_lies_in_it(memory: Memory) -> None:
    lines = told(memory, "tea/store")
    assert lines[1] == "  about: tea/store/README.md - Where the tea lies."
    assert "    shelf.py: central fetch, Shelf" in lines
    assert told(memory, "tea")[1] == "  about: tea/__init__.py - All that sells tea."


def test_a_folder_of_tests_has_these_for_parts(memory: Memory) -> None:
    assert told(memory, "tests")[1] == "  tests/test_book.py: defines test_take"


def test_a_folder_without_code_has_its_headings_and_keys_listed(memory: Memory) -> None:
    assert told(memory, "docs") == ["docs: 1 file, 1 symbols (markdown 1)", "docs/guide.md", "  1-3 # Guide"]


@pytest.mark.parametrize("path", ["tea/store/shelf.py", "tea/store/*.py"])
def test_a_file_and_a_glob_have_no_architecture(memory: Memory, path: str) -> None:
    reply = memory.outline(path)
    assert not reply.architecture.parts
    assert "  1-5 class Shelf" in reply.text()


def test_central_is_what_most_files_of_other_parts_refer_to_and_no_field(tmp_path: Path) -> None:
    inner = "".join(f"\n\ndef inner_{n}():\n    Inside()\n" for n in range(20))
    core = f"LIMIT = 0\n\n\nclass Inside:\n    time = 1\n\n\nclass Often:\n    pass\n{inner}"
    user = "from core.all import LIMIT, Often\n\n\ndef use():\n    Often()\n"
    write_files(tmp_path / "code", {"core/all.py": core, **{f"use/u{n}.py": user for n in range(3)}})
    parts = memory_over(tmp_path / "code").outline().architecture.parts
    (core_part,) = (part for part in parts if part.path == "core/all.py")
    assert [summary.name for summary in core_part.central] == ["Often", "LIMIT"]


def test_an_outline_as_json_has_the_architecture_and_the_central_symbols(memory: Memory) -> None:
    found = json.loads(json.dumps(memory.outline(budget=350).json()))
    assert found["about"] == {"path": "pyproject.toml", "name": "tea-shop", "description": "Sells tea."}
    assert found["entry_points"][0] == "tea = tea.cli:main"
    part = next(part for part in found["parts"] if part["path"] == "tea/orders/book.py")
    assert (part["central"], part["uses"]) == (["Book"], ["store"])
    book = {"path": "tea/orders/book.py", "start_line": 4, "end_line": 11, "name": "Book", "kind": "class"}
    assert {**book, "children": []} in found["symbols"]


@pytest.mark.parametrize("budget", [100, 150, 200, 300, 500, 900, 1_500])
@pytest.mark.parametrize("path", ["", "tea", "settings"])
def test_an_architecture_keeps_to_its_budget_and_counts_what_is_left_out(
    memory: Memory, path: str, budget: int
) -> None:
    reply = memory.outline(path, budget)
    assert estimate_tokens(reply.text()) <= budget
    shown = len(reply.branches)
    assert reply.left_out.count or shown == reply.symbols


def test_parts_that_have_no_room_are_counted(tmp_path: Path) -> None:
    names = [f"package_with_a_long_name_{n}" for n in range(40)]
    write_files(tmp_path / "code", {f"{name}/code.py": f"def {name}():\n    pass\n" for name in names})
    reply = memory_over(tmp_path / "code").outline(budget=100)
    assert "smaller parts" in reply.text() or reply.architecture.parts[0].unnamed


MANIFESTS: dict[str, tuple[str, Manifest]] = {
    "pyproject.toml": (
        '[tool.poetry]\nname = "a"\ndescription = "Does it.  Well."\n[tool.poetry.scripts]\nrun = "a:b"\n',
        Manifest("", "a", "Does it.", (("run", "a:b"),)),
    ),
    "setup.cfg": (
        "[metadata]\nname = a\ndescription = Does it\n[options.entry_points]\nconsole_scripts =\n    run = a:b\n",
        Manifest("", "a", "Does it", (("run", "a:b"),)),
    ),
    "setup.py": (
        'NAME = "a"\nsetup(name=NAME, entry_points={"console_scripts": ["run = a.b:main"]})\n',
        Manifest("", "a", "", (("run", "a.b:main"),)),
    ),
    "Cargo.toml": (
        '[package]\nname = "a"\n[[bin]]\nname = "tool"\npath = "src/tool.rs"\n',
        Manifest("", "a", "", (("tool", "src/tool.rs"),)),
    ),
    "go.mod": ("module example.com/a\n\ngo 1.22\n", Manifest("", "example.com/a")),
    "package.json": (
        '{"name": "a", "description": "Does it", "bin": "cli.js", "main": "index.js"}',
        Manifest("", "a", "Does it", (("a", "cli.js"), ("main", "index.js"))),
    ),
    "pom.xml": (
        "<project><parent><name>Not this</name></parent><artifactId>a</artifactId>"
        "<description>Does\n it</description><dependencies><artifactId>b</artifactId></dependencies></project>",
        Manifest("", "a", "Does it"),
    ),
    "composer.json": ('{"name": "me/a", "bin": ["bin/a"]}', Manifest("", "me/a", "", (("a", "bin/a"),))),
    "a.gemspec": (
        'Gem::Specification.new do |s|\n  s.name = "a"\n  s.summary = \'It\'\n  s.bindir = "exe"\n'
        "  s.executables = %w[run]\nend\n",
        Manifest("", "a", "It", (("run", "exe/run"),)),
    ),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_says_what_a_repository_is(name: str) -> None:
    text, wanted = MANIFESTS[name]
    (found,) = read_manifests([name], {}, lambda _: text)
    assert found.path == name
    assert (found.name, found.description, found.entries) == (wanted.name, wanted.description, wanted.entries)


def test_of_several_manifests_that_of_most_files_speaks_first() -> None:
    named = ["pyproject.toml", "package.json", "Cargo.toml"]
    languages = {"python": 2, "typescript": 9, "javascript": 1}
    found = read_manifests(named, languages, lambda path: MANIFESTS[path][0])
    assert [manifest.path for manifest in found] == ["package.json", "pyproject.toml", "Cargo.toml"]


@pytest.mark.parametrize(
    "text", ["", "{", "[", "[" * 100_000, "\0", "[1]", '{"name": 3, "bin": [[]]}', "name = [1"]
)
def test_a_manifest_that_cannot_be_understood_says_nothing(text: str) -> None:
    assert read_manifests([*MANIFESTS], {}, lambda _: text) == []


@pytest.mark.parametrize(
    ("readme", "said"),
    [
        ("# A\n\n[![ci](x.svg)](x)\n\n> A quote.\n\nA [thing](u) that **does** it. Yes.", "A thing that does it."),
        ("A\n===\n\n.. image:: a.png\n\nThe thing that does it all.\n", "The thing that does it all."),
        ("<h1>Every one of the sites</h1>\n<p>A server of many pages.</p><p>More</p>", "A server of many pages."),
        ("# Only a heading\n\n- a list of some few words\n", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_readme_is_told_by_its_first_sentence_of_prose(readme: str, said: str) -> None:
    assert first_statement(readme) == said


def test_a_readme_rather_says_what_names_its_project() -> None:
    readme = "Some words about other things.\n\nThe best of them is tea for all.\n\nTea is what we sell.\n"
    assert first_statement(readme) == "Some words about other things."
    assert first_statement(readme, "all") == "The best of them is tea for all."
    assert first_statement(readme, "tea") == "Tea is what we sell."


def test_programs_are_entered_where_they_are_called_so_before_other_main_functions(tmp_path: Path) -> None:
    main = "package main\n\nfunc main() {}\n"
    files = {"a/tool.go": main, "cmd/run/run.go": main, "x/y/main.go": main, "b/some_test.go": main}
    write_files(tmp_path / "code", files)
    reply = memory_over(tmp_path / "code").outline()
    assert reply.architecture.entries == ("cmd/run/run.go:3", "x/y/main.go:3", "a/tool.go:3")


def test_a_method_is_no_use_of_another_part_where_only_its_name_fits(tmp_path: Path) -> None:
    files = {
        "text/strings.py": "class Text:\n    def strip_all(self):\n        pass\n\n\ndef join_all():\n    pass\n",
        "use/one.py": "def use(thing):\n    thing.strip_all()\n",
        "use/two.py": "def use(thing):\n    thing.join_all()\n",
    }
    write_files(tmp_path / "code", files)
    uses = {part.path: part.uses for part in memory_over(tmp_path / "code").outline().architecture.parts}
    assert (uses["use/one.py"], uses["use/two.py"]) == ((), ("strings.py",))


def test_uses_are_called_by_the_shortest_end_that_is_theirs_alone() -> None:
    assert shorten(["a/b/c", "d/b/c", "e/f", ""]) == ["a/b/c", "d/b/c", "f", ""]
    assert shorten(["x/src", "y/src", "y"]) == ["x/src", "y/src", "y"]


NAMES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map("/".join)


@given(
    paths=st.lists(NAMES.map(lambda name: f"{name}.py"), min_size=1, max_size=40, unique=True),
    most=st.integers(12, 30),
)
def test_a_division_holds_every_file_once_in_few_parts(paths: list[str], most: int) -> None:
    pieces = divide(paths, [1.0 + len(path) for path in paths], "", most)
    assert sorted(place for piece in pieces for place in piece.files) == list(range(len(paths)))
    assert len(pieces) <= most
    assert all(paths[place].startswith(piece.top) for piece in pieces for place in piece.files)


def test_folders_inside_each_other_are_divided_however_many_they_are() -> None:
    paths = [f"{'a/' * depth}code.py" for depth in range(1_500)]
    pieces = divide(paths, [1.0] * len(paths), "", 20)
    assert sorted(place for piece in pieces for place in piece.files) == list(range(len(paths)))


def test_a_heavy_folder_is_divided_and_one_with_a_single_inside_goes_by_that() -> None:
    heavy = [f"big/p{n}/{m}.py" for n in range(4) for m in range(3)]
    inner = [f"java/src/main/org/C{n}.java" for n in range(3)]
    pieces = divide([*heavy, *inner, "java/x.py"], [3.0] * 12 + [3.0] * 3 + [0.5], "", 6)
    assert [piece.path for piece in pieces] == [
        "big",
        "big/p0",
        "big/p1",
        "big/p2",
        "big/p3",
        "java/src/main/org",
    ]
    assert pieces[0] == Piece("big", "big", (), 0, is_folder=True, is_divided=True)
    assert pieces[-1].top == "java"
