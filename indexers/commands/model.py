"""A command of a project as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What a command is for, in the order in which people ask for it."""

    TEST = "test"
    BUILD = "build"
    CHECK = "check"
    FORMAT = "format"
    RUN = "run"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Command:
    """A line for a shell at the project's root; ``name`` is what the file at ``path`` calls it."""

    run: str
    name: str
    purpose: Purpose
    path: str
