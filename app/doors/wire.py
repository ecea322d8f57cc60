"""What both doors do on the wire: give fixed answers as bytes, and read a body no further than it may go."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from app.api import limits
from app.api.errors import problem
from app.api.headers import SecurityHeaders

JSON = (b"content-type", b"application/json")


class ClientGone(Exception):
    """Who asked has hung up; there is nobody to answer."""


async def body_within(limit: int, scope: Scope, receive: Receive, send: Send) -> bytes | None:
    """Read a body of at most `limit` bytes; of a larger one None, and 413 was answered before it was read on."""
    announced = _announced(scope)
    if announced is None or announced > limit:
        if announced is not None and b"expect" not in dict(scope["headers"]):
            await limits.drop(receive, announced)
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


def _announced(scope: Scope) -> int | None:
    """Give how long a body says it is, 0 where it does not; None where that is no number."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value[:20]) if value.isdigit() else None
    return 0


async def _too_large(limit: int, scope: Scope, receive: Receive, send: Send) -> None:
    answer = problem(scope["path"], 413, limits.too_large(limit))
    await SecurityHeaders(answer)(scope, receive, send)
