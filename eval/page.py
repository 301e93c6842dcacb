"""The `repo-memory eval page` command: a page from a result that a run wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from eval.console import exit_on_error
from eval.errors import MeasureError
from eval.live import page as live_page
from eval.live.results import LiveResult
from eval.logs import page as logs_page
from eval.logs.results import LogsResult
from eval.savings import page as savings_page
from eval.savings.results import SavingsResult

PagedResult = SavingsResult | LiveResult | LogsResult

_MODEL: TypeAdapter[PagedResult] = TypeAdapter(PagedResult)


def page(
    result: Annotated[Path, typer.Argument(help="JSON that a savings, live or logs run wrote.")],
    html: Annotated[Path, typer.Option(help="File to write the page to.")],
) -> None:
    """Make the page with plots of a result that was measured before."""
    with exit_on_error():
        html.write_text(build_any_page(read_any(result)), encoding="utf-8")


def read_any(path: Path) -> PagedResult:
    """A result of any of the measurements that have pages.

    Raises:
        MeasureError: the file cannot be read or holds something else.
    """
    hint = "pass a file that `repo-memory eval savings`, `live` or `logs` wrote with --output"
    try:
        return _MODEL.validate_json(path.read_bytes())
    except OSError as error:
        raise MeasureError(f"cannot read {path}: {error.strerror}", hint) from error
    except ValidationError as error:
        raise MeasureError(f"{path} holds no result that has a page", hint) from error


def build_any_page(result: PagedResult) -> str:
    """The page of a result."""
    match result:
        case SavingsResult():
            return savings_page.build_page(result)
        case LiveResult():
            return live_page.build_page(result)
        case LogsResult():
            return logs_page.build_page(result)
