from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from app.db import documents, hot
from app.db.documents import Ledger
from app.doors import lookup
from app.doors.lookup import Lookup, Shelf
from app.errors import Unavailable
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, rid

HERE, THERE = JURISDICTIONS
PROJECT = rid("commerce.signed", "A-1")
LEDGER = Ledger(b'"x"', b"{}", "430204")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class TestShelf:
    def test_keeps_what_was_looked_up_until_it_is_too_old(self) -> None:
        clock = Clock()
        shelf = Shelf(clock)
        shelf.hear(HERE, 7, ())
        shelf.put({"a": LEDGER}, shelf.turn_of(HERE))
        assert shelf.get("a") == LEDGER
        clock.now += lookup.OLDEST_SECONDS
        assert shelf.get("a") is None

    def test_keeps_nothing_of_a_place_it_hears_nothing_of(self) -> None:
        shelf = Shelf(Clock())
        assert shelf.turn_of(HERE) is None
        shelf.put({"a": LEDGER}, shelf.turn_of(HERE))
        assert shelf.get("a") is None

    def test_forgets_what_has_changed_and_keeps_the_rest(self) -> None:
        shelf = Shelf(Clock())
        shelf.hear(HERE, 7, ())
        shelf.put({"a": LEDGER, "b": LEDGER}, shelf.turn_of(HERE))
        shelf.hear(HERE, 8, ["a"])
        assert (shelf.get("a"), shelf.get("b"), shelf.heard(HERE)) == (None, LEDGER, 8)

    def test_what_was_looked_up_before_a_change_was_heard_of_is_not_kept(self) -> None:
        shelf = Shelf(Clock())
        shelf.hear(HERE, 7, ())
        began = shelf.turn_of(HERE)
        shelf.hear(HERE, 8, ["a"])
        shelf.put({"a": LEDGER}, began)
        assert shelf.get("a") is None

    def test_keeps_no_more_than_it_has_room_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lookup, "MOST_KEPT", 10)
        shelf = Shelf(Clock())
        shelf.hear(HERE, 7, ())
        for n in range(25):
            shelf.put({f"p{n}": LEDGER}, shelf.turn_of(HERE))
        assert sum(shelf.get(f"p{n}") is not None for n in range(25)) == 5
        shelf.deafen()
        assert shelf.get("p24") is None


def run(city: SmallCity, story: Any, connect: Any = None) -> None:
    async def told() -> None:
        shelf = Shelf(asyncio.get_running_loop().time)
        own = Lookup(connect or (lambda: hot.connect(city.database.url)), HERE, shelf)
        try:
            await story(own)
        finally:
            await own.close()

    asyncio.run(told())


def test_a_crowd_of_askers_shares_few_questions(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    really = documents.find

    async def find(connection: psycopg.AsyncConnection[Any], at: int, ids: Sequence[str]) -> Any:
        asked.append(len(ids))
        return await really(connection, at, ids)

    monkeypatch.setattr(documents, "find", find)

    async def story(own: Lookup) -> None:
        ids = [PROJECT, *(f"{HERE}-{n:x}" for n in range(200))]
        found = await asyncio.gather(*(own.find(one) for one in ids for _ in range(2)))
        assert [ledger is not None for ledger in found[:4]] == [True, True, False, False]

    run(city, story)
    assert sum(asked) == 201
    assert len(asked) <= 5


def test_a_connection_that_was_cut_is_replaced(city: SmallCity) -> None:
    opened: list[psycopg.AsyncConnection[Any]] = []

    async def connect() -> psycopg.AsyncConnection[Any]:
        opened.append(await hot.connect(city.database.url))
        return opened[-1]

    async def story(own: Lookup) -> None:
        await own.find(PROJECT)
        await opened[0].close()
        assert await own.find(PROJECT) is not None

    run(city, story, connect)
    assert len(opened) == 2


def test_a_database_that_is_away_fails_who_asked_and_leaves_nobody_hanging(city: SmallCity) -> None:
    async def story(own: Lookup) -> None:
        told = await asyncio.gather(*(own.find(f"{HERE}-{n}") for n in range(100)), return_exceptions=True)
        assert {type(one) for one in told} == {Unavailable}

    run(city, story, lambda: hot.connect("postgresql+psycopg://x@/hub?host=/nowhere"))
