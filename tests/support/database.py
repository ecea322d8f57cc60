"""Throw-away databases for tests, on a real PostgreSQL.

The server is the embedded one, in a home per user that is kept between runs (its databases are not); with
HUB_TEST_POSTGRES=system it runs on the machine's own PostgreSQL, and HUB_TEST_DATABASE_URL names one that runs already.
Its databases survive no crash (fsync off): that is what makes them fast.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from app import postgres

JURISDICTIONS = (430200, 430300)
"""Every database test runs with these two, holding equal keys."""

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "300",
}
PREFIX = "hub_test_"
# A copy has the tables of its template, but not the rights on the database itself that a migration gave.
_GRANTS = sql.SQL(
    "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_app') THEN"
    " EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO hub_app', {name}); END IF; END $$"
)
_numbers = itertools.count(1)


@contextmanager
def running_server() -> Iterator[str]:
    """The address of a PostgreSQL to make databases on; the last session to leave stops the embedded one."""
    given = os.environ.get("HUB_TEST_DATABASE_URL")
    if given:
        yield given
        return
    which = os.environ.get("HUB_TEST_POSTGRES", "bundled")
    bin_dir = {"bundled": postgres.binaries, "system": postgres.system_binaries}[which]()
    if bin_dir is None:
        raise LookupError(
            "HUB_TEST_POSTGRES=system, and this machine has no PostgreSQL: no pg_ctl on the PATH"
        )
    home = Path(tempfile.gettempdir()) / f"lifecycle-hub-tests-{os.geteuid()}-{which}"
    home.mkdir(mode=0o755, exist_ok=True)
    with (home / "sessions.lock").open("a") as sessions:
        if _only_session(sessions):
            _drop_leftovers(postgres.ensure(home, bin_dir, FAST).url("postgres"))
        fcntl.flock(sessions, fcntl.LOCK_SH)
        try:
            yield postgres.ensure(home, bin_dir, FAST).url("postgres")
        finally:
            if _only_session(sessions):
                postgres.stop(home)


@contextmanager
def throw_away_database(server: str, template: str | None = None) -> Iterator[str]:
    """The address of a new database, empty or like `template` (an address on the same server), dropped afterwards."""
    name = f"{PREFIX}{os.getpid()}_{next(_numbers)}"
    like = make_url(template).database if template else None
    _execute(
        server,
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(like or "template0")
        ),
    )
    if template:
        _execute(server, _GRANTS.format(name=sql.Literal(name)))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def migrate(url: str) -> None:
    """Brings the database to the newest revision, as `hub db upgrade` does."""
    from app.db.migrate import upgrade

    upgrade(url)


def libpq(url: str) -> str:
    """The address as psycopg and libpq spell it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _execute(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(libpq(server), autocommit=True) as connection:
        connection.execute(statement)


def _only_session(lock: TextIO) -> bool:
    """Whether no other test session holds the lock; then nobody else can come in until it is lowered or closed."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _drop_leftovers(server: str) -> None:
    """Drops what killed sessions left behind; call only when no other session is there."""
    with psycopg.connect(libpq(server), autocommit=True) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX]
        ).fetchall()
        for (name,) in names:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
