"""Documents on their way to who asks: many ids in one question, and what was read lately kept while nothing changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

import psycopg

from app.db import calls, documents, hot
from app.db.documents import Ledger
from app.errors import Unavailable

MOST_AT_ONCE, LOOKERS = 64, 2
MOST_KEPT, MOST_BYTES_KEPT = 10_000, 64 * 1_048_576
OLDEST_SECONDS = 1.0
"""How long a document is kept at most, should a change never be heard of."""
AWAY = "the database does not answer; try again in a few seconds"

Connect = Callable[[], Awaitable[psycopg.AsyncConnection[Any]]]


class Shelf:
    """Documents that were read lately, each until it changes or is too old.

    What was looked up before the last change was heard of is not put here: it may be of before the change.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, Ledger]] = {}
        self._bytes = 0
        self._turn = 0
        self._heard: dict[int, int] = {}

    def turn_of(self, jurisdiction: int) -> int | None:
        """Give the turn in which a look begins; it ends when a change is heard of. None while nothing is heard from there."""
        return self._turn if jurisdiction in self._heard else None

    def heard(self, jurisdiction: int) -> int | None:
        """Give the last change heard of."""
        return self._heard.get(jurisdiction)

    def hear(self, jurisdiction: int, number: int, gone: Iterable[str]) -> None:
        """Forget what has changed up to a change; what is being looked up now may be of before it."""
        self._heard[jurisdiction] = number
        self._turn += 1
        self._drop(gone)

    def deafen(self) -> None:
        """Forget everything: changes are not heard of."""
        self._heard.clear()
        self._turn += 1
        self._clear()

    def get(self, project_id: str) -> Ledger | None:
        """Give a document that is kept and young enough."""
        found = self._kept.get(project_id)
        return found[1] if found is not None and self._clock() < found[0] else None

    def put(self, found: dict[str, Ledger], turn: int | None) -> None:
        """Keep documents whose look began in `turn`, unless it has ended."""
        if turn != self._turn:
            return
        until = self._clock() + OLDEST_SECONDS
        for project_id, ledger in found.items():
            if len(self._kept) >= MOST_KEPT or self._bytes > MOST_BYTES_KEPT:
                self._clear()
            self._drop([project_id])
            self._kept[project_id] = until, ledger
            self._bytes += len(ledger.body)

    def _drop(self, ids: Iterable[str]) -> None:
        for project_id in ids:
            found = self._kept.pop(project_id, None)
            self._bytes -= len(found[1].body) if found else 0

    def _clear(self) -> None:
        self._kept.clear()
        self._bytes = 0


class Lookup:
    """Looks up the documents of one jurisdiction: who asks while others are looked up shares the next question."""

    def __init__(self, connect: Connect, jurisdiction: int, shelf: Shelf) -> None:
        self._connect, self._jurisdiction, self._shelf = connect, jurisdiction, shelf
        self._asked: dict[str, asyncio.Future[Ledger | None]] = {}
        self._free: list[psycopg.AsyncConnection[Any]] = []
        self._lookers: set[asyncio.Task[None]] = set()

    def find(self, project_id: str) -> asyncio.Future[Ledger | None]:
        """Ask for a document; the future gives it, None where no living project has this id, or raises Unavailable."""
        told = self._asked.get(project_id)
        if told is None:
            told = self._asked[project_id] = asyncio.Future()
            if len(self._lookers) < LOOKERS:
                looker = asyncio.create_task(self._look())
                self._lookers.add(looker)
                looker.add_done_callback(self._lookers.discard)
        return told

    async def close(self) -> None:
        """Let the connections go, once nobody waits."""
        await asyncio.gather(*self._lookers)
        for connection in self._free:
            await connection.close()
        self._free.clear()

    async def _look(self) -> None:
        while self._asked:
            ids = list(self._asked)[:MOST_AT_ONCE]
            group = {project_id: self._asked.pop(project_id) for project_id in ids}
            turn = self._shelf.turn_of(self._jurisdiction)
            try:
                found = await self._found(list(group))
            except Unavailable as error:
                for told in group.values():
                    if not told.done():
                        told.set_exception(error)
                continue
            self._shelf.put(found, turn)
            for project_id, told in group.items():
                if not told.done():
                    told.set_result(found.get(project_id))

    async def _found(self, ids: list[str]) -> dict[str, Ledger]:
        """Look up, once more where the connection was cut or a new drawer has come into the old one's place."""
        for last in (False, True):
            connection = None
            try:
                async with asyncio.timeout(hot.LONGEST_SECONDS):
                    connection = await self._opened()
                    found = await documents.find(connection, self._jurisdiction, ids)
            except (psycopg.Error, OSError, TimeoutError) as error:
                if connection is not None:
                    with suppress(psycopg.Error, OSError):
                        await connection.close()
                if last or isinstance(error, TimeoutError):
                    raise calls.unavailable(error) or Unavailable(AWAY) from error
            else:
                self._free.append(connection)
                return found
        raise AssertionError("the second try returns or raises")

    async def _opened(self) -> psycopg.AsyncConnection[Any]:
        while self._free:
            connection = self._free.pop()
            if not connection.closed:
                return connection
        connection = await self._connect()
        await documents.ready(connection)
        return connection
