"""Files that a grammar or a query would take quadratic time for are read in windows, and say so."""

import pytest

from indexers.model import SourceFile
from indexers.parsing.parse import parse_file


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("a.js", b"[\n" * 49_500, id="open brackets"),
        pytest.param("a.rs", b"fn f() { a" + b".b()" * 25_000, id="a broken chain"),
        pytest.param("a.py", b"x = " + b"a." * 40_000 + b"b\n", id="a chain of attributes"),
        pytest.param("a.c", b"/* " * 8_000, id="comments that never end, in C"),
        pytest.param("a.css", b"/* " * 8_000, id="comments that never end, in CSS"),
        pytest.param("a.sh", b"<a>" * 8_000, id="redirections to nowhere"),
        pytest.param("a.sh", b"f(x){" * 5_000, id="functions that never end"),
        pytest.param("a.sh", b"<<E\n" * 6_000, id="texts that never end"),
        pytest.param("a.css", b"a:\n" * 8_000, id="properties without a value"),
        pytest.param("a.ex", b"a:\n" * 8_000, id="keywords without a value"),
        pytest.param("a.cs", b"a." * 20_000, id="a chain of members"),
    ],
)
def test_a_file_over_the_budget_is_read_in_windows_and_named(path: str, text: bytes) -> None:
    parsed = parse_file(SourceFile(path, text))
    assert parsed.problem == "over the budget of parsing"
    assert parsed == parse_file(SourceFile(path, text))


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        pytest.param("a.rs", b"fn kept() {}\nfn f() { a" + b".b()" * 500, "kept", id="a broken chain"),
        pytest.param("a.json", b'{"kept": ' + b"[" * 2_000 + b"]" * 2_000 + b"}", "kept", id="nested deep"),
        pytest.param("a.js", b"function kept() {}\n" + b"[\n" * 2_000, "kept", id="open brackets"),
        pytest.param("a.css", b".kept { color: red }\n" + b"/* " * 1_000, ".kept", id="open comments"),
    ],
)
def test_a_small_file_is_parsed_however_it_is_broken(path: str, text: bytes, found: str) -> None:
    parsed = parse_file(SourceFile(path, text))
    assert parsed.problem == ""
    assert found in {symbol.name for symbol in parsed.symbols}


def test_a_long_ordinary_file_is_within_the_budget() -> None:
    text = b"".join(b"def f%d(a, b):\n    return [a, b, %d]\n" % (n, n) for n in range(10_000))
    parsed = parse_file(SourceFile("a.py", text))
    assert (parsed.problem, len(parsed.symbols)) == ("", 10_001)
