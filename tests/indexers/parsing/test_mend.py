"""What a file that its grammar cannot read still tells: the symbols around the break, where they are."""

from indexers.model import ParsedFile, SourceFile
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
