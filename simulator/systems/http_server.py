"""One HTTP server in a thread of its own: commerce's interface, and the levers of the simulator itself."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from simulator.systems.commerce_api import CommerceRows

Lever = Callable[[dict[str, str]], dict[str, object]]
PROJECTS_PATH, TALKS_PATH = "/commerce/projects", "/commerce/negotiations"


class BadQuery(Exception):
    """The caller must mend the query; the message says how."""


class CityServer:
    """Serves on 127.0.0.1 until closed; `rows` maps a path to what it lists, `levers` maps (method, path) to what it does."""

    def __init__(
        self, rows: dict[str, CommerceRows], token: str, port: int, levers: dict[tuple[str, str], Lever]
    ) -> None:
        class Handler(_Handler):
            pass

        Handler.rows, Handler.token, Handler.levers = rows, token, levers
        self._server = _Server(("127.0.0.1", port), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="city-http", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stops listening and waits for the thread."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True
    rows: dict[str, CommerceRows]
    token: str
    levers: dict[tuple[str, str], Lever]

    def do_GET(self) -> None:
        """Answers a GET."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Answers a POST; its body is read and not used."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer("POST")

    def _answer(self, method: str) -> None:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        lever = self.levers.get((method, address.path))
        try:
            if lever is not None:
                self._send(200, lever(query))
            elif method != "GET" or address.path not in self.rows:
                self._send(404, {"code": 404, "msg": "没有这个接口 no such interface", "data": None})
            elif not self._known():
                self._send(401, {"code": 401, "msg": "令牌无效 token missing or wrong", "data": None})
            else:
                size = number(query, "size", 100)
                page, since = number(query, "page", 1), query.get("updated_since", "")
                self._send(200, self.rows[address.path].page(page, size, since))
        except BadQuery as problem:
            self._send(400, {"code": 400, "msg": str(problem), "data": None})

    def _known(self) -> bool:
        given = self.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {self.token}".encode())

    def _send(self, status: int, body: dict[str, object]) -> None:
        sealed = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(sealed)))
        self.end_headers()
        self.wfile.write(sealed)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class calls it so
        """Says nothing: the department's access log is nobody's business here."""


def number(query: dict[str, str], name: str, default: int) -> int:
    """A positive whole number of the query; BadQuery says what was wrong."""
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 1_000_000:
        raise BadQuery(f"{name}={text}: 请填写正整数 give a positive whole number")
    return int(text)
