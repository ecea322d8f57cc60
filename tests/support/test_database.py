from __future__ import annotations

import os

import psycopg

from tests.support.database import libpq, throw_away_database


def test_the_server_is_the_postgresql_that_was_asked_for(postgres_server: str) -> None:
    with psycopg.connect(libpq(postgres_server)) as connection:
        major = connection.info.server_version // 10_000
    if "HUB_TEST_DATABASE_URL" in os.environ or os.environ.get("HUB_TEST_POSTGRES") == "system":
        assert major >= 15
    else:
        assert major == 18


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


def test_a_migrated_database_has_its_revision_and_no_row_of_another_test(database_url: str) -> None:
    with psycopg.connect(libpq(database_url)) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('memory', 'ops')"
        ).fetchall()
        assert tables
