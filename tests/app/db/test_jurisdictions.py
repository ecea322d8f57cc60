"""The row of a jurisdiction: its writers queue at it, and its counters have no gaps."""

from __future__ import annotations

import threading

import pytest

from app.db import jurisdictions
from app.errors import NotFound
from tests.support.corridor import opened, rows_of
from tests.support.database import JURISDICTIONS

FIRST, SECOND = JURISDICTIONS


def test_numbers_have_no_gaps_and_no_doubles_whoever_takes_them_and_whoever_fails(database_url: str) -> None:
    with opened(database_url, pool_size=8) as database:
        taken: list[int] = []

        def write(n: int) -> None:
            try:
                with database.begin() as connection:
                    held = jurisdictions.hold(connection, FIRST)
                    numbers = jurisdictions.take(connection, held, "change_no", n % 3 + 1)
                    if n % 4 == 0:
                        raise ConnectionError
                    taken.extend(numbers)
            except ConnectionError:
                pass

        threads = [threading.Thread(target=write, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # the row is held while numbers are noted, so their order is the order of commits
        assert taken == list(range(1, len(taken) + 1))
        assert rows_of(database, "SELECT jurisdiction, change_no FROM ops.jurisdiction ORDER BY 1") == [
            (FIRST, len(taken)),
            (SECOND, 0),
        ]


def test_an_unknown_jurisdiction_and_an_unknown_counter_are_refused(database_url: str) -> None:
    with opened(database_url) as database, database.begin() as connection:
        with pytest.raises(NotFound):
            jurisdictions.hold(connection, 999999)
        held = jurisdictions.hold(connection, FIRST)
        with pytest.raises(ValueError, match="no counter"):
            jurisdictions.take(connection, held, "generation = 9, change_no")


def test_to_know_a_jurisdiction_again_changes_nothing(database_url: str) -> None:
    with opened(database_url) as database:
        with database.begin() as connection:
            held = jurisdictions.hold(connection, FIRST)
            jurisdictions.mark(connection, held, fingerprint="ours", common="all", generation=4)
        with database.begin() as connection:
            jurisdictions.ensure(connection, FIRST, "another name")
            assert jurisdictions.hold(connection, FIRST) == (FIRST, 4, "ours", "all")
            assert jurisdictions.generation(connection, SECOND) == 0
            assert jurisdictions.known(connection) == [FIRST, SECOND]
