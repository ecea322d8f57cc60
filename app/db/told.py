"""How far each source's department has been told what became of its rows: a place in memory, under a lease."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, DateTime, Integer, Table, Text

from app.db.copy import storable
from app.db.seal import unseal
from app.db.tables import OPS, metadata
from app.db.texts import text

told = Table(
    "told",
    metadata,
    Column("jurisdiction", Integer, primary_key=True, autoincrement=False),
    Column("source", Text(collation="C"), primary_key=True),
    Column("landing_no", BigInteger, nullable=False, server_default=text("0")),
    Column("row_no", Integer, nullable=False, server_default=text("0")),
    Column(
        "generation",
        Integer,
        nullable=False,
        server_default=text("-1"),
        comment="of the derived drawer it was told from; another one is told from the beginning",
    ),
    Column("rows", BigInteger, nullable=False, server_default=text("0")),
    Column("attention", Text),
    Column("token", Text),
    Column("until", DateTime(timezone=True), comment="taken, or left alone, so long"),
    schema=OPS,
)


END = 2**31 - 1
"""Behind every row of a landing."""


class Place(NamedTuple):
    """A place in the order of landing."""

    landing_no: int = 0
    row_no: int = 0


class Telling(NamedTuple):
    """A source this worker may tell of, and how far its department has been told."""

    jurisdiction: int
    source: str
    token: str
    place: Place
    generation: int


class RowToTell(NamedTuple):
    """One row with its outcome: `rule` and `zh` say why it was refused, None for one that was accepted."""

    landing_no: int
    row_no: int
    key: str | None
    version: str | None
    op: str
    hash: bytes | None
    body: bytes
    rule: str | None
    zh: str | None


class Arrival(NamedTuple):
    """One file that landed, by its last delivery."""

    landing_no: int
    delivery_no: int


def up_to_date(connection: Connection, jurisdiction: int) -> set[str]:
    """Give the sources whose departments know all there is to tell."""
    upto = derived_up_to(connection, jurisdiction)
    rows = connection.execute(
        text(
            "SELECT source FROM ops.told t JOIN ops.jurisdiction g ON g.jurisdiction = t.jurisdiction"
            " WHERE t.jurisdiction = :j AND t.generation = g.generation AND (t.landing_no, t.row_no) >= (:l, :r)"
        ),
        {"j": jurisdiction, "l": upto.landing_no, "r": upto.row_no},
    )
    return set(rows.scalars())


def claim(connection: Connection, jurisdiction: int, source: str, seconds: int) -> Telling | None:
    """Take a source for so long; None while somebody else tells of it, or it is left alone after a failure."""
    token = secrets.token_hex(16)
    row = connection.execute(
        text(
            "INSERT INTO ops.told (jurisdiction, source, token, until)"
            " VALUES (:j, :s, :token, now() + make_interval(secs => :n))"
            " ON CONFLICT (jurisdiction, source) DO UPDATE SET token = excluded.token, until = excluded.until"
            " WHERE told.until IS NULL OR told.until < now()"
            " RETURNING landing_no, row_no, generation"
        ),
        {"j": jurisdiction, "s": source, "token": token, "n": seconds},
    ).one_or_none()
    if row is None:
        return None
    return Telling(jurisdiction, source, token, Place(row.landing_no, row.row_no), row.generation)


def advance(
    connection: Connection, telling: Telling, place: Place, generation: int, rows: int, seconds: int
) -> bool:
    """Note how far was told and keep the source for another while; False when it was lost to somebody else."""
    return (
        connection.execute(
            text(
                "UPDATE ops.told SET landing_no = :landing, row_no = :row, generation = :generation,"
                " rows = rows + :rows, attention = NULL, until = now() + make_interval(secs => :n)"
                " WHERE jurisdiction = :j AND source = :s AND token = :token"
            ),
            {
                "j": telling.jurisdiction,
                "s": telling.source,
                "token": telling.token,
                "landing": place.landing_no,
                "row": place.row_no,
                "generation": generation,
                "rows": rows,
                "n": seconds,
            },
        ).rowcount
        == 1
    )


def release(connection: Connection, telling: Telling) -> None:
    """Give a source back."""
    connection.execute(
        text(
            "UPDATE ops.told SET token = NULL, until = NULL WHERE jurisdiction = :j AND source = :s AND token = :token"
        ),
        {"j": telling.jurisdiction, "s": telling.source, "token": telling.token},
    )


def fail(connection: Connection, telling: Telling, attention: str, seconds: int) -> None:
    """Note why the department could not be told, and leave the source alone for so long."""
    connection.execute(
        text(
            "UPDATE ops.told SET attention = :attention, token = NULL, until = now() + make_interval(secs => :n)"
            " WHERE jurisdiction = :j AND source = :s AND token = :token"
        ),
        {
            "j": telling.jurisdiction,
            "s": telling.source,
            "token": telling.token,
            "attention": storable(attention),
            "n": seconds,
        },
    )


def attentions(connection: Connection, jurisdiction: int) -> dict[str, str]:
    """Give why departments could not be told, by source."""
    rows = connection.execute(
        text("SELECT source, attention FROM ops.told WHERE jurisdiction = :j AND attention IS NOT NULL"),
        {"j": jurisdiction},
    )
    return {row[0]: row[1] for row in rows}


# what is told of a confirmation is the outcome of the row whose words it confirms
_ROWS = (
    "SELECT l.landing_no, r.row_no, r.key, r.version, r.op, r.hash, coalesce(r.body, '') AS body, x.rule, x.zh"
    " FROM unnest(CAST(:landings AS bigint[]), CAST(:deliveries AS bigint[])) AS l(landing_no, delivery_no)"
    " JOIN memory.raw_record r ON r.jurisdiction = :j AND r.delivery_no = l.delivery_no"
    " LEFT JOIN LATERAL (SELECT k.delivery_no, k.row_no FROM memory.raw_record k WHERE k.jurisdiction = :j"
    "  AND r.op = 'confirm' AND k.record_id = r.record_id AND k.hash = r.hash AND k.op <> 'confirm'"
    "  ORDER BY k.delivery_no DESC, k.row_no DESC LIMIT 1) said ON true"
    " LEFT JOIN rejection x ON x.jurisdiction = :j"
    "  AND x.delivery_no = coalesce(said.delivery_no, r.delivery_no) AND x.row_no = coalesce(said.row_no, r.row_no)"
    " WHERE (l.landing_no, r.row_no) > (:landing, :row) AND (l.landing_no, r.row_no) <= (:upto_landing, :upto_row)"
    " UNION ALL SELECT l.landing_no, u.row_no, NULL, NULL, 'unreadable', NULL, u.body, u.rule, u.zh"
    " FROM unnest(CAST(:landings AS bigint[]), CAST(:deliveries AS bigint[])) AS l(landing_no, delivery_no)"
    " JOIN memory.unreadable u ON u.jurisdiction = :j AND u.delivery_no = l.delivery_no"
    " WHERE (l.landing_no, u.row_no) > (:landing, :row) AND (l.landing_no, u.row_no) <= (:upto_landing, :upto_row)"
    " ORDER BY landing_no, row_no LIMIT :n"
)
WINDOW = 10
"""Landings that are looked into at once: what is sorted for a batch stays small, however much waits behind it."""


def rows_to_tell(
    connection: Connection, jurisdiction: int, source: str, after: Place, upto: Place, n: int
) -> tuple[list[RowToTell], Place]:
    """Give the next rows of a source behind `after`, at most `n`, in landing order with their outcome, and how far they reach.

    There may be none though more are to come; at `upto` there are no more.
    """
    between = {
        "j": jurisdiction,
        "landing": after.landing_no,
        "row": after.row_no,
        "upto_landing": upto.landing_no,
        "upto_row": upto.row_no,
    }
    span = connection.execute(
        text(
            "SELECT l.landing_no, l.delivery_no FROM memory.landing l JOIN memory.delivery d"
            " ON d.jurisdiction = l.jurisdiction AND d.delivery_no = l.delivery_no WHERE l.jurisdiction = :j"
            " AND d.source = :s AND l.landing_no >= :landing AND l.landing_no <= :upto_landing"
            " ORDER BY l.landing_no LIMIT :window"
        ),
        {**between, "s": source, "window": WINDOW},
    ).all()
    landings, numbers = [row.landing_no for row in span], [row.delivery_no for row in span]
    found = connection.execute(text(_ROWS), {**between, "landings": landings, "deliveries": numbers, "n": n})
    rows = [RowToTell._make(row)._replace(body=unseal(bytes(row.body))) for row in found]
    if len(rows) == n:
        return rows, Place(rows[-1].landing_no, rows[-1].row_no)
    end = Place(landings[-1], END) if len(span) == WINDOW else upto
    return rows, max(after, min(end, upto))


def arrivals(
    connection: Connection, jurisdiction: int, source: str, after: Place, upto: Place
) -> list[Arrival]:
    """Give the files of a source that landed behind `after` up to `upto`, oldest first."""
    rows = connection.execute(
        text(
            "SELECT max(l.landing_no), max(d.delivery_no) FROM memory.landing l JOIN memory.delivery d"
            " ON d.jurisdiction = l.jurisdiction AND d.delivery_no = l.delivery_no"
            " WHERE l.jurisdiction = :j AND d.source = :s AND d.channel = 'file' AND l.landing_no > :landing"
            " AND l.landing_no <= :upto_landing GROUP BY d.sender ORDER BY 1"
        ),
        {"j": jurisdiction, "s": source, "landing": after.landing_no, "upto_landing": upto.landing_no},
    )
    return [Arrival(*row) for row in rows]


def derived_up_to(connection: Connection, jurisdiction: int) -> Place:
    """Give how far rows have an outcome: to the end of the last landing where all of it was read."""
    row = connection.execute(
        text(
            "SELECT p.landing_no, p.row_no, EXISTS (SELECT FROM memory.landing l JOIN memory.raw_record r"
            "  ON r.jurisdiction = l.jurisdiction AND r.delivery_no = l.delivery_no WHERE l.jurisdiction = :j"
            "  AND l.landing_no = p.landing_no AND r.row_no > p.row_no) AS more FROM progress p WHERE p.jurisdiction = :j"
        ),
        {"j": jurisdiction},
    ).one_or_none()
    if row is None:
        return Place()
    return Place(row.landing_no, row.row_no if row.more else END)
