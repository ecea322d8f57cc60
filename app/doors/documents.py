"""The document door `GET /api/v1/projects/{id}/lifecycle`: stored bytes, looked up many at once, and kept while nothing changes.

It answers who was let in within the last seconds and what is there and seen; all else goes on to the app, whose route of
this address is declared and decides it: keys it does not know, redirects, what is gone, and every refusal.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress
from functools import lru_cache
from typing import Any

import psycopg
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.account import Account
from app.access.roles import Role, scopes_of
from app.access.rules import RULES
from app.api import errors
from app.api.callers import Callers
from app.db import documents
from app.db.documents import Ledger
from app.doors.lookup import MOST_KEPT, OLDEST_SECONDS, Connect, Lookup, Shelf
from app.errors import TooMany, Unavailable
from app.logs import Seldom

log = logging.getLogger(__name__)

PREFIX, SUFFIX = "/api/v1/projects/", "/lifecycle"
RULE = RULES["read_lifecycle"]
BEAT_SECONDS = 0.05
IDLE_SECONDS = 5.0
_ID = re.compile(r"[1-9][0-9]{0,8}-[a-z0-9]{1,40}")
# a bearer's JSON, which no page can embed: of what browsers are told elsewhere, only this says something here
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
]


class DocumentDoor:
    """The document door of one process."""

    def __init__(self, app: ASGIApp, callers: Callers, connect: Connect) -> None:
        self._app, self._callers, self._connect = app, callers, connect
        self._shelf: Shelf | None = None
        self._lookups: dict[int, Lookup] = {}
        self._listener: asyncio.Task[None] | None = None
        self._last_asked = 0.0
        self._seldom = Seldom(log)

    def answers(self, scope: Scope) -> bool:
        """Say whether a request under the prefix is as usual, and so this door's to look at."""
        path: str = scope["path"]
        return scope["method"] == "GET" and path.endswith(SUFFIX) and not scope["query_string"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        project_id: str = scope["path"][len(PREFIX) : -len(SUFFIX)]
        said = dict(scope["headers"])
        account = self._known(said.get(b"authorization", b""))
        at = int(project_id.partition("-")[0]) if _ID.fullmatch(project_id) else 0
        if account is None or account.jurisdiction != at or not _permitted(account.roles):
            await self._app(scope, receive, send)
            return
        try:
            self._callers.count(account)
            ledger = await self._found(at, project_id)
        except (TooMany, Unavailable) as error:
            await errors.told(self._seldom, scope["path"], error)(scope, receive, send)
            return
        if ledger is None or not account.reach.sees_project(ledger.district):
            await self._app(scope, receive, send)
            return
        if _holds(said.get(b"if-none-match"), ledger.etag):
            headers = [(b"etag", ledger.etag), *_HEADERS[1:]]
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        length = (b"content-length", b"%d" % len(ledger.body))
        headers = [(b"etag", ledger.etag), length, *_HEADERS]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ledger.body})

    async def close(self) -> None:
        """Let every connection go."""
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        for lookup in self._lookups.values():
            await lookup.close()

    def _known(self, authorization: bytes) -> Account | None:
        kind, _, token = authorization.partition(b" ")
        # a session is not taken in the place of a key
        is_key = kind.lower() == b"bearer" and token.strip().startswith(b"hub_")
        return self._callers.known(token.decode("latin-1").strip()) if is_key else None

    async def _found(self, at: int, project_id: str) -> Ledger | None:
        loop = asyncio.get_running_loop()
        self._last_asked = loop.time()
        if self._shelf is None:
            self._shelf = Shelf(loop.time)
        kept = self._shelf.get(project_id)
        if kept is not None:
            return kept
        lookup = self._lookups.get(at)
        if lookup is None:
            lookup = self._lookups[at] = Lookup(self._connect, at, self._shelf)
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen(self._shelf))
        return await lookup.find(project_id)

    async def _listen(self, shelf: Shelf) -> None:
        """Follow the feeds while documents are asked for, and forget those that have changed."""
        connection: psycopg.AsyncConnection[Any] | None = None
        try:
            while asyncio.get_running_loop().time() - self._last_asked < IDLE_SECONDS:
                try:
                    if connection is None or connection.closed:
                        connection = await self._connect()
                    await self._hear(connection, shelf)
                except (psycopg.Error, OSError) as error:
                    shelf.deafen()
                    self._seldom.warning("feed", f"documents are looked up each time: {error}")
                    await asyncio.sleep(OLDEST_SECONDS)
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            shelf.deafen()
            if connection is not None:
                await connection.close()

    async def _hear(self, connection: psycopg.AsyncConnection[Any], shelf: Shelf) -> None:
        for jurisdiction, number in (await documents.newest(connection, list(self._lookups))).items():
            before, gone = shelf.heard(jurisdiction), set[str]()
            if before == number:
                continue
            if before is not None and 0 < number - before <= MOST_KEPT:
                gone = await documents.changed(connection, jurisdiction, before, number)
            elif (
                before is not None
            ):  # a rebuild changed more than is kept, or a restored hub's feed went back
                shelf.deafen()
            shelf.hear(jurisdiction, number, gone)


@lru_cache(maxsize=100)
def _permitted(roles: frozenset[Role]) -> bool:
    return not scopes_of(roles).isdisjoint(RULE.scopes)


def _holds(known: bytes | None, etag: bytes) -> bool:
    """Say whether the caller holds the document already."""
    if known is None:
        return False
    tags = {tag.strip().removeprefix(b"W/") for tag in known.split(b",")}
    return etag in tags or b"*" in tags
