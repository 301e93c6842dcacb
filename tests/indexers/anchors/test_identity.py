"""What a symbol is known by: not by its comments, its blanks or its name, and by everything that it does."""

from __future__ import annotations

import pytest

from indexers.anchors.identity import FileVersion, Identity, make_sketch, similarity
from indexers.model import SourceFile


def identify(path: str, text: str, name: str) -> Identity:
    found = FileVersion(SourceFile(path, text.encode())).find(name)
    assert found is not None
    return found


SAME = [
    pytest.param(
        "a.py",
        'def pay(x):\n    """Pay."""\n    # now\n    return x + 1\n',
        "def pay(x):\n\n    return x + 1  # then\n",
        id="python",
    ),
    pytest.param(
        "a.ts", "function pay(x) { /* now */ return x + 1 }", "function pay(x) {\n  return x+1\n}", id="ts"
    ),
    pytest.param(
        "A.java",
        "class A { int pay(int x) { return x + 1; } }",
        "class A {\n  // now\n  int pay(int x) {\n    return x + 1;\n  }\n}",
        id="java",
    ),
    pytest.param(
        "a.go",
        "package a\nfunc pay(x int) int { return x }",
        "package a\nfunc pay(x int) int {\n// hm\n\treturn x }",
        id="go",
    ),
    pytest.param(
        "a.rs", "fn pay(x: u8) -> u8 { x + 1 }", "fn pay(x: u8) -> u8 {\n    // hm\n    x + 1\n}", id="rust"
    ),
    pytest.param("a.rb", "def pay(x)\n  x + 1\nend\n", "def pay(x)\n  # hm\n\n  x + 1\nend\n", id="ruby"),
]


@pytest.mark.parametrize(("path", "one", "other"), SAME)
def test_comments_and_blanks_are_no_change(path: str, one: str, other: str) -> None:
    name = "A.pay" if path == "A.java" else "pay"
    assert identify(path, one, name).tokens == identify(path, other, name).tokens


CHANGED = [
    pytest.param("def pay(x):\n    return x + 1\n", "def pay(x):\n    return x + 2\n", id="number"),
    pytest.param("def pay(x):\n    return x\n", "def pay(x, y):\n    return x\n", id="parameter"),
    pytest.param(
        "def pay(x):\n    return 'a b'\n", "def pay(x):\n    return 'a  b'\n", id="blank in a string"
    ),
    pytest.param(
        "def pay(x):\n    if x:\n        a()\n        b()\n",
        "def pay(x):\n    if x:\n        a()\n    b()\n",
        id="indentation alone",
    ),
]


@pytest.mark.parametrize(("one", "other"), CHANGED)
def test_what_it_does_is_a_change(one: str, other: str) -> None:
    assert identify("a.py", one, "pay").tokens != identify("a.py", other, "pay").tokens


def test_a_new_name_alone_is_no_change() -> None:
    one = identify("a.py", "def pay(x):\n    return pay(x - 1)\n", "pay")
    other = identify("a.py", "def settle(x):\n    return settle(x - 1)\n", "settle")
    assert one.tokens == other.tokens
    assert one.key != other.key


def test_a_sketch_stands_for_a_body_that_is_not_at_hand() -> None:
    lines = [f"    total = total + item_{number}.price(count={number})" for number in range(40)]
    one = identify("a.py", "def pay(total):\n" + "\n".join(lines), "pay")
    other = identify("a.py", "def pay(total):\n" + "\n".join(lines[:30]), "pay")
    strange = identify(
        "b.py", "def show(page):\n    for line in page.lines:\n        print(line.text)\n", "show"
    )
    stored = Identity("a.py", "pay", "function", "", "", "", one.size, make_sketch(one.trigrams))
    sketched = Identity("a.py", "pay", "function", "", "-", "", other.size, make_sketch(other.trigrams))
    assert similarity(stored, sketched) == pytest.approx(similarity(one, other), abs=0.15)
    assert similarity(one, strange) < 0.2


def test_facts_are_those_of_the_body() -> None:
    text = "def pay(x):\n    log.info('paying', 300)\n    raise ValueError(x)\n"
    version = FileVersion(SourceFile("a.py", text.encode()))
    facts = version.facts(version.identities[1])
    assert {"info", "ValueError"} <= facts.calls
    assert {"'paying'", "300"} <= facts.literals
    assert facts.raises == {"ValueError"}
    assert facts.lines == 3


def test_a_file_that_is_not_parsed_is_known_by_its_words() -> None:
    one = FileVersion(SourceFile("notes.txt", b"one two\nthree")).identities[0]
    other = FileVersion(SourceFile("notes.txt", b"one  two three")).identities[0]
    assert one.tokens == other.tokens
