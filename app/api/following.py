"""Waiting for changes without a thread each: all who follow share one question to the database, and its answer.

Everything here runs in the loop of one process; a replica needs nothing of another.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import anyio.to_thread

from app.access.reach import Reach
from app.errors import Unavailable
from app.logs import Seldom
from schemas.api.changes import ChangeView

T = TypeVar("T")
log = logging.getLogger(__name__)

BEAT_SECONDS = 0.2
STRETCH = 500
_READERS = 4
"""Threads that read for all who follow; the rest of the pool is for everybody else."""
_MOST_STRETCHES = 64


class Stretch(NamedTuple):
    """What a reach sees of the changes behind a place, as events; `last` is the place behind them, None when there were none."""

    last: int | None
    events: bytes


class Follower:
    """Tells who waits that a feed has moved on; `newest` and `read` ask the database, in a thread."""

    def __init__(
        self,
        newest: Callable[[Collection[int]], Mapping[int, int]],
        read: Callable[[int, int, int], Sequence[ChangeView]],
        *,
        most: int = 500,
    ) -> None:
        self._newest, self._read, self._most = newest, read, most
        self._known: dict[int, int] = {}
        self._waiting: set[tuple[int, int, asyncio.Future[None]]] = set()
        self._stretches: OrderedDict[tuple[int, frozenset[str], int, int], asyncio.Task[Stretch]] = (
            OrderedDict()
        )
        self._beats: asyncio.Task[None] | None = None
        self._seated = 0
        self._seldom = Seldom(log)
        self._threads = anyio.CapacityLimiter(_READERS)
        self.closing = False

    def close(self) -> None:
        """Let everybody who waits go, so that the process can end; may be called from a signal's handler."""
        self.closing = True

    def check_room(self) -> None:
        """Raise Unavailable when as many follow as this process has room for."""
        if self._seated >= self._most or self.closing:
            raise Unavailable("as many follow the changes here as there is room for; try again later")

    @contextmanager
    def seated(self) -> Iterator[None]:
        """Take room while somebody follows."""
        self._seated += 1
        try:
            yield
        finally:
            self._seated -= 1

    async def ask(self, query: Callable[[], T]) -> T:
        """Run a query in one of the few threads that read for all who follow."""
        return await anyio.to_thread.run_sync(query, limiter=self._threads)

    async def beyond(self, jurisdiction: int, number: int, seconds: float) -> bool:
        """Wait until the feed has changes above `number`, at most so long; says whether it has."""
        if self.closing:
            return False
        waits = (jurisdiction, number, asyncio.get_running_loop().create_future())
        self._waiting.add(waits)
        if self._beats is None or self._beats.done():
            self._beats = asyncio.create_task(self._beat())
        try:
            await asyncio.wait_for(waits[2], seconds)
        except TimeoutError:
            return False
        else:
            return not self.closing
        finally:
            self._waiting.discard(waits)

    async def stretch(self, jurisdiction: int, reach: Reach, after: int) -> Stretch:
        """Give the next changes behind a place that a reach sees; those of one reach at one place share one reading."""
        key = (jurisdiction, reach.districts, after, self._known.get(jurisdiction, -1))
        task = self._stretches.get(key)
        if task is None or (
            task.done() and (task.cancelled() or task.exception() or task.result().last is None)
        ):
            task = asyncio.create_task(self._stretch(jurisdiction, reach, after))
            self._stretches[key] = task
            while len(self._stretches) > _MOST_STRETCHES:
                self._stretches.popitem(last=False)
        return await asyncio.shield(task)  # whoever leaves first does not take it from the others

    async def _stretch(self, jurisdiction: int, reach: Reach, after: int) -> Stretch:
        found = await self.ask(lambda: self._read(jurisdiction, after, STRETCH))
        events = "".join(
            f"id: {change.change_no}\nevent: {change.kind}\ndata: {change.model_dump_json()}\n\n"
            for change in found
            if reach.sees_change(change.districts)
        )
        return Stretch(found[-1].change_no if found else None, events.encode())

    async def _beat(self) -> None:
        """Ask how far the feeds are while anybody waits, and wake those whose feed has moved."""
        while self._waiting:
            begun = time.monotonic()
            try:
                self._known |= await self.ask(lambda: self._newest({one[0] for one in self._waiting}))
            except Unavailable as error:
                self._seldom.warning("feed", f"who follows the changes waits: {error}")
            for jurisdiction, number, future in list(self._waiting):
                if not future.done() and (self.closing or self._known.get(jurisdiction, 0) > number):
                    future.set_result(None)
            await asyncio.sleep(max(0.0, BEAT_SECONDS - (time.monotonic() - begun)))
