"""The command's entry: greets an MCP client at once, then hands over to the commands."""

from __future__ import annotations

import gc
import os
import sys

COLLECT_EVERY = 50_000
"""New objects between two garbage collections. Python's 700 spends a tenth of a start (as measured) on going through
what the imports made, all of which stays."""

HOOK_RUN = ["index", "--quiet", "--repo"]
"""How a git hook starts a run, before the tree's root."""


def main() -> None:
    """Run ``repo-memory``."""
    gc.set_threshold(COLLECT_EVERY, 20)
    # A query's matrix products take a millisecond; with the other core busy, waiting for a second thread takes ten.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy looks when it is imported, in workers too
    arguments = sys.argv[1:]
    if arguments[:1] == ["serve"] and not {"--help", "-h"} & set(arguments):
        from memory_server.serve.wire import open_wire

        open_wire()
    if len(arguments) == 4 and arguments[:3] == HOOK_RUN:
        from memory_server.turns import leave_to_another

        if leave_to_another(arguments[3]):
            return
    from memory_server.cli.app import run

    run()
