"""The one way to a terminal: what names and contents of a repository hold is shown there, and never obeyed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

from memory_server.visible import escape_hidden, show_hidden

if TYPE_CHECKING:
    from rich.console import Console


def say(text: str, *, err: bool = False) -> None:
    """A text on stdout or stderr, with the end of a line."""
    typer.echo(show_hidden(text), err=err)


def tell_json(text: str) -> None:
    """JSON on stdout, with the end of a line: the same values, whatever shows them."""
    typer.echo(escape_hidden(text))


def tell_data(data: object) -> None:
    """Data as one line of JSON."""
    tell_json(json.dumps(data, ensure_ascii=False))


def make_console(**options: Any) -> Console:  # noqa: ANN401 - what rich's own console takes
    """Rich's console for tables and progress, of which only its own sequences reach the terminal."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class ShowingConsole(Console):
        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else segment._replace(text=show_hidden(segment.text))

    return ShowingConsole(**options)
