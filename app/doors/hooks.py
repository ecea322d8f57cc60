"""The push door `POST /api/v1/hooks/{source}`: verify on raw bytes, keep durably in a group, then acknowledge.

It answers requests that are as usual; any other goes on to the app, whose route of this address is declared and says the
same: `tests/app/doors/test_hooks.py` holds the two against each other.
"""

from __future__ import annotations

import asyncio
import logging
import re

from starlette.types import Receive, Scope, Send

from app.api import errors, receiving
from app.api.headers import SecurityHeaders
from app.api.hub import Hub
from app.api.receiving import Receiving
from app.db.pushes import Kept, Push, Status
from app.doors import wire
from app.doors.lane import Connect, Lane
from app.errors import Conflict, HubError
from app.logs import Seldom

log = logging.getLogger(__name__)

PREFIX = "/api/v1/hooks/"
_SLASHES = PREFIX.count("/")
_RECEIPTS = {
    status: b'{"delivery":%%d,"sha256":"%%b","status":"%b"}' % status.value.encode() for status in Status
}
_PLACE = re.compile(rb"jurisdiction=([1-9][0-9]{0,8})")


class HookDoor:
    """The push door of one process: a lane for each jurisdiction that is pushed to."""

    def __init__(self, hub: Hub, known: Receiving, connect: Connect) -> None:
        self._hub, self._known, self._connect = hub, known, connect
        self._home = hub.settings.jurisdiction
        self._lanes: dict[int, Lane] = {}
        self._seldom = Seldom(log)

    def answers(self, scope: Scope) -> bool:
        """Say whether a request under the prefix is as usual, and so this door's to answer."""
        query: bytes = scope["query_string"]
        return (
            scope["method"] == "POST"
            and scope["path"].count("/") == _SLASHES
            and (not query or _PLACE.fullmatch(query) is not None)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a receipt is for a machine that has just signed, and says nothing to browsers."""
        source: str = scope["path"][len(PREFIX) :]
        try:
            body = await wire.body_within(self._known.limit(source), scope, receive, send)
            if body is None:
                return
            push, told = await self._taken(scope, source, body)
            kept = await told
            if kept.status is Status.CONTRADICTS:
                self._alarm(push, kept.delivery_no)
                raise Conflict(receiving.contradiction(push, kept))
        except wire.ClientGone:
            return
        except HubError as error:
            answer = errors.told(self._seldom, scope["path"], error)
            await SecurityHeaders(answer)(scope, receive, send)
            return
        said = _RECEIPTS[kept.status] % (kept.delivery_no, push.sha256.hex().encode())
        headers = [wire.JSON, (b"content-length", b"%d" % len(said))]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": said})

    async def close(self) -> None:
        """Write what waits and let every connection go."""
        for lane in self._lanes.values():
            await lane.close()

    async def _taken(self, scope: Scope, source: str, body: bytes) -> tuple[Push, asyncio.Future[Kept]]:
        """Give a message that is let in, and what will tell once it is durable; raises what the twin raises."""
        place = _PLACE.fullmatch(scope["query_string"]) if scope["query_string"] else None
        at = int(place[1]) if place else self._home
        client = scope["client"]
        push, variable = self._known.verified(at, source, scope["headers"], body, client[0] if client else "")
        if self._known.strict(source):
            await asyncio.to_thread(receiving.refuse_faulty, self._hub, at, push)
        lane = self._lanes.get(at)
        if lane is None:
            lane = self._lanes[at] = Lane(self._connect, at)
        if self._known.to_note(at, source, variable):
            lane.note(source, variable)
        return push, lane.put(push)

    def _alarm(self, push: Push, number: int) -> None:
        facts = {"source": push.source, "message_id": push.message_id, "delivery": number}
        log.warning("a message id came again with another body", extra={"facts": facts})
