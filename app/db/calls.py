"""Calling query functions from outside a job: one view or one transaction each, and what may go wrong named for HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg import errors as pg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.db.session import Database
from app.errors import HubError, Unavailable

P = ParamSpec("P")
T = TypeVar("T")
Query = Callable[Concatenate[Connection, P], T]

ROWS = {"22", "23", "54"}
"""Classes of SQLSTATE that a row can cause: data exceptions, integrity, limits."""
SWAPPED = (pg.UndefinedTable, pg.InvalidSchemaName, pg.InternalError_)


def read(database: Database, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `query` on one consistent view."""
    with _named(), database.read() as connection:
        return query(connection, *args, **kwargs)


def write(database: Database, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `query` in one transaction; it is durable when this returns."""
    with _named(), database.begin() as connection:
        return query(connection, *args, **kwargs)


@contextmanager
def _named() -> Iterator[None]:
    """A database that is away, full or overrun is Unavailable, whatever the driver calls it."""
    try:
        yield
    except (DBAPIError, psycopg.Error, PoolTimeout) as error:
        named = unavailable(error)
        if named is None:
            raise
        raise named from error


def of_the_rows(error: BaseException) -> bool:
    """Say whether an error may lie in the rows that were worked on, and not in the database, memory or the disk."""
    if isinstance(error, HubError | MemoryError | OSError | PoolTimeout):
        return False
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.Error):
        # without a state it is the driver that could not write a value down
        return cause.sqlstate[:2] in ROWS if cause.sqlstate else isinstance(cause, psycopg.DataError)
    return isinstance(error, Exception)


def unavailable(error: BaseException) -> Unavailable | None:
    """Give the word for a database that is away or changes over, None for any other error."""
    # rows copied in and fetched whole go past SQLAlchemy, and so do their errors
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout):
        return Unavailable("the database does not answer; try again in a few seconds")
    if isinstance(cause, SWAPPED) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return Unavailable("the database is changing over; try again in a few seconds")
    return None
