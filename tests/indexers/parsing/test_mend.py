"""What a file that its grammar cannot read still tells: the symbols around the break, where they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.languages.registry import find_language
from indexers.model import ParsedFile, SourceFile
from indexers.parsing import mend
from indexers.parsing.brackets import match_brackets
from indexers.parsing.parse import parse_file


def parse(path: str, text: str) -> ParsedFile:
    return parse_file(SourceFile(path, text.encode()))


def outline(path: str, text: str) -> list[str]:
    return [f"{s.start_line}-{s.end_line} {s.kind} {s.qualified_name}" for s in parse(path, text).symbols[1:]]


def test_a_merge_conflict_leaves_our_side() -> None:
    text = (
        "def pay(a):\n    x = a\n<<<<<<< HEAD\n    mine(1)\n||||||| base\n    old(0)\n=======\n    theirs(2)\n"
        ">>>>>>> topic\n    return x\n\n\nclass Till:\n    def close(self):\n        return 1\n"
    )
    parsed = parse("a.py", text)
    assert outline("a.py", text) == ["1-10 function pay", "13-15 class Till", "14-15 method Till.close"]
    assert [(r.name, r.line) for r in parsed.references] == [("mine", 4)]


def test_a_repaired_line_end_moves_no_line() -> None:
    text = "class Till\nprivate constructor(val a: Int) {\n  fun open() {\n    ring()\n  }\n}\n"
    parsed = parse("a.kt", text)
    assert [(r.name, r.line) for r in parsed.references] == [("ring", 4)]
    assert outline("a.kt", text) == ["1-6 class Till", "2-2 property Till.a", "3-5 method Till.open"]


def test_a_variable_of_a_struct_type_in_capitals_keeps_its_name() -> None:
    assert outline("a.c", "struct POINT origin;\nstruct POINT make(void) { return origin; }\n") == [
        "1-1 variable origin",
        "2-2 function make",
    ]


INTACT = ["9-13 class Till", "10-12 method Till.close", "15-17 function last"]


def broken(line: str, header: str, close: str = "}") -> str:
    """A file whose first function has one broken line; the rest is whole."""
    return (
        f"{header} first(a) {{\n  open();\n  before();\n{line}\n  after();\n  done();\n{close}\n\n"
        f"class Till {{\n  close() {{\n    return 1;\n  }}\n}}\n\n{header} last() {{\n  return 2;\n}}\n"
    )


@pytest.mark.parametrize("path", ["a.js", "a.ts"])
@pytest.mark.parametrize(
    "line", ["  foo(a, ", '  const x = "half;', "  if (a) {", "  items = [1, 2", "  x = ) 1;"]
)
def test_a_broken_line_takes_no_symbol_behind_it(path: str, line: str) -> None:
    assert outline(path, broken(line, "function"))[-3:] == INTACT


@pytest.mark.parametrize("path", ["a.js", "a.ts"])
def test_a_block_that_is_not_closed_takes_no_symbol_behind_it(path: str) -> None:
    assert outline(path, broken("", "function", close=""))[-3:] == INTACT


def test_an_unclosed_call_in_python_takes_its_line() -> None:
    text = "def first(a):\n    x = a\n    pay(x,\n    return x\n\n\nclass Till:\n    def close(self):\n        pass\n"
    assert outline("a.py", text) == ["1-4 function first", "7-9 class Till", "8-9 method Till.close"]


def test_a_bracket_on_a_later_line_belongs_to_the_statement_that_began_above() -> None:
    text = "class A {\n  int sum(\n      int a) {\n    pay(a,\n    return a;\n  }\n\n  int last() {\n  }\n}\n"
    assert outline("A.java", text) == ["1-10 class A", "2-6 method A.sum", "8-9 method A.last"]


def test_names_and_spans_come_from_the_file_as_it_is() -> None:
    text = "class SHOP_API Till {\n  void open();\n};\n"
    symbols = parse("a.hpp", text).symbols
    assert text[symbols[1].start_byte : symbols[1].end_byte] == "class SHOP_API Till {\n  void open();\n}"
    assert symbols[1].signature == "class SHOP_API Till"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<<<<<<< a\nx = 1\n=======\nx = 2\n>>>>>>> b\ny = 3\n", ["x = 1", "y = 3"]),
        ("<<<<<<< a\nx = 1\n||||||| c\nx = 0\n=======\nx = 2\n>>>>>>> b\n", ["x = 1"]),
        ("<<<<<<< z\nlost\n<<<<<<< a\nx = 1\n=======\nx = 2\n>>>>>>> b\n", ["<<<<<<< z", "lost", "x = 1"]),
        (">>>>>>> b\n=======\nx = 1\n", [">>>>>>> b", "=======", "x = 1"]),
        ("<<<<<<< a\nx = 1\n>>>>>>> b\n", ["<<<<<<< a", "x = 1", ">>>>>>> b"]),
    ],
)
def test_of_a_conflict_the_first_side_is_read_alone(text: str, kept: list[str]) -> None:
    spec = find_language("a.py", b"")
    assert spec is not None
    mended = mend._take_ours(spec, text.encode())
    assert len(mended) == len(text)
    assert mended.decode().split("\n") == [
        line if line in kept else " " * len(line) for line in text.split("\n")
    ]


@pytest.mark.parametrize("text", [b"(" * 6_000, b"(\n" * 1_000, b"{\n" * 100_000])
def test_what_no_person_left_open_is_not_closed(text: bytes) -> None:
    spec = find_language("a.c", b"")
    assert spec is not None
    assert match_brackets(spec, text) == text


@given(st.binary(max_size=9_000).map(lambda data: data.replace(b"\0", b"\n")))
def test_the_pieces_of_a_text_are_the_text(text: bytes) -> None:
    pieces = list(mend._pieces(text))
    assert b"".join(pieces) == text
    assert all(0 < len(piece) <= mend.LONGEST_PIECE for piece in pieces)
