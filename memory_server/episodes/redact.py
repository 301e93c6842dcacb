"""What is kept of a conversation's texts: no secrets, no address, nobody's home folder."""

from __future__ import annotations

import re
from pathlib import Path

from memory_server.notes.model import hide_secrets

_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_HOMES = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\Users\\)[^/\\\s\"'`:;,)]{1,64}")


def redact(text: str, limit: int) -> str:
    """The first ``limit`` characters of a text as they may be kept."""
    shown = hide_secrets(text[: 2 * limit])
    shown = _HOMES.sub("~", shown.replace(str(Path.home()), "~"))
    return _MAIL.sub("<address>", shown)[:limit].strip()
