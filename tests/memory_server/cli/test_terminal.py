"""A repository whose names and contents are sequences that a terminal obeys: they are shown, and JSON stays exact."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.table import Table

from memory_server.cli.app import run as run_app
from memory_server.cli.terminal import make_console
from memory_server.errors import NotFoundError
from memory_server.memory import Memory
from memory_server.serve.server import call_tool
from memory_server.visible import escape_hidden, show_hidden

ESCAPES = "\x1b]0;title\x07\x1b]52;c;Zm9v\x07\x1b[2J\x9b31m\x08\x7f\u202e\u2066"
NAME = f"a{ESCAPES}\nb.py"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
SOURCE = (
    f'def settle_{{}}(amount):\n    """Settle {ESCAPES} it."""\n    return "{ESCAPES}" + settle_b(amount)\n'
)

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / NAME).write_text(SOURCE.format("a"), "utf-8")
    (root / "b.py").write_text(SOURCE.format("b"), "utf-8")
    (root / f"odd{ESCAPES}.md").write_text(f"# Settling {ESCAPES}\n\nText {ESCAPES}\n", "utf-8")
    return root


@pytest.fixture
def run(hostile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def ask(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["repo-memory", *arguments, "--repo", str(hostile)])
        try:
            run_app()
        except SystemExit as done:
            assert done.code in (0, 1), arguments
        out, err = capsys.readouterr()
        return out, err

    return ask


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        ("index",), ("status",), ("doctor",), ("search", "settle"), ("search", "settle", "--explain"), ("outline",),
        ("read", "settle_a"), ("read", NAME), ("read", f"gone{ESCAPES}"), ("related", "settle_b", "callers"),
        ("search", "x", "--kind", ESCAPES), ("outline", f"gone{ESCAPES}"), ("tune", "--undo"),
    ],
)  # fmt: skip
def test_no_command_sends_what_a_terminal_obeys(run: Run, asked: tuple[str, ...]) -> None:
    for arguments in (asked, (*asked, "--json")):
        out, err = run(*arguments)
        assert out + err
        assert not OBEYED.search(out + err), arguments


def test_json_says_exactly_what_names_and_lines_are(run: Run) -> None:
    out, _ = run("read", "settle_a", "--json")
    (piece,) = json.loads(out)["slices"]
    assert piece["path"] == NAME
    assert piece["lines"][2]["text"] == SOURCE.split("\n")[2]


def test_a_model_is_sent_one_line_for_each_line_and_none_to_obey(hostile: Path) -> None:
    memory = Memory.open(hostile)
    memory.sync()
    for tool, arguments in (
        ("search", {"query": "settle"}),
        ("read", {"targets": ["settle_a", f"gone{ESCAPES}"]}),
        ("outline", {}),
        ("related", {"symbol": "settle_b", "relation": "callers"}),
        ("read", {"targets": [f"gone{ESCAPES}"]}),
    ):
        (content,) = call_tool(lambda: memory, tool, arguments).content
        assert not OBEYED.search(content.text)  # type: ignore[union-attr]
        assert "\nb.py" not in content.text.replace("\nb.py\n", "\n")  # type: ignore[union-attr]


def test_a_table_sends_its_own_sequences_and_no_others() -> None:
    table = Table(title=ESCAPES)
    table.add_column(ESCAPES)
    table.add_row(f"cell {ESCAPES}")
    sent = StringIO()
    make_console(file=sent, force_terminal=True, width=200).print(table)
    assert not OBEYED.search(re.sub(r"\x1b\[[\d;]*m", "", sent.getvalue()))
    assert "\x1b[" in sent.getvalue()


def test_what_is_hidden_is_shown_and_ordinary_text_stays() -> None:
    assert show_hidden("\x1b[2J\x7f\x9b\u202e\udc80") == "␛[2J␡<U+009B><U+202E><U+DC80>"
    plain = "tab\tline\nnaïve 漢字 👋 é\u0301"
    assert show_hidden(plain) == plain
    data = {"name": f"x{ESCAPES}\ud800"}
    assert json.loads(escape_hidden(json.dumps(data, ensure_ascii=False))) == data


def test_an_error_from_outside_the_questions_is_shown_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise NotFoundError(f"no {ESCAPES}", f"try {ESCAPES}")

    monkeypatch.setattr(Memory, "open", fail)
    monkeypatch.setattr(sys, "argv", ["repo-memory", "status", "--repo", str(tmp_path)])
    with pytest.raises(SystemExit):
        run_app()
    assert not OBEYED.search(capsys.readouterr().err)
