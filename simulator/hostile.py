"""A department's HTTP interface that misbehaves by name: what a hub must survive, each fault at will and again honest.

`GET /<who>/rows` lists rows by `page` and `size`, or after a `token`, those changed `since`, in the envelope
`{"code": 0, "data": {"total", "rows", "next"}}`. Each `<who>` is a caller with a count of its own, so that two hubs
meet the same fault at the same request.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

Row = dict[str, str]
METADATA = "http://169.254.169.254/latest/meta-data/"


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


class Asked:
    """One request: what was asked, the how-manieth of its caller it is, and ways to answer it."""

    def __init__(self, server: HostileServer, handler: BaseHTTPRequestHandler) -> None:
        split = urlsplit(handler.path)
        self.server, self.handler = server, handler
        self.query = dict(parse_qsl(split.query))
        who = split.path.strip("/").partition("/")[0]
        server.asked[who] += 1
        self.number = server.asked[who]

    def page(self, number: int | None = None, *, turned: int = 0) -> dict[str, Any]:
        """The honest answer to this request, or to another page of it; `turned` begins the list so many rows later."""
        since = self.query.get("since", "")
        rows = sorted(
            (row for row in self.server.rows if row[self.server.updated] >= since),
            key=lambda row: row[self.server.updated],
        )
        turned = turned % len(rows) if rows else 0
        rows = rows[turned:] + rows[:turned]
        size = int(self.query.get("size", "100"))
        first = int(self.query.get("token") or (number or int(self.query.get("page", "1"))) * size - size)
        following = str(first + size) if first + size < len(rows) else None
        if following and "links" in self.query:
            following = f"?{urlencode({**self.query, 'token': following})}"
        data = {"total": len(rows), "rows": rows[first : first + size], "next": following}
        return {"code": 0, "data": data}

    def honest(self) -> None:
        """Answers what is so."""
        self.say(self.page())

    def say(self, answer: Any, status: int = 200, **headers: str) -> None:
        """Answers with JSON, or with bytes as they are; a header given replaces the true one."""
        body = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
        self.handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def drip(self, sign: bytes) -> None:
        """Goes on with one sign at a time for as long as anybody listens or the server holds."""
        until = time.monotonic() + self.server.hold
        while time.monotonic() < until and not self.server.wait(0.05):
            self.handler.wfile.write(sign)
            self.handler.wfile.flush()

    def body(self) -> bytes:
        """The honest answer as bytes."""
        return json.dumps(self.page(), ensure_ascii=False).encode()


def _hang(asked: Asked) -> None:
    asked.server.wait(asked.server.hold)


def _drip_headers(asked: Asked) -> None:
    asked.handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    asked.drip(b"x")


def _slow_headers(asked: Asked) -> None:
    asked.handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    asked.drip(b"X-Slow: x\r\n")


def _drip_body(asked: Asked) -> None:
    asked.handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    asked.drip(b" ")


def _reset(asked: Asked) -> None:
    linger = struct.pack("ii", 1, 0)
    asked.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    asked.handler.connection.close()


def _reset_in_body(asked: Asked) -> None:
    asked.handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + asked.body())
    asked.handler.wfile.flush()
    _reset(asked)


def _page_of_html(asked: Asked) -> None:
    asked.say("<!DOCTYPE html><html><h1>系统维护中</h1></html>".encode(), Content_Type="text/html")


def _login_page(asked: Asked) -> None:
    asked.say(b'<html><form><input name="password" type="password"></form></html>', Content_Type="text/html")


def _length_too_long(asked: Asked) -> None:
    asked.say(asked.body(), Content_Length=str(len(asked.body()) + 500))


def _length_too_short(asked: Asked) -> None:
    asked.say(asked.body(), Content_Length=str(len(asked.body()) // 2))


def _gzip_bomb(asked: Asked) -> None:
    asked.say(_bomb(), Content_Encoding="gzip")


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    packer = zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS)
    return b"".join([packer.compress(bytes(1_000_000)) for _ in range(200)]) + packer.flush()


def _gzip_twice(asked: Asked) -> None:
    asked.say(gzip.compress(gzip.compress(asked.body())), Content_Encoding="gzip, gzip")


def _gzip_cut(asked: Asked) -> None:
    asked.say(gzip.compress(asked.body())[:-12], Content_Encoding="gzip")


def _total(asked: Asked, total: object) -> None:
    page = asked.page()
    page["data"]["total"] = total
    asked.say(page)


def _changing_total(asked: Asked) -> None:
    _total(asked, asked.page()["data"]["total"] + asked.number % 2)


def _rows_move_once(asked: Asked) -> None:
    """After the first page one row moves to the end, and the first of the next page to the page that was read."""
    asked.say(asked.page(turned=int(asked.number > 1)))


def _rows_move(asked: Asked) -> None:
    asked.say(asked.page(turned=asked.number - 1))


def _goes_back(asked: Asked) -> None:
    _next(asked, asked.query["size"]) if asked.number > 2 else asked.honest()


def _ignores_since(asked: Asked) -> None:
    asked.query.pop("since", None)
    asked.honest()


def _next(asked: Asked, token: str) -> None:
    page = asked.page()
    page["data"]["next"] = token
    asked.say(page)


def _empty_page_inside(asked: Asked) -> None:
    page = asked.page()
    if asked.number == 2:
        page["data"]["rows"] = []
    asked.say(page)


def _other_encoding(asked: Asked) -> None:
    asked.say(json.dumps(asked.page(), ensure_ascii=False).encode("gb18030"))


def _other_schema(asked: Asked) -> None:
    page = asked.page()
    page["data"]["rows"] = [
        {f"NEW_{name}": value for name, value in row.items()} for row in asked.server.rows
    ]
    page["data"]["total"] = len(asked.server.rows)
    asked.say(page)


def _new_envelope(asked: Asked) -> None:
    asked.say({"status": "ok", "result": asked.page()["data"]["rows"]})


def _last_page_cut(asked: Asked) -> None:
    last = asked.page()["data"]["next"] is None
    asked.say(asked.body()[:-40] if last else asked.body())


def _ends_early(asked: Asked) -> None:
    page = asked.page()
    if asked.number >= 2:
        page["data"]["rows"], page["data"]["next"] = page["data"]["rows"][:1], None
    asked.say(page)


def _empty_list(asked: Asked) -> None:
    asked.say({"code": 0, "data": {"total": 0, "rows": [], "next": None}})


BEHAVIOURS: dict[str, Callable[[Asked], None]] = {
    "hangs": _hang,
    "drips_headers": _drip_headers,
    "slow_headers": _slow_headers,
    "drips_body": _drip_body,
    "resets": _reset,
    "resets_in_body": _reset_in_body,
    "answers_500": lambda asked: asked.say({"error": "internal"}, 500),
    "answers_429": lambda asked: asked.say({}, 429),
    "answers_429_retry_after": lambda asked: asked.say({}, 429, Retry_After="3600"),
    "answers_html": _page_of_html,
    "answers_login_page": _login_page,
    "answers_nothing": lambda asked: asked.say(b""),
    "length_too_long": _length_too_long,
    "length_too_short": _length_too_short,
    "gzip_bomb": _gzip_bomb,
    "gzip_twice": _gzip_twice,
    "gzip_cut": _gzip_cut,
    "redirects_to_metadata": lambda asked: asked.say(b"", 302, Location=METADATA),
    "next_on_metadata": lambda asked: _next(asked, METADATA),
    "total_too_high": lambda asked: _total(asked, 9999),
    "total_too_low": lambda asked: _total(asked, len(asked.page()["data"]["rows"])),
    "total_no_number": lambda asked: _total(asked, "9" * 5000),
    "total_changes": _changing_total,
    "rows_move_once": _rows_move_once,
    "rows_move": _rows_move,
    "next_loops": lambda asked: _next(asked, asked.query["size"] if asked.number % 2 else "0"),
    "next_is_itself": lambda asked: _next(asked, asked.query.get("token", "0")),
    "cursor_goes_back": _goes_back,
    "ignores_page": lambda asked: asked.say(asked.page(1)),
    "ignores_since": _ignores_since,
    "empty_page_inside": _empty_page_inside,
    "other_encoding": _other_encoding,
    "other_schema": _other_schema,
    "new_envelope": _new_envelope,
    "last_page_cut": _last_page_cut,
    "ends_early": _ends_early,
    "empty_list": _empty_list,
}
"""Every fault by name."""


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
