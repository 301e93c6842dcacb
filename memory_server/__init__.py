"""Remembers a repository and answers questions about it in small, fresh slices."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memory_server.memory import Memory
    from memory_server.model import SearchHit, SyncReport

__all__ = ["Memory", "SearchHit", "SyncReport"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute can be anything
    """Import the public names when they are used: the server greets its client before they load."""
    if name == "Memory":
        from memory_server.memory import Memory

        return Memory
    if name in __all__:
        from memory_server import model

        return getattr(model, name)
    raise AttributeError(name)
