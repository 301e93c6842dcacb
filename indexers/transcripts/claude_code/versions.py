"""What is to be known of the client's versions and of the lines that it makes up."""

from __future__ import annotations

from functools import cache

SYNTHETIC = "<synthetic>"
"""The model of lines that the client made up itself."""

COUNTED_SINCE = (2, 1, 97)
"""From this version of the client on, the log's output counts are final; before, often those of a stream's start."""


@cache
def read_version(version: str) -> tuple[int, ...]:
    """The parts of a version; one that is not told counts as new."""
    parts = version.split("-")[0].split(".")
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else COUNTED_SINCE
