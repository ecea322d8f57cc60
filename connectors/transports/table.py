"""Tables of exchange databases (前置库), read only: pages in keyset order of (updated, id), some time back each run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, NoSuchTableError
from sqlalchemy.pool import NullPool

from connectors import moments
from connectors.columns import column_name
from connectors.contract import Binding
from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from connectors.locations import location
from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.strict_json import dumps
from connectors.transport_settings import TableSettings
from connectors.transports.guards import check_columns, check_shape
from schemas.records import Listing, Page, RawRecord, Unreadable

CLOCK_SLACK = timedelta(minutes=5)
LOCK_SECONDS, STATEMENT_SECONDS = 5.0, 60.0
"""How long we wait for a table that another holds, and for the rows of a page."""
GRACE_SECONDS = 5.0
"""What a server may need beyond that to say it gave up; one that says nothing is cut off."""
_REFUSED = ("28P01", "28000", "42501", "1045", "1044", "1142")
_REFUSED_WORDS = ("password authentication failed", "access denied", "permission denied")


@dataclass(frozen=True, slots=True)
class _Mark:
    """How far a run came: the last (updated, id) as text, and the rows without an update time told of so far."""

    updated: str
    id: str
    unstamped: str = ""

    def cursor(self) -> str:
        return json.dumps(asdict(self))


def fetch(
    manifest: Manifest, settings: TableSettings, binding: Binding, cursor: str | None
) -> Iterator[Page]:
    """Give a table's pages after `cursor`, rows in order of (updated, id), beginning `overlap_seconds` before it.

    Raises SourceUnavailable, AuthFailed or SourceChanged.
    """
    url = _url(location(settings.variable, settings.default, binding))
    start = _Mark(**json.loads(cursor)) if cursor else None
    with _reading(url) as connection:
        table = _reflect(connection, manifest, settings)
        yield from _pages(connection, manifest, settings, table, start)


def _url(place: str) -> URL:
    try:
        url = make_url(place)
    except ArgumentError as error:
        raise SourceUnavailable("the database address is no SQLAlchemy url") from error
    file = url.database
    if url.get_backend_name() == "sqlite" and (not file or not Path(file.removeprefix("file:")).is_file()):
        raise SourceUnavailable(f"there is no database file {file}")
    return url


@contextmanager
def _reading(url: URL) -> Iterator[Connection]:
    """Open a connection that cannot write and holds nothing between pages; name errors by what the caller must do."""
    try:
        engine = sa.create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_hurry(url)
        )
    except (NoSuchModuleError, ImportError) as error:
        raise SourceUnavailable(f"no driver for {url.get_backend_name()} is installed: {error}") from error
    _cut_off_when_silent(engine)
    try:
        with engine.connect() as connection:
            _forbid_writing(connection)
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


def _forbid_writing(connection: Connection) -> None:
    orders = {
        "postgresql": (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            f"SET statement_timeout = {STATEMENT_SECONDS * 1000:.0f}",
            f"SET lock_timeout = {LOCK_SECONDS * 1000:.0f}",
        ),
        "mysql": (
            "SET SESSION TRANSACTION READ ONLY",
            f"SET SESSION lock_wait_timeout = {max(1, round(LOCK_SECONDS))}",
        ),
        "sqlite": ("PRAGMA query_only = ON",),
    }
    for order in orders.get(connection.dialect.name, ()):
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


def _reflect(connection: Connection, manifest: Manifest, settings: TableSettings) -> sa.TableClause:
    """Read the table's columns as they stand there, upper case kept; raise SourceChanged when they moved."""
    name = sa.quoted_name(settings.table, quote=True)
    heads = [found["name"] for found in sa.inspect(connection).get_columns(name, schema=settings.db_schema)]
    if not heads:
        raise SourceChanged(f"there is no table {settings.table}")
    for needed in (settings.updated, settings.id):
        if needed not in heads:
            raise SourceChanged(f"{settings.table} has no column {needed}")
    check_columns(manifest, heads)
    columns: list[sa.ColumnClause[Any]] = [sa.column(sa.quoted_name(head, quote=True)) for head in heads]
    return sa.table(name, *columns, schema=settings.db_schema)


def _pages(
    connection: Connection,
    manifest: Manifest,
    settings: TableSettings,
    table: sa.TableClause,
    start: _Mark | None,
) -> Iterator[Page]:
    reader = RowReader(manifest)
    updated, unique = table.c[settings.updated], table.c[settings.id]
    kind, full = _kind(connection, updated), manifest.listing == "full"
    odd = _odd(connection, updated, kind, timed=_timed(manifest, settings))
    reached = start or _Mark("", "")
    if not _may_mark(reached.updated, manifest, settings, kind):
        reached = replace(reached, updated="", id="")
    mark = _fingerprint(_unstamped(connection, settings, table, odd))
    if mark and (full or mark != reached.unstamped):
        listing = Listing.FULL if full else Listing.CHANGES
        held: tuple[RawRecord | Unreadable, ...] = ()
        for rows in _unstamped(connection, settings, table, odd):
            if held:
                yield Page(held, reached.cursor(), listing)
            held = _read(reader, rows)
        yield Page(held, replace(reached, unstamped=mark).cursor(), listing)
    reached = replace(reached, unstamped=mark)
    from_here = None if full else _back(reached.updated, settings.overlap_seconds, kind)
    last: tuple[Any, Any] | None = None
    while True:
        query = sa.select(table).where(sa.not_(odd)).order_by(updated, unique).limit(settings.page + 1)
        if last is not None:
            after = sa.or_(updated > last[0], unique > last[1])
            query = query.where(updated >= last[0], after)  # the first half alone is what an index can answer
        elif from_here is not None:
            query = query.where(updated >= from_here)
        found = connection.execute(query).mappings().all()
        rows, more = found[: settings.page], len(found) > settings.page
        if more:
            last = _end(rows[-1], found[-1], settings)
        raws = _read(reader, rows)
        check_shape(manifest, raws)
        reached = _advance(reached, rows, manifest, settings, kind)
        if rows or (full and not more):
            listing = (Listing.FULL if more else Listing.FULL_END) if full else Listing.CHANGES
            yield Page(raws, reached.cursor(), listing)
        if not more:
            return


