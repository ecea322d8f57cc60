from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from app.db import hot, pushes
from app.db.pushes import Push, Status
from app.db.session import Database
from app.doors import lane as lanes
from app.doors.lane import Lane
from app.errors import Gone, NotFound, Unavailable
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity

HERE, THERE = JURISDICTIONS
FIRST = 4
"""The number the next delivery of the filled city bears."""


def push(message_id: str, body: bytes = b"{}", source: str = "housing.events") -> Push:
    return Push(source, message_id, b'{"webhook-id":"x"}', body, pushes.digest(body), "127.0.0.1")


@dataclass
class Connecting:
    """Opens connections to a database and remembers them."""

    database: Database
    opened: list[psycopg.AsyncConnection[Any]]

    async def __call__(self) -> psycopg.AsyncConnection[Any]:
        self.opened.append(await hot.connect(self.database.url))
        return self.opened[-1]


def run(
    city: SmallCity, story: Callable[[Lane, Connecting], Awaitable[None]], jurisdiction: int = HERE
) -> None:
    async def told() -> None:
        connect = Connecting(city.database, [])
        lane = Lane(connect, jurisdiction)
        try:
            await story(lane, connect)
        finally:
            await lane.close()

    asyncio.run(told())


async def _cut(connection: psycopg.AsyncConnection[Any]) -> None:
    """End a connection from the server's side, as a restart does."""
    own = await psycopg.AsyncConnection.connect(connection.info.dsn, options="", autocommit=True)
    await own.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
    await own.close()


def numbers(city: SmallCity, jurisdiction: int = HERE) -> list[tuple[int, str | None]]:
    with city.database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT delivery_no, message_id FROM memory.delivery WHERE jurisdiction = :j ORDER BY delivery_no"
            ),
            {"j": jurisdiction},
        )
        return [(row[0], row[1]) for row in rows]


def test_a_crowd_is_written_in_few_groups_and_numbered_without_gaps(city: SmallCity) -> None:
    async def story(lane: Lane, connect: Connecting) -> None:
        told = await asyncio.gather(*(lane.put(push(f"m{n}", b"%d" % n)) for n in range(600)))
        assert sorted(kept.delivery_no for kept in told) == list(range(FIRST, FIRST + 600))
        assert {kept.status for kept in told} == {Status.ACCEPTED}
        assert len(connect.opened) == 1

    run(city, story)
    assert [number for number, _ in numbers(city)] == list(range(1, FIRST + 600))
    with city.database.read() as connection:
        groups = connection.execute(
            text("SELECT delivery_no, messages FROM ops.waiting_push ORDER BY 1")
        ).all()
    assert [tuple(row) for row in groups] == [(FIRST, 500), (FIRST + 500, 100)]
    city.drain()
    with city.database.read() as connection:
        landed = connection.execute(
            text("SELECT count(*) FROM memory.landing WHERE jurisdiction = :j AND delivery_no >= :n"),
            {"j": HERE, "n": FIRST},
        ).scalar_one()
        left = connection.execute(text("SELECT count(*) FROM ops.waiting_push")).scalar_one()
    assert (landed, left) == (600, 0)


def test_one_id_in_a_crowd_is_kept_once_and_its_other_body_is_an_anomaly(city: SmallCity) -> None:
    async def story(lane: Lane, _: Connecting) -> None:
        sent = [push("same"), push("other"), push("same"), push("same", b"[]"), push("same")]
        told = await asyncio.gather(*map(lane.put, sent))
        assert [(kept.delivery_no, kept.status.value) for kept in told] == [
            (FIRST, "accepted"),
            (FIRST + 1, "accepted"),
            (FIRST, "duplicate"),
            (FIRST, "contradicts"),
            (FIRST, "duplicate"),
        ]

    run(city, story)
    assert numbers(city)[-1] == (FIRST + 1, "other")


def test_two_replicas_that_get_the_same_messages_keep_each_once_and_leave_no_gap(city: SmallCity) -> None:
    async def story(lane: Lane, connect: Connecting) -> None:
        other = Lane(connect, HERE)
        told = await asyncio.gather(
            *(each.put(push(f"m{n}", b"%d" % n)) for n in range(150) for each in (lane, other))
        )
        await other.close()
        pairs = zip(told[::2], told[1::2], strict=True)
        for one, two in pairs:
            assert one.delivery_no == two.delivery_no
            assert sorted((one.status.value, two.status.value)) == ["accepted", "duplicate"]

    run(city, story)
    assert [number for number, _ in numbers(city)] == list(range(1, FIRST + 150))


def test_a_message_that_cannot_be_kept_fails_none_of_its_neighbours(city: SmallCity) -> None:
    async def story(lane: Lane, _: Connecting) -> None:
        sent = [push("a"), push("no\0body can keep this"), push("b")]
        told = await asyncio.gather(*map(lane.put, sent), return_exceptions=True)
        assert [type(one).__name__ for one in told] == ["Kept", "Unavailable", "Kept"]

    run(city, story)
    assert [message_id for _, message_id in numbers(city)[-2:]] == ["a", "b"]


