"""What is replied to a client before the MCP SDK is loaded.

Importing the SDK takes most of a second, and clients wait at every start for the server's greeting and for its tools.
Both are known beforehand: `greeting.json` holds them as the SDK itself replies, which a test keeps true. So that they
are there at once, this module and `memory_server.serve.wire` import next to nothing.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

INSTRUCTIONS = (
    "repo-memory holds an always fresh index of this repository. Call `search` instead of grep: it finds the lines "
    "with a message, option, path or /regex/, every use of a name, and code by meaning; it says so when nothing "
    "matches. Call `read` with several targets instead of opening files, `outline` instead of listing them, "
    "`related` instead of searching for callers, implementations or tests. Replies are small and "
    "say what they leave out. `recall` tells what earlier sessions decided and broke here; `remember` keeps it."
)

PROTOCOL_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Protocol versions whose sessions begin with ``initialize``, oldest first."""

ENVELOPE = b"io.modelcontextprotocol/protocolVersion"
"""Stands in every request of the later protocol versions, which do without ``initialize``."""


def read_request(line: bytes) -> dict[str, Any] | None:
    """The request that a line holds, None where it is none of those whose replies are known.

    What is odd about a request is the SDK's to say: an ``initialize`` that lacks something, a page of the tools.
    """
    if ENVELOPE in line or not (b"initialize" in line or b"tools/list" in line):
        return None
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match request:
        case {"jsonrpc": "2.0", "id": bool()}:
            return None
        case {
            "jsonrpc": "2.0",
            "id": int() | str(),
            "method": "initialize",
            "params": {
                "protocolVersion": str(),
                "capabilities": dict(),
                "clientInfo": {"name": str(), "version": str()},
            },
        }:
            return dict(request)
        case {"jsonrpc": "2.0", "id": int() | str(), "method": "tools/list"}:
            params = request.get("params")
            is_plain = params is None or (isinstance(params, dict) and params.get("cursor") is None)
            return request if is_plain else None
    return None


def reply_to(request: dict[str, Any]) -> bytes:
    """The line to reply to a request that `read_request` knows."""
    result = _known_replies()[request["method"]]
    if request["method"] == "initialize":
        asked = request["params"]["protocolVersion"]
        version = asked if asked in PROTOCOL_VERSIONS else PROTOCOL_VERSIONS[-1]
        result = {**result, "protocolVersion": version}
    reply = {"jsonrpc": "2.0", "id": request["id"], "result": result}
    return json.dumps(reply, separators=(",", ":")).encode() + b"\n"


@cache
def _known_replies() -> dict[str, Any]:
    # A Path would cost a third of what the whole greeting imports.
    with open(__file__.rpartition(".")[0] + ".json", encoding="utf-8") as file:  # noqa: PTH123
        replies: dict[str, Any] = json.load(file)
    return replies
