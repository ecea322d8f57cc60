"""Connections and the only commits of the hub: one unit of work, one transaction, ended here."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError

from app.db import derived
from app.db.texts import text

__all__ = ["Connection", "Database", "unhurried"]

APP_ROLE = "hub_app"


class Database:
    """The hub's database as one process sees it; `drawer` is the derived drawer its connections mean."""

    def __init__(self, url: str, *, pool_size: int = 8, drawer: str = derived.SERVING) -> None:
        self.url = url
        self.drawer = drawer
        self.engine: Engine = _engine(url, pool_size, drawer)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction that commits when the block ends and rolls back when it raises."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one consistent, read-only view of the database; no rebuild swaps the derived drawer during it."""
        with self.engine.connect() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            # before the snapshot is taken: whoever waits here while a swap ends then sees all of the new drawer
            connection.execute(text(f"LOCK TABLE {derived.GATE} IN ACCESS SHARE MODE"))
            yield connection

    def beside(self, drawer: str) -> Database:
        """Give the same database with connections that mean another derived drawer."""
        return Database(self.url, pool_size=2, drawer=drawer)

    def close(self) -> None:
        """Close all idle connections."""
        self.engine.dispose()


def unhurried(connection: Connection) -> None:
    """Let the end of this transaction not wait for the disk: for what is computed anew where a crash forgets it."""
    connection.execute(text("SET LOCAL synchronous_commit TO OFF"))


def _engine(url: str, pool_size: int, drawer: str) -> Engine:
    address = make_url(url).set(drivername="postgresql+psycopg")
    given: Any = address.query.get("options", "")
    address = address.difference_update_query(["options"])
    # search_path decides which derived drawer is meant; the role makes memory append-only by GRANT; a thousand ids
    # looked up in a table nobody has counted yet look like work for several, and to start them costs more than that
    settings = (
        f"role={APP_ROLE}",
        f"search_path={drawer}",
        "timezone=UTC",
        "max_parallel_workers_per_gather=0",
    )
    options = " ".join([str(given), *(f"-c {setting}" for setting in settings)]).strip()
    engine = create_engine(
        address,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        connect_args={"options": options, "connect_timeout": 10, "application_name": "lifecycle-hub"},
    )
    event.listen(engine, "checkout", _check_open)
    return engine


def _check_open(connection: Any, *_: object) -> None:
    """Refuse an idle connection on which the server has something to say, most often its farewell; another is opened.

    A ping would ask it, which costs as much as many a transaction.
    """
    listening = select.poll()
    if not connection.closed:
        listening.register(connection.fileno(), select.POLLIN)
    if connection.closed or listening.poll(0):
        raise DisconnectionError