def test_who_hangs_up_with_a_message_that_cannot_be_kept_fails_no_neighbour(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = pushes.keep_new

    async def story(lane: Lane, _: Connecting) -> None:
        gone, stays = lane.put(push("no\0body can keep this")), lane.put(push("b"))

        async def meanwhile(connection: Any, jurisdiction: int, sent: Sequence[Push]) -> int | None:
            gone.cancel()
            return await really(connection, jurisdiction, sent)

        monkeypatch.setattr(pushes, "keep_new", meanwhile)
        assert (await stays).status is Status.ACCEPTED

    run(city, story)


def test_a_fault_nobody_foresaw_leaves_no_sender_waiting(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(_: bytes) -> bytes:
        raise ZeroDivisionError

    async def story(lane: Lane, _: Connecting) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(pushes, "seal", fault)
            waiting = asyncio.gather(*(lane.put(push(f"m{n}")) for n in range(3)), return_exceptions=True)
            assert {type(one) for one in await asyncio.wait_for(waiting, 5)} == {Unavailable}
        assert (await lane.put(push("m0"))).status is Status.ACCEPTED

    run(city, story)


def test_a_connection_that_was_cut_is_replaced_and_nobody_notices(city: SmallCity) -> None:
    async def story(lane: Lane, connect: Connecting) -> None:
        await lane.put(push("before"))
        await _cut(connect.opened[0])
        assert (await lane.put(push("after"))).delivery_no == FIRST + 1
        assert len(connect.opened) == 2

    run(city, story)


def test_a_database_that_is_away_fails_all_who_wait_and_serves_again_once_it_is_back(city: SmallCity) -> None:
    async def story(lane: Lane, connect: Connecting) -> None:
        there, connect.database = connect.database, Database("postgresql+psycopg://x@/hub?host=/nowhere")
        told = await asyncio.gather(*(lane.put(push(f"m{n}")) for n in range(20)), return_exceptions=True)
        assert {type(one) for one in told} == {Unavailable}
        connect.database = there
        assert (await lane.put(push("m1"))).status is Status.ACCEPTED

    run(city, story)


def test_too_many_who_wait_are_sent_away_and_those_who_wait_are_kept(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MOST_WAITING", 3)

    async def story(lane: Lane, _: Connecting) -> None:
        waiting = [lane.put(push(f"m{n}")) for n in range(3)]
        with pytest.raises(Unavailable, match="waiting"):
            lane.put(push("m3"))
        assert len(await asyncio.gather(*waiting)) == 3
        await lane.put(push("m3"))

    run(city, story)


def test_so_are_too_many_bytes(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "MOST_BYTES_WAITING", 1000)

    async def story(lane: Lane, _: Connecting) -> None:
        first = lane.put(push("m0", b"x" * 1001))
        with pytest.raises(Unavailable, match="waiting"):
            lane.put(push("m1"))
        await first
        await lane.put(push("m1"))

    run(city, story)


def test_who_has_hung_up_is_kept_all_the_same(city: SmallCity) -> None:
    async def story(lane: Lane, _: Connecting) -> None:
        gone, stays = lane.put(push("gone")), lane.put(push("stays"))
        gone.cancel()
        await stays

    run(city, story)
    assert [message_id for _, message_id in numbers(city)[-1:]] == ["stays"]


def test_closing_writes_what_waits(city: SmallCity) -> None:
    async def story(lane: Lane, _: Connecting) -> None:
        told = [lane.put(push(f"m{n}")) for n in range(40)]
        await lane.close()
        assert all(one.done() and one.result().status is Status.ACCEPTED for one in told)

    run(city, story)


def test_a_source_switched_off_is_gone_and_its_neighbours_are_kept(city: SmallCity) -> None:
    with city.database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ops.source (jurisdiction, source, enabled) VALUES (:j, 'housing.events', false)"
            ),
            {"j": HERE},
        )

    async def story(lane: Lane, _: Connecting) -> None:
        off, on = lane.put(push("off")), lane.put(push("on", source="housing.other"))
        with pytest.raises(Gone):
            await off
        assert (await on).status is Status.ACCEPTED

    run(city, story)


def test_another_jurisdiction_counts_for_itself_and_one_nobody_knows_is_not_found(city: SmallCity) -> None:
    async def story(lane: Lane, _: Connecting) -> None:
        assert (await lane.put(push("m"))).delivery_no == FIRST

    run(city, story)
    run(city, story, THERE)

    async def unknown(lane: Lane, _: Connecting) -> None:
        with pytest.raises(NotFound):
            await lane.put(push("m"))

    run(city, unknown, 999_999)


def test_the_use_of_a_secret_is_noted(city: SmallCity) -> None:
    async def story(lane: Lane, _: Connecting) -> None:
        lane.note("housing.events", "SOME_VARIABLE")
        await lane.put(push("m"))

    run(city, story)
    with city.database.read() as connection:
        used = connection.execute(text("SELECT jurisdiction, source, variable FROM ops.secret_use")).one()
    assert tuple(used) == (HERE, "housing.events", "SOME_VARIABLE")
