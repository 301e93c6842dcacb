"""What a client's line holds: messages for the SDK, and the replies to requests that are none.

Every request with an id is replied to, so what the SDK would pass over in silence is refused here, by JSON-RPC's codes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mcp_types import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    InitializeRequestParams,
    JSONRPCMessage,
    JSONRPCRequest,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

from memory_server.serve.wire import MAX_LINE, Line

Found = JSONRPCMessage | bytes
"""A message, or the line that refuses one."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def read_messages(line: Line, greeted: int | str | None = None) -> Iterator[Found]:
    """The messages of a line, those of a batch one by one, and what refuses those that are none.

    ``greeted`` is the greeting that was replied to already: it is never refused.
    """
    text = line.data.decode("utf-8", "replace").strip()
    if not line.is_whole:
        yield refuse(INVALID_REQUEST, f"a line has at most {MAX_LINE:,} bytes", find_id(text))
    elif text:
        yield from _read_text(text, greeted)


def _read_text(text: str, greeted: int | str | None) -> Iterator[Found]:
    try:
        message = jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValueError:
        message = None
    if isinstance(message, JSONRPCRequest):
        yield _check(message, greeted)
        return
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        yield refuse(PARSE_ERROR, "the line cannot be read as JSON", find_id(text))
        return
    if not isinstance(held, list):
        yield from _read_one(held, greeted)
    elif not any(isinstance(one, dict) for one in held):
        yield refuse(INVALID_REQUEST, "a batch holds messages, at least one, and nothing else")
    else:
        for one in held:
            yield from _read_one(one, greeted)


def refuse(code: int, problem: str, request: str = "null") -> bytes:
    """The line that refuses a request; its id as it stands in JSON."""
    error = json.dumps({"code": code, "message": problem})
    return f'{{"jsonrpc":"2.0","id":{request},"error":{error}}}\n'.encode()


def find_id(text: str) -> str:
    """The id of a request that cannot be read, as it stands in its JSON; ``null`` where none can be made out."""
    depth, before = 0, ["", ""]
    for match in _TOKEN.finditer(text):
        token = match[0]
        if depth == 1 and before == ['"id"', ":"] and (token[0] == '"' or _NUMBER.fullmatch(token)):
            return token
        depth += (token in "[{") - (token in "]}")
        before = [before[1], token]
    return "null"


def _read_one(held: object, greeted: int | str | None) -> Iterator[Found]:
    """The message that a JSON value is, less the halves of surrogate pairs in its texts; notifications may be none."""
    if not isinstance(held, dict):
        yield refuse(INVALID_REQUEST, "a message is an object")
        return
    is_call = "method" in held or not ("result" in held or "error" in held)
    wants_reply = is_call and ("id" in held or "method" not in held)
    request = _id_text(held.get("id"))
    if wants_reply and not _is_id(held.get("id")):
        yield refuse(INVALID_REQUEST, "the id of a request is a text or a whole number", request)
        return
    try:
        clean = json.dumps(held, ensure_ascii=False).encode("utf-8", "replace")
        message = jsonrpc_message_adapter.validate_json(clean, by_name=False)
    except (ValueError, RecursionError):
        if wants_reply:
            yield _refuse_odd(held, request)
        return
    yield _check(message, greeted)


def _refuse_odd(held: dict[str, Any], request: str) -> bytes:
    if held.get("jsonrpc") != "2.0" or not isinstance(held.get("method"), str):
        return refuse(INVALID_REQUEST, 'a request has "jsonrpc": "2.0" and a method', request)
    return refuse(INVALID_PARAMS, "the parameters are an object, and not nested too deep", request)


def _check(message: JSONRPCMessage, greeted: int | str | None) -> Found:
    """The message, or the refusal of a greeting that no session can begin with."""
    if isinstance(message, JSONRPCRequest) and message.method == "initialize":
        try:
            InitializeRequestParams.model_validate(message.params or {}, by_name=False)
        except ValidationError as error:
            plain = _plain_greeting(message.params or {})
            if message.id == greeted and plain is not None:
                return message.model_copy(update={"params": plain})
            where = ".".join(map(str, error.errors()[0]["loc"]))[:60]
            return refuse(INVALID_PARAMS, f"initialize: {where} is missing or odd", json.dumps(message.id))
    return message


def _plain_greeting(params: dict[str, Any]) -> dict[str, Any] | None:
    """A greeting's parameters with nothing in them but what was looked at before it was replied to.

    None where that is odd itself: then it was another greeting of the same id that was replied to.
    """
    client = params.get("clientInfo")
    named = {name: client.get(name) for name in ("name", "version")} if isinstance(client, dict) else None
    plain = {"protocolVersion": params.get("protocolVersion"), "capabilities": {}, "clientInfo": named}
    try:
        InitializeRequestParams.model_validate(plain, by_name=False)
    except ValidationError:
        return None
    return plain


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return value.isascii() or value.encode("utf-8", "replace").decode() == value
    return isinstance(value, int) and not isinstance(value, bool)


def _id_text(value: object) -> str:
    """An id as JSON; that of a value which no reply can repeat is null."""
    if isinstance(value, str | int | float) and not isinstance(value, bool) and value == value:
        text = json.dumps(value)
        return text if "Infinity" not in text or isinstance(value, str) else "null"
    return "null"
