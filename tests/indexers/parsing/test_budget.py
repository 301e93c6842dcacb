"""Files that a grammar or a query would take quadratic time for are read in windows, and say so."""

import pytest

from indexers.model import SourceFile
from indexers.parsing.parse import parse_file


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.js", b"[\n" * 49_500),
        ("a.rs", b"fn f() { a" + b".b()" * 25_000),
        ("a.py", b"x = " + b"a." * 40_000 + b"b\n"),
    ],
    ids=["open brackets", "a broken chain", "a chain of attributes"],
)
def test_a_file_over_the_budget_is_read_in_windows_and_named(path: str, text: bytes) -> None:
    parsed = parse_file(SourceFile(path, text))
    assert parsed.problem == "over the budget of parsing"
    assert parsed == parse_file(SourceFile(path, text))


def test_a_long_ordinary_file_is_within_the_budget() -> None:
    text = b"".join(b"def f%d(a, b):\n    return [a, b, %d]\n" % (n, n) for n in range(10_000))
    parsed = parse_file(SourceFile("a.py", text))
    assert (parsed.problem, len(parsed.symbols)) == ("", 10_001)
