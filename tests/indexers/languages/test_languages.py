"""Golden outlines: what each language's sample says, as reviewable text.

After a wanted change run ``UPDATE_GOLDEN=1 pytest tests/indexers/languages/test_languages.py`` and read the diff.
"""

import os
from pathlib import Path

import pytest

from indexers.languages.registry import all_specs, find_language
from indexers.model import ParsedFile, SourceFile
from indexers.parsing.parse import own_ranges, parse_file
from tests.support.places import TESTS

SAMPLES = sorted(path for path in (TESTS / "languages").glob("*/*") if path.suffix != ".outline")
SAMPLE_IDS = [f"{path.parent.name}-{path.name}" for path in SAMPLES]


def render_outline(parsed: ParsedFile) -> str:
    lines = [f"{parsed.language}, {parsed.lines} lines"]
    depths: dict[int, int] = {-1: -1}
    for index, symbol in enumerate(parsed.symbols):
        depths[index] = depths[symbol.parent] + 1
        parts = [f"{symbol.start_line}-{symbol.end_line}", symbol.kind, symbol.qualified_name]
        lines.append("  " * depths[index] + " ".join(part for part in parts if part))
        lines += ["  " * depths[index] + f"  : {symbol.signature}"] if symbol.signature else []
        lines += ["  " * depths[index] + f"  # {symbol.doc}"] if symbol.doc else []
    lines.append("references")
    for reference in parsed.references:
        owner = parsed.symbols[reference.source].qualified_name or "(file)"
        name = f"{reference.qualifier}.{reference.name}" if reference.qualifier else reference.name
        lines.append(f"  {reference.line} {owner} {reference.kind} {name}")
    return "\n".join(lines) + "\n"


def test_every_language_has_a_sample() -> None:
    assert {path.parent.name for path in SAMPLES} == {spec.folder.name for spec in all_specs()}


@pytest.mark.parametrize("path", SAMPLES, ids=SAMPLE_IDS)
def test_a_sample_gives_its_golden_outline(path: Path) -> None:
    golden = path.with_name(path.name + ".outline")
    outline = render_outline(parse_file(SourceFile(path.name, path.read_bytes())))
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(outline, encoding="utf-8")
    assert outline == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SAMPLES, ids=SAMPLE_IDS)
def test_a_samples_spans_slice_back_to_its_source(path: Path) -> None:
    data = path.read_bytes()
    parsed = parse_file(SourceFile(path.name, data))
    assert find_language(path.name, data) is not None
    assert not parsed.problem
    assert b"".join(data[start:end] for start, end, _ in own_ranges(parsed.symbols)) == data
    for index, symbol in enumerate(parsed.symbols[1:], 1):
        outer = parsed.symbols[symbol.parent]
        assert symbol.parent < index
        assert outer.start_byte <= symbol.start_byte < symbol.end_byte <= outer.end_byte
        span = b"\n".join(data.split(b"\n")[symbol.start_line - 1 : symbol.end_line])
        assert data[symbol.start_byte : symbol.end_byte].rstrip(b"\n") in span


@pytest.mark.parametrize(
    ("path", "source", "signature"),
    [
        (
            "a.py",
            "async def ask(pid: int) -> None:  # one by one\n    ...\n",
            "async def ask(pid: int) -> None",
        ),
        (
            "a.py",
            'def split(\n    text,  # what to split\n    by=" # ",\n):\n    pass\n',
            'def split(text, by=" # ")',
        ),
        (
            "a.rs",
            "fn load<'a>(\n    // where from\n    path: &'a str, /* or nothing */\n) -> &'a str { path }\n",
            "fn load<'a>(path: &'a str) -> &'a str",
        ),
        ("a.rb", "def url(a = 'http://x#y')\nend\n", "def url(a = 'http://x#y')"),
        (
            "a.c",
            "static int\nshop_cmp(int a, int b)\n{\n  return 0;\n}\n",
            "static int shop_cmp(int a, int b)",
        ),
        ("a.java", "class A {\n  @Override\n  public void run() {}\n}\n", "public void run()"),
    ],
)
def test_a_signature_has_the_type_and_no_comment(path: str, source: str, signature: str) -> None:
    parsed = parse_file(SourceFile(path, source.encode()))
    assert parsed.symbols[-1].signature == signature
