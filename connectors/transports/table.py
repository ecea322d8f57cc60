"""Tables of exchange databases (前置库), read only: pages in keyset order of (updated, id), some time back each run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors import moments
from connectors.columns import column_name
from connectors.contract import Binding
from connectors.errors import SourceChanged
from connectors.glances import Unread, whole_digest
from connectors.locations import location
from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.strict_json import dumps
from connectors.transport_settings import TableSettings
from connectors.transports.databases import address, opened, plain
from connectors.transports.guards import check_columns, check_shape
from schemas.records import Listing, Page, RawRecord, Unreadable

CLOCK_SLACK = timedelta(minutes=5)
ZERO_DAYS = ("mysql", "mariadb")
"""The databases that keep days which are none: 0000-00-00."""
_TOLD = frozenset({bool, bytes, date, datetime, Decimal, float, int, str, type(None)})
"""Types whose values are written as they are: two of the same words are equal."""


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
    url = address(location(settings.variable, settings.default, binding))
    start = _Mark(**json.loads(cursor)) if cursor else None
    with opened(url) as connection:
        table, kind = _reflect(connection, manifest, settings)
        yield from _pages(connection, manifest, settings, table, kind, start)


def _reflect(
    connection: Connection, manifest: Manifest, settings: TableSettings
) -> tuple[sa.TableClause, type]:
    """Read the table's columns as they stand there, upper case kept, and of which type the update column's values are.

    Raises SourceChanged when the columns moved.
    """
    name = sa.quoted_name(settings.table, quote=True)
    found = {
        each["name"]: each for each in sa.inspect(connection).get_columns(name, schema=settings.db_schema)
    }
    heads = [*found]
    if not heads:
        raise SourceChanged(f"there is no table {settings.table}")
    for needed in (settings.updated, settings.id):
        if needed not in heads:
            raise SourceChanged(f"{settings.table} has no column {needed}")
    check_columns(manifest, heads)
    columns: list[sa.ColumnClause[Any]] = [sa.column(sa.quoted_name(head, quote=True)) for head in heads]
    table = sa.table(name, *columns, schema=settings.db_schema)
    return table, _kind(connection, table.c[settings.updated], found[settings.updated]["type"])


def _pages(
    connection: Connection,
    manifest: Manifest,
    settings: TableSettings,
    table: sa.TableClause,
    kind: type,
    start: _Mark | None,
) -> Iterator[Page]:
    reader = RowReader(manifest)
    updated, unique = table.c[settings.updated], table.c[settings.id]
    full = manifest.listing == "full"
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
            last = _end(connection, table, rows[-1], found[-1], settings)
        raws = Unread(lambda row: reader.from_values(_values(row)), rows)
        check_shape(manifest, raws)
        reached = _advance(reached, rows, manifest, settings, kind)
        if rows or (full and not more):
            listing = (Listing.FULL if more else Listing.FULL_END) if full else Listing.CHANGES
            yield Page(raws, reached.cursor(), listing, said=_said(manifest, rows), last=not more)
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

    Words sort before or after every time: such a row would never be seen, or seen at each run. So does MySQL's day zero.
    """
    if connection.dialect.name in ZERO_DAYS and issubclass(kind, date):
        return sa.or_(updated.is_(None), updated < "1000-01-01")
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
        elif (end := rows[-1][settings.id]) is None or _twins(
            connection, table, end, found[-1][settings.id], sa.and_(odd, unique == end)
        ):
            raise _not_unique(settings)
        else:
            ranges[0] = unique > end


def _read(reader: RowReader, rows: Sequence[Any]) -> tuple[RawRecord | Unreadable, ...]:
    return tuple(reader.from_values(_values(row)) for row in rows)


def _said(manifest: Manifest, rows: Sequence[Any]) -> bytes:
    """Hash what the rows of a page hold, with the rules of reading; empty where a value's own words may not tell all."""
    digest = whole_digest(manifest)
    for row in rows[:1]:
        digest.update(repr(tuple(row)).encode())  # the names of its columns
    for row in rows:
        values = tuple(row.values())
        if not _TOLD.issuperset(map(type, values)):
            return b""
        digest.update(repr(values).encode("utf-8", "surrogatepass"))
    return digest.digest() if rows else b""


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


def _end(
    connection: Connection, table: sa.TableClause, row: Any, following: Any, settings: TableSettings
) -> tuple[Any, Any]:
    """Give the place after a page; raise SourceChanged when rows that follow could not be told from it."""
    end = (row[settings.updated], row[settings.id])
    here = sa.and_(table.c[settings.updated] == end[0], table.c[settings.id] == end[1])
    same_time = isinstance(end[0], str) or end[0] == following[settings.updated]
    if end[1] is None or (same_time and _twins(connection, table, end[1], following[settings.id], here)):
        raise _not_unique(settings)
    return end


def _twins(
    connection: Connection, table: sa.TableClause, last: Any, following: Any, here: sa.ColumnElement[bool]
) -> bool:
    """Tell whether two rows stand at one place: of texts, the database alone knows which it takes for equal."""
    if not isinstance(last, str):
        return bool(last == following)
    found = connection.execute(sa.select(sa.literal(1)).select_from(table).where(here).limit(2)).all()
    return len(found) > 1


def _not_unique(settings: TableSettings) -> SourceChanged:
    return SourceChanged(
        f"{settings.id} is empty or not unique within {settings.updated}: rows would be lost"
    )


def _kind(connection: Connection, updated: sa.ColumnElement[Any], declared: sa.types.TypeEngine[Any]) -> type:
    """Tell of which Python type the update column's values are; a day that is none comes as a text and says nothing."""
    found = connection.execute(sa.select(updated).where(updated.is_not(None)).limit(1)).scalar()
    if connection.dialect.name in ZERO_DAYS and isinstance(declared, sa.DateTime | sa.Date):
        return datetime if isinstance(declared, sa.DateTime) else date
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
