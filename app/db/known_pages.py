"""Pages of which all is known: landing their rows again would keep nothing and move no head.

What is noted here is true as long as it stands: whatever moves a head drops, in its own transaction, the pages that may
name it. All of it may be lost at any time; then the rows are compared one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from app.db.texts import text

MOST_LANDINGS = 100_000
"""A page that was not met in so many landings of its jurisdiction is forgotten."""

MOST_BETWEEN = 200
"""Landings of a jurisdiction that are asked one by one whose they were."""


class Reached(NamedTuple):
    """How far a jurisdiction has landed, whether a source ever renamed a key, and what is known of a page.

    `unreadable` are the numbers of the page's unreadable rows; None where the page is not known.
    """

    landing_no: int
    renamed: bool
    unreadable: tuple[int, ...] | None


_REACHED = text(
    "SELECT j.landing_no, EXISTS (SELECT FROM memory.key_alias WHERE jurisdiction = :j AND source = :s) AS renamed,"
    " p.unreadable FROM ops.jurisdiction j LEFT JOIN ops.known_page p ON p.jurisdiction = :j AND p.source = :s"
    " AND p.said = :said WHERE j.jurisdiction = :j"
)
_OVERTAKEN = text(
    # in this form no plan can walk more than the landings asked about
    "SELECT count(*) AS landings, bool_or((SELECT d.source FROM memory.delivery d"
    "  WHERE d.jurisdiction = l.jurisdiction AND d.delivery_no = l.delivery_no) = :s) AS own"
    " FROM (SELECT jurisdiction, delivery_no FROM memory.landing WHERE jurisdiction = :j AND landing_no > :after"
    "  ORDER BY landing_no LIMIT :most) l"
)
_LAND_AGAIN = text(
    "WITH known AS (SELECT FROM ops.known_page WHERE jurisdiction = :j AND source = :s AND said = :said"
    "  AND unreadable = '{}'),"
    " taken AS (UPDATE ops.jurisdiction SET delivery_no = delivery_no + 1, landing_no = landing_no + 1"
    "  WHERE jurisdiction = :j AND EXISTS (SELECT FROM known) RETURNING delivery_no, landing_no),"
    " met AS (UPDATE ops.known_page SET met = taken.landing_no FROM taken"
    "  WHERE jurisdiction = :j AND source = :s AND said = :said RETURNING taken.delivery_no, taken.landing_no),"
    " delivered AS (INSERT INTO memory.delivery (jurisdiction, delivery_no, source, channel, sender,"
    "  received_at, sha256) SELECT :j, delivery_no, :s, :channel, :sender, now(), :sha256 FROM met),"
    " landed AS (INSERT INTO memory.landing (jurisdiction, landing_no, delivery_no, landed_at, received, kept,"
    "  unchanged, unreadable) SELECT :j, landing_no, delivery_no, now(), :rows, 0, :rows, 0 FROM met)"
    " SELECT met.delivery_no, CASE WHEN met.delivery_no IS NOT NULL"
    "  THEN set_config('synchronous_commit', 'off', true) END FROM taken LEFT JOIN met ON true"
)


def reached(connection: Connection, jurisdiction: int, source: str, said: bytes) -> Reached:
    """Give how far the jurisdiction has landed, and whether all of a page is known."""
    row = connection.execute(_REACHED, {"j": jurisdiction, "s": source, "said": said}).one_or_none()
    if row is None:
        return Reached(0, renamed=False, unreadable=None)
    return Reached(row.landing_no, row.renamed, None if row.unreadable is None else tuple(row.unreadable))


def overtaken(connection: Connection, jurisdiction: int, source: str, landing_no: int) -> bool:
    """Tell whether anything of the source has landed after that number; after many landings it is taken for granted."""
    row = connection.execute(
        _OVERTAKEN, {"j": jurisdiction, "s": source, "after": landing_no, "most": MOST_BETWEEN}
    ).one()
    return bool(row.own) or row.landings == MOST_BETWEEN


def add(
    connection: Connection,
    jurisdiction: int,
    source: str,
    said: bytes,
    *,
    landing_no: int,
    blocks: Collection[int],
    unreadable: Sequence[int],
    records: Collection[str] | None,
) -> None:
    """Note a page that has just landed; `blocks` are the deliveries that began its records."""
    connection.execute(
        text(
            "WITH forgotten AS (DELETE FROM ops.known_page WHERE jurisdiction = :j AND met < :met - :most)"
            " INSERT INTO ops.known_page (jurisdiction, source, said, blocks, unreadable, records, met)"
            " VALUES (:j, :s, :said, :blocks, :unreadable, :records, :met)"
            " ON CONFLICT (jurisdiction, source, said) DO UPDATE SET met = excluded.met"
        ),
        {
            "j": jurisdiction,
            "s": source,
            "said": said,
            "blocks": sorted(blocks),
            "unreadable": list(unreadable),
            "records": None if records is None else sorted(records),
            "met": landing_no,
            "most": MOST_LANDINGS,
        },
    )


def land_again(
    connection: Connection,
    jurisdiction: int,
    source: str,
    said: bytes,
    *,
    channel: str,
    sender: str,
    sha256: bytes,
    rows: int,
) -> int | None:
    """Keep delivery and landing of a page of `rows` readable rows, where it is known; gives the delivery's number.

    The jurisdiction's row is taken first and the page's then: whoever lets a page be forgotten holds the former, so what
    is still there then is true. None where the page is not known, or was forgotten while this waited.
    Nobody waits for the disk: after a crash the cursor stands before the page too, and it is read again.
    """
    taken = connection.execute(
        _LAND_AGAIN,
        {
            "j": jurisdiction,
            "s": source,
            "said": said,
            "channel": channel,
            "sender": sender,
            "sha256": sha256,
            "rows": rows,
        },
    ).one_or_none()
    if taken is None:
        return None
    number: int | None = taken.delivery_no
    if number is None:  # the numbers that were taken for it are given back: the row is still held
        connection.execute(
            text(
                "UPDATE ops.jurisdiction SET delivery_no = delivery_no - 1, landing_no = landing_no - 1"
                " WHERE jurisdiction = :j"
            ),
            {"j": jurisdiction},
        )
    return number


def note_listed(connection: Connection, jurisdiction: int, source: str, said: bytes, run_id: str) -> None:
    """Remember the records of a known page as named by a full listing."""
    connection.execute(
        text(
            "INSERT INTO ops.listing_seen (jurisdiction, run_id, record_id) SELECT :j, :run, unnest(records)"
            " FROM ops.known_page WHERE jurisdiction = :j AND source = :s AND said = :said ON CONFLICT DO NOTHING"
        ),
        {"j": jurisdiction, "s": source, "said": said, "run": run_id},
    )


def forget(connection: Connection, jurisdiction: int, source: str, blocks: Collection[int]) -> None:
    """Drop the pages that may name a record begun by one of these deliveries: its head has moved."""
    connection.execute(
        text(
            "DELETE FROM ops.known_page WHERE jurisdiction = :j AND source = :s"
            " AND blocks && CAST(:blocks AS int8[])"
        ),
        {"j": jurisdiction, "s": source, "blocks": sorted(blocks)},
    )


def forget_all(connection: Connection, jurisdiction: int, source: str) -> None:
    """Drop all pages of a source: its keys mean other records now."""
    connection.execute(
        text("DELETE FROM ops.known_page WHERE jurisdiction = :j AND source = :s"),
        {"j": jurisdiction, "s": source},
    )
