"""Leases: one holder at a time, a lost one has no effect any more."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.db import leases
from app.db.session import Database
from app.errors import Conflict
from tests.support.corridor import opened, rows_of


def take(database: Database, name: str = "rebuild") -> str:
    with database.begin() as connection:
        return leases.take(connection, name, 60)


def test_of_many_who_reach_for_it_one_gets_it(database_url: str) -> None:
    with opened(database_url, pool_size=8) as database:
        gate, taken, refused = threading.Barrier(6), [], []

        def reach() -> None:
            gate.wait()
            try:
                taken.append(take(database))
            except Conflict as error:
                refused.append(str(error))

        threads = [threading.Thread(target=reach) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(taken), len(refused)) == (1, 5)
        assert all("another rebuild holds the lease until" in told for told in refused)
        assert take(database, "another piece of work")


def test_an_expired_lease_goes_to_the_next_and_the_former_holder_is_told(database_url: str) -> None:
    with opened(database_url) as database:
        former = take(database)
        with database.begin() as connection:
            connection.execute(text("UPDATE ops.lease SET until = now() - interval '1 second'"))
        heir = take(database)
        assert heir != former
        with pytest.raises(Conflict), database.begin() as connection:
            leases.extend(connection, "rebuild", former, 60)
        with database.begin() as connection:
            leases.release(connection, "rebuild", former)
            leases.extend(connection, "rebuild", heir, 60)
        with pytest.raises(Conflict):
            take(database)
        with database.begin() as connection:
            leases.release(connection, "rebuild", heir)
        assert rows_of(database, "SELECT count(*) FROM ops.lease") == [(0,)]


def test_until_when_a_lease_is_held_is_known_and_nothing_of_one_that_has_ended(database_url: str) -> None:
    with opened(database_url) as database:
        token = take(database)
        with database.read() as connection:
            until = leases.held_until(connection, leases.REBUILD)
            assert leases.held_until(connection, "another piece of work") is None
        assert until is not None
        assert 50 < (until - datetime.now(UTC)).total_seconds() < 61
        with database.begin() as connection:
            connection.execute(text("UPDATE ops.lease SET until = now() - interval '1 second'"))
        with database.read() as connection:
            assert leases.held_until(connection, leases.REBUILD) is None
        with database.begin() as connection:
            leases.release(connection, leases.REBUILD, token)
