"""Odd messages: every request with an id gets one reply with that id, whatever else is wrong with it."""

from __future__ import annotations

import json

import pytest
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, JSONRPCMessage, JSONRPCRequest

from memory_server.serve.messages import find_id, read_messages
from memory_server.serve.wire import Line
from tests.memory_server.serve.test_wire import VERSION, serve
from tests.support.properties import assert_linear
from tests.support.wire import INITIALIZED, Message, call_tool, initialize, ping

GREETING = initialize(VERSION, 2)["params"]
ODD_PARAMS: tuple[object, ...] = (
    [1],
    [],
    "x",
    5,
    True,
    {"name": 5},
    {"_meta": 5},
    {"_meta": {"progressToken": [1]}},
    {"a": "\ud800"},
)
ODD_GREETINGS: tuple[Message, ...] = (
    {"protocolVersion": 5}, {"protocolVersion": None}, {"protocolVersion": "\ud800"}, {"capabilities": []},
    {"capabilities": {"roots": 5}}, {"clientInfo": "x"}, {"clientInfo": {"name": 5, "version": None}}, {"_meta": 5},
    {"_meta": {"io.modelcontextprotocol/protocolVersion": 5}},
)  # fmt: skip


def read(text: str | bytes) -> list[JSONRPCMessage | Message]:
    data = text if isinstance(text, bytes) else text.encode()
    return [json.loads(one) if isinstance(one, bytes) else one for one in read_messages(Line(data))]


def refusal(text: str | bytes) -> tuple[object, int]:
    (found,) = read(text)
    assert isinstance(found, dict)
    return found["id"], found["error"]["code"]


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("method", ["initialize", "ping", "tools/list", "tools/call", "nope", ""])
@pytest.mark.parametrize("params", ODD_PARAMS)
def test_a_request_with_odd_parameters_gets_one_reply(method: str, params: object) -> None:
    asked = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    replies = serve(initialize(VERSION), INITIALIZED, asked, ping(3))
    assert sorted(reply["id"] for reply in replies) == [1, 3, 7]


@pytest.mark.parametrize("odd", ODD_GREETINGS)
def test_an_odd_greeting_gets_one_reply_and_ends_nothing(odd: Message) -> None:
    for before in ([], [initialize(VERSION)]):
        asked = {**initialize(VERSION, 2), "params": {**GREETING, **odd}}
        replies = serve(*before, asked, ping(3))
        assert sorted(reply["id"] for reply in replies) == [*([1] if before else []), 2, 3]


@pytest.mark.parametrize("params", [*ODD_PARAMS, *({**GREETING, **odd} for odd in ODD_GREETINGS)])
def test_an_odd_greeting_of_the_same_id_as_the_one_that_is_replied_to_gets_its_own(params: object) -> None:
    replies = serve({**initialize(VERSION), "params": params}, initialize(VERSION), INITIALIZED, ping(3))
    assert sorted(reply["id"] for reply in replies) == [1, 1, 3]


def test_a_greeting_that_was_replied_to_begins_a_session_whatever_else_it_says() -> None:
    odd = {**initialize(VERSION), "params": {**initialize(VERSION)["params"], "capabilities": {"roots": 5}}}
    replies = serve(odd, INITIALIZED, call_tool(2, "grep"))
    assert "no tool grep" in str(replies[1])


@pytest.mark.parametrize(
    ("request_id", "told"),
    [
        ("null", None), ("true", None), ("[1]", None), ("{}", None), ("1.5", 1.5), ("1e3", 1000.0),
        ('"\\ud800"', "\ud800"), ("NaN", None), ("-Infinity", None),
    ],
)  # fmt: skip
def test_an_id_that_is_none_is_refused_and_said_back_where_json_can(request_id: str, told: object) -> None:
    text = f'{{"jsonrpc":"2.0","id":{request_id},"method":"ping"}}'
    assert refusal(text) == (told, INVALID_REQUEST)


@pytest.mark.parametrize(
    "request_id", ['""', '"a"', "-7", "123456789012345678901234567890", f'"{"z" * 1_000}"']
)
def test_an_odd_id_is_said_back_as_it_came(request_id: str) -> None:
    text = f'{{"jsonrpc":"2.0","id":{request_id},"method":"ping"}}\n'.encode()
    (reply,) = serve(text, refused=1)
    assert reply == {"jsonrpc": "2.0", "id": json.loads(request_id), "result": {}}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f'{{"jsonrpc":"2.0","id":9,"method":"ping","params":{{"a":{nested(300)}}}}}', INVALID_PARAMS),
        (f'{{"jsonrpc":"2.0","id":9,"method":"ping","params":{{"a":{nested(200_000)}}}}}', PARSE_ERROR),
        (f'{{"jsonrpc":"2.0","id":9,"method":"ping","params":{{"a":1{"0" * 6_000}}}}}', PARSE_ERROR),
        ('{"jsonrpc":"2.0","method":"ping","params":{"id":5},"id":9', PARSE_ERROR),
        ('{"jsonrpc":"1.0","id":9,"method":"ping"}', INVALID_REQUEST),
        ('{"id":9,"method":"ping"}', INVALID_REQUEST),
        ('{"jsonrpc":"2.0","id":9,"method":5}', INVALID_REQUEST),
        ('{"id":9}', INVALID_REQUEST),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_by_its_id(text: str, code: int) -> None:
    assert refusal(text) == (9, code)


@pytest.mark.parametrize(
    ("text", "code"), [("x", PARSE_ERROR), ("5", INVALID_REQUEST), ("[1,2]", INVALID_REQUEST)]
)
def test_what_is_no_request_is_refused_without_an_id(text: str, code: int) -> None:
    assert refusal(text) == (None, code)


@pytest.mark.parametrize(
    "text",
    [
        "", "  \r", '{"jsonrpc":"2.0","method":"x","params":"y"}', '{"jsonrpc":"2.0","method":"x","params":[1]}',
        '{"jsonrpc":"2.0","id":7,"error":5}', '{"jsonrpc":"2.0","id":7,"result":5}',
    ],
)  # fmt: skip
def test_blank_lines_notifications_and_replies_get_none(text: str) -> None:
    assert read(text) == []


def test_a_batch_is_read_one_by_one_and_each_request_gets_its_reply() -> None:
    batch = json.dumps([ping(5), INITIALIZED, ping("six"), {"jsonrpc": "2.0", "id": 7, "method": 1}]).encode()
    replies = serve(initialize(VERSION), batch + b"\n", refused=3)
    assert sorted(str(reply["id"]) for reply in replies) == ["1", "5", "7", "six"]


def test_what_else_a_batch_holds_keeps_no_request_in_it_from_its_reply() -> None:
    replies = serve(initialize(VERSION), json.dumps([ping(5), 5, "x"]).encode() + b"\n", refused=3)
    assert sorted(str(reply["id"]) for reply in replies) == ["1", "5", "None", "None"]


def test_bytes_and_halves_of_pairs_that_are_no_text_are_replaced() -> None:
    for odd in (b"\xff", b"\\ud800"):
        text = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"' + odd + b'"}}'
        (found,) = read(text)
        assert isinstance(found, JSONRPCRequest)
        assert found.params is not None
        assert found.params["a"] in ("\N{REPLACEMENT CHARACTER}", "?")


@pytest.mark.parametrize("piece", ["[", '"', '\\"', '"\\', "{}", "1", '"a":', " "])
def test_an_id_is_looked_for_in_linear_time(piece: str) -> None:
    assert_linear(lambda size: find_id('{"' + piece * size + "\\"), 10_000)
