"""Telling an exchange database what became of its rows: status and reason in the row itself (SJSCZT, SBYY).

Only a row that still says what was read is stamped, only where its status is nobody else's, and its update time is
never touched. A row that bears its stamp already is left alone, so that telling twice is telling once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import KeyedColumnElement

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


class _Target(NamedTuple):
    """The table as it stands there; its columns bear no type, so that values are met as they were read."""

    manifest: Manifest
    rules: WriteBack
    table: sa.TableClause
    kinds: Mapping[str, sa.types.TypeEngine[Any]]
    unique: KeyedColumnElement[Any]
    updated: KeyedColumnElement[Any]
    moves_by_itself: bool
    """The update time is set by any UPDATE that does not set it."""

    def literal(self, column: str, said: str | None) -> sa.ColumnElement[Any]:
        """Give a value for a column, in its type."""
        kind = self.kinds[column]
        return sa.null() if said is None else sa.literal(_native(said, kind), kind)


def stamp(manifest: Manifest, rules: WriteBack, url: str, verdicts: Sequence[Verdict]) -> int:
    """Tell a source's database of its rows, at most `BATCH` in one UPDATE; give how many were changed there.

    Raises SourceUnavailable, AuthFailed (who may not write) or SourceChanged.
    """
    with opened(address(url), writing=True) as connection:
        target = _reflect(connection, manifest, rules)
        return sum(
            _stamped(connection, target, verdicts[start : start + BATCH])
            for start in range(0, len(verdicts), BATCH)
        )


def _reflect(connection: Connection, manifest: Manifest, rules: WriteBack) -> _Target:
    settings = manifest.transport
    assert isinstance(settings, TableSettings)
    name = sa.quoted_name(settings.table, quote=True)
    found = sa.inspect(connection).get_columns(name, schema=settings.db_schema)
    kinds = {each["name"]: each["type"] for each in found}
    for needed in (settings.id, settings.updated, rules.status, *([rules.reason] if rules.reason else ())):
        if needed not in kinds:
            raise SourceChanged(f"{settings.table} has no column {needed} to tell or to be told by")
    columns: list[sa.ColumnClause[Any]] = [sa.column(sa.quoted_name(head, quote=True)) for head in kinds]
    table = sa.table(name, *columns, schema=settings.db_schema)
    return _Target(
        manifest,
        rules,
        table,
        kinds,
        table.c[settings.id],
        table.c[settings.updated],
        _moves_by_itself(connection, settings),
    )


def _moves_by_itself(connection: Connection, settings: TableSettings) -> bool:
    """Tell whether the update column is one of MySQL's that any UPDATE sets to now."""
    if connection.dialect.name not in {"mysql", "mariadb"}:
        return False
    extra = sa.text(
        "SELECT extra FROM information_schema.columns WHERE table_schema = coalesce(:place, database())"
        " AND table_name = :name AND column_name = :updated"
    )
    values = {"place": settings.db_schema, "name": settings.table, "updated": settings.updated}
    return "on update" in str(connection.execute(extra, values).scalar()).lower()


def _stamped(connection: Connection, target: _Target, verdicts: Sequence[Verdict]) -> int:
    """Stamp a batch in one statement, which looks again at what each row says of itself."""
    stamps = list(_stamps(connection, target, verdicts))
    if not stamps:
        return 0
    rules, table = target.rules, target.table
    status = table.c[rules.status]
    told = [each for each in stamps if each.reason is not None]
    codes = {code: target.literal(rules.status, code) for code in (rules.accepted, rules.rejected)}
    values: dict[Any, Any] = {status: codes[rules.accepted]}
    if told:
        refused = sa.or_(*(each.where for each in told))
        values[status] = sa.case((refused, codes[rules.rejected]), else_=codes[rules.accepted])
    if rules.reason:
        reasons = [(each.where, target.literal(rules.reason, each.reason)) for each in told]
        values[table.c[rules.reason]] = sa.case(*reasons, else_=sa.null()) if reasons else sa.null()
    if target.moves_by_itself:
        values[target.updated] = target.updated
    untold = [target.literal(rules.status, code) for code in rules.untold]
    free = sa.or_(status.is_(None), status.in_([*untold, *codes.values()]))
    where = sa.and_(free, sa.or_(*(each.where for each in stamps)))
    return connection.execute(sa.update(table).where(where).values(values)).rowcount


def _stamps(connection: Connection, target: _Target, verdicts: Sequence[Verdict]) -> Iterator[_Stamp]:
    """Give the rows that still say what was read and do not bear their stamp yet."""
    rules, unique, updated = target.rules, target.unique, target.updated
    kind = target.kinds[unique.key]
    ids = [value for each in verdicts if (value := _native(each.id, kind)) is not None]
    wanted: dict[tuple[str, object], Verdict] = {(each.id, each.hash or each.rule): each for each in verdicts}
    reader = RowReader(target.manifest)
    free = {"", *rules.untold, rules.accepted, rules.rejected}
    for row in connection.execute(sa.select(target.table).where(unique.in_(ids))).mappings():
        said = {name: plain(value) for name, value in row.items()}
        verdict = wanted.get((str(said[unique.key]), _content(reader.from_values(said))))
        now = _text(said[rules.status])
        if verdict is None or row[updated.key] is None or now not in free:
            continue
        reason = _reason(verdict, target)
        code = rules.accepted if verdict.reason is None else rules.rejected
        if now == code and (not rules.reason or _text(said[rules.reason]) == (reason or "")):
            continue
        where = sa.and_(unique == row[unique.key], updated == row[updated.key])
        yield _Stamp(where, None if verdict.reason is None else reason or "")


def _content(raw: RawRecord | Unreadable) -> object:
    return raw.hash if isinstance(raw, RawRecord) else raw.rule


def _reason(verdict: Verdict, target: _Target) -> str | None:
    """Give the reason as long as its column is."""
    rules = target.rules
    if verdict.reason is None or not rules.reason:
        return None
    length = getattr(target.kinds[rules.reason], "length", None)
    longest = min(rules.reason_length, length or rules.reason_length)
    reason = verdict.reason
    return reason if len(reason) <= longest else f"{reason[: longest - 1]}…"


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


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
