"""The server: rows, the present behaviour, and who has asked how often."""

from __future__ import annotations

import ssl
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from simulator.hostile.asked import Asked, Row
from simulator.hostile.behaviours import BEHAVIOURS


class HostileServer:
    """Serves `rows` on 127.0.0.1 until closed; `behave` chooses a fault of BEHAVIOURS, None is honest.

    `updated` names the column that orders the list and answers `since`; `hold` is how long a hanging answer is held.
    """

    def __init__(
        self, rows: list[Row], *, updated: str, tls: tuple[Path, Path] | None = None, hold: float = 5.0
    ) -> None:
        self.rows, self.updated, self.hold = rows, updated, hold
        self.asked: Counter[str] = Counter()
        self._fault: Callable[[Asked], None] | None = None
        self._closing = threading.Event()
        hub = self

        class Handler(_Handler):
            server_of_rows = hub

        self._server = _Server(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="hostile-http", daemon=True
        )
        self._thread.start()

    def behave(self, name: str | None) -> None:
        """Misbehave by this name from the next request on, counting anew; raises KeyError for an unknown one."""
        self._fault = BEHAVIOURS[name] if name else None
        self.asked.clear()

    def close(self) -> None:
        """Stops listening, lets go of whoever is held, and waits for the thread."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, seconds: float) -> bool:
        """Hold an answer back; True when the server closes meanwhile."""
        return self._closing.wait(seconds)

    def answer(self, asked: Asked) -> None:
        """Answer one request, as the present behaviour does."""
        (self._fault or Asked.honest)(asked)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up, or distrusts the certificate, is no fault of this server."""


class _Handler(BaseHTTPRequestHandler):
    server_of_rows: HostileServer
    timeout = 30

    def do_GET(self) -> None:
        """Answers, well or badly; the connection ends with every answer."""
        self.close_connection = True
        try:
            self.server_of_rows.answer(Asked(self.server_of_rows, self))
        except OSError:
            return

    def log_message(self, *_: Any) -> None:
        """Says nothing: who asks knows what was asked."""
