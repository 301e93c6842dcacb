"""The greeting before the SDK is loaded, and a real server process on stdio."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import anyio
import pytest
from mcp.server.stdio import stdio_server
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from memory_server.memory import Memory
from memory_server.serve.greeting import PROTOCOL_VERSIONS, Wire, greet
from memory_server.serve.server import build_server, run_server
from tests.support.answering import make_sample
from tests.support.places import CHECKOUT

CLIENT = {"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def initialize(version: object, request: int | str = 1) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "id": request,
        "method": "initialize",
        "params": {"protocolVersion": version, **CLIENT},
    }


def no_answers() -> Memory:
    raise AssertionError("nothing was asked")


class _Lines:
    """Lines for the SDK to read, or those it wrote."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)

    async def __aiter__(self) -> Any:
        for line in self.lines:
            yield line

    async def write(self, text: str) -> None:
        self.lines.append(text)

    async def flush(self) -> None: ...


def sdk_reply(request: dict[str, Any]) -> dict[str, Any]:
    """What the SDK itself replies to a request."""
    written = _Lines()

    async def run() -> None:
        server = build_server(no_answers)._lowlevel_server
        async with stdio_server(_Lines(json.dumps(request) + "\n"), written) as (reader, writer):  # type: ignore[arg-type]
            await server.run(reader, writer, server.create_initialization_options())

    anyio.run(run)
    reply: dict[str, Any] = json.loads(written.lines[0])
    return reply


@pytest.mark.parametrize("version", [*HANDSHAKE_PROTOCOL_VERSIONS, "1999-01-01", "2099-01-01"])
@pytest.mark.parametrize("request_id", [0, 7, "seven"])
def test_the_greeting_is_what_the_sdk_replies(version: str, request_id: int | str) -> None:
    request = initialize(version, request_id)
    assert greet(json.dumps(request).encode()) == sdk_reply(request)


def test_every_protocol_version_of_the_sdk_is_greeted() -> None:
    assert PROTOCOL_VERSIONS == HANDSHAKE_PROTOCOL_VERSIONS


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\n", b"not json\n", b"[]\n", b'"initialize"\n', b"\xff\xfe\n",
        b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n',
        b'{"jsonrpc": "2.0", "method": "initialize", "params": {}}\n',
    ],
)  # fmt: skip
def test_any_other_first_line_is_left_to_the_sdk(line: bytes) -> None:
    assert greet(line) is None


def converse(first: bytes, answered: int | str | None, rest: str) -> list[dict[str, Any]]:
    """What a server writes after a greeting, given the first line and what follows it."""
    in_reader, in_writer = os.pipe()
    out_reader, out_writer = os.pipe()
    os.write(in_writer, rest.encode())
    wire = Wire(in_reader, out_writer, first, answered)
    server = Thread(target=run_server, args=(build_server(no_answers), wire))
    server.start()
    with os.fdopen(out_reader, encoding="utf-8") as written:
        answers_in_time = select.select([out_reader], [], [], 30)[0]
        os.close(in_writer)  # a server drops the questions that are open when its client leaves
        replies = [json.loads(line) for line in written]
    server.join()
    assert answers_in_time
    return replies


PING = '{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n'
INITIALIZED = '{"jsonrpc": "2.0", "method": "notifications/initialized"}\n'


def test_the_sdks_own_reply_to_an_answered_greeting_is_dropped() -> None:
    first = json.dumps(initialize("2025-06-18")).encode() + b"\n"
    written = converse(first, 1, INITIALIZED + PING)
    assert [(message["id"], message["result"]) for message in written] == [(1, {})]


def test_a_first_line_that_was_not_answered_is_answered_by_the_sdk() -> None:
    written = converse(PING.encode(), None, "")
    assert [message["id"] for message in written] == [1]


@contextmanager
def served(root: Path, prelude: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A real server process over a folder; ``prelude`` runs in it after the greeting."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    start = ["-m", "memory_server.cli"]
    if prelude:
        start = ["-c", f"import sys; from memory_server.cli import main; {prelude}; main()"]
    with subprocess.Popen(
        [sys.executable, *start, "serve", "--repo", str(root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def ask(process: subprocess.Popen[bytes], message: dict[str, Any]) -> dict[str, Any]:
    """Send a request and read its reply."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()
    reply: dict[str, Any] = json.loads(process.stdout.readline())
    return reply


def tool_call(request: int, name: str, **arguments: object) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "id": request,
        "method": "tools/call",
        "params": {"name": name, "arguments": arguments},
    }


def test_a_server_process_greets_answers_and_ends_with_its_client(tmp_path: Path) -> None:
    with served(make_sample(tmp_path / "shop")) as process:
        assert ask(process, initialize("2025-06-18"))["result"]["serverInfo"]["name"] == "repo-memory"
        assert process.stdin
        process.stdin.write(INITIALIZED.encode())
        tools = ask(process, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"})["result"]["tools"]
        assert [tool["name"] for tool in tools] == ["search", "read", "outline", "related"]
        assert tools[0]["_meta"] == {"anthropic/alwaysLoad": True}
        reply = ask(process, tool_call(3, "read", targets=["add_tax"]))
        assert reply["id"] == 3
        assert "7\t" in reply["result"]["content"][0]["text"]
        assert "structuredContent" not in reply["result"]
        process.stdin.close()
        assert process.stdout
        assert process.stdout.read() == b""
        assert process.wait(timeout=30) == 0


def test_stray_prints_do_not_reach_the_client(tmp_path: Path) -> None:
    stray = (
        "import threading, os; from memory_server import handshake; greet = handshake.greet; "
        "handshake.greet = lambda line: (print('stray'), os.system('echo child'), os.write(1, b'raw'), greet(line))[3]"
    )
    with served(make_sample(tmp_path / "shop"), stray) as process:
        out, err = process.communicate(json.dumps(initialize("2025-06-18")).encode() + b"\n", timeout=60)
        assert [json.loads(line)["id"] for line in out.splitlines()] == [1]
        assert b"child" in err
        assert b"raw" in err
        assert b"stray" in err


@pytest.mark.parametrize("first", [b"", b"garbage\n"])
def test_a_server_whose_client_says_nothing_sensible_ends_cleanly(tmp_path: Path, first: bytes) -> None:
    with served(make_sample(tmp_path / "shop")) as process:
        process.communicate(first, timeout=60)
        assert process.returncode == 0
