"""One jurisdiction's verified messages on their way into memory: whoever waits while a group is written makes the next one.

There is no timer: the writer takes what has gathered as soon as it is free, so a lone message waits for nobody and a
crowd shares one transaction.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors as pg

from app.db import pushes
from app.db.pushes import Kept, Push, off_words
from app.errors import Gone, HubError, NotFound, Unavailable

log = logging.getLogger(__name__)

Connect = Callable[[], Awaitable[psycopg.AsyncConnection[Any]]]

MOST_AT_ONCE, MOST_BYTES_AT_ONCE = 500, 8 * 1_048_576
MOST_WAITING, MOST_BYTES_WAITING = 5_000, 64 * 1_048_576
STATEMENT_SECONDS = 15.0
"""Beyond the server's own limits: an answer that does not come by then was lost on the way."""
FRESH_SECONDS = 1.0
"""How old what is known of switched-off sources may be."""
WARY_GROUPS = 20
"""After a message that was here before, so many groups are looked up first: what comes twice mostly comes in numbers."""
AWAY = "the database does not answer; send it again in a few seconds"
CROWDED = "too many messages are waiting; send it again in a few seconds"


_Waiting = tuple[Push, asyncio.Future[Kept]]


class Lane:
    """The messages of one jurisdiction that wait, and the one connection that writes them."""

    def __init__(self, connect: Connect, jurisdiction: int) -> None:
        self._connect, self._jurisdiction = connect, jurisdiction
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._off: frozenset[str] = frozenset()
        self._off_until = 0.0
        self._wary = 0
        self._uses: set[tuple[str, str]] = set()

    def put(self, push: Push) -> asyncio.Future[Kept]:
        """Let a message wait for the writer; the future tells what became of it, or raises why nothing did.

        Raises Unavailable when too many wait.
        """
        if len(self._waiting) >= MOST_WAITING or self._bytes > MOST_BYTES_WAITING:
            raise Unavailable(CROWDED)
        told: asyncio.Future[Kept] = asyncio.Future()
        self._waiting.append((push, told))
        self._bytes += len(push.body)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return told

    def note(self, source: str, variable: str) -> None:
        """Let the next group note that a secret is in use."""
        self._uses.add((source, variable))

    async def close(self) -> None:
        """Write what waits, and let the connection go."""
        if self._writer is not None:
            await self._writer
        await self._hang_up()

    async def _write(self) -> None:
        group: list[_Waiting] = []
        try:
            while self._waiting:
                group = self._taken()
                await self._group(group)
        finally:
            self._writer = None
            self._fail([*group, *self._waiting], Unavailable(AWAY))
            self._waiting.clear()
            self._bytes = 0

    def _taken(self) -> list[_Waiting]:
        """Take the next group: of each message id the first, for a group is kept or refused by the unique index whole."""
        group: list[_Waiting] = []
        later: list[_Waiting] = []
        ids: set[tuple[str, str]] = set()
        size = 0
        while self._waiting and len(group) < MOST_AT_ONCE and size < MOST_BYTES_AT_ONCE:
            one = self._waiting.popleft()
            named = one[0][:2]
            if named in ids:
                later.append(one)
                continue
            ids.add(named)
            group.append(one)
            size += len(one[0].body)
        self._waiting.extendleft(reversed(later))
        self._bytes -= size
        return group

    async def _group(self, group: list[_Waiting]) -> None:
        """Keep a group; tried once more on a new connection, for what was kept before is then recognised."""
        for last in (False, True):
            try:
                async with asyncio.timeout(STATEMENT_SECONDS):
                    await self._keep(group)
                return
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError, TimeoutError) as error:
                lost = self._connection is None or self._connection.closed or isinstance(error, TimeoutError)
                await self._hang_up() if lost else None
                if last or not lost or isinstance(error, TimeoutError):
                    away = Unavailable(AWAY)
                    away.__cause__ = error
                    self._fail([*group, *self._waiting], away)
                    self._waiting.clear()
                    self._bytes = 0
                    return
            except (psycopg.Error, UnicodeError) as error:
                await self._one_by_one(group, error)
                return

    async def _one_by_one(self, group: list[_Waiting], error: Exception) -> None:
        """Let no message fail its neighbours: each is tried alone, and only what fails alone is refused."""
        left = [one for one in group if not one[1].done()]
        if len(group) > 1:
            for one in left:
                await self._group([one])
        elif left:
            facts = {"source": left[0][0].source}
            log.error("a message cannot be kept", exc_info=error, extra={"facts": facts})
            self._fail(left, Unavailable("the hub cannot keep this message yet; its people are told"))

    async def _keep(self, group: list[_Waiting]) -> None:
        connection = await self._open()
        await self._look_around(connection)
        left = self._without_off([one for one in group if not one[1].done()])
        if self._wary:
            self._wary -= 1
            left = await self._without_known(connection, left)
        if not left:
            return
        sent = [push for push, _ in left]
        try:
            before = await pushes.keep_new(connection, self._jurisdiction, sent)
        except pg.UniqueViolation:
            self._wary = WARY_GROUPS
            left = await self._without_known(connection, left)
            sent = [push for push, _ in left]
            before = await pushes.keep_new(connection, self._jurisdiction, sent) if left else None
        if before is None:
            gone = NotFound(f"no jurisdiction {self._jurisdiction}: run `hub sources bind` first")
            self._fail(left, gone)
            return
        accepted = pushes.Status.ACCEPTED
        for number, (_, told) in enumerate(left, start=before + 1):
            if not told.done():
                told.set_result(Kept(number, accepted))

    async def _open(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await self._connect()
            await pushes.ready(self._connection)
        return self._connection

    async def _look_around(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Learn now and then which sources are switched off, and note which secrets sign."""
        now = time.monotonic()
        if now >= self._off_until:
            self._off = await pushes.switched_off(connection, self._jurisdiction)
            self._off_until = now + FRESH_SECONDS
        while self._uses:
            source, variable = self._uses.pop()
            await pushes.note_use_soon(connection, self._jurisdiction, source, variable)

    def _without_off(self, group: list[_Waiting]) -> list[_Waiting]:
        if not self._off:
            return group
        for one in group:
            if one[0].source in self._off:
                self._fail([one], Gone(off_words(one[0].source)))
        return [one for one in group if one[0].source not in self._off]

    async def _without_known(
        self, connection: psycopg.AsyncConnection[Any], group: list[_Waiting]
    ) -> list[_Waiting]:
        before = await pushes.known(connection, self._jurisdiction, [push for push, _ in group])
        if before:
            self._wary = WARY_GROUPS
        new = []
        for one in group:
            kept = before.get(one[0][:2])
            if kept is None:
                new.append(one)
            elif not one[1].done():  # who has hung up is told nothing
                one[1].set_result(kept)
        return new

    async def _hang_up(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error, OSError):
                await self._connection.close()
            self._connection = None

    @staticmethod
    def _fail(group: list[_Waiting], error: HubError) -> None:
        for _, told in group:
            if not told.done():
                told.set_exception(error)
