"""Departments' databases: opened in haste and, unless writing is meant, unable to write; their errors named."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
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
_REFUSED = {
    *("28P01", "28000", "42501", "25006"),
    *("1045", "1044", "1142", "1143", "1290", "1792", "1820", "1862", "3118", "4151"),
}
_REFUSED_WORDS = (
    "password authentication failed",
    "access denied",
    "permission denied",
    "readonly database",
    "read-only transaction",
)
_CHANGED = {"1054", "1146"}
"""A column, a table that is not there: of MySQL's, whose drivers call the first a passing fault."""


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
        raise SourceUnavailable(
            f"no driver for {url.get_backend_name()} is installed: {error}{_advice(url)}"
        ) from error
    _cut_off_when_silent(engine)
    try:
        with _connected(engine) as connection:
            _set_up(connection, writing=writing)
            yield connection
    except NoSuchTableError as error:
        raise SourceChanged(f"there is no table {error}") from error
    except UnicodeDecodeError as error:
        raise SourceChanged(f"the database answers in another encoding than it says: {error}") from error
    except DBAPIError as error:
        raise _meaning(error) from error
    finally:
        engine.dispose()


def _connected(engine: sa.Engine) -> Connection:
    try:
        return engine.connect()
    except RuntimeError as error:  # PyMySQL without the part that encrypts a password for MySQL 8
        raise SourceUnavailable(f"the driver lacks a part: {error}{_advice(engine.url)}") from error


def _advice(url: URL) -> str:
    return '; pip install "lifecycle-hub[mysql]"' if _kin(url.get_backend_name()) == "mysql" else ""


def _hurry(url: URL) -> dict[str, Any]:
    """Do not wait for ever on a database that does not answer; every driver has its own word for it."""
    waits: dict[str, dict[str, Any]] = {
        "postgresql": {"connect_timeout": 10},
        "mysql": {"connect_timeout": 10},
        "sqlite": {"timeout": LOCK_SECONDS},
    }
    made = waits.get(_kin(url.get_backend_name()), {})
    if url.get_driver_name() in {"pymysql", "mysqldb"}:
        made["read_timeout"] = max(1, round(STATEMENT_SECONDS + GRACE_SECONDS))
    return made


def _kin(name: str) -> str:
    """Give the dialect whose orders a database understands."""
    return "mysql" if name == "mariadb" else name


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
        "mysql": (
            f"SET SESSION lock_wait_timeout = {max(1, round(LOCK_SECONDS))}",
            *_limit(connection),
        ),
    }
    name = _kin(connection.dialect.name)
    for order in (*(() if writing else forbids.get(name, ())), *hurries.get(name, ())):
        connection.exec_driver_sql(order)


def _limit(connection: Connection) -> tuple[str, ...]:
    """Let MySQL and its kin give a long statement up by themselves, where they are new enough to."""
    dialect = connection.dialect
    version = getattr(dialect, "server_version_info", None) or ()
    if getattr(dialect, "is_mariadb", False):
        return (f"SET SESSION max_statement_time = {STATEMENT_SECONDS}",) if version >= (10, 1) else ()
    return (
        (f"SET SESSION max_execution_time = {STATEMENT_SECONDS * 1000:.0f}",) if version >= (5, 7, 8) else ()
    )


def _meaning(error: DBAPIError) -> Exception:
    """Name a driver's error by what the caller must do."""
    said = str(error.orig)
    first = said.splitlines()[0] if said else type(error).__name__
    # a driver may tell the standard's state, its database's own number, or both
    names = {
        str(name) for name in (getattr(error.orig, "sqlstate", None), *getattr(error.orig, "args", ())[:1])
    }
    if names & _REFUSED or any(word in said.lower() for word in _REFUSED_WORDS):
        return AuthFailed(f"the database refuses us: {first}")
    if isinstance(error, sa.exc.ProgrammingError) or names & _CHANGED or "no such" in said:
        return SourceChanged(f"the table has another shape: {first}")
    return SourceUnavailable(f"the database does not answer: {first}")


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
    if isinstance(value, timedelta):
        return _clock(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def _clock(span: timedelta) -> str:
    """Write a length of time in hours, as databases do, and never in days: 26:03:04."""
    sign, left = ("-", -span) if span < timedelta(0) else ("", span)
    minutes, seconds = divmod(left.days * 86400 + left.seconds, 60)
    tail = f".{left.microseconds:06}" if left.microseconds else ""
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{tail}"
