"""What no request may be: a body beyond its limit, announced or not, or one that says a parameter twice."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import problem

MOST_DROPPED, DROPPING_SECONDS = 32 * 1024 * 1024, 10.0
"""Of a body that is refused: many clients send it all before they read why, and would else see a broken connection."""


async def said_once(request: Request) -> None:
    """Refuse a query parameter said twice: all but the last would be lost in silence."""
    counts = Counter(name for name, _ in request.query_params.multi_items())
    twice = [name for name, n in counts.items() if n > 1]
    if twice:
        message = "said more than once; ask once for each value"
        raise RequestValidationError(
            [{"type": "said_twice", "loc": ("query", name), "msg": message} for name in twice]
        )


def too_large(limit: int) -> str:
    """Say what a caller is told whose body is larger than `limit` bytes."""
    return f"at most {limit} bytes are accepted here; send it in smaller pieces"


class BodyLimit:
    """Refuses bodies above `limit` bytes with 413; `larger` gives paths of some form a limit of their own."""

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[re.Pattern[str], int]) -> None:
        self.app, self.limit, self.larger = app, limit, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        own = (limit for form, limit in self.larger.items() if form.fullmatch(scope["path"]))
        limit = next(own, self.limit)
        detail = too_large(limit)
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced[:20]) > limit:
            if announced.isdecimal() and "expect" not in Headers(scope=scope):
                await drop(receive, int(announced[:20]))
            await problem(scope["path"], 413, detail)(scope, receive, send)
            return
        counted = 0

        async def counting() -> Message:
            nonlocal counted
            message = await receive()
            counted += len(message.get("body", b""))
            if counted > limit:
                raise HTTPException(413, detail)
            return message

        await self.app(scope, counting, send)


async def drop(receive: Receive, announced: int) -> None:
    """Read a refused body and keep nothing of it; one that is far too large is not read at all."""
    if announced > MOST_DROPPED:
        return
    try:
        async with asyncio.timeout(DROPPING_SECONDS):
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass
    except TimeoutError:
        return
