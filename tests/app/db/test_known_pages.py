"""Tests of ops.known_page: what is noted stands until a head of its records moves, and not for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.db import jurisdictions, known_pages, landing
from app.db.session import Connection, Database
from schemas.records import Head
from tests.support.corridor import opened, rows_of
from tests.support.database import JURISDICTIONS

SOURCE = "commerce.signed"


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def note(
    connection: Connection,
    jurisdiction: int,
    said: bytes,
    blocks: set[int],
    met: int = 1,
    unreadable: tuple[int, ...] = (2,),
) -> None:
    known_pages.add(
        connection,
        jurisdiction,
        SOURCE,
        said,
        landing_no=met,
        blocks=blocks,
        unreadable=unreadable,
        records={"b", "a"},
    )


def again(connection: Connection, jurisdiction: int, said: bytes) -> int | None:
    return known_pages.land_again(
        connection, jurisdiction, SOURCE, said, channel="pull", sender="", sha256=b"2", rows=3
    )


def known(connection: Connection, jurisdiction: int, *said: bytes) -> list[bytes]:
    found = {one: known_pages.reached(connection, jurisdiction, SOURCE, one).unreadable for one in said}
    assert set(found.values()) <= {None, (), (2,)}
    return [one for one in said if found[one] is not None]


def test_a_page_is_known_until_a_head_moves_that_its_records_began_with(hub: Database) -> None:
    first, second = JURISDICTIONS
    with hub.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            note(connection, jurisdiction, b"1", {1, 2})
            note(connection, jurisdiction, b"2", {3})
        standing = Head(SOURCE, "k", "", "upsert", b"h", 1, 1, first_delivery=2, first_row=1)
        landing.move_heads(connection, first, {"r": standing}, {"r": standing})
        assert known(connection, first, b"1", b"2") == [b"2"]
        assert known(connection, second, b"1", b"2") == [b"1", b"2"]
        landing.move_heads(connection, second, {"new": standing}, {})
        assert known(connection, second, b"1", b"2") == [b"1", b"2"]


def test_a_renamed_key_drops_all_pages_of_its_source(hub: Database) -> None:
    with hub.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            note(connection, jurisdiction, b"1", {1})
        landing.add_alias(connection, JURISDICTIONS[0], SOURCE, "old", "new", "department")
        assert [known(connection, j, b"1") for j in JURISDICTIONS] == [[], [b"1"]]


def test_a_page_nobody_says_any_more_is_forgotten(hub: Database) -> None:
    first, second = JURISDICTIONS
    late = known_pages.MOST_LANDINGS + 2
    with hub.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            note(connection, jurisdiction, b"old", {1})
            note(connection, jurisdiction, b"met", {1}, unreadable=())
            held = jurisdictions.hold(connection, jurisdiction)
            jurisdictions.take(connection, held, "landing_no", late - 1)
            assert again(connection, jurisdiction, b"met") == 1
            assert again(connection, jurisdiction, b"old") is None  # it holds a row that must be kept again
        note(connection, first, b"new", {1}, met=late)
        assert known(connection, first, b"old", b"met", b"new") == [b"met", b"new"]
        assert known(connection, second, b"old", b"met") == [b"old", b"met"]
    assert (
        rows_of(hub, "SELECT landing_no, delivery_no, received, kept, unchanged FROM memory.landing")
        == [(late, 1, 3, 0, 3)] * 2
    )


def test_a_known_page_lists_its_records(hub: Database) -> None:
    with hub.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            note(connection, jurisdiction, b"1", {1})
            known_pages.note_listed(connection, jurisdiction, SOURCE, b"1", f"run-{jurisdiction}")
        assert known_pages.reached(connection, 999999, SOURCE, b"1").landing_no == 0
        rows = connection.exec_driver_sql(
            "SELECT run_id, record_id FROM ops.listing_seen ORDER BY 1, 2"
        ).all()
        assert [tuple(row) for row in rows] == [
            (f"run-{jurisdiction}", record) for jurisdiction in sorted(JURISDICTIONS) for record in "ab"
        ]


@pytest.mark.parametrize("forgotten", [True, False])
def test_a_page_that_is_forgotten_while_its_landing_waits_is_not_known_and_takes_no_number(
    hub: Database, *, forgotten: bool
) -> None:
    first, second = JURISDICTIONS
    with hub.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            note(connection, jurisdiction, b"1", {1}, unreadable=())
    with ThreadPoolExecutor(1) as beside:
        with hub.begin() as holding:
            jurisdictions.hold(holding, first)

            def land() -> int | None:
                with hub.begin() as connection:
                    return again(connection, first, b"1")

            waiting = beside.submit(land)
            wait_for_a_lock(hub)
            if forgotten:
                known_pages.forget(holding, first, SOURCE, {1})
        assert waiting.result(timeout=10) == (None if forgotten else 1)
    with hub.begin() as connection:
        assert again(connection, second, b"1") == 1
    landed = rows_of(hub, "SELECT jurisdiction, delivery_no, landing_no FROM ops.jurisdiction ORDER BY 1")
    assert {row[0]: tuple(row[1:]) for row in landed} == {
        first: (not forgotten, not forgotten),
        second: (1, 1),
    }
    assert rows_of(hub, "SELECT count(*) FROM memory.delivery") == [(2 - forgotten,)]


def wait_for_a_lock(hub: Database) -> None:
    for _ in range(200):
        if rows_of(hub, "SELECT count(*) FROM pg_locks WHERE NOT granted") != [(0,)]:
            return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_only_landings_of_the_same_source_overtake(hub: Database) -> None:
    first, second = JURISDICTIONS
    with hub.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            for no, source in enumerate((SOURCE, "land.supply", "land.supply"), start=1):
                landing.add_delivery(
                    connection, jurisdiction, no, source, channel="pull", sender="", sha256=b""
                )
                counts = dict.fromkeys(("received", "kept", "unchanged", "unreadable"), 0)
                landing.add_landing(connection, jurisdiction, no, no, counts)
        told = [known_pages.overtaken(connection, first, SOURCE, no) for no in (0, 1, 2, 3)]
        assert told == [True, False, False, False]
        assert known_pages.overtaken(connection, second, "land.supply", 2)
        for no in range(4, 4 + known_pages.MOST_BETWEEN):
            landing.add_landing(connection, second, no, no, counts)
        assert known_pages.overtaken(connection, second, SOURCE, 3)
