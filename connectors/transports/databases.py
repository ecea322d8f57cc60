"""Departments' databases: opened in haste and, unless writing is meant, unable to write; their errors named."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, NoSuchTableError
from sqlalchemy.pool import NullPool

from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable

LOCK_SECONDS, STATEMENT_SECONDS = 5.0, 60.0
"""How long we wait for a table that another holds, and for the rows of a page."""
GRACE_SECONDS = 5.0
"""What a server may need beyond that to say it gave up; one that says nothing is cut off."""
_REFUSED = ("28P01", "28000", "42501", "1045", "1044", "1142")
_REFUSED_WORDS = ("password authentication failed", "access denied", "permission denied")


def address(place: str) -> URL:
    """Read a SQLAlchemy url; raise SourceUnavailable for one that is none, or whose file is not there."""
    try:
        url = make_url(place)
    except ArgumentError as error:
        raise SourceUnavailable("the database address is no SQLAlchemy url") from error
    file = url.database
    if url.get_backend_name() == "sqlite" and (not file or not Path(file.removeprefix("file:")).is_file()):
        raise SourceUnavailable(f"there is no database file {file}")
    return url


@contextmanager
def opened(url: URL, *, writing: bool = False) -> Iterator[Connection]:
    """Open a connection that holds nothing between its statements, and cannot write unless it is meant to.

    Raises SourceUnavailable, AuthFailed or SourceChanged for what goes wrong on it.
    """
    try:
        engine = sa.create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_hurry(url)
        )
    except (NoSuchModuleError, ImportError) as error:
        raise SourceUnavailable(f"no driver for {url.get_backend_name()} is installed: {error}") from error
    _cut_off_when_silent(engine)
    try:
        with engine.connect() as connection:
            _set_up(connection, writing=writing)
            yield connection
    except NoSuchTableError as error:
        raise SourceChanged(f"there is no table {error}") from error
    except DBAPIError as error:
        raise _meaning(error) from error
    finally:
        engine.dispose()


def _hurry(url: URL) -> dict[str, Any]:
    """Do not wait for ever on a database that does not answer; every driver has its own word for it."""
    waits: dict[str, dict[str, Any]] = {
        "postgresql": {"connect_timeout": 10},
        "mysql": {"connect_timeout": 10},
        "sqlite": {"timeout": LOCK_SECONDS},
    }
    made = waits.get(url.get_backend_name(), {})
    if url.get_backend_name() == "mysql" and url.get_driver_name() in {"pymysql", "mysqldb"}:
        made["read_timeout"] = int(STATEMENT_SECONDS + GRACE_SECONDS)
    return made


def _cut_off_when_silent(engine: sa.Engine) -> None:
    """Shut the connection of a server that answers no statement in time: its own time-outs do not run when it hangs."""
    timers: list[threading.Timer] = []

    def begin(connection: Connection, *_: Any) -> None:
        number = getattr(connection.connection.driver_connection, "fileno", None)
        if number is not None:
            timers.append(threading.Timer(STATEMENT_SECONDS + GRACE_SECONDS, _shut, [number()]))
            timers[-1].daemon = True
            timers[-1].start()

    def end(*_: Any) -> None:
        while timers:
            timers.pop().cancel()

    sa.event.listen(engine, "before_cursor_execute", begin)
    sa.event.listen(engine, "after_cursor_execute", end)
    sa.event.listen(engine, "handle_error", end)


def _shut(number: int) -> None:
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as held:
        held.shutdown(socket.SHUT_RDWR)


def _set_up(connection: Connection, *, writing: bool) -> None:
    """Forbid writing, and waiting for ever."""
    forbids = {
        "postgresql": ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",),
        "mysql": ("SET SESSION TRANSACTION READ ONLY",),
        "sqlite": ("PRAGMA query_only = ON",),
    }
    hurries = {
        "postgresql": (
            f"SET statement_timeout = {STATEMENT_SECONDS * 1000:.0f}",
            f"SET lock_timeout = {LOCK_SECONDS * 1000:.0f}",
        ),
        "mysql": (f"SET SESSION lock_wait_timeout = {max(1, round(LOCK_SECONDS))}",),
    }
    name = connection.dialect.name
    for order in (*(() if writing else forbids.get(name, ())), *hurries.get(name, ())):
        connection.exec_driver_sql(order)


def _meaning(error: DBAPIError) -> Exception:
    """Name a driver's error by what the caller must do."""
    said = str(error.orig)
    state = str(
        getattr(error.orig, "sqlstate", None) or (error.orig.args[:1] or ("",))[0] if error.orig else ""
    )
    if state in _REFUSED or any(word in said.lower() for word in _REFUSED_WORDS):
        return AuthFailed(
            f"the database refuses us: {said.splitlines()[0] if said else type(error).__name__}"
        )
    if isinstance(error, sa.exc.ProgrammingError) or "no such" in said:
        return SourceChanged(f"the table has another shape: {said.splitlines()[0] if said else ''}")
    return SourceUnavailable(f"the database does not answer: {said.splitlines()[0] if said else ''}")


def plain(value: Any) -> Any:
    """Give a database value as JSON has it: texts, exact numbers, ISO moments, hexadecimal bytes."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)
