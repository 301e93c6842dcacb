"""Anthropic's endpoint that counts tokens: asked only where a user says so, since texts leave the machine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from eval.errors import MeasureError

API_URL = "https://api.anthropic.com"
API_VERSION = "2023-06-01"

ATTEMPTS = 8
"""Times that a text is sent while the endpoint asks to wait."""

LONGEST_WAIT_S = 120.0
"""Seconds: a longer wait that the endpoint asks for ends the run."""

_TIMEOUT_S = 60
_BUSY = frozenset({429, 503, 529})
_FIRST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class MessageCounter:
    """Counts a text as the one message of a request for a model.

    ``base`` is the API's address, ``sleep`` waits so many seconds.
    """

    model: str
    key: str = field(repr=False)
    base: str = API_URL
    sleep: Callable[[float], None] = time.sleep

    @property
    def host(self) -> str:
        """Where texts are sent to."""
        return urlsplit(self.base).netloc

    def count(self, text: str) -> int:
        """Tokens of the message, with its frame.

        Raises:
            MeasureError: the endpoint cannot be reached, refuses, or stays busy.
        """
        message = {"role": "user", "content": text.encode("utf-8", "replace").decode()}
        data = json.dumps({"model": self.model, "messages": [message]}).encode()
        for attempt in range(ATTEMPTS):
            try:
                return _read_count(self._send(data))
            except HTTPError as error:
                if error.code not in _BUSY or attempt == ATTEMPTS - 1:
                    raise _refusal(error) from error
                self._wait(error.headers.get("retry-after", ""), attempt)
            except (URLError, HTTPException, OSError) as error:
                raise MeasureError(
                    f"cannot reach {self.host}: {error}", "check the network, or ANTHROPIC_BASE_URL"
                ) from error
        raise AssertionError("the last attempt returns or raises")

    def _send(self, data: bytes) -> bytes:
        headers = {
            "content-type": "application/json",
            "x-api-key": self.key,
            "anthropic-version": API_VERSION,
        }
        request = Request(f"{self.base.rstrip('/')}/v1/messages/count_tokens", data, headers)
        with build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_S) as reply:
            body: bytes = reply.read()
        return body

    def _wait(self, asked: str, attempt: int) -> None:
        """Wait as long as the endpoint says, twice as long each time where it says nothing."""
        try:
            seconds = float(asked)
        except ValueError:
            seconds = _FIRST_WAIT_S * 2**attempt
        if not 0 <= seconds <= LONGEST_WAIT_S:
            raise MeasureError(
                f"{self.host} asks to wait {asked} seconds", "run again later, or with fewer questions"
            )
        self.sleep(seconds)


class _NoRedirect(HTTPRedirectHandler):
    """A redirect is an error: the key and the texts go nowhere but to the address that the user set."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing."""


def _read_count(body: bytes) -> int:
    try:
        return int(json.loads(body)["input_tokens"])
    except (ValueError, KeyError, TypeError) as error:
        raise MeasureError("the reply holds no count of tokens", "check ANTHROPIC_BASE_URL") from error


def _refusal(error: HTTPError) -> MeasureError:
    """What the endpoint said, and what to do about it."""
    try:
        said = json.loads(error.read())["error"]["message"]
    except (ValueError, KeyError, TypeError, OSError):
        said = error.reason
    hints = {401: "check ANTHROPIC_API_KEY", 404: "check --model and ANTHROPIC_BASE_URL"}
    hint = "run again later, or with fewer questions" if error.code in _BUSY else hints.get(error.code)
    return MeasureError(f"no count, status {error.code}: {said}", hint or "check --model")


def message_counter(model: str, environment: Mapping[str, str] = os.environ) -> MessageCounter:
    """The counter with the user's key, at the user's address where there is one.

    Raises:
        MeasureError: there is no key.
    """
    key = environment.get("ANTHROPIC_API_KEY", "")
    if not key:
        raise MeasureError(
            "no key to count with", "set ANTHROPIC_API_KEY, or count with --count estimate or ctok"
        )
    return MessageCounter(model, key, environment.get("ANTHROPIC_BASE_URL") or API_URL)
