"""The wire: what is replied to at once, what goes on to the SDK, and how it ends; then real processes on stdio."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from memory_server.serve.server import build_server, run_server
from memory_server.serve.wire import Wire
from tests.support.answering import make_sample
from tests.support.places import CHECKOUT
from tests.support.wire import (
    ENVELOPED,
    INITIALIZED,
    Message,
    call_tool,
    initialize,
    list_tools,
    no_memory,
    ping,
)

DEADLINE = 60.0
VERSION = "2025-06-18"
TOOLS = ["search", "read", "outline", "related"]


def line_of(message: Message | bytes) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"


def take(*sent: Message | bytes) -> tuple[list[int | str], list[bytes]]:
    """The requests that a wire itself replied to, and the lines that it handed on."""
    sink = BytesIO()
    wire = Wire(BytesIO(b"".join(map(line_of, sent))), sink)
    wire.listen()
    replies = [json.loads(line)["id"] for line in sink.getvalue().splitlines()]
    return replies, list(iter(wire.next_line, b""))


def serve(*sent: Message | bytes) -> list[Message]:
    """What a server writes to a client that sends all at once, and leaves once every request has its reply."""
    from_client, client = os.pipe()
    server, to_client = os.pipe()
    wire = Wire(os.fdopen(from_client, "rb"), os.fdopen(to_client, "wb"))
    threads = [
        threading.Thread(target=wire.listen, daemon=True),
        threading.Thread(target=run_server, args=(build_server(no_memory), wire), daemon=True),
        threading.Thread(target=write_all, args=(client, b"".join(map(line_of, sent))), daemon=True),
    ]
    for thread in threads:
        thread.start()
    expected = sum(isinstance(message, dict) and "id" in message for message in sent)
    with os.fdopen(server, "rb") as replies:
        received = [json.loads(replies.readline()) for _ in range(expected)]
        os.close(client)
        for thread in threads:
            thread.join(DEADLINE)
        wire._sink.close()
        assert replies.read() == b""
    wire._source.close()
    assert not any(thread.is_alive() for thread in threads)
    return received


def write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def test_greeting_and_tools_are_replied_to_and_only_the_greeting_goes_on() -> None:
    session = (initialize(VERSION), INITIALIZED, list_tools(2), ping(3), list_tools("again"))
    replies, rest = take(*session)
    assert replies == [1, 2, "again"]
    assert rest == [line_of(session[0]), line_of(INITIALIZED), line_of(ping(3))]


@pytest.mark.parametrize(
    "first", [ping(0), INITIALIZED, b"garbage\n", b"\n", b"[]\n", b'{"id": 1}\n', b"\xff\xfe\n", b"x" * 2**20 + b"\n"]
)  # fmt: skip
def test_a_session_is_greeted_whatever_came_before(first: Message | bytes) -> None:
    replies, rest = take(first, initialize(VERSION), list_tools(2))
    assert replies == [1, 2]
    assert rest == [line_of(first), line_of(initialize(VERSION))]


@pytest.mark.parametrize(
    "session",
    [
        [list_tools(1)],
        [list_tools(1), ping(2)],
        [{**list_tools(1), "params": ENVELOPED}, list_tools(2)],
        [{**ping(1), "method": "server/discover", "params": ENVELOPED}, initialize(VERSION, 2), list_tools(3)],
        [[initialize(VERSION), list_tools(2)]],
    ],
)  # fmt: skip
def test_a_session_that_does_not_begin_with_a_greeting_is_the_sdks(session: list[Message]) -> None:
    assert take(*map(line_of, session)) == ([], list(map(line_of, session)))


def test_a_second_greeting_is_the_sdks() -> None:
    replies, rest = take(initialize(VERSION), initialize(VERSION, 2), list_tools(3))
    assert replies == [1, 3]
    assert rest == [line_of(initialize(VERSION)), line_of(initialize(VERSION, 2))]


@pytest.mark.parametrize("cut", [0, 1, 40, len(line_of(initialize(VERSION))) - 2])
def test_a_line_cut_short_is_handed_on_as_it_is(cut: int) -> None:
    begun = line_of(initialize(VERSION))[:cut]
    assert take(begun) == ([], [begun] if begun else [])


def test_a_last_line_needs_no_end() -> None:
    assert take(initialize(VERSION), line_of(list_tools(2)).strip())[0] == [1, 2]


def test_the_sdk_is_told_of_the_end_when_the_client_cannot_be_written_to() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    wire = Wire(BytesIO(line_of(initialize(VERSION))), os.fdopen(writer, "wb", 0))
    wire.listen()
    assert wire.next_line() == b""
    wire._sink.close()


def test_the_client_gets_one_reply_to_each_request() -> None:
    replies = serve(initialize(VERSION), INITIALIZED, list_tools(2), ping(1), ping(3))
    assert [reply["id"] for reply in replies[:2]] == [1, 2]
    assert replies[0]["result"]["protocolVersion"] == VERSION
    assert {(reply["id"], str(reply["result"])) for reply in replies[2:]} == {(1, "{}"), (3, "{}")}


def test_the_sdks_session_has_begun_when_the_tools_are_called() -> None:
    replies = serve(initialize(VERSION), INITIALIZED, call_tool(2, "grep"))
    (content,) = replies[1]["result"]["content"]
    assert content["text"] == "no tool grep\nhint: use one of: search, read, outline, related"


def test_a_session_without_a_greeting_is_served_by_the_sdk_alone() -> None:
    (reply,) = serve({**list_tools(1), "params": ENVELOPED})
    assert [tool["name"] for tool in reply["result"]["tools"]] == TOOLS
    assert reply["result"]["resultType"] == "complete"
    (refused,) = serve(list_tools(1))
    assert "error" in refused


def test_lines_that_are_no_messages_are_passed_over() -> None:
    odd = (b"garbage\n", b"[]\n", b"\xff\n", b"\n", b"[" * 100_000 + b"\n", b"y" * 2**20 + b"\n")
    assert [reply["id"] for reply in serve(*odd, ping(1))] == [1]
    assert [reply["id"] for reply in serve(initialize(VERSION), *odd, ping(2))] == [1, 2]


@pytest.mark.slow
def test_a_megabyte_in_one_line_is_read() -> None:
    replies = serve(initialize(VERSION), INITIALIZED, call_tool(2, "search", query="x", **{"q" * 2**20: 1}))
    (content,) = replies[1]["result"]["content"]
    assert content["text"].startswith("search takes no qqq")


@contextmanager
def served(root: Path, prelude: str = "", **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A real server process over a folder; ``prelude`` runs in it before all else."""
    program = f"{prelude}\nfrom memory_server.cli import main\nmain()"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", program, "serve", "--repo", str(root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, **options,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def send(process: subprocess.Popen[bytes], *messages: Message) -> None:
    assert process.stdin
    process.stdin.write(b"".join(map(line_of, messages)))
    process.stdin.flush()


