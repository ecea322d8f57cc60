from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import text

from app.db import calls, derived, jurisdictions, resolution
from app.db.session import Connection, Database
from app.errors import NotFound, Unavailable
from tests.support.database import JURISDICTIONS


def _count(connection: Connection) -> int:
    return int(
        connection.execute(text("SELECT count(*) FROM project WHERE jurisdiction = 430200")).scalar_one()
    )


def test_a_write_is_durable_and_a_failed_one_leaves_nothing(database: Database) -> None:
    def half(connection: Connection, jurisdiction: int) -> None:
        jurisdictions.ensure(connection, jurisdiction)
        raise NotFound("stop")

    calls.write(database, jurisdictions.ensure, JURISDICTIONS[0])
    with pytest.raises(NotFound):
        calls.write(database, half, JURISDICTIONS[1])
    assert calls.read(database, jurisdictions.known) == [JURISDICTIONS[0]]


def test_a_read_changes_nothing(database: Database) -> None:
    with pytest.raises(Exception, match="read-only"):
        calls.read(database, jurisdictions.ensure, JURISDICTIONS[0])


def test_a_reader_that_meets_a_swap_reads_the_new_drawer(database: Database) -> None:
    read: list[int] = []
    reader = threading.Thread(target=lambda: read.append(calls.read(database, _count)))
    with database.begin() as connection:
        derived.drop(connection, "derived")
        reader.start()
        time.sleep(0.2)
        derived.create(connection)
    reader.join(timeout=10)
    assert read == [0]


def test_a_drawer_that_stays_away_is_unavailable(database: Database) -> None:
    with database.begin() as connection:
        derived.drop(connection, "derived")
    with pytest.raises(Unavailable):
        calls.read(database, _count)
    with pytest.raises(Unavailable):
        calls.read(database, resolution.members_of, JURISDICTIONS[0], ["430200-a"])


def test_a_server_that_is_not_there_is_unavailable() -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable, match="try again"):
        calls.read(away, _count)
    with pytest.raises(Unavailable, match="try again"):
        calls.write(away, _count)


def test_a_connection_cut_off_is_unavailable(database: Database) -> None:
    def cut(connection: Connection) -> int:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.engine.connect() as other:
            other.execute(text("SET ROLE NONE"))
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        return _count(connection)

    with pytest.raises(Unavailable):
        calls.read(database, cut)


def test_a_mistake_in_a_statement_is_no_outage(database: Database) -> None:
    def wrong(connection: Connection) -> None:
        connection.execute(text("SELECT 1/0"))

    with pytest.raises(Exception, match="division"):
        calls.read(database, wrong)
