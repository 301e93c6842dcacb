"""Text for a terminal, a model or a page: what would be obeyed or hidden there is shown instead."""

from __future__ import annotations

import json as json_text
import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\N{ARABIC LETTER MARK}\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}\u202a-\u202e"
    "\u2028\u2029\u2066-\u2069\ud800-\udfff]"
)
"""Control characters but tabs and line feeds, what ends a line or turns the direction of writing, and halves of
surrogate pairs, which no output takes."""


def show_hidden(text: str) -> str:
    """A text in which control characters have their pictures, and others that act unseen stand as ``<U+202E>``."""
    return _HIDDEN.sub(_picture, text) if _HIDDEN.search(text) else text


def show_line(text: str) -> str:
    """The same for a text that is one line, whatever name or word stands in it."""
    return show_hidden(text).replace("\n", "\N{SYMBOL FOR LINE FEED}")


_NOT_IN_PATH = re.compile(r"[\s,;:\"`\x00-\x1f\x7f-\x9f]")
_NOT_IN_NAME = re.compile(r"[,;:](?:\s|$)|[\n\r\t\u2028\u2029]|^\s|\s$|\s\(")


def quote_path(path: str, rest: str = "") -> str:
    """A path, with the rest of a target, among words of ours: in quotes where it could be taken for one of them."""
    return quote(path + rest) if _NOT_IN_PATH.search(path) else path + rest


def quote_name(name: str) -> str:
    """A symbol's name among words of ours: in quotes where it could be taken for one of them."""
    return quote(name) if _NOT_IN_NAME.search(name) else name


def unquote(text: str) -> str:
    """A path or a target as it was before it was quoted."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json_text.loads(text))
        except ValueError:
            return text
    return text


def quote(text: str) -> str:
    """Words of the asker, or of a file, in quotes."""
    return json_text.dumps(text, ensure_ascii=False)


def escape_hidden(json: str) -> str:
    """JSON that says the same without a character that would be obeyed or hidden where it is shown."""
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", json)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else f"<U+{code:04X}>"
