"""The command's entry: greets an MCP client at once, then hands over to the commands."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``repo-memory``."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["serve"] and not {"--help", "-h"} & set(arguments):
        from memory_server.handshake import open_wire

        open_wire()
    from memory_server.commands import run

    run()


if __name__ == "__main__":
    main()
