"""A receiver of our messages: a real server on this machine that answers as it is told and keeps what it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Receiver:
    """Answers with the next of `answers`, then with 204; `pause` seconds late."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    pause: float = 0.0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def verified(self, secret: str) -> list[Any]:
        """Give what was sent, as somebody else's library verifies it."""
        return [Webhook(secret).verify(body.decode(), headers) for headers, body in self.got]

    def numbers(self) -> list[int]:
        """Give the numbers of the changes that were told, as they came."""
        return [one["change_no"] for _, body in self.got for one in json.loads(body)["data"]["changes"]]

    def ids(self) -> list[str]:
        """Give the ids of the messages, as they came."""
        return [headers["webhook-id"] for headers, _ in self.got]


@contextmanager
def receiving(*answers: int, pause: float = 0.0) -> Iterator[Receiver]:
    """Give a receiver that listens."""
    made = Receiver(answers=[(status, {}) for status in answers], pause=pause)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers = made.answers.pop(0) if made.answers else (204, {})
            time.sleep(made.pause)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}/in"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
