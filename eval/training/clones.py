"""Where the local clones of the corpus lie."""

from __future__ import annotations

from pathlib import Path


def find_clone(clones: Path, name: str) -> Path | None:
    """The git folder of ``owner/name`` under ``clones``: ``owner+name/<folder>`` or ``owner+name.git``."""
    folder = name.replace("/", "+")
    found = [clones / f"{folder}.git", *sorted((clones / folder).glob("*")), clones / folder / ".git"]
    return next((path for path in found if (path / "HEAD").is_file()), None)
