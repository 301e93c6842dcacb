"""The `repo-memory eval memory` commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eval.console import exit_on_error, show_progress, tell_result
from eval.memory.anchors import measure_anchors
from eval.memory.oracle import read_oracle
from eval.memory.results import build_report, collect_result, write_result
from eval.options import AsJson, Output

app = typer.Typer(no_args_is_help=True, help="Measure whether notes find their code again.")


@app.callback()
def main() -> None:
    """Measure whether notes find their code again."""


@app.command()
def anchors(
    oracle: Annotated[Path, typer.Option(help="CodeTracker's oracle: its folder with a JSON file a method.")],
    clones: Annotated[Path, typer.Option(help="A folder of clones, each called as the oracle calls it.")],
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """Follow notes on methods through histories that others wrote down by hand."""
    with exit_on_error(), show_progress() as add_bar:
        histories = read_oracle(oracle)
        count = add_bar("histories")
        done = iter(range(1, len(histories) + 1))
        measured = measure_anchors(histories, clones, lambda: count(next(done), len(histories)))
        result = collect_result(measured)
    tell_result(write_result(result), build_report(result), output, as_json=as_json)
