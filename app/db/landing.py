"""Memory as landing meets it: deliveries, raw rows and moving heads, in sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, LiteralString, NamedTuple

from sqlalchemy import Connection

from app.db import known_pages
from app.db.copy import copy_rows, fetch_rows, storable
from app.db.seal import seal, unseal
from app.db.texts import text
from schemas.records import SAID_BYTES, Head, RawRecord, Unreadable

_HEAD = (
    ("source", "text"),
    ("key", "text"),
    ("version", "text"),
    ("op", "text"),
    ("hash", "bytea"),
    ("delivery_no", "int8"),
    ("row_no", "int4"),
    ("first_delivery", "int8"),
    ("first_row", "int4"),
    ("said", "bytea"),
)
"""The columns of a head behind its record, in the order of `Head`."""


_OF_RECORDS: LiteralString = (
    " FROM memory.head WHERE jurisdiction = %(j)s AND source = %(s)s"
    " AND record_id = ANY(string_to_array(%(ids)s, ','))"
)
"""Without the source the planner walks an index of sources in search of each record."""
_HEADS: LiteralString = (
    "SELECT record_id, source, key, version, op, hash, delivery_no, row_no, first_delivery, first_row, said"
    + _OF_RECORDS
)
_STANDING: LiteralString = (
    "SELECT string_agg(convert_to(record_id, 'UTF8') || said, '') FILTER (WHERE said <> '') AS said,"
    " array_agg(DISTINCT first_delivery) FILTER (WHERE said <> '') AS began, count(*) AS heads" + _OF_RECORDS
)


def read_heads(
    connection: Connection, jurisdiction: int, source: str, record_ids: Collection[str]
) -> dict[str, Head]:
    """Give the heads of those records of a source that have one."""
    if not record_ids:
        return {}
    rows = fetch_rows(
        connection, _HEADS, {"j": jurisdiction, "s": source, "ids": ",".join(sorted(record_ids))}
    )
    return {row[0]: Head._make(row[1:]) for row in rows}


class Standing(NamedTuple):
    """Of some records: record id and hash of the bytes it stands on, joined; what began those; and how many have a head."""

    said: AbstractSet[bytes] = frozenset()
    blocks: frozenset[int] = frozenset()
    heads: int = 0


def standing_on(
    connection: Connection, jurisdiction: int, source: str, record_ids: Sequence[str]
) -> Standing:
    """Give on what bytes the heads of these records of a source stand, where that is known.

    All of them come as one value: thousands of rows cost more to take apart than to compare.
    """
    values = {"j": jurisdiction, "s": source, "ids": ",".join(record_ids)}
    ((found, began, heads),) = fetch_rows(connection, _STANDING, values)
    if found is None:
        return Standing(heads=heads)
    size = len(record_ids[0]) + SAID_BYTES  # ids of one jurisdiction are of one length
    said = {found[place : place + size] for place in range(0, len(found), size)}
    return Standing(said, frozenset(began), heads)


def read_history(
    connection: Connection, jurisdiction: int, asked: Iterable[tuple[str, str]]
) -> set[tuple[str, str, bytes]]:
    """Give (record id, version, hash) of every raw row said before under the versions asked about."""
    pairs = list(asked)
    if not pairs:
        return set()
    rows = connection.execute(
        text(
            "SELECT record_id, version, hash FROM memory.raw_record WHERE jurisdiction = :j AND (record_id, version)"
            " IN (SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:versions AS text[])))"
        ),
        {"j": jurisdiction, "ids": [p[0] for p in pairs], "versions": [p[1] for p in pairs]},
    )
    return {(row[0], row[1], bytes(row[2])) for row in rows}


def read_aliases(
    connection: Connection, jurisdiction: int, source: str, keys: Sequence[str]
) -> dict[str, str]:
    """Give, for keys a source has renamed, the first key their record was known by."""
    rows = connection.execute(
        text(
            "WITH RECURSIVE chain AS ("
            " SELECT new_key, old_key, 1 AS depth FROM memory.key_alias"
            "  WHERE jurisdiction = :j AND source = :s AND new_key = ANY(:keys)"
            " UNION ALL SELECT c.new_key, a.old_key, c.depth + 1 FROM chain c JOIN memory.key_alias a"
            "  ON a.jurisdiction = :j AND a.source = :s AND a.new_key = c.old_key WHERE c.depth < 50)"
            " SELECT DISTINCT ON (new_key) new_key, old_key FROM chain ORDER BY new_key, depth DESC"
        ),
        {"j": jurisdiction, "s": source, "keys": list(keys)},
    )
    return {row[0]: row[1] for row in rows}


def add_delivery(
    connection: Connection,
    jurisdiction: int,
    delivery_no: int,
    source: str,
    *,
    channel: str,
    sender: str,
    sha256: bytes,
) -> None:
    """Keep the receipt of one delivery whose rows are kept instead of what they came in."""
    connection.execute(
        text(
            "INSERT INTO memory.delivery (jurisdiction, delivery_no, source, channel, sender, received_at, sha256)"
            " VALUES (:j, :no, :source, :channel, :sender, now(), :sha256)"
        ),
        {
            "j": jurisdiction,
            "no": delivery_no,
            "source": source,
            "channel": channel,
            "sender": sender,
            "sha256": sha256,
        },
    )


def add_landing(
    connection: Connection,
    jurisdiction: int,
    landing_no: int,
    delivery_no: int,
    counts: Mapping[str, int],
) -> None:
    """Keep what landing made of a delivery: received = kept + unchanged + unreadable."""
    connection.execute(
        text(
            "INSERT INTO memory.landing (jurisdiction, landing_no, delivery_no, landed_at, received, kept, unchanged,"
            " unreadable) VALUES (:j, :landing, :delivery, now(), :received, :kept, :unchanged, :unreadable)"
        ),
        {"j": jurisdiction, "landing": landing_no, "delivery": delivery_no, **counts},
    )


def add_raw_records(
    connection: Connection,
    jurisdiction: int,
    delivery_no: int,
    rows: Iterable[tuple[int, str, RawRecord, str, bool, bool]],
) -> None:
    """Append raw rows: (row number, record id, raw record, operation kept, late, begins); a confirmation keeps no body."""
    copy_rows(
        connection,
        "memory.raw_record",
        [
            ("jurisdiction", "int4"),
            ("delivery_no", "int8"),
            ("row_no", "int4"),
            ("source", "text"),
            ("record_id", "text"),
            ("key", "text"),
            ("version", "text"),
            ("op", "text"),
            ("hash", "bytea"),
            ("body", "bytea"),
            ("late", "bool"),
            ("begins", "bool"),
        ],
        (
            (
                jurisdiction,
                delivery_no,
                row_no,
                raw.source,
                record_id,
                raw.key,
                raw.version,
                op,
                raw.hash,
                None if op == "confirm" else seal(raw.body),
                late,
                begins,
            )
            for row_no, record_id, raw, op, late, begins in rows
        ),
    )


def add_unreadable(
    connection: Connection,
    jurisdiction: int,
    delivery_no: int,
    source: str,
    rows: Iterable[tuple[int, Unreadable]],
) -> None:
    """Append the rows nobody could read, with the rule that says why."""
    copy_rows(
        connection,
        "memory.unreadable",
        [
            ("jurisdiction", "int4"),
            ("delivery_no", "int8"),
            ("row_no", "int4"),
            ("source", "text"),
            ("rule", "text"),
            ("zh", "text"),
            ("en", "text"),
            ("body", "bytea"),
        ],
        (
            (
                jurisdiction,
                delivery_no,
                row_no,
                source,
                *map(storable, (row.rule, row.zh, row.en)),
                seal(row.body),
            )
            for row_no, row in rows
        ),
    )


def move_heads(
    connection: Connection, jurisdiction: int, heads: Mapping[str, Head], standing: Mapping[str, Head]
) -> None:
    """Set each record's head to where landing moved it; `standing` are the heads from which it did.

    The pages that name a record whose head has moved are no longer known.
    """
    for source in {head.source for head in heads.values()}:
        moved = {standing[rid].first_delivery for rid in heads if rid in standing}
        if moved:
            known_pages.forget(connection, jurisdiction, source, moved)
    columns = [("jurisdiction", "int4"), ("record_id", "text"), *_HEAD]
    rows = {True: list[tuple[Any, ...]](), False: list[tuple[Any, ...]]()}
    for record_id, head in sorted(heads.items()):
        rows[record_id in standing].append((jurisdiction, record_id, *head))
    if rows[False]:
        copy_rows(connection, "memory.head", columns, rows[False])
    if rows[True]:
        connection.execute(
            text("CREATE TEMPORARY TABLE IF NOT EXISTS moved_head (LIKE memory.head) ON COMMIT DELETE ROWS")
        )
        copy_rows(connection, "moved_head", columns, rows[True])
        connection.execute(
            text(
                "INSERT INTO memory.head SELECT * FROM moved_head WHERE jurisdiction = :j ORDER BY record_id"
                " ON CONFLICT (jurisdiction, record_id) DO UPDATE SET version = excluded.version, op = excluded.op,"
                " hash = excluded.hash, delivery_no = excluded.delivery_no, row_no = excluded.row_no,"
                " said = excluded.said"
            ),
            {"j": jurisdiction},
        )
        connection.execute(text("DELETE FROM moved_head"))  # to truncate it costs a new file each time


def note_listed(connection: Connection, jurisdiction: int, run_id: str, record_ids: Iterable[str]) -> None:
    """Remember which records a full listing has named so far."""
    connection.execute(
        text(
            "INSERT INTO ops.listing_seen (jurisdiction, run_id, record_id)"
            " SELECT :j, :run, unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING"
        ),
        {"j": jurisdiction, "run": run_id, "ids": sorted(set(record_ids))},
    )


def forget_listed(connection: Connection, jurisdiction: int, run_id: str) -> None:
    """Drop the notes of a full listing that has ended."""
    connection.execute(
        text("DELETE FROM ops.listing_seen WHERE jurisdiction = :j AND run_id = :run"),
        {"j": jurisdiction, "run": run_id},
    )


def unlisted(connection: Connection, jurisdiction: int, source: str, run_id: str) -> tuple[int, list[str]]:
    """Give how many records of the source live, and those of them the listing did not name, in order."""
    live = connection.execute(
        text("SELECT count(*) FROM memory.head WHERE jurisdiction = :j AND source = :s AND op = 'upsert'"),
        {"j": jurisdiction, "s": source},
    ).scalar_one()
    vanished = connection.execute(
        text(
            "SELECT h.record_id FROM memory.head h WHERE h.jurisdiction = :j AND h.source = :s AND h.op = 'upsert'"
            " AND NOT EXISTS (SELECT FROM ops.listing_seen l WHERE l.jurisdiction = h.jurisdiction"
            "  AND l.run_id = :run AND l.record_id = h.record_id) ORDER BY h.record_id"
        ),
        {"j": jurisdiction, "s": source, "run": run_id},
    )
    return live, list(vanished.scalars())


def newest_version(connection: Connection, jurisdiction: int, source: str) -> str:
    """Give the highest version any record of a source stands at, '' where there is none."""
    found = connection.execute(
        text("SELECT max(version) FROM memory.head WHERE jurisdiction = :j AND source = :s"),
        {"j": jurisdiction, "s": source},
    ).scalar()
    return str(found or "")


def hold_deletion(
    connection: Connection, jurisdiction: int, source: str, run_id: str, live: int, vanished: Sequence[str]
) -> None:
    """Keep a deletion back until an admin has said a word on it; a newer listing of the same run takes its place."""
    connection.execute(
        text(
            "INSERT INTO ops.held_deletion (jurisdiction, run_id, source, live, vanished, at)"
            " VALUES (:j, :run, :s, :live, :vanished, now()) ON CONFLICT (jurisdiction, run_id) DO UPDATE"
            " SET live = excluded.live, vanished = excluded.vanished, at = excluded.at, decision = NULL,"
            " decided_by = NULL, decided_at = NULL"
        ),
        {"j": jurisdiction, "run": run_id, "s": source, "live": live, "vanished": list(vanished)},
    )


def waiting_pushes(
    connection: Connection, jurisdiction: int, limit: int
) -> list[tuple[int, str, dict[str, str], bytes]]:
    """Give stored pushes that have not landed, oldest first: (delivery number, source, headers, body)."""
    rows = connection.execute(
        text(
            "SELECT d.delivery_no, d.source, d.headers, d.body FROM ops.waiting_push w JOIN memory.delivery d"
            " ON d.jurisdiction = w.jurisdiction AND d.delivery_no >= w.delivery_no + w.landed"
            " AND d.delivery_no < w.delivery_no + w.messages WHERE w.jurisdiction = :j ORDER BY d.delivery_no LIMIT :n"
        ),
        {"j": jurisdiction, "n": limit},
    )
    return [(row[0], row[1], row[2] or {}, unseal(bytes(row[3]))) for row in rows]


def still_waits(connection: Connection, jurisdiction: int, delivery_no: int) -> bool:
    """Take a stored push off the waiting list; False when it has landed before."""
    # pushes land in order, so none waits before it: the last of a group takes the group's row with it
    asked = {"j": jurisdiction, "d": delivery_no}
    last = connection.execute(
        text(
            "DELETE FROM ops.waiting_push WHERE jurisdiction = :j AND delivery_no <= :d"
            " AND delivery_no + landed = :d AND landed + 1 = messages"
        ),
        asked,
    )
    if last.rowcount == 1:
        return True
    taken = connection.execute(
        text(
            "UPDATE ops.waiting_push SET landed = landed + 1 WHERE jurisdiction = :j AND delivery_no <= :d"
            " AND delivery_no + landed = :d"
        ),
        asked,
    )
    return taken.rowcount == 1


def add_alias(
    connection: Connection, jurisdiction: int, source: str, old_key: str, new_key: str, by: str
) -> None:
    """Keep a department's word that what it called `old_key` is now `new_key`: none of its pages is known any more."""
    known_pages.forget_all(connection, jurisdiction, source)
    connection.execute(
        text(
            "INSERT INTO memory.key_alias (jurisdiction, source, new_key, old_key, by, at)"
            " VALUES (:j, :s, :new, :old, :by, now())"
        ),
        {"j": jurisdiction, "s": source, "new": new_key, "old": old_key, "by": by},
    )


def content_of(connection: Connection, jurisdiction: int, head: Head) -> RawRecord:
    """Give the raw record a head stands on."""
    row = connection.execute(
        text(
            "SELECT source, key, body, hash, version, op FROM memory.raw_record"
            " WHERE jurisdiction = :j AND delivery_no = :d AND row_no = :r"
        ),
        {"j": jurisdiction, "d": head.delivery_no, "r": head.row_no},
    ).one()
    return RawRecord(row.source, row.key, unseal(bytes(row.body)), bytes(row.hash), row.version, row.op)
