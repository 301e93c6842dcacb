"""Answers ``initialize`` before the MCP SDK is loaded.

Importing the SDK takes most of a second, and clients wait for the first reply at every start. The reply
holds only what is known beforehand, so it is written at once; the SDK then gets the same request, and its own
reply to it is dropped. A test holds the two replies equal.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

PROTOCOL_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Protocol versions whose sessions begin with ``initialize``, oldest first."""

INSTRUCTIONS = (
    "repo-memory holds an always fresh index of this repository. Prefer it to reading files: `search` finds "
    "code by name or meaning, `read` gives a symbol's exact source with line numbers to edit from, `outline` "
    "maps a folder or file, `related` finds callers, callees, implementations, importers and tests. Replies "
    "are small on purpose; read several targets in one call, and open a whole file only when a reply says "
    "something was left out that you need."
)


def server_version() -> str:
    """The installed version of this package."""
    return metadata.version("repo-memory")


@dataclass(frozen=True, slots=True)
class Wire:
    """The protocol's own descriptors, the first line read, and the id that was replied to here."""

    input: int
    output: int
    first_line: bytes
    answered: int | str | None


@cache
def open_wire() -> Wire:
    """Take over stdin and stdout for the protocol, and greet the client; the same wire at every call.

    Stray prints go to stderr from then on, and children read nothing.
    """
    wire_input, wire_output = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    line = _read_line(wire_input)
    reply = greet(line)
    if reply is not None:
        os.write(wire_output, json.dumps(reply, separators=(",", ":")).encode() + b"\n")
    return Wire(wire_input, wire_output, line, reply["id"] if reply else None)


def _read_line(descriptor: int) -> bytes:
    """One line, byte by byte, so that what follows is left for the SDK."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            break
        line += byte
    return line


def greet(line: bytes) -> dict[str, Any] | None:
    """The reply to an ``initialize`` request, None for any other line."""
    try:
        request = json.loads(line)
    except ValueError:
        return None
    if not isinstance(request, dict) or request.get("method") != "initialize" or "id" not in request:
        return None
    return initialize_reply(request)


def initialize_reply(request: dict[str, Any]) -> dict[str, Any]:
    """The JSON-RPC reply to an ``initialize`` request."""
    asked = (request.get("params") or {}).get("protocolVersion")
    return {
        "jsonrpc": "2.0",
        "id": request["id"],
        "result": {
            "protocolVersion": asked if asked in PROTOCOL_VERSIONS else PROTOCOL_VERSIONS[-1],
            "capabilities": {"tools": {"listChanged": False}},
            "serverInfo": {"name": "repo-memory", "version": server_version()},
            "instructions": INSTRUCTIONS,
        },
    }
