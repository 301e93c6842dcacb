"""The user's folders for data and for what can be made again, by the rules of the system (XDG on Linux)."""

from __future__ import annotations

from pathlib import Path

from memory_server.errors import StoreError

NAME = "repo-memory"


def user_settings() -> Path | None:
    """The file with the user's own settings, which need not exist; None for a user without a home."""
    from platformdirs import user_config_path

    path = user_config_path(NAME, appauthor=False) / "config.toml"
    return path if path.is_absolute() else None


def user_data() -> Path:
    """Where indexes are kept whose repositories cannot be written.

    Raises:
        StoreError: the user has no home.
    """
    from platformdirs import user_data_path  # seldom needed: a server starts without it

    return _whole(user_data_path(NAME, appauthor=False))


def user_cache() -> Path:
    """What can be made again: indexes of measured trees, installed peers and clients.

    Raises:
        StoreError: the user has no home.
    """
    from platformdirs import user_cache_path

    return _whole(user_cache_path(NAME, appauthor=False))


def _whole(path: Path) -> Path:
    if not path.is_absolute():
        raise StoreError("there is no home folder to keep anything in", "set HOME")
    return path
