"""Files of the repository that are written: inside it, also behind a link."""

from __future__ import annotations

import os
from pathlib import Path

from indexers.files import read_regular
from memory_server.errors import KnowledgeError


def resolve_inside(root: Path, path: str) -> Path:
    """Where a file lies, behind a link within the repository too, which stays a link.

    Raises:
        KnowledgeError: that is outside the repository, or in what git keeps.
    """
    found, top = Path(os.path.realpath(root / path)), Path(os.path.realpath(root))
    if not found.is_relative_to(top) or ".git" in found.relative_to(top).parts:
        raise KnowledgeError(f"it is a link to {found}", "put a file of its own in place of the link")
    return found


def read_if_there(path: Path) -> bytes | None:
    """A file's bytes; None where there is none.

    Raises:
        KnowledgeError: it cannot be read.
    """
    try:
        return read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KnowledgeError(f"it cannot be read: {error.strerror}", "check what lies there") from error
