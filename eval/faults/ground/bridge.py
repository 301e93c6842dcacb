"""What is sent to a server over HTTP, handed on to its standard input: for clients that know no other way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from eval.faults.ground.server import Message, Server, as_line


class _Bridge(ThreadingHTTPServer):
    """Listens on a free port of this machine; each greeting gets a server process of its own."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.server: Server | None = None
        self.turn = threading.Lock()

    def hand_on(self, message: Message) -> Message | None:
        """Send a message, and return the reply to it; None to one that gets none."""
        with self.turn:
            if message.get("method") == "initialize":
                self.end()
                self.server = Server(self.root)
            if self.server is None or not self.server.send(as_line(message)) or "id" not in message:
                return None
            while (reply := self.server.receive()) is not None and reply.get("id") != message["id"]:
                pass
            return reply

    def end(self) -> None:
        """End the server process."""
        if self.server is not None:
            self.server.end()
            self.server = None


class _Handler(BaseHTTPRequestHandler):
    server: _Bridge

    def do_POST(self) -> None:
        """One message in, its reply out."""
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = self.server.hand_on(message)
        body = b"" if reply is None else json.dumps(reply).encode()
        self.send_response(202 if reply is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """There is no stream of messages from the server."""
        self.send_error(405)

    do_DELETE = do_GET  # noqa: N815 - as the library has it

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def bridged(root: Path) -> Iterator[str]:
    """The address at which a server over a tree is reached meanwhile."""
    with _Bridge(root) as bridge:
        thread = threading.Thread(target=bridge.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{bridge.server_port}/mcp"
        finally:
            bridge.shutdown()
            bridge.end()
