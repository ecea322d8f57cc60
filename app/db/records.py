"""Raw rows waiting to be understood, and the records, outcomes, rejections and issues they became."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from sqlalchemy import Connection

from app.db.copy import array_of, copy_rows, fetch_rows
from app.db.seal import unseal
from app.db.texts import text


class Progress(NamedTuple):
    """How far a derived drawer has normalized what memory holds: rows, and verdicts on them."""

    landing_no: int = 0
    row_no: int = 0
    poison_no: int = 0


class PendingRow(NamedTuple):
    """A raw row with the landing it came in."""

    landing_no: int
    delivery_no: int
    row_no: int
    source: str
    record_id: str
    key: str
    version: str
    op: str
    hash: bytes
    body: bytes
    landed_at: datetime
    begins: bool
    """Nothing was said of its record before; False where nobody noted it."""


_BODY = PendingRow._fields.index("body")


class PendingLanding(NamedTuple):
    """A landing whose end this batch reaches; its outcome is due."""

    landing_no: int
    delivery_no: int
    source: str


class RecordRow(NamedTuple):
    """One statement as the derived drawer holds it."""

    record_id: str
    source: str
    key: str
    kind: str
    parent_id: str | None
    raw_id: str
    first_delivery: int
    first_row: int
    version: str
    delivery_no: int
    row_no: int
    raw_hash: bytes
    live: bool
    hash: str
    statement: str
    said_at: datetime


_RECORD_TYPES = (
    "text",
    "text",
    "text",
    "text",
    "text",
    "text",
    "int8",
    "int4",
    "text",
    "int8",
    "int4",
    "bytea",
    "bool",
    "text",
    "text",
    "timestamptz",
)
MOST_LANDINGS = 1_000
"""Landings whose rows are looked for at once; those that kept nothing pass by unread."""
_PROGRESS_SQL: LiteralString = "SELECT landing_no, row_no, poison_no FROM progress WHERE jurisdiction = :j"
_HELD_SQL: LiteralString = "SELECT landing_no FROM progress WHERE jurisdiction = :j FOR UPDATE"
_RECORD_COLUMNS = ", ".join(RecordRow._fields)
_RECORDS_SQL: LiteralString = f"SELECT {_RECORD_COLUMNS} FROM record WHERE jurisdiction = %(j)s"
_STANDING_SQL: LiteralString = (
    "SELECT record_id, source, key, kind, parent_id, raw_id, first_delivery, first_row, version, delivery_no, row_no,"
    " raw_hash, live, hash, '' AS statement, said_at FROM record WHERE jurisdiction = %(j)s"
)
ROW_COLUMNS = (
    "l.landing_no, r.delivery_no, r.row_no, r.source, r.record_id, r.key, r.version, r.op, r.hash, r.body,"
    " l.landed_at, r.begins"
)
"""A raw row `r` with its landing `l`, in the order of `PendingRow`."""


def read_progress(connection: Connection, jurisdiction: int) -> Progress:
    """Give how far this drawer has normalized; the start when it has read nothing."""
    row = connection.execute(text(_PROGRESS_SQL), {"j": jurisdiction}).one_or_none()
    return Progress(*row) if row else Progress()


def hold_progress(connection: Connection, jurisdiction: int) -> None:
    """Let nobody else move how far this drawer has normalized until the transaction ends; normalizers queue here."""
    for _ in range(2):
        if connection.execute(text(_HELD_SQL), {"j": jurisdiction}).all():
            return
        connection.execute(
            text("INSERT INTO progress (jurisdiction) VALUES (:j) ON CONFLICT (jurisdiction) DO NOTHING"),
            {"j": jurisdiction},
        )


def set_progress(connection: Connection, jurisdiction: int, progress: Progress) -> None:
    """Note how far this drawer has normalized; belongs in the transaction of what was normalized."""
    connection.execute(
        text(
            "INSERT INTO progress (jurisdiction, landing_no, row_no, poison_no)"
            " VALUES (:j, :landing_no, :row_no, :poison_no) ON CONFLICT (jurisdiction) DO UPDATE SET"
            " landing_no = excluded.landing_no, row_no = excluded.row_no, poison_no = excluded.poison_no"
        ),
        {"j": jurisdiction, **progress._asdict()},
    )


def pending_rows(connection: Connection, jurisdiction: int, after: Progress, limit: int) -> list[PendingRow]:
    """Give the next raw rows in landing order, of at most MOST_LANDINGS landings."""
    rows = fetch_rows(
        connection,
        # landing by landing, however many wait: only so many as must hold the rows that are asked for
        f"SELECT {ROW_COLUMNS} FROM (SELECT *, sum(kept) OVER (ORDER BY landing_no) - kept AS before"
        "  FROM (SELECT landing_no, delivery_no, landed_at, kept FROM memory.landing"
        "   WHERE jurisdiction = %(j)s AND landing_no >= %(landing)s ORDER BY landing_no LIMIT %(most)s) w) l"
        " CROSS JOIN LATERAL (SELECT * FROM memory.raw_record WHERE jurisdiction = %(j)s"
        "  AND delivery_no = l.delivery_no"
        "  AND row_no > CASE WHEN l.landing_no = %(landing)s THEN %(row)s ELSE -1 END"
        "  ORDER BY row_no LIMIT %(n)s) r"
        " WHERE l.before < %(n)s + %(row)s ORDER BY l.landing_no, r.row_no LIMIT %(n)s",
        {
            "j": jurisdiction,
            "landing": after.landing_no,
            "row": after.row_no,
            "n": limit,
            "most": MOST_LANDINGS + 1,  # the one that was read in part is not among those whose end is due
        },
    )
    return list(map(opened, rows))


def opened(row: Sequence[Any]) -> PendingRow:
    """Give a raw row of `ROW_COLUMNS` with its body unsealed."""
    body = row[_BODY]
    clear = b"" if body is None else unseal(body)
    return PendingRow._make(row if clear is body else (*row[:_BODY], clear, *row[_BODY + 1 :]))


def pending_landings(
    connection: Connection, jurisdiction: int, after: Progress, upto: int | None, limit: int
) -> list[PendingLanding]:
    """Give landings behind `after` up to `upto` (all of them when None), in order."""
    rows = connection.execute(
        text(
            "SELECT l.landing_no, l.delivery_no, d.source FROM memory.landing l JOIN memory.delivery d"
            " ON d.jurisdiction = l.jurisdiction AND d.delivery_no = l.delivery_no"
            " WHERE l.jurisdiction = :j AND l.landing_no > :landing AND (CAST(:upto AS bigint) IS NULL"
            " OR l.landing_no <= :upto) ORDER BY l.landing_no LIMIT :n"
        ),
        {"j": jurisdiction, "landing": after.landing_no, "upto": upto, "n": limit},
    )
    return [PendingLanding(*row) for row in rows]


def rows_wait(connection: Connection, jurisdiction: int) -> bool:
    """Say whether memory holds what this drawer has not normalized."""
    after = read_progress(connection, jurisdiction)
    return bool(
        pending_landings(connection, jurisdiction, after, None, 1)
        or pending_rows(connection, jurisdiction, after, 1)
    )


def read_stored(connection: Connection, jurisdiction: int, raw_ids: Sequence[str]) -> list[RecordRow]:
    """Give every stored record that came of these raw records; most bear the id of theirs."""
    return _stored(connection, jurisdiction, raw_ids, _RECORDS_SQL)


def read_standing(connection: Connection, jurisdiction: int, raw_ids: Sequence[str]) -> list[RecordRow]:
    """Give every stored record that came of these raw records, without its statement, which is most of it."""
    return _stored(connection, jurisdiction, raw_ids, _STANDING_SQL)


def _stored(
    connection: Connection, jurisdiction: int, raw_ids: Sequence[str], of: LiteralString
) -> list[RecordRow]:
    if not raw_ids:
        return []
    rows = fetch_rows(
        connection,
        f"{of} AND record_id = ANY(CAST(%(ids)s AS text[])) UNION ALL"
        f" {of} AND raw_id = ANY(CAST(%(ids)s AS text[])) AND raw_id <> record_id",
        {"j": jurisdiction, "ids": array_of(raw_ids)},
    )
    return list(map(RecordRow._make, rows))


def read_firsts(
    connection: Connection, jurisdiction: int, raw_ids: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Give the first row (delivery, row) of each of these raw records."""
    if not raw_ids:
        return {}
    rows = fetch_rows(
        connection,
        "SELECT record_id, first_delivery, first_row FROM memory.head WHERE jurisdiction = %(j)s"
        " AND record_id = ANY(CAST(%(ids)s AS text[]))",
        {"j": jurisdiction, "ids": array_of(raw_ids)},
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def read_records(connection: Connection, jurisdiction: int, record_ids: Sequence[str]) -> list[RecordRow]:
    """Give these records as stored; the ids may be anybody's words."""
    rows = fetch_rows(
        connection,
        f"{_RECORDS_SQL} AND record_id = ANY(%(ids)s)",
        {"j": jurisdiction, "ids": list(record_ids)},
    )
    return list(map(RecordRow._make, rows))


def read_parts(connection: Connection, jurisdiction: int, parent_ids: Sequence[str]) -> list[RecordRow]:
    """Give the live parts that hang on these records."""
    rows = fetch_rows(
        connection,
        f"{_RECORDS_SQL} AND parent_id = ANY(CAST(%(ids)s AS text[])) AND live",
        {"j": jurisdiction, "ids": array_of(parent_ids)},
    )
    return list(map(RecordRow._make, rows))


def read_gone(
    connection: Connection, jurisdiction: int, raw_ids: Sequence[str]
) -> dict[str, tuple[Any, ...]]:
    """Give the highest delete of each raw record that has one: (version, delivery, row, hash)."""
    if not raw_ids:
        return {}
    rows = connection.execute(
        text(
            "SELECT raw_id, version, delivery_no, row_no, raw_hash FROM gone"
            " WHERE jurisdiction = :j AND raw_id = ANY(CAST(:ids AS text[]))"
        ),
        {"j": jurisdiction, "ids": array_of(raw_ids)},
    )
    return {row[0]: (row[1], row[2], row[3], bytes(row[4])) for row in rows}


def write_gone(
    connection: Connection, jurisdiction: int, gone: Iterable[tuple[str, str, int, int, bytes]]
) -> None:
    """Note the highest delete of raw records: (raw id, version, delivery, row, hash)."""
    rows = list(gone)
    if not rows:
        return
    connection.execute(
        text(
            "INSERT INTO gone (jurisdiction, raw_id, version, delivery_no, row_no, raw_hash)"
            " SELECT :j, * FROM unnest(CAST(:a AS text[]), CAST(:b AS text[]), CAST(:c AS bigint[]), CAST(:d AS int[]),"
            " CAST(:e AS bytea[])) ON CONFLICT (jurisdiction, raw_id) DO UPDATE SET version = excluded.version,"
            " delivery_no = excluded.delivery_no, row_no = excluded.row_no, raw_hash = excluded.raw_hash"
        ),
        {"j": jurisdiction, **{name: [row[i] for row in rows] for i, name in enumerate("abcde")}},
    )


def write_records(
    connection: Connection, jurisdiction: int, rows: Sequence[RecordRow], former: Collection[str]
) -> None:
    """Set these records as they stand now; of those that stood before, `former` are replaced or dropped."""
    if former:
        connection.execute(
            text("DELETE FROM record WHERE jurisdiction = :j AND record_id = ANY(CAST(:ids AS text[]))"),
            {"j": jurisdiction, "ids": array_of(former)},
        )
    if rows:
        columns = [("jurisdiction", "int4"), *zip(RecordRow._fields, _RECORD_TYPES, strict=True)]
        copy_rows(connection, "record", columns, ((jurisdiction, *row) for row in rows))


def write_outcomes(
    connection: Connection,
    jurisdiction: int,
    outcomes: Iterable[tuple[int, str, int, int]],
    rejections: Iterable[tuple[Any, ...]],
    issues: Iterable[tuple[Any, ...]],
) -> None:
    """Add counts per delivery (number, source, accepted, rejected), the rejections and the issues behind them."""
    rows = list(outcomes)
    connection.execute(
        text(
            "INSERT INTO outcome (jurisdiction, delivery_no, source, accepted, rejected)"
            " SELECT :j, * FROM unnest(CAST(:d AS bigint[]), CAST(:s AS text[]), CAST(:a AS int[]), CAST(:r AS int[]))"
            " ON CONFLICT (jurisdiction, delivery_no) DO UPDATE SET accepted = outcome.accepted + excluded.accepted,"
            " rejected = outcome.rejected + excluded.rejected"
        ),
        {"j": jurisdiction, **{name: [row[i] for row in rows] for i, name in enumerate("dsar")}},
    )
    words = [(name, "text") for name in ("rule", "field", "value")]
    place = [("jurisdiction", "int4"), ("delivery_no", "int8"), ("row_no", "int4")]
    said = [("source", "text"), ("record_id", "text")]
    tail = [(name, "text") for name in ("responsible", "zh", "en")]
    copy_rows(
        connection, "rejection", [*place, *said, *words, *tail], ((jurisdiction, *row) for row in rejections)
    )
    copy_rows(
        connection,
        "issue",
        [*place, ("issue_no", "int4"), *said, *words, ("severity", "text"), *tail],
        ((jurisdiction, *row) for row in issues),
    )


def landings_behind(connection: Connection, jurisdiction: int) -> tuple[int, int]:
    """Give how many deliveries have landed, and how many of them the derived drawer has read to the end."""
    progress = read_progress(connection, jurisdiction)
    row = connection.execute(
        text(
            "SELECT count(*) AS landed, count(*) FILTER (WHERE l.landing_no < :no OR (l.landing_no = :no AND NOT EXISTS"
            " (SELECT FROM memory.raw_record r WHERE r.jurisdiction = l.jurisdiction AND r.delivery_no = l.delivery_no"
            "  AND r.row_no > :row))) AS derived FROM memory.landing l WHERE l.jurisdiction = :j"
        ),
        {"j": jurisdiction, "no": progress.landing_no, "row": progress.row_no},
    ).one()
    return row.landed, row.derived
