"""The greeting before the SDK is loaded: what it replies, and what it leaves to the SDK.

After a wanted change of the tools or the instructions run
``UPDATE_GOLDEN=1 pytest tests/memory_server/serve/test_greeting.py`` and read the diff.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from memory_server.answer.tools import TOOLS
from memory_server.serve import greeting
from memory_server.serve.greeting import PROTOCOL_VERSIONS, read_request, reply_to
from tests.support.places import CHECKOUT
from tests.support.wire import ENVELOPED, INITIALIZED, initialize, list_tools, no_memory, sdk_replies

KNOWN_REPLIES = Path(greeting.__file__).with_suffix(".json")


def greet(request: dict[str, Any]) -> Any:
    """What the greeting replies; None where it leaves the request to the SDK."""
    known = read_request(json.dumps(request).encode())
    return known and json.loads(reply_to(known))


def test_the_known_replies_are_the_sdks() -> None:
    replies = sdk_replies(no_memory, initialize(PROTOCOL_VERSIONS[-1]), INITIALIZED, list_tools(2))
    known = {"initialize": replies[0]["result"], "tools/list": replies[1]["result"]}
    if os.environ.get("UPDATE_GOLDEN"):
        KNOWN_REPLIES.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    assert json.loads(KNOWN_REPLIES.read_text(encoding="utf-8")) == known


@pytest.mark.parametrize("version", [*HANDSHAKE_PROTOCOL_VERSIONS, "1999-01-01", "2099-01-01"])
@pytest.mark.parametrize("request_id", [0, 7, "seven"])
def test_a_session_begins_with_what_the_sdk_replies(version: str, request_id: int | str) -> None:
    session = (initialize(version, request_id), INITIALIZED, list_tools("tools", _meta={"progressToken": 1}))
    assert [greet(session[0]), greet(session[2])] == sdk_replies(no_memory, *session)


def test_every_protocol_version_of_the_sdk_is_greeted() -> None:
    assert PROTOCOL_VERSIONS == HANDSHAKE_PROTOCOL_VERSIONS


@pytest.mark.parametrize("params", [{}, {"params": None}, {"params": {}}, {"params": {"cursor": None}}])
def test_the_tools_are_listed_however_they_are_asked_for(params: dict[str, Any]) -> None:
    reply = greet({"jsonrpc": "2.0", "id": 2, "method": "tools/list", **params})
    assert [tool["name"] for tool in reply["result"]["tools"]] == [tool.name for tool in TOOLS]


@pytest.mark.parametrize(
    "request_",
    [
        {**initialize("2025-06-18"), "params": {}},
        {**initialize("2025-06-18"), "params": None},
        {**initialize("2025-06-18"), "params": {"protocolVersion": "2025-06-18", "capabilities": {}}},
        {**initialize("2025-06-18"), "params": {**initialize("")["params"], "protocolVersion": 3}},
        {**initialize("2025-06-18"), "params": {**initialize("")["params"], "clientInfo": {"name": "x"}}},
    ],
)
def test_an_initialize_that_lacks_something_is_refused_by_the_sdk(request_: dict[str, Any]) -> None:
    assert greet(request_) is None
    (reply,) = sdk_replies(no_memory, request_)
    assert "error" in reply


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\n", b"not json\n", b"initialize\n", b"[]\n", b'"initialize"\n', b"\xff\xfeinitialize\n",
        b'["initialize", "tools/list"]\n',
        b"[" * 100_000 + b'"tools/list"\n',
        b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n',
        b'{"jsonrpc": "2.0", "method": "initialize", "params": {}}\n',
        b'{"jsonrpc": "2.0", "method": "tools/list"}\n',
        b'{"jsonrpc": "2.0", "id": null, "method": "tools/list"}\n',
        b'{"jsonrpc": "2.0", "id": true, "method": "tools/list"}\n',
        b'{"jsonrpc": "2.0", "id": [1], "method": "tools/list"}\n',
        b'{"jsonrpc": "1.0", "id": 1, "method": "tools/list"}\n',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}\n',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "2"}}\n',
        b'[{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}]\n',
        b'{"jsonrpc": "2.0", "id": ' + b"9" * 5_000 + b', "method": "tools/list"}\n',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "tools/list"}}\n',
        json.dumps({**list_tools(1), "params": ENVELOPED}).encode(),
    ],
)  # fmt: skip
def test_any_other_line_is_left_to_the_sdk(line: bytes) -> None:
    assert read_request(line) is None


def test_the_greeting_imports_next_to_nothing() -> None:
    program = "import memory_server.cli, memory_server.serve.wire, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    slow = "anyio asyncio dataclasses importlib.metadata inspect logging mcp numpy pathlib pydantic typer"
    assert set(done.stdout.split()).isdisjoint(slow.split())
