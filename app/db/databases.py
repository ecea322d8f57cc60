"""Whole databases on a server: one made for each run of the demo, and dropped after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url

from app.db.texts import text


def create(url: str, name: str) -> str:
    """Make the database `name` anew and empty on the server of `url`, and give its address."""
    with _server(url) as connection:
        _drop(connection, name)
        # sql-lint: allow built-text — no statement takes a database's name as a value; it is quoted
        connection.execute(text(f"CREATE DATABASE {_quoted(name)} TEMPLATE template0"))
    return (
        make_url(url)
        .set(drivername="postgresql+psycopg", database=name)
        .render_as_string(hide_password=False)
    )


def drop(url: str, name: str) -> None:
    """Drop the database `name` on the server of `url`, whoever is connected to it."""
    with _server(url) as connection:
        _drop(connection, name)


def drop_left(url: str, prefix: str, in_use: Callable[[str], bool]) -> list[str]:
    """Drop the databases called `prefix…` of which `in_use` knows nothing and to which nobody is connected; gives them."""
    with _server(url) as connection:
        found = connection.execute(
            text(
                "SELECT datname FROM pg_database d WHERE starts_with(datname, :prefix)"
                " AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid) ORDER BY 1"
            ),
            {"prefix": prefix},
        ).scalars()
        left = [name for name in found if not in_use(name)]
        for name in left:
            _drop(connection, name)
    return left


def clients(url: str) -> int:
    """Give how many other connections of clients the server of `url` has."""
    with _server(url) as connection:
        found: int = connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        ).scalar_one()
    return found


@contextmanager
def _server(url: str) -> Iterator[Connection]:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _drop(connection: Connection, name: str) -> None:
    # sql-lint: allow built-text — no statement takes a database's name as a value; it is quoted
    connection.execute(text(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
