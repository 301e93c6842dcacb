"""The user's folders for data and for what can be made again, by the rules of the system (XDG on Linux)."""

from __future__ import annotations

from pathlib import Path

NAME = "repo-memory"


def user_data() -> Path:
    """Where indexes are kept whose repositories cannot be written."""
    from platformdirs import user_data_path  # seldom needed: a server starts without it

    return user_data_path(NAME, appauthor=False)


def user_cache() -> Path:
    """What can be made again: indexes of measured trees, installed peers and clients."""
    from platformdirs import user_cache_path

    return user_cache_path(NAME, appauthor=False)