def _timed(manifest: Manifest, settings: TableSettings) -> bool:
    """Tell whether the update column holds times; a version may be a counter or a text instead."""
    version = manifest.version
    own = version is not None and version.columns[0] == column_name(settings.updated)
    return version is None or not own or version.kind == "timestamp"


def _odd(
    connection: Connection, updated: sa.ColumnElement[Any], kind: type, *, timed: bool
) -> sa.ColumnElement[bool]:
    """Give the rows that cannot be read by time: without one, or, among texts that begin with a year, with some words.

    Words sort before or after every time: such a row would never be seen, or seen at each run.
    """
    if kind is not str:
        return updated.is_(None)
    empty = sa.or_(updated.is_(None), updated == "")
    years = sa.select(updated).where(updated >= "19", updated < "3").limit(1)
    if not timed or connection.execute(years).first() is None:
        return empty
    return sa.or_(empty, updated < "19", updated >= "3")


def _unstamped(
    connection: Connection, settings: TableSettings, table: sa.TableClause, odd: sa.ColumnElement[bool]
) -> Iterator[Sequence[Any]]:
    """Give the rows that cannot be read by time in pages, in order of their id, those without an id first."""
    unique = table.c[settings.id]
    query = sa.select(table).where(odd).order_by(unique).limit(settings.page + 1)
    ranges: list[sa.ColumnElement[bool]] = [unique.is_(None), unique.is_not(None)]
    while ranges:
        found = connection.execute(query.where(ranges[0])).mappings().all()
        if rows := found[: settings.page]:
            yield rows
        if len(found) <= settings.page:
            ranges.pop(0)
        elif (end := rows[-1][settings.id]) is None or end == found[-1][settings.id]:
            raise _not_unique(settings)
        else:
            ranges[0] = unique > end


def _read(reader: RowReader, rows: Sequence[Any]) -> tuple[RawRecord | Unreadable, ...]:
    return tuple(reader.from_values(_values(row)) for row in rows)


def _values(row: Any) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items()}


def _fingerprint(pages: Iterator[Sequence[Any]]) -> str:
    """Tell rows without an update time apart from those told of before; '' when there are none."""
    digest, some = hashlib.blake2b(digest_size=16), False
    for rows in pages:
        some = True
        for body in sorted(dumps(_values(row)) for row in rows):
            digest.update(body + b"\n")
    return digest.hexdigest() if some else ""


def _end(row: Any, following: Any, settings: TableSettings) -> tuple[Any, Any]:
    """Give the place after a page; raise SourceChanged when rows that follow could not be told from it."""
    end = (row[settings.updated], row[settings.id])
    if end[1] is None or end == (following[settings.updated], following[settings.id]):
        raise _not_unique(settings)
    return end


def _not_unique(settings: TableSettings) -> SourceChanged:
    return SourceChanged(
        f"{settings.id} is empty or not unique within {settings.updated}: rows would be lost"
    )


def _kind(connection: Connection, updated: sa.ColumnElement[Any]) -> type:
    """Tell of which Python type the update column's values are."""
    found = connection.execute(sa.select(updated).where(updated.is_not(None)).limit(1)).scalar()
    return type(found) if found is not None else str


def _back(text: str, seconds: int, kind: type) -> Any:
    """Give the moment to begin at, in the column's own type and form; '' (never seen any) begins at the beginning."""
    if not text:
        return None
    if issubclass(kind, datetime):
        return datetime.fromisoformat(text) - timedelta(seconds=seconds)
    if issubclass(kind, date):
        return date.fromisoformat(text) - timedelta(seconds=seconds)
    if issubclass(kind, int | Decimal):
        return kind(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    earlier = (at - timedelta(seconds=seconds)).isoformat("T" if "T" in text else " ")
    return earlier[: len(text)] if len(text) <= len(earlier) else earlier


def _advance(
    reached: _Mark, rows: Sequence[Any], manifest: Manifest, settings: TableSettings, kind: type
) -> _Mark:
    """Move the mark to the last row that may be one; a wrong clock or a word must not hide what is to come."""
    for row in reversed(rows):
        text = str(plain(row[settings.updated]))
        if _may_mark(text, manifest, settings, kind):
            if _order(text) < _order(reached.updated):
                return reached
            return replace(reached, updated=text, id=str(plain(row[settings.id])))
    return reached


def _may_mark(text: str, manifest: Manifest, settings: TableSettings, kind: type) -> bool:
    """Tell whether a run may begin from here: a readable time not in the future, or what a counter says."""
    if not _timed(manifest, settings):
        return bool(text)
    at = moments.moment(text)
    if at is None:
        return issubclass(kind, int | Decimal) and text.isdigit()
    return at <= moments.render(datetime.now(UTC) + CLOCK_SLACK)


def _order(text: str) -> tuple[int, str]:
    """Order update marks as their column does: whole numbers by worth, moments as they are written."""
    return (len(text), text) if text.isdigit() else (0, text)


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
