"""The kept history, opened for a command with what is new in the logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.console import show_progress
from eval.errors import MeasureError
from indexers.transcripts.claude_code.paths import all_log_folders
from memory_server.places import user_data

if TYPE_CHECKING:
    from eval.usage.ledger import Imported, Ledger

LogFiles = Annotated[
    list[Path] | None,
    typer.Option("--logs", help="Folder or file of logs, without the kept history; may be repeated."),
]
LedgerFile = Annotated[
    Path | None, typer.Option("--ledger", help="File that keeps the history; without it, in the user's data.")
]


@contextmanager
def open_ledger(logs: list[Path] | None, path: Path | None) -> Iterator[tuple[Ledger, Imported]]:
    """The history with what is new in the logs; of ``logs`` alone where they are named without a history.

    Raises:
        MeasureError: a named folder is not there, or there is nothing to read.
    """
    from eval.usage.ledger import Ledger  # the help of all commands need not load the reader

    for folder in logs or ():
        if not folder.exists():
            raise MeasureError(f"no folder {folder}", "pass --logs DIR with Claude Code's logs")
    place = path if path or logs else user_data() / "usage.db"
    ledger = Ledger(place)
    try:
        with show_progress() as add:
            yield ledger, ledger.import_logs(logs or all_log_folders(), add("files"))
    finally:
        ledger.close()
