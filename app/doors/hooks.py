"""The push door `POST /api/v1/hooks/{source}`: verify on raw bytes, keep durably in a group, then acknowledge.

It answers requests that are as usual; any other goes on to the app, whose route of this address is declared and says the
same: `tests/app/doors/test_hooks.py` holds the two against each other.
"""

from __future__ import annotations

import asyncio
import logging
import re

from starlette.types import Receive, Scope, Send

from app.api import receiving
from app.api.errors import told
from app.api.headers import SecurityHeaders
from app.api.hub import Hub
from app.api.receiving import Receiving
from app.db import hot
from app.db.pushes import Push, Status
from app.doors import wire
from app.doors.lane import Lane
from app.errors import Conflict, HubError
from app.logs import Seldom

log = logging.getLogger(__name__)

PREFIX = "/api/v1/hooks/"
_PLACE = re.compile(rb"jurisdiction=([1-9][0-9]{0,8})")


class HookDoor:
    """The push door of one process: a lane for each jurisdiction that is pushed to."""

    def __init__(self, hub: Hub, known: Receiving) -> None:
        self._hub, self._known = hub, known
        self._lanes: dict[int, Lane] = {}
        self._seldom = Seldom(log)

    def answers(self, scope: Scope) -> bool:
        """Say whether a request under the prefix is as usual, and so this door's to answer."""
        query: bytes = scope["query_string"]
        return (
            scope["method"] == "POST"
            and "/" not in scope["path"][len(PREFIX) :]
            and (not query or _PLACE.fullmatch(query) is not None)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        source: str = scope["path"][len(PREFIX) :]
        try:
            body = await wire.body_within(self._known.limit(source), scope, receive, send)
            if body is not None:
                receipt = await self._keep(scope, source, body)
                await wire.answer(send, 202, [wire.JSON], receipt)
        except wire.ClientGone:
            return
        except HubError as error:
            answer = told(self._seldom, scope["path"], error)
            await SecurityHeaders(answer)(scope, receive, send)

    async def close(self) -> None:
        """Write what waits and let every connection go."""
        for lane in self._lanes.values():
            await lane.close()

    async def _keep(self, scope: Scope, source: str, body: bytes) -> bytes:
        """Give the receipt of a message that is durable, as JSON; raises what the twin raises."""
        place = _PLACE.fullmatch(scope["query_string"])
        at = int(place[1]) if place else self._hub.settings.jurisdiction
        client = scope.get("client")
        push, variable = self._known.verified(at, source, scope["headers"], body, client[0] if client else "")
        if self._known.strict(source):
            await asyncio.to_thread(receiving.refuse_faulty, self._hub, at, push)
        lane = self._lanes.get(at)
        if lane is None:
            lane = self._lanes[at] = Lane(lambda: hot.connect(self._hub.database.url), at)
        if self._known.to_note(at, source, variable):
            lane.note(source, variable)
        kept = await lane.put(push)
        if kept.status is Status.CONTRADICTS:
            self._alarm(push, at, kept.delivery_no)
            raise Conflict(receiving.contradiction(push, kept))
        return b'{"delivery":%d,"sha256":"%b","status":"%b"}' % (
            kept.delivery_no,
            push.sha256.hex().encode(),
            kept.status.value.encode(),
        )

    def _alarm(self, push: Push, jurisdiction: int, number: int) -> None:
        facts = {"jurisdiction": jurisdiction, "source": push.source, "message_id": push.message_id}
        log.warning(
            "a message id came again with another body", extra={"facts": {**facts, "delivery": number}}
        )
