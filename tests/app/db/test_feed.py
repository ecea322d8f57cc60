from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.db import feed, golden, jurisdictions
from app.db.golden import Change
from app.db.session import Connection, Database
from app.errors import SnapshotNeeded
from tests.support.corridor import opened
from tests.support.database import JURISDICTIONS

HERE, THERE = JURISDICTIONS


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url, pool_size=8) as database:
        yield database


def tell(connection: Connection, jurisdiction: int, n: int, name: str = "a") -> None:
    """Take numbers and write changes under them, as who composes does."""
    numbers = jurisdictions.take(connection, jurisdictions.hold(connection, jurisdiction), "change_no", n)
    events = [Change("updated", f"{jurisdiction}-{name}{i}", None, "e", "430204,430211") for i in range(n)]
    golden.add_changes(connection, jurisdiction, numbers, events)


def told(hub: Database, jurisdiction: int, after: int, n: int = 1000) -> list[int]:
    with hub.read() as connection:
        return [change.change_no for change in feed.changes(connection, jurisdiction, after, n)]


def test_who_follows_skips_no_change_that_is_committed_late(hub: Database) -> None:
    """Writers stay open for a while, and some go back on what they did; whoever reads on meanwhile sees no hole."""
    over = threading.Event()
    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(_follow, hub, jurisdiction, over) for jurisdiction in JURISDICTIONS]
        writers = [pool.submit(_write, hub, JURISDICTIONS[i % 2], i > 1) for i in range(4)]
        try:
            for writer in writers:
                writer.result()
        finally:
            over.set()
        for reader in readers:
            assert reader.result() == list(range(1, 28 + 19 + 1))


def _write(hub: Database, jurisdiction: int, undone: bool) -> None:
    for n in range(1, 8):
        with hub.begin() as connection:
            tell(connection, jurisdiction, n)
            connection.execute(text("SELECT pg_sleep(0.004)"))
            if undone and n % 3 == 0:
                connection.rollback()


def _follow(hub: Database, jurisdiction: int, over: threading.Event) -> list[int]:
    seen: list[int] = []
    while True:
        done = over.is_set()
        if new := told(hub, jurisdiction, seen[-1] if seen else 0):
            seen += new
        elif done:
            return seen


def test_of_two_open_transactions_the_later_number_waits_for_the_earlier(hub: Database) -> None:
    with hub.begin() as first:
        tell(first, HERE, 2, "slow")
        second = threading.Thread(target=_tell_alone, args=(hub, HERE, 3, "quick"))
        second.start()
        _tell_alone(hub, THERE, 1, "elsewhere")
        second.join(0.3)
        assert second.is_alive()
        assert told(hub, HERE, 0) == []
        assert told(hub, THERE, 0) == [1]
    second.join()
    assert told(hub, HERE, 0) == [1, 2, 3, 4, 5]


def _tell_alone(hub: Database, jurisdiction: int, n: int, name: str) -> None:
    with hub.begin() as connection:
        tell(connection, jurisdiction, n, name)


def test_a_change_names_the_districts_of_its_project(hub: Database) -> None:
    _tell_alone(hub, HERE, 1, "a")
    with hub.read() as connection:
        [change] = feed.changes(connection, HERE, 0, 10)
    assert change.districts == ("430204", "430211")


def test_what_is_older_than_it_is_kept_goes_and_who_has_not_seen_it_is_sent_for_a_snapshot(
    hub: Database,
) -> None:
    for jurisdiction in JURISDICTIONS:
        _tell_alone(hub, jurisdiction, 5, "a")
    with hub.begin() as connection:
        connection.execute(
            text(
                "UPDATE ops.change SET at = at - interval '31 days' WHERE jurisdiction = :j AND change_no < 4"
            ),
            {"j": HERE},
        )
        assert [feed.sweep(connection, j, 30) for j in JURISDICTIONS] == [3, 0]
        assert feed.sweep(connection, HERE, 30) == 0
    assert told(hub, THERE, 0) == [1, 2, 3, 4, 5]
    assert told(hub, HERE, 3) == [4, 5]
    for after in (0, 2, 6):
        with pytest.raises(SnapshotNeeded, match="after=5"):
            told(hub, HERE, after)


def test_an_empty_feed_that_was_swept_to_its_end_still_knows_where_it_stands(hub: Database) -> None:
    _tell_alone(hub, HERE, 2, "a")
    with hub.begin() as connection:
        connection.execute(text("UPDATE ops.change SET at = at - interval '31 days'"))
        assert feed.sweep(connection, HERE, 30) == 2
    assert told(hub, HERE, 2) == []
    assert told(hub, THERE, 0) == []
    with pytest.raises(SnapshotNeeded):
        told(hub, HERE, 1)
    with hub.read() as connection:
        assert feed.newest(connection, [*JURISDICTIONS, 7]) == {HERE: 2, THERE: 0}
