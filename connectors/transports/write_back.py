"""Telling an exchange database what became of its rows: status and reason in the row itself (SJSCZT, SBYY).

Only a row that still says what was read is stamped, only where its status is nobody else's, and its update time is
never touched. A row that bears its stamp already is left alone, so that telling twice is telling once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.errors import SourceChanged
from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.transport_settings import TableSettings, WriteBack
from connectors.transports.databases import address, opened, plain
from schemas.records import RawRecord, Unreadable

BATCH = 200
"""Rows of one UPDATE; the exchange standard's own systems send as many."""


class Verdict(NamedTuple):
    """What became of one row: `id` names it in its table, `hash` is its content; one that was refused has a `reason`.

    An unreadable row has no hash but the `rule` it was refused by.
    """

    id: str
    hash: bytes | None
    rule: str | None
    reason: str | None


class _Stamp(NamedTuple):
    """Where and what one row is told."""

    where: sa.ColumnElement[bool]
    reason: str | None


def stamp(manifest: Manifest, rules: WriteBack, url: str, verdicts: Sequence[Verdict]) -> int:
    """Tell a source's database of its rows, at most `BATCH` in one UPDATE; give how many were changed there.

    Raises SourceUnavailable, AuthFailed (who may not write) or SourceChanged.
    """
    settings = manifest.transport
    assert isinstance(settings, TableSettings)
    place = address(url)
    with opened(place, writing=True) as connection:
        table = _reflect(connection, settings, rules)
        return sum(
            _stamped(connection, manifest, settings, rules, table, verdicts[start : start + BATCH])
            for start in range(0, len(verdicts), BATCH)
        )


def _reflect(connection: Connection, settings: TableSettings, rules: WriteBack) -> sa.TableClause:
    name = sa.quoted_name(settings.table, quote=True)
    found = sa.inspect(connection).get_columns(name, schema=settings.db_schema)
    columns: list[sa.ColumnClause[Any]] = [
        sa.column(sa.quoted_name(each["name"], quote=True), each["type"]) for each in found
    ]
    heads = {each["name"] for each in found}
    for needed in (settings.id, settings.updated, rules.status, *([rules.reason] if rules.reason else ())):
        if needed not in heads:
            raise SourceChanged(f"{settings.table} has no column {needed} to tell or to be told by")
    return sa.table(name, *columns, schema=settings.db_schema)


def _stamped(
    connection: Connection,
    manifest: Manifest,
    settings: TableSettings,
    rules: WriteBack,
    table: sa.TableClause,
    verdicts: Sequence[Verdict],
) -> int:
    status = table.c[rules.status]
    stamps = list(_stamps(connection, manifest, settings, rules, table, verdicts))
    if not stamps:
        return 0
    ours = [_typed(code, status.type) for code in (*rules.untold, rules.accepted, rules.rejected)]
    rejected, accepted = (_typed(code, status.type) for code in (rules.rejected, rules.accepted))
    told = [each for each in stamps if each.reason is not None]
    values: dict[Any, Any] = {status: accepted}
    if told:
        values[status] = sa.case((sa.or_(*(each.where for each in told)), rejected), else_=accepted)
    if rules.reason:
        reason = table.c[rules.reason]
        nothing = sa.null()
        values[reason] = (
            sa.case(*((each.where, sa.literal(each.reason, reason.type)) for each in told), else_=nothing)
            if told
            else nothing
        )
    free = sa.or_(status.is_(None), status.in_(ours))
    where = sa.and_(free, sa.or_(*(each.where for each in stamps)))
    return connection.execute(sa.update(table).where(where).values(values)).rowcount


def _stamps(
    connection: Connection,
    manifest: Manifest,
    settings: TableSettings,
    rules: WriteBack,
    table: sa.TableClause,
    verdicts: Sequence[Verdict],
) -> Iterator[_Stamp]:
    """Give the rows that still say what was read and do not bear their stamp yet."""
    unique, updated = table.c[settings.id], table.c[settings.updated]
    ids = [value for each in verdicts if (value := _native(each.id, unique.type)) is not None]
    wanted: dict[tuple[str, object], Verdict] = {(each.id, each.hash or each.rule): each for each in verdicts}
    reader = RowReader(manifest)
    free = {"", *rules.untold, rules.accepted, rules.rejected}
    for row in connection.execute(sa.select(table).where(unique.in_(ids))).mappings():
        said = {name: plain(value) for name, value in row.items()}
        raw = reader.from_values(said)
        verdict = wanted.get((str(said[settings.id]), _content(raw)))
        now = _text(said[rules.status])
        if verdict is None or row[settings.updated] is None or now not in free:
            continue
        reason = _reason(verdict, rules, table)
        code = rules.accepted if verdict.reason is None else rules.rejected
        if now == code and (not rules.reason or _text(said[rules.reason]) == (reason or "")):
            continue
        where = sa.and_(unique == row[settings.id], updated == row[settings.updated])
        yield _Stamp(where, None if verdict.reason is None else reason or "")


def _content(raw: RawRecord | Unreadable) -> object:
    return raw.hash if isinstance(raw, RawRecord) else raw.rule


def _reason(verdict: Verdict, rules: WriteBack, table: sa.TableClause) -> str | None:
    """Give the reason as long as its column is."""
    if verdict.reason is None or not rules.reason:
        return None
    length = getattr(table.c[rules.reason].type, "length", None)
    longest = min(rules.reason_length, length or rules.reason_length)
    reason = verdict.reason
    return reason if len(reason) <= longest else f"{reason[: longest - 1]}…"


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _typed(code: str, kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    return sa.literal(_native(code, kind), kind)


def _native(said: str, kind: sa.types.TypeEngine[Any]) -> Any:
    """Give a text in the type of its column; None where it is none of it."""
    try:
        if isinstance(kind, sa.Integer):
            return int(said)
        if isinstance(kind, sa.Numeric):
            return Decimal(said)
    except (ValueError, InvalidOperation):
        return None
    return said
