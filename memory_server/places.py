"""The user's folders for data and for what can be made again, by the rules of the system (XDG on Linux)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from memory_server.errors import StoreError

NAME = "repo-memory"


def user_settings() -> Path | None:
    """The file with the user's own settings, which need not exist; None for a user without a home."""
    from platformdirs import user_config_path

    try:
        path = user_config_path(NAME, appauthor=False) / "config.toml"
    except RuntimeError:
        return None
    return path if path.is_absolute() else None


def user_data() -> Path:
    """Where indexes are kept whose repositories cannot be written.

    Raises:
        StoreError: the user has no home.
    """
    from platformdirs import user_data_path  # seldom needed: a server starts without it

    return _whole(lambda: user_data_path(NAME, appauthor=False))


def user_cache() -> Path:
    """What can be made again: indexes of measured trees, installed peers and clients.

    Raises:
        StoreError: the user has no home.
    """
    from platformdirs import user_cache_path

    return _whole(lambda: user_cache_path(NAME, appauthor=False))


def _whole(find: Callable[[], Path]) -> Path:
    with suppress(RuntimeError):  # there is no home, which some versions say, and others leave in the path
        path = find()
        if path.is_absolute():
            return path
    raise StoreError("there is no home folder to keep anything in", "set HOME")
