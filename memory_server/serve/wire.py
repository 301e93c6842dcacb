"""The protocol's two descriptors: one JSON-RPC message a line, and the greeting's own replies among them."""

from __future__ import annotations

import os
from functools import cache
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from memory_server.serve.greeting import ENVELOPE, read_request, reply_to

BLOCK = 1 << 16
"""Bytes asked for at a time: what the system's pipes hold."""


class Wire:
    """Lines to and from a client; those whose replies are known are replied to here, at any time in a session."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self.greeted: int | str | None = None
        """The ``initialize`` request that was replied to here; the SDK's reply to the same is not for the client."""
        self._may_greet = True
        self._source, self._sink = source, sink
        self._lines: SimpleQueue[bytes] = SimpleQueue()

    def listen(self) -> None:
        """Take the client's lines until it leaves; in a thread of its own, as the SDK loads meanwhile."""
        try:
            for line in self._source:
                if not self._is_answered(line):
                    self._lines.put(line)
        except OSError:
            pass  # the client is gone
        finally:
            self._lines.put(b"")

    def next_line(self) -> bytes:
        """The next line for the SDK, which may be waited for; empty once the client has left."""
        return self._lines.get()

    def send(self, line: bytes) -> None:
        """Write a line to the client, from any thread: the buffer takes one at a time.

        Raises:
            OSError: the client is gone.
        """
        self._sink.write(line)
        self._sink.flush()

    def _is_answered(self, line: bytes) -> bool:
        """Whether the line needs nothing further; a greeting does, for the SDK's session begins with it as well."""
        request = read_request(line)
        if self.greeted is not None:
            if request is None or request["method"] == "initialize":
                return False
            self.send(reply_to(request))
            return True
        self._may_greet = self._may_greet and ENVELOPE not in line  # a session without greetings has begun
        if request is not None and request["method"] == "initialize" and self._may_greet:
            self.send(reply_to(request))
            self.greeted = request["id"]
        return False


@cache
def open_wire() -> Wire:
    """Take over stdin and stdout for the protocol, and listen; the same wire at every call.

    Stray prints go to stderr from then on, and children read nothing.
    """
    source, sink = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    wire = Wire(os.fdopen(source, "rb", BLOCK), os.fdopen(sink, "wb", BLOCK))
    Thread(target=wire.listen, name="wire", daemon=True).start()
    return wire
