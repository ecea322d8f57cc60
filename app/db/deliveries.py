"""Deliveries: the accounting of each, with the outcome of each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.access.reach import Reach
from app.db.filters import owned, where
from app.db.seal import unseal
from app.db.texts import text
from app.errors import NotFound
from schemas.api.deliveries import Anomaly, DeliveryFault, DeliveryQuery, DeliveryRow, DeliveryView, RowAsSaid
from schemas.api.shapes import Counts
from schemas.checks import HUB_RULES
from schemas.records import Op, RawRecord, Unreadable

FILTERS = {"source": "d.source = :source", "after": "d.delivery_no < :after", "no": "d.delivery_no = :no"}
DELIVERY_COLUMNS = (
    "d.delivery_no, d.source, d.channel, d.sender, d.received_at, encode(d.sha256, 'hex') AS sha256, d.message_id,"
    " l.landed_at, l.received, l.kept, l.unchanged, l.unreadable, o.accepted, o.rejected"
)
JOINED_TABLES = (
    "memory.delivery d LEFT JOIN memory.landing l ON l.jurisdiction = d.jurisdiction AND l.delivery_no = d.delivery_no"
    " LEFT JOIN outcome o ON o.jurisdiction = d.jurisdiction AND o.delivery_no = d.delivery_no"
)


def deliveries(
    connection: Connection, jurisdiction: int, reach: Reach, query: DeliveryQuery, after: int | None, n: int
) -> list[DeliveryView]:
    """Give up to `n` deliveries that a reach owns, newest first, numbered below `after`."""
    own_sql, own = owned(reach, "d.source")
    values = {"j": jurisdiction, "source": query.source, "after": after, "n": n, **own}
    where_sql = where(FILTERS, values) + own_sql
    rows = connection.execute(
        text(
            f"SELECT {DELIVERY_COLUMNS} FROM {JOINED_TABLES} WHERE d.jurisdiction = :j{where_sql}"
            " ORDER BY d.delivery_no DESC LIMIT :n"
        ),
        values,
    )
    return [_view(dict(row)) for row in rows.mappings()]


def delivery(connection: Connection, jurisdiction: int, number: int) -> DeliveryView:
    """Give one delivery; raise NotFound."""
    row = (
        connection.execute(
            text(
                f"SELECT {DELIVERY_COLUMNS} FROM {JOINED_TABLES} WHERE d.jurisdiction = :j AND d.delivery_no = :no"
            ),
            {"j": jurisdiction, "no": number},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound("no delivery has this number")
    return _view(dict(row))


def _view(row: Mapping[str, Any]) -> DeliveryView:
    counts = Counts.model_validate({name: row[name] or 0 for name in Counts.model_fields})
    done = counts.accepted + counts.rejected == counts.kept
    state = "waiting" if row["landed_at"] is None else "normalized" if done else "landed"
    facts = {name: row[name] for name in DeliveryView.model_fields if name not in {"state", "counts"}}
    return DeliveryView.model_validate({**facts, "state": state, "counts": counts})


def anomalies(connection: Connection, jurisdiction: int, number: int, most: int = 20) -> tuple[Anomaly, ...]:
    """Give what contradicted a delivery under its message id, oldest first, at most so many."""
    found = connection.execute(
        text(
            "SELECT received_at, sender, encode(sha256, 'hex') AS sha256 FROM memory.anomaly"
            " WHERE jurisdiction = :j AND delivery_no = :no ORDER BY received_at, sha256 LIMIT :n"
        ),
        {"j": jurisdiction, "no": number, "n": most},
    )
    return tuple(Anomaly.model_validate(dict(one)) for one in found.mappings())


def rows(
    connection: Connection, jurisdiction: int, number: int, *, normalized: bool, after: int | None, n: int
) -> list[DeliveryRow]:
    """Give up to `n` rows of a delivery that were kept, confirmed or unreadable, numbered above `after`."""
    found = connection.execute(
        text(
            "SELECT r.row_no, CASE WHEN x.rule IS NOT NULL THEN 'rejected' WHEN r.op = 'confirm' THEN 'confirmed'"
            "  WHEN :normalized THEN 'accepted' ELSE 'waiting' END AS outcome, r.record_id, r.key, r.version, r.op,"
            "  encode(r.hash, 'hex') AS hash, r.late, x.rule, x.field, x.zh, x.en"
            " FROM memory.raw_record r LEFT JOIN rejection x ON x.jurisdiction = r.jurisdiction"
            "  AND x.delivery_no = r.delivery_no AND x.row_no = r.row_no"
            " WHERE r.jurisdiction = :j AND r.delivery_no = :no AND r.row_no > :after"
            " UNION ALL SELECT u.row_no, 'unreadable', NULL, NULL, NULL, NULL, NULL, false, u.rule, NULL, u.zh, u.en"
            " FROM memory.unreadable u WHERE u.jurisdiction = :j AND u.delivery_no = :no AND u.row_no > :after"
            " ORDER BY row_no LIMIT :n"
        ),
        {"j": jurisdiction, "no": number, "normalized": normalized, "after": after or 0, "n": n},
    )
    return [DeliveryRow.model_validate(dict(row)) for row in found.mappings()]


def said_rows(
    connection: Connection, jurisdiction: int, number: int, source: str
) -> list[RawRecord | Unreadable]:
    """Give the rows of a delivery as they were said, those whose words were kept: new, changed or unreadable, in order."""
    found = connection.execute(
        text(
            "SELECT row_no, key, hash, version, op, body, NULL AS rule, NULL AS zh, NULL AS en FROM memory.raw_record"
            " WHERE jurisdiction = :j AND delivery_no = :no AND length(body) > 0"
            " UNION ALL SELECT row_no, NULL, NULL, NULL, NULL, body, rule, zh, en FROM memory.unreadable"
            " WHERE jurisdiction = :j AND delivery_no = :no ORDER BY row_no"
        ),
        {"j": jurisdiction, "no": number},
    )
    return [
        Unreadable(row.rule, unseal(bytes(row.body)), row.zh, row.en)
        if row.rule is not None
        else RawRecord(source, row.key, unseal(bytes(row.body)), bytes(row.hash), row.version, Op(row.op))
        for row in found
    ]


def said_row(connection: Connection, jurisdiction: int, number: int, row_no: int) -> RowAsSaid:
    """Give one row of a delivery as it was said; raise NotFound, also for a row whose content stands elsewhere."""
    body = connection.execute(
        text(
            "SELECT body FROM memory.raw_record WHERE jurisdiction = :j AND delivery_no = :no AND row_no = :row"
            " AND length(body) > 0 UNION ALL SELECT body FROM memory.unreadable"
            " WHERE jurisdiction = :j AND delivery_no = :no AND row_no = :row LIMIT 1"
        ),
        {"j": jurisdiction, "no": number, "row": row_no},
    ).scalar_one_or_none()
    if body is None:
        raise NotFound("this delivery keeps no such row")
    return RowAsSaid(delivery_no=number, row_no=row_no, said=unseal(bytes(body)).decode("utf-8", "replace"))


def faults(
    connection: Connection, jurisdiction: int, number: int, after: tuple[int, int] | None, n: int
) -> list[DeliveryFault]:
    """Give up to `n` faults of a delivery's rows, in their order, behind the place `after` (row, issue)."""
    row, issue = after or (0, 0)
    found = connection.execute(
        text(
            "SELECT f.*, r.key FROM ("
            " SELECT row_no, 0 AS issue_no, 'rejected' AS severity, rule, field, value, responsible, zh, en"
            "  FROM rejection WHERE jurisdiction = :j AND delivery_no = :no"
            " UNION ALL SELECT row_no, issue_no, severity, rule, field, value, responsible, zh, en"
            "  FROM issue WHERE jurisdiction = :j AND delivery_no = :no"
            " UNION ALL SELECT row_no, 0, 'unreadable', rule, NULL, NULL,"
            "  CASE WHEN rule = ANY(:hub) THEN 'hub' ELSE 'department' END, zh, en"
            "  FROM memory.unreadable WHERE jurisdiction = :j AND delivery_no = :no) f"
            " LEFT JOIN memory.raw_record r ON r.jurisdiction = :j AND r.delivery_no = :no AND r.row_no = f.row_no"
            " WHERE (f.row_no, f.issue_no) > (:row, :issue) ORDER BY f.row_no, f.issue_no LIMIT :n"
        ),
        {
            "j": jurisdiction,
            "no": number,
            "row": row,
            "issue": issue,
            "n": n,
            "hub": sorted(HUB_RULES),
        },
    )
    return [DeliveryFault.model_validate(dict(one)) for one in found.mappings()]


def waiting(connection: Connection, jurisdiction: int) -> bool:
    """Say whether a stored push has not landed yet."""
    return bool(
        connection.execute(
            text("SELECT EXISTS (SELECT FROM ops.waiting_push WHERE jurisdiction = :j)"), {"j": jurisdiction}
        ).scalar_one()
    )
