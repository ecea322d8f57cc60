from __future__ import annotations

import psycopg

from tests.support.database import libpq, throw_away_database


def test_every_database_is_new_empty_and_writable(empty_database_url: str) -> None:
    with psycopg.connect(libpq(empty_database_url)) as connection:
        connection.execute("CREATE TABLE marks (mark int)")
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (1,)


def test_a_database_made_from_a_template_holds_its_rows_and_is_gone_afterwards(
    postgres_server: str, empty_database_url: str
) -> None:
    with psycopg.connect(libpq(empty_database_url)) as connection:
        connection.execute("CREATE TABLE marks AS SELECT 7 AS mark")
    with (
        throw_away_database(postgres_server, template=empty_database_url) as url,
        psycopg.connect(libpq(url)) as connection,
    ):
        assert connection.execute("SELECT mark FROM marks").fetchall() == [(7,)]
    with psycopg.connect(libpq(postgres_server)) as connection:
        name = url.rsplit("/", 1)[1].split("?")[0]
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None


def test_a_database_is_dropped_although_somebody_is_still_connected(postgres_server: str) -> None:
    with throw_away_database(postgres_server) as url:
        connection = psycopg.connect(libpq(url))
    connection.close()
