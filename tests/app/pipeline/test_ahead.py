from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from app.pipeline.ahead import DEPTH, ahead


def test_items_come_in_order_and_an_error_behind_those_before_it() -> None:
    def told() -> Iterator[int]:
        yield from range(10)
        raise LookupError("the list broke off")

    given: list[int] = []
    with pytest.raises(LookupError, match="broke off"):
        given.extend(ahead(told()))
    assert given == list(range(10))
    assert list(ahead(iter([]))) == []


def test_no_more_than_a_few_are_fetched_before_they_are_asked_for() -> None:
    fetched = threading.Semaphore(0)
    count: list[int] = []

    def told() -> Iterator[int]:
        for n in range(100):
            count.append(n)
            fetched.release()
            yield n

    items = ahead(told())
    assert next(items) == 0
    for _ in range(DEPTH + 2):
        assert fetched.acquire(timeout=10)
    assert not fetched.acquire(timeout=0.3)
    assert len(count) == DEPTH + 2
    assert list(items) == list(range(1, 100))


def test_who_stops_early_ends_the_fetching() -> None:
    ended = threading.Event()

    def told() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            ended.set()

    items = ahead(told())
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]  # a generator
    assert ended.wait(timeout=10)


def test_one_that_says_it_is_the_last_needs_no_thread_and_nothing_is_asked_for_behind_it() -> None:
    asked: list[int] = []

    def told() -> Iterator[int]:
        for n in (7, 8):
            asked.append(threading.get_ident())
            yield n

    assert list(ahead(told(), is_last=lambda n: n == 7)) == [7]
    assert asked == [threading.get_ident()]
