"""What both doors do on the wire: give fixed answers as bytes, and read a body no further than it may go."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from app.api import limits
from app.api.errors import problem
from app.api.headers import SecurityHeaders

JSON = (b"content-type", b"application/json")


class ClientGone(Exception):
    """Who asked has hung up; there is nobody to answer."""


async def answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Send an answer whole."""
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def body_within(limit: int, scope: Scope, receive: Receive, send: Send) -> bytes | None:
    """Read a body of at most `limit` bytes; of a larger one None, and 413 was answered before it was read on."""
    said = dict(scope["headers"])
    announced = said.get(b"content-length", b"0")
    if not announced.isdigit() or int(announced[:20]) > limit:
        if announced.isdigit() and b"expect" not in said:
            await limits.drop(receive, int(announced[:20]))
        await _too_large(limit, scope, receive, send)
        return None
    message = await receive()
    if message["type"] != "http.request":
        raise ClientGone
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] != "http.request":
                raise ClientGone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                await _too_large(limit, scope, receive, send)
                return None
        body = b"".join(parts)
    if len(body) > limit:
        await _too_large(limit, scope, receive, send)
        return None
    return body


async def _too_large(limit: int, scope: Scope, receive: Receive, send: Send) -> None:
    answer = problem(scope["path"], 413, limits.too_large(limit))
    await SecurityHeaders(answer)(scope, receive, send)
