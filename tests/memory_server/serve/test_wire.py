"""The wire: what is replied to at once, what goes on to the SDK, and how it ends; then real processes on stdio."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import INVALID_REQUEST, PARSE_ERROR

from memory_server.memory import Memory
from memory_server.serve.server import build_server, run_server
from memory_server.serve.wire import END, MAX_LINE, Wire, read_lines
from tests.support.answering import make_sample, memory_over
from tests.support.git_project import HANGS_AFTER
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

VERSION = "2025-06-18"
TOOLS = ["search", "read", "outline", "related", "remember", "recall"]


def line_of(message: Message | bytes) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"


def take(*sent: Message | bytes) -> tuple[list[int | str], list[bytes]]:
    """The requests that a wire itself replied to, and the lines that it handed on."""
    sink = BytesIO()
    wire = Wire(BytesIO(b"".join(map(line_of, sent))), sink)
    wire.listen()
    wire.close(HANGS_AFTER)
    replies = [json.loads(line)["id"] for line in sink.getvalue().splitlines()]
    lines = list(iter(wire.next_line, END))
    assert all(line.is_whole for line in lines)
    return replies, [line.data for line in lines]


def serve(*sent: Message | bytes, refused: int = 0) -> list[Message]:
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
    expected = sum(isinstance(message, dict) and "id" in message for message in sent) + refused
    with os.fdopen(server, "rb") as replies:
        received = [json.loads(replies.readline()) for _ in range(expected)]
        os.close(client)
        for thread in threads:
            thread.join(HANGS_AFTER)
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
    wire.close(HANGS_AFTER)
    assert wire.gone.is_set()
    assert END in {wire.next_line() for _ in range(2)}
    wire._sink.close()


def test_the_client_gets_one_reply_to_each_request() -> None:
    replies = serve(initialize(VERSION), INITIALIZED, list_tools(2), ping(1), ping(3))
    assert [reply["id"] for reply in replies[:2]] == [1, 2]
    assert replies[0]["result"]["protocolVersion"] == VERSION
    assert {(reply["id"], str(reply["result"])) for reply in replies[2:]} == {(1, "{}"), (3, "{}")}


def test_the_sdks_session_has_begun_when_the_tools_are_called() -> None:
    replies = serve(initialize(VERSION), INITIALIZED, call_tool(2, "grep"))
    (content,) = replies[1]["result"]["content"]
    assert (
        content["text"] == "no tool grep\nhint: use one of: search, read, outline, related, remember, recall"
    )


def test_a_session_without_a_greeting_is_served_by_the_sdk_alone() -> None:
    (reply,) = serve({**list_tools(1), "params": ENVELOPED})
    assert [tool["name"] for tool in reply["result"]["tools"]] == TOOLS
    assert reply["result"]["resultType"] == "complete"
    (refused,) = serve(list_tools(1))
    assert "error" in refused


def test_lines_that_are_no_messages_are_refused_and_blank_ones_passed_over() -> None:
    odd = (b"garbage\n", b"[]\n", b"\xff\n", b"\n", b"[" * 200_000 + b"\n", b"y" * 2**20 + b"\n")
    replies = serve(*odd, ping(1), refused=5)
    assert [(reply["id"], reply.get("error", {}).get("code")) for reply in replies] == [
        *[(None, code) for code in (PARSE_ERROR, INVALID_REQUEST, PARSE_ERROR, PARSE_ERROR, PARSE_ERROR)],
        (1, None),
    ]
    assert [reply["id"] for reply in serve(initialize(VERSION), *odd, ping(2), refused=5)].count(None) == 5


def test_a_line_that_is_too_long_is_refused_by_its_id_and_the_next_is_read() -> None:
    line = b'{"jsonrpc":"2.0","id":"long","method":"ping","params":{"q":"' + b"x" * MAX_LINE + b'"}}\n'
    first, second = serve(line, ping(2), refused=1)
    assert (first["id"], first["error"]["message"]) == ("long", "a line has at most 4,194,304 bytes")
    assert second["id"] == 2


@given(st.lists(st.binary(max_size=9).map(lambda data: data.replace(b"\n", b""))), st.integers(1, 9))
def test_lines_are_the_same_however_they_arrive(lines: list[bytes], block: int) -> None:
    class Trickle(BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            return super().read1(min(size or 0, block))

    found = list(read_lines(Trickle(b"\n".join(lines))))
    whole = b"\n".join(lines).split(b"\n")
    ends = [b"\n"] * (len(whole) - 1) + [b""]
    assert [line.data for line in found] == [
        text + end for text, end in zip(whole, ends, strict=True) if text + end
    ]


def test_what_was_asked_before_the_client_left_is_replied_to(tmp_path: Path) -> None:
    asked, released = threading.Event(), threading.Event()

    def slow() -> Memory:
        asked.set()
        released.wait(HANGS_AFTER)
        return memory_over(make_sample(tmp_path / "shop"))

    from_client, client = os.pipe()
    sink = BytesIO()
    wire = Wire(os.fdopen(from_client, "rb"), sink)
    listening = threading.Thread(target=wire.listen, daemon=True)
    listening.start()
    serving = threading.Thread(target=run_server, args=(build_server(slow, HANGS_AFTER), wire), daemon=True)
    serving.start()
    write_all(client, b"".join(map(line_of, (initialize(VERSION), INITIALIZED, call_tool(2, "outline")))))
    os.close(client)
    assert asked.wait(HANGS_AFTER)
    listening.join(HANGS_AFTER)
    released.set()
    serving.join(HANGS_AFTER)
    wire._source.close()
    assert [json.loads(line)["id"] for line in sink.getvalue().splitlines()] == [1, 2]


def test_a_client_that_does_not_read_holds_up_no_line_and_no_end() -> None:
    """A pipe holds twenty such replies; the server still sees the client leave, and ends."""
    from_client, client = os.pipe()
    unread, to_client = os.pipe()
    wire = Wire(os.fdopen(from_client, "rb"), os.fdopen(to_client, "wb"))
    listening = threading.Thread(target=wire.listen, daemon=True)
    listening.start()
    serving = threading.Thread(target=run_server, args=(build_server(no_memory), wire, 0.1, 0.1), daemon=True)
    serving.start()
    write_all(client, b"".join(map(line_of, (initialize(VERSION), *(list_tools(n) for n in range(2, 200))))))
    os.close(client)
    listening.join(HANGS_AFTER)
    serving.join(HANGS_AFTER)
    assert not listening.is_alive()
    assert not serving.is_alive()
    os.close(unread)
    wire._writer.join(HANGS_AFTER)
    assert wire.gone.is_set()
    wire._source.close()
    with suppress(BrokenPipeError):
        wire._sink.close()


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
        assert process.communicate(timeout=HANGS_AFTER)[0] == b""
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
        out, err = process.communicate(line_of(initialize(VERSION)), timeout=HANGS_AFTER)
        assert [json.loads(line)["id"] for line in out.splitlines()] == [1]
        for printed in (b"stray", b"child", b"raw"):
            assert printed in err


@pytest.mark.slow
@pytest.mark.parametrize("first", [b"", b"garbage\n", b"garbage", line_of(initialize(VERSION))])
def test_a_server_whose_client_leaves_early_ends_cleanly(tmp_path: Path, first: bytes) -> None:
    with served(make_sample(tmp_path / "shop")) as process:
        _, err = process.communicate(first, timeout=HANGS_AFTER)
        assert (process.returncode, err) == (0, b"")


@pytest.mark.slow
def test_a_server_whose_client_stopped_reading_ends_cleanly(tmp_path: Path) -> None:
    with served(make_sample(tmp_path / "shop")) as process:
        assert process.stdout
        process.stdout.close()
        send(process, initialize(VERSION), INITIALIZED, ping(2))
        assert process.wait(HANGS_AFTER) == 0


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_server_without_a_word_and_leaves_no_lock(
    tmp_path: Path, ending: signal.Signals
) -> None:
    root = make_sample(tmp_path / "shop")
    with served(root) as process:
        send(process, initialize(VERSION), INITIALIZED, call_tool(2, "outline"))
        assert [receive(process)["id"] for _ in range(2)] == [1, 2]
        process.send_signal(ending)
        _, err = process.communicate(timeout=HANGS_AFTER)
        assert (process.returncode, err) == (0, b"")
    (root / "new.py").write_text("def new() -> None: ...\n", "utf-8")
    with Memory.open(root) as memory:
        assert memory.sync(wait=0.0).added == 1


@pytest.mark.slow
def test_a_wrong_option_ends_the_process_though_the_client_stays(tmp_path: Path) -> None:
    with served(tmp_path, "import sys; sys.argv.append('--bogus')") as process:
        assert process.wait(HANGS_AFTER) == 2
        assert process.stderr
        assert b"No such option" in process.stderr.read()