def receive(process: subprocess.Popen[bytes]) -> Message:
    assert process.stdout
    reply: Message = json.loads(process.stdout.readline())
    return reply


@pytest.mark.slow
def test_a_server_process_greets_answers_and_ends_with_its_client(tmp_path: Path) -> None:
    with served(make_sample(tmp_path / "shop")) as process:
        send(process, initialize(VERSION))
        assert receive(process)["result"]["serverInfo"]["name"] == "repo-memory"
        send(process, INITIALIZED, list_tools(2))
        tools = receive(process)["result"]["tools"]
        assert [tool["name"] for tool in tools] == TOOLS
        assert tools[0]["_meta"] == {"anthropic/alwaysLoad": True}
        send(process, call_tool(3, "read", targets=["add_tax"]))
        reply = receive(process)
        assert reply["id"] == 3
        assert "7\t" in reply["result"]["content"][0]["text"]
        assert "structuredContent" not in reply["result"]
        assert process.communicate(timeout=DEADLINE)[0] == b""
        assert process.returncode == 0


@pytest.mark.slow
def test_greeting_and_tools_do_not_wait_for_the_sdk(tmp_path: Path) -> None:
    go_on, released = os.pipe()
    held = (
        "import os, sys\n"
        "class Held:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        return os.read({go_on}, 1) and None if name == 'mcp' else None\n"
        "sys.meta_path.insert(0, Held())\n"
    )
    with served(make_sample(tmp_path / "shop"), held, pass_fds=(go_on,)) as process:
        send(process, initialize(VERSION), INITIALIZED, list_tools(2), ping(3))
        assert [receive(process)["id"] for _ in range(2)] == [1, 2]
        os.write(released, b"!")
        assert receive(process)["id"] == 3
    os.close(go_on)
    os.close(released)


@pytest.mark.slow
def test_stray_prints_do_not_reach_the_client(tmp_path: Path) -> None:
    stray = (
        "import os\n"
        "from memory_server.serve import wire\n"
        "read = wire.read_request\n"
        "wire.read_request = lambda line: ("
        "print('stray', flush=True), os.system('echo child'), os.write(1, b'raw'), read(line))[3]\n"
    )
    with served(make_sample(tmp_path / "shop"), stray) as process:
        out, err = process.communicate(line_of(initialize(VERSION)), timeout=DEADLINE)
        assert [json.loads(line)["id"] for line in out.splitlines()] == [1]
        for printed in (b"stray", b"child", b"raw"):
            assert printed in err


@pytest.mark.slow
@pytest.mark.parametrize("first", [b"", b"garbage\n", b"garbage", line_of(initialize(VERSION))])
def test_a_server_whose_client_leaves_early_ends_cleanly(tmp_path: Path, first: bytes) -> None:
    with served(make_sample(tmp_path / "shop")) as process:
        _, err = process.communicate(first, timeout=DEADLINE)
        assert (process.returncode, err) == (0, b"")


@pytest.mark.slow
def test_a_server_whose_client_stopped_reading_ends_cleanly(tmp_path: Path) -> None:
    with served(make_sample(tmp_path / "shop")) as process:
        assert process.stdout
        process.stdout.close()
        send(process, initialize(VERSION), INITIALIZED, ping(2))
        assert process.wait(DEADLINE) == 0


@pytest.mark.slow
def test_a_wrong_option_ends_the_process_though_the_client_stays(tmp_path: Path) -> None:
    with served(tmp_path, "import sys; sys.argv.append('--bogus')") as process:
        assert process.wait(DEADLINE) == 2
        assert process.stderr
        assert b"No such option" in process.stderr.read()
