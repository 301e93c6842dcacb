"""Text inside a page or a drawing."""

from __future__ import annotations

from html import escape as escape_html

from memory_server.visible import show_hidden


def escape(text: str) -> str:
    """A text as HTML and SVG show it, in an attribute too; nothing in it is a mark or acts unseen."""
    return escape_html(show_hidden(text))
