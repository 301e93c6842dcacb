"""One tree's index in memory: what questions are answered from, and how it is kept on disk."""

from memory_server.index.view.build import ViewRows, build_view, empty_view, view_rows
from memory_server.index.view.columns import SIDE_ROLES, View

__all__ = ["SIDE_ROLES", "View", "ViewRows", "build_view", "empty_view", "view_rows"]
