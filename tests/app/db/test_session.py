"""Tests of connections: what the server has ended meanwhile is nobody's error."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.db.session import Database
from tests.support.corridor import opened, rows_of


@pytest.mark.parametrize("ours", [True, False])
def test_an_idle_connection_that_was_ended_is_opened_anew(database_url: str, *, ours: bool) -> None:
    with opened(database_url) as hub, opened(database_url) as other:
        with hub.begin() as connection:
            before = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            driver = connection.connection.driver_connection
        if ours and driver is not None:
            driver.close()
        else:
            end(other, before)
        with hub.begin() as connection:
            assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != before
        pids = {hub_pid(hub) for _ in range(2)}
        assert len(pids) == 1


def hub_pid(hub: Database) -> int:
    return int(rows_of(hub, "SELECT pg_backend_pid()")[0][0])


def end(other: Database, pid: int) -> None:
    """End a backend, and wait until it is gone."""
    with other.engine.connect() as connection:
        connection.execute(text("SET ROLE NONE"))
        assert connection.execute(text("SELECT pg_terminate_backend(:p, 5000)"), {"p": pid}).scalar_one()


def test_no_query_of_the_hub_starts_processes_of_its_own(hub: Database) -> None:
    with hub.begin() as connection:
        release = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        name = "debug_parallel_query" if release >= 160000 else "force_parallel_mode"
        connection.execute(text(f"SET LOCAL {name} TO on"))  # wherever the planner may, it does
        plan = connection.execute(text("EXPLAIN SELECT count(*) FROM memory.head WHERE key = 'x'")).scalars()
        assert not [line for line in plan if "Gather" in line]
