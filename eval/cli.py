"""The ``repo-memory eval`` commands: what the product costs and saves, measured."""

from __future__ import annotations

import typer

from eval.exact.command import exact
from eval.faults.command import faults
from eval.live.command import live
from eval.logs.command import logs
from eval.memory.command import app as memory
from eval.page import page
from eval.retrieval.command import retrieval
from eval.savings.command import savings
from eval.speed.command import speed

app = typer.Typer(no_args_is_help=True, help="Measure what the product costs and saves.")


@app.callback()
def main() -> None:
    """Measure what the product costs and saves."""


for command in (speed, retrieval, exact, savings, live, logs, faults, page):
    app.command()(command)
app.add_typer(memory, name="memory")
