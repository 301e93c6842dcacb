"""What the measuring commands print."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.table import Table

from eval.console import tell_result

JSON = '{"figure": 1}\n'


def wide_table() -> Table:
    table = Table(*(f"column {n:02}" for n in range(12)))
    table.add_row(*map(str, range(12)))
    return table


def test_a_result_is_a_table_wherever_it_is_printed_to(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tell_result(JSON, wide_table(), tmp_path / "result.json", as_json=False)
    head = capsys.readouterr().out.splitlines()[1]
    assert all(f"column {n:02}" in head for n in range(12))
    assert (tmp_path / "result.json").read_text(encoding="utf-8") == JSON


def test_a_result_is_json_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    tell_result(JSON, wide_table(), None, as_json=True)
    assert capsys.readouterr().out == JSON
