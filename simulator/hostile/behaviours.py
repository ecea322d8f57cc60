"""The faults by name; each answers one request."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import zlib
from collections.abc import Callable
from functools import lru_cache

from simulator.hostile.asked import Asked

METADATA = "http://169.254.169.254/latest/meta-data/"


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
