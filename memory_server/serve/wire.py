"""The protocol's two descriptors: one JSON-RPC message a line, and the greeting's own replies among them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import cache
from queue import SimpleQueue
from threading import Event, Thread
from typing import BinaryIO, NamedTuple

from memory_server.serve.greeting import ENVELOPE, read_request, reply_to

BLOCK = 1 << 16
"""Bytes asked for at a time: what the system's pipes hold."""

MAX_LINE = 4 << 20
"""Bytes of a line that is read; of a longer one, the beginning is kept to find out whom to refuse."""


class Line(NamedTuple):
    """A client's line with its end; ``is_whole`` is false for the beginning of one that is too long."""

    data: bytes
    is_whole: bool = True


END = Line(b"")
"""What follows the last line."""


class Wire:
    """Lines to and from a client; those whose replies are known are replied to here, at any time in a session."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self.greeted: int | str | None = None
        """The ``initialize`` request that was replied to here; the SDK's reply to the same is not for the client."""
        self.gone = Event()
        """Set once the client cannot be written to any more."""
        self._may_greet = True
        self._source, self._sink = source, sink
        self._lines: SimpleQueue[Line] = SimpleQueue()
        self._leaving: SimpleQueue[bytes] = SimpleQueue()
        self._writer = Thread(target=self._write, name="wire-out", daemon=True)
        self._writer.start()

    def listen(self) -> None:
        """Take the client's lines until it leaves; in a thread of its own, as the SDK loads meanwhile."""
        try:
            for line in read_lines(self._source):
                if not line.is_whole or not self._is_answered(line.data):
                    self._lines.put(line)
        except (OSError, ValueError):
            pass  # the client is gone, or the descriptor is closed under the read
        finally:
            self._lines.put(END)

    def next_line(self) -> Line:
        """The next line for the SDK, which may be waited for; ``END`` once the client has left."""
        return self._lines.get()

    def send(self, line: bytes) -> None:
        """Hand a line over for the client; a client that does not read holds up nothing."""
        self._leaving.put(line)

    def close(self, seconds: float) -> None:
        """Send nothing further, once what was handed over is written or so much time is over."""
        self._leaving.put(b"")
        self._writer.join(seconds)

    def _write(self) -> None:
        """Write what is handed over until the client is gone, of which the reading side is told as well."""
        try:
            while line := self._leaving.get():
                self._sink.write(line)
                if self._leaving.empty():
                    self._sink.flush()
            self._sink.flush()
        except (OSError, ValueError):
            self.gone.set()
            self._lines.put(END)

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


def read_lines(source: BinaryIO) -> Iterator[Line]:
    """The lines of a stream, which is read in blocks; never more than `MAX_LINE` bytes and a block are held."""
    held, is_whole = bytearray(), True
    while block := source.read1(BLOCK):  # type: ignore[attr-defined]
        *ended, begun = block.split(b"\n")
        for part in ended:
            held += part
            is_whole = is_whole and len(held) <= MAX_LINE
            yield Line(bytes(held) + b"\n" if is_whole else bytes(held[:BLOCK]), is_whole)
            held, is_whole = bytearray(), True
        held += begun
        if not is_whole or len(held) > MAX_LINE:
            is_whole = False
            del held[BLOCK:]
    if held:
        yield Line(bytes(held), is_whole)


@cache
def open_wire() -> Wire:
    """Take over stdin and stdout for the protocol, and listen; the same wire at every call.

    Stray prints go to stderr from then on, and children read nothing. A signal that ends the process does so at once
    and without a word: the system lets go of what is locked, and an index run that is cut short is completed later.
    """
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: os._exit(0))
    source, sink = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    wire = Wire(os.fdopen(source, "rb", BLOCK), os.fdopen(sink, "wb", BLOCK))
    Thread(target=wire.listen, name="wire", daemon=True).start()
    return wire
