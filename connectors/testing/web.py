"""A department's API made of rows: a real HTTP server on this machine that pages and filters as a manifest says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from connectors import egress, moments
from connectors.columns import column_name
from connectors.strict_json import dumps
from connectors.transport_settings import HttpSettings

Answer = Callable[[dict[str, str]], tuple[int, bytes]]
"""From the parameters of a request to status and body."""
Reply = Callable[[BaseHTTPRequestHandler, dict[str, str]], None]
"""Answers a request by its handler, given its parameters."""


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Give the address of a server that answers every GET by `answer`."""

    def reply(handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        status, body = answer(query)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with handled(reply) as address:
        yield address


@contextmanager
def handled(reply: Reply) -> Iterator[str]:
    """Give the address of a server whose every GET is answered by `reply(handler, query)`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            try:
                reply(self, query)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # who asked did not wait: that is what was to be seen

        def log_message(self, *_: Any) -> None:
            """The kit prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        with egress.this_machine():
            yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Api:
    """Answers with `rows` as the settings say; a request it cannot understand is told in `trouble`."""

    def __init__(self, settings: HttpSettings, rows: list[dict[str, Any]]) -> None:
        self._settings = settings
        self.rows = rows
        self.trouble: str | None = None

    def answer(self, query: dict[str, str]) -> tuple[int, bytes]:
        """Give one page of the rows that were asked for."""
        try:
            return 200, self._page(query)
        except (ValueError, KeyError) as error:
            self.trouble = f"the source does not understand what it is asked: {error}"
            return 400, b"{}"

    def _page(self, query: dict[str, str]) -> bytes:
        paging = self._settings.paging
        rows = self._asked_for(query)
        size, start = paging.size, 0
        if paging.style == "page":
            start = (int(query[paging.parameter]) - paging.first) * size
        elif paging.style in {"offset", "cursor"}:
            start = int(query.get(paging.parameter, "0"))
        elif paging.style == "link":
            start = int(query.get("from", "0"))
        page = rows if paging.style == "none" else rows[start : start + size]
        end = start + size
        follows: str | None = None
        if paging.style in {"cursor", "link"} and end < len(rows):
            follows = str(end) if paging.style == "cursor" else "?" + urlencode({**query, "from": end})
        return envelope(self._settings, page, len(rows), follows)

    def _asked_for(self, query: dict[str, str]) -> list[dict[str, Any]]:
        since = self._settings.since
        if since is None:
            return self.rows
        timed = sorted(((_moment(row, since.column), row) for row in self.rows), key=lambda pair: pair[0])
        if since.parameter not in query:
            return [row for _, row in timed]
        at = datetime.strptime(query[since.parameter], since.form)  # noqa: DTZ007 - given its zone in the next line
        begin = (at if at.tzinfo else at.replace(tzinfo=moments.CHINA)).astimezone(moments.CHINA)
        return [row for moment, row in timed if moment >= begin]


def envelope(
    settings: HttpSettings, rows: list[dict[str, Any]], total: int, follows: str | None = None
) -> bytes:
    """Give an answer of the shape the manifest names: rows, agreed word, total, and what leads to the next page."""
    if not settings.rows:
        return dumps(rows)
    made: dict[str, Any] = {}
    if settings.agreed:
        _put(made, settings.agreed.pointer, settings.agreed.values[0])
    if settings.paging.total:
        _put(made, settings.paging.total, total)
    if settings.paging.next:
        _put(made, settings.paging.next, follows)
    _put(made, settings.rows, json.loads(dumps(rows)))
    return dumps(made)


def _put(made: dict[str, Any], pointer: str, value: Any) -> None:
    *road, last = pointer.split(".")
    for name in road:
        made = made.setdefault(name, {})
    made[last] = value


def _moment(row: dict[str, Any], name: str) -> datetime:
    said = next((str(value) for head, value in row.items() if column_name(head) == name), "")
    found = moments.read(said)
    if found is None:
        raise ValueError(f"{name} of its own row is no moment: {said!r}")
    return found
