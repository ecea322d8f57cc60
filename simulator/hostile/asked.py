"""One request, and the ways to answer it."""

from __future__ import annotations

import json
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

Row = dict[str, str]


class Serving(Protocol):
    """What an answer needs of the server it is given by."""

    rows: list[Row]
    updated: str
    hold: float
    asked: Counter[str]

    def wait(self, seconds: float) -> bool:
        """Hold an answer back; True when the server closes meanwhile."""


class Asked:
    """One request: what was asked, the how-manieth of its caller it is, and ways to answer it."""

    def __init__(self, server: Serving, handler: BaseHTTPRequestHandler) -> None:
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
