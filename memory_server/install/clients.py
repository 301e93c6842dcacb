"""The clients that the server is registered with, a row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Client:
    """A client that keeps its servers as JSON in a file of the project.

    ``file`` is relative to the project, ``section`` the key of the object that holds the servers by name; an entry of
    it has the ``command``, its ``args`` and what ``options`` add.
    """

    title: str
    file: str
    section: str
    options: Mapping[str, object] = field(default_factory=dict)

    def entry(self, command: str) -> dict[str, object]:
        """The entry that starts the server by a command."""
        return {"type": "stdio", "command": command, "args": ["serve"], **self.options}


CLAUDE_CODE = Client(
    title="Claude Code",
    file=".mcp.json",
    section="mcpServers",
    options={"env": {}, "timeout": 60_000, "alwaysLoad": True},
)

CLIENTS = (CLAUDE_CODE,)
"""All of them; another one that keeps JSON is a row."""
