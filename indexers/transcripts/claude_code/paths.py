"""Where Claude Code keeps its logs."""

from __future__ import annotations

import os
import re
from pathlib import Path

from indexers.errors import NoLogsError

_LONGEST = 150
"""Characters of an encoded folder name that are surely kept: the client cuts long names."""


def log_folders(root: Path) -> list[Path]:
    """Where Claude Code keeps the logs of conversations held in a folder or below it.

    Raises:
        NoLogsError: there are none.
    """
    homes = _homes()
    encoded = re.sub(r"[^A-Za-z0-9]", "-", os.fspath(root))[:_LONGEST]
    found = [folder for home in homes for folder in sorted((home / "projects").glob(f"{encoded}*"))]
    if not found:
        places = " and ".join(os.fspath(home / "projects") for home in homes)
        raise NoLogsError(
            f"no logs of {root} in {places}", "pass --logs DIR, or --repo PATH of a folder that you use"
        )
    return found


def all_log_folders() -> list[Path]:
    """Where Claude Code keeps the logs of all conversations; empty where there are none."""
    return [folder for home in _homes() if (folder := home / "projects").is_dir()]


def _homes() -> list[Path]:
    """The client's configuration folders, as the environment has them."""
    named = os.environ.get("CLAUDE_CONFIG_DIR")
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - there may be none, and then no logs
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "claude"
    return [Path(part.strip()) for part in named.split(",")] if named else [settings, home / ".claude"]
