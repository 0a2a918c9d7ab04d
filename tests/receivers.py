"""Where notifications arrive in tests: a webhook and a mail server on 127.0.0.1, each in a thread of its own."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class Webhook:
    """What was posted; what is answered may be changed."""

    url: str = ""
    status: int = 204
    posted: list[dict[str, Any]] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)

    def events(self) -> list[str]:
        return [str(one["event"]) for one in self.posted]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A server that takes JSON by POST."""
    received = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.methods.append("POST")
            length = int(self.headers["Content-Length"])
            assert self.headers["Content-Type"] == "application/json"
            received.posted.append(json.loads(self.rfile.read(length)))
            self.send_response(received.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            received.methods.append("GET")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        received.url = f"http://127.0.0.1:{server.server_port}/s3cret"
        with _serving(server):
            yield received


@dataclass
class Mailbox:
    """The commands a mail client sent, and its messages."""

    port: int = 0
    commands: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server that knows just enough of SMTP."""
    received = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            while line := self.rfile.readline().decode().strip():
                received.commands.append(line)
                verb = line[:4].upper()
                if verb == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = []
                    while (text := self.rfile.readline()) != b".\r\n":
                        lines.append(text)
                    received.messages.append(b"".join(lines))
                self.wfile.write(b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")
                if verb == "QUIT":
                    return

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        received.port = server.server_address[1]
        with _serving(server):
            yield received


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
