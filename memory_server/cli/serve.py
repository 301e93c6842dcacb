"""``serve``: MCP on stdin and stdout."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from memory_server.cli.options import HERE, Repo


def serve(repo: Repo = HERE) -> None:
    """Serve MCP on stdin and stdout; Claude Code starts this by itself."""
    from memory_server.serve.wire import open_wire

    wire = open_wire()
    from memory_server.serve.live import LiveMemory

    # What workers shared is cleaned up when the server ends before them, and that is no news for the client's log.
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")
    live = LiveMemory(repo if repo != HERE else Path(os.environ.get("CLAUDE_PROJECT_DIR") or "."))
    live.start()
    from memory_server.serve.server import build_server, run_server  # the SDK loads while the memory opens

    try:
        run_server(build_server(live.memory), wire)
    finally:
        live.stop()
    sys.stderr.flush()
    # The client is gone: what is being indexed is not waited for, the next run goes on from there.
    os._exit(0)


COMMANDS = (serve,)
