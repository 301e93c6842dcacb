"""Messages to a server that are odd in every part, and what is right of its replies to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product

from eval.faults.ground.server import BEGUN, GREETING, Message, Server, as_line

_ID = b'"id": 9'
_METHODS = ("initialize", "ping", "tools/list", "tools/call", "notifications/initialized", "nothing", "")
_PARAMS: tuple[object, ...] = (
    None, [], [1], "x", 5, True, {}, {"name": 5}, {"name": "search"}, {"_meta": 5}, {"_meta": {"progressToken": [1]}},
    {"a": "\ud800"}, {"protocolVersion": 5}, {"capabilities": []}, {"clientInfo": "x"}, {"cursor": "x"}, {"name": None},
)  # fmt: skip
_TEXTS = (
    "", " ", "x" * 100_000, "x" * 3_000_000, "a/" * 500_000, "*" * 40 + "b", "**/*" * 12 + "q", "[" * 100_000, "\ud800",
    "\x00", "../../etc/passwd", "/etc/passwd", "a.b" * 90_000, "x:99999999999999999999-5", "\u202e\x1b[2J",
)  # fmt: skip
_VALUES: tuple[object, ...] = (None, 5, -5, 10**30, 1e308, True, [], ["x"] * 5_000, [[]], {}, {"a": {}})

GREETED = as_line({"jsonrpc": "2.0", "id": 9, "method": "initialize", "params": GREETING}) + as_line(BEGUN)
"""A greeting with the id that is counted."""


def _request(method: str, params: object) -> bytes:
    return as_line({"jsonrpc": "2.0", "id": 9, "method": method, "params": params})


def _call(tool: str, **arguments: object) -> bytes:
    return _request("tools/call", {"name": tool, "arguments": arguments})


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def _ping(value: bytes) -> bytes:
    return b'{"jsonrpc": "2.0", "id": 9, "method": "ping", "params": {"a": ' + value + b"}}"


def _lines() -> dict[str, bytes]:
    return {
        "nothing": b"", "a carriage return": b"\r", "garbage": b"garbage", "a number": b"5",
        "bytes": b"\xff\xfe\x00\x01",
        "a list": b"[]", "a list of numbers": b"[1, 2]", "half a message": b'{"jsonrpc": "2.0", "method": "ping"',
        "a million letters": b"x" * 1_000_000, "200,000 brackets": b"[" * 200_000, "a NUL": b"\x00",
        "parameters nested 300 deep": _ping(_nested(300)),
        "parameters nested deep": _ping(_nested(100_000)),
        "a long number": _ping(b"9" * 9_000),
        "five million letters": _ping(b'"' + b"x" * 5_000_000 + b'"'),
        "a lone surrogate": _ping(b'"\\ud800"'),
        "no version": b'{"id": 9, "method": "ping"}',
        "another version": b'{"jsonrpc": "1.0", "id": 9, "method": "ping"}',
        "a method of another type": b'{"jsonrpc": "2.0", "id": 9, "method": 5}', "an id alone": b'{"id": 9}',
        "an id of another type": b'{"jsonrpc": "2.0", "id": [1], "method": "ping"}',
        "a batch": b'[{"jsonrpc": "2.0", "id": 9, "method": "ping"}, {"jsonrpc": "2.0", "method": "nothing"}, 5]',
        "a reply that nobody waits for": b'{"jsonrpc": "2.0", "id": 7, "result": 5}',
        "a cancelled request": b'{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": []}}',
        "a notification of nothing": b'{"jsonrpc": "2.0", "method": "nothing", "params": "x"}',
    }  # fmt: skip


def make_frames() -> Iterator[tuple[str, bytes]]:
    """What is sent, with its name; a request in it has the id 9."""
    for method, params in product(_METHODS, _PARAMS):
        yield f"{method or 'no method'} with {str(params)[:40]!a}", _request(method, params)
    asked = {"search": "query", "read": "targets", "outline": "path", "related": "symbol"}
    for (tool, name), value in product(asked.items(), (*_TEXTS, *_VALUES)):
        more = {"relation": "callers"} if tool == "related" else {}
        given = [value] if tool == "read" and isinstance(value, str) else value
        yield f"{tool} of {str(value)[:30]!a}", _call(tool, **{name: given}, **more)
    for value in (*_TEXTS, *_VALUES):
        yield f"search in {str(value)[:30]!a}", _call("search", query="tax", path=value)
        yield f"search with a budget of {str(value)[:30]!a}", _call("search", query="tax", budget=value)
    for name, line in _lines().items():
        yield name, line + b"\n"


def answer(server: Server, frame: bytes) -> list[str]:
    """Send bytes and then a ping: each request in them has to get one reply, and the ping too."""
    due = frame.count(_ID)
    if not server.send(frame + as_line({"jsonrpc": "2.0", "id": "after", "method": "ping"})):
        return ["the server reads no more"]
    pinged, replies = False, list[Message]()
    while not (pinged and len(replies) >= due):
        reply = server.receive()
        if reply is None:
            return [
                f"{len(replies)} of {due} replies, {'one' if pinged else 'none'} to a ping, and then no more"
            ]
        pinged |= reply.get("id") == "after"
        replies += [reply] if reply.get("id") == 9 else []
        if "unreadable" in reply:
            return [f"it wrote what is no message: {reply['unreadable']}"]
    told = json.dumps(replies)
    wrong = [f"{len(replies)} replies to {due} requests"] if len(replies) > due else []
    return wrong + (["it shows what lies outside"] if "root:x:0" in told else [])
