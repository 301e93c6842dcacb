"""What the result files of all measurements have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass

_INNERMOST = re.compile(r"\{[^{}\[\]]*\}|\[[^{}\[\]]*\]")
_BREAK = re.compile(r"\n\s*")


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """What could not be measured, and why."""

    name: str
    reason: str


def fold_json(text: str) -> str:
    """Indented JSON with each innermost object and list on one line."""
    return _INNERMOST.sub(lambda found: _BREAK.sub("", found[0]), text) + "\n"
