"""The `repo-memory eval memory` commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eval.console import exit_on_error, show_progress, tell_result
from eval.memory.anchors import measure_anchors
from eval.memory.episodes import build_table, collect_episodes, measure_episodes
from eval.memory.oracle import read_oracle
from eval.memory.results import build_report, collect_result, write_result
from eval.options import AsJson, Output

app = typer.Typer(
    no_args_is_help=True,
    help="Measure whether notes find their code again, and whether past conversations are found.",
)


@app.callback()
def main() -> None:
    """Measure whether notes find their code again, and whether past conversations are found."""


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


@app.command()
def episodes(
    clone: Annotated[Path, typer.Option(help="A clone of github.com/entireio/cli with all branches.")],
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """Look up, by the subjects of commits, the conversations that they were made in."""
    with exit_on_error(), show_progress() as add_bar:
        count = add_bar("questions")
        result = collect_episodes(measure_episodes(clone, count))
    tell_result(write_result(result), build_table(result), output, as_json=as_json)
