"""Fetching the next pages while one lands: the network and the database work at once, and memory stays bounded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Full, Queue
from typing import TypeVar

DEPTH = 1
"""Pages that may wait to be landed, beside the one that is fetched: several runs wait at once, and memory must not grow."""
_BEAT_SECONDS = 0.2
_T = TypeVar("_T")


def ahead(items: Iterator[_T], *, is_last: Callable[[_T], bool] = lambda _: False) -> Iterator[_T]:
    """Give the same items in order, and the error that ended them behind those given before it.

    All but the first are fetched by a thread of their own. Who stops early does not wait for it: it ends with the item
    it is at. Behind an item that says it is the last nothing is asked for.
    """
    for first in items:
        if is_last(first):
            yield first
            return
        given = [first]
        del first
        yield from _rest(items, given)


def _rest(items: Iterator[_T], given: list[_T]) -> Iterator[_T]:
    """Go on behind the one item given; nobody here holds on to an item while the next one is waited for."""
    waiting: Queue[tuple[list[_T], BaseException | None]] = Queue(DEPTH)
    left = threading.Event()

    def put(said: list[_T], error: BaseException | None = None) -> None:
        while not left.is_set():
            try:
                waiting.put((said, error), timeout=_BEAT_SECONDS)
            except Full:
                continue
            return

    def fetch() -> None:
        try:
            for item in items:
                put([item])
                del item
                if left.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are asked for
            put([], error)
        else:
            put([])

    threading.Thread(target=fetch, name="fetch-ahead", daemon=True).start()
    try:
        yield given.pop()
        while True:
            said, error = waiting.get()
            if error is not None:
                raise error
            if not said:
                return
            yield said.pop()
    finally:
        left.set()
