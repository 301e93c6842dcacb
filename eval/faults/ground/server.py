"""A conversation with the server as a client has it, which may send anything."""

from __future__ import annotations

import json
import queue
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eval.faults.ground import commands
from eval.faults.ground.commands import HANGS_AFTER, Ended, kill_group, wait_for

Message = dict[str, Any]

GREETING: Message = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "repo-memory-eval", "version": "1"},
}
"""Parameters of ``initialize``."""


def as_line(message: Message) -> bytes:
    """A message as it is sent."""
    return json.dumps(message).encode() + b"\n"


BEGUN: Message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
QUESTION: Message = {"name": "search", "arguments": {"query": "settle an invoice"}}

SESSION = b"".join(
    as_line(message)
    for message in (
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": GREETING},
        BEGUN,
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": QUESTION},
    )
)
"""A greeting and a question, sent at once."""


class Server:
    """A server process over a tree. Every wait ends after ``HANGS_AFTER``; then, and at the end, there is no reply."""

    def __init__(self, root: Path) -> None:
        self._err = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        self.process = subprocess.Popen(
            [*commands.COMMAND, "serve", "--repo", str(root)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._err, start_new_session=True,
        )  # fmt: skip
        self._replies: queue.Queue[Message | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.end()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                reply = json.loads(line)
            except ValueError:
                reply = {"id": None, "unreadable": line[:200].decode("utf-8", "replace")}
            self._replies.put(
                reply if isinstance(reply, dict) else {"id": None, "unreadable": str(reply)[:200]}
            )
        self._replies.put(None)

    def send(self, data: bytes) -> bool:
        """Send bytes as they are; false where nobody reads them any more."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def receive(self) -> Message | None:
        """The next reply."""
        try:
            reply = self._replies.get(timeout=HANGS_AFTER)
        except queue.Empty:
            return None
        if reply is None:  # for whoever asks again
            self._replies.put(None)
        return reply

    def ask(self, method: str, params: Message) -> Message | None:
        """The reply to a request."""
        self._asked += 1
        name = f"asked {self._asked}"
        if not self.send(as_line({"jsonrpc": "2.0", "id": name, "method": method, "params": params})):
            return None
        while (reply := self.receive()) is not None:
            if reply.get("id") == name:
                return reply
        return None

    def greet(self) -> bool:
        """Begin the session; whether there was a reply."""
        reply = self.ask("initialize", GREETING)
        return self.send(as_line(BEGUN)) and reply is not None

    def call(self, tool: str, **arguments: object) -> str | None:
        """The text that a tool replies, of an error too; None where there is no reply."""
        reply = self.ask("tools/call", {"name": tool, "arguments": arguments})
        if reply is None or not isinstance(reply.get("result"), dict):
            return None
        return "".join(str(part.get("text", "")) for part in reply["result"].get("content", []))

    def resident(self) -> float:
        """The memory of its process in MiB; 0 where the system does not say, and once it has ended."""
        try:
            text = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        except OSError:
            return 0.0
        return next(
            (int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS:")), 0.0
        )

    def kill(self) -> None:
        """Kill it and all that it started."""
        kill_group(self.process)

    def end(self) -> Ended:
        """Leave, and wait for its end."""
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()
        code = wait_for(self.process)
        told = ""
        if not self._err.closed:
            self._err.seek(0)
            told = self._err.read().decode("utf-8", "replace")
            self._err.close()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return Ended(("serve",), code, "", told)
