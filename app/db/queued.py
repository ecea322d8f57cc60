"""The records that wait for a step, each once: to be clustered anew, or for their project's document to be made anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from app.db.copy import array_of, fetch_rows
from app.db.texts import text

Queue = Literal["unclustered", "touched"]
"""What resolving works off, and what composing works off."""
QUEUES: tuple[Queue, Queue] = ("unclustered", "touched")


def add(connection: Connection, jurisdiction: int, queue: Queue, record_ids: Iterable[str]) -> None:
    """Let these records wait."""
    connection.execute(
        text(
            # sql-lint: allow built-text — the table is a Queue, as the type says
            f"INSERT INTO {queue} (jurisdiction, record_id) SELECT :j, unnest(CAST(:ids AS text[]))"
            " ON CONFLICT DO NOTHING"
        ),
        {"j": jurisdiction, "ids": sorted(set(record_ids))},
    )


def first(connection: Connection, jurisdiction: int, queue: Queue, limit: int, after: str = "") -> list[str]:
    """Give up to `limit` records behind `after` that wait, by id."""
    rows = connection.execute(
        text(
            # sql-lint: allow built-text — the table is a Queue, as the type says
            f"SELECT record_id FROM {queue} WHERE jurisdiction = :j AND record_id > :after"
            " ORDER BY record_id LIMIT :n"
        ),
        {"j": jurisdiction, "n": limit, "after": after},
    )
    return list(rows.scalars())


class Share(NamedTuple):
    """A half of the projects whose documents wait, by their ids: the part of one who composes while another does too.

    `backwards` is from the other end, for whoever has done his own half and goes to meet the other.
    """

    upper: bool
    backwards: bool = False


SHARES = (None, Share(upper=False), Share(upper=True), Share(upper=True, backwards=True))
"""All documents, and the shares that are made of them."""


def first_of(
    connection: Connection, jurisdiction: int, share: Share | None, limit: int, after: str = ""
) -> list[str]:
    """Give up to `limit` records behind `after` whose document waits and whose project is of this share, in its order."""
    if share is None:
        return first(connection, jurisdiction, "touched", limit, after)
    ahead, order = ("<", "DESC") if share.backwards else (">", "ASC")
    rows = connection.execute(
        text(
            # sql-lint: allow built-text — one of two orders
            "SELECT t.record_id FROM touched t LEFT JOIN cluster c ON c.jurisdiction = t.jurisdiction"
            f" AND c.record_id = t.record_id WHERE t.jurisdiction = :j AND (:after = '' OR t.record_id {ahead} :after)"
            # the last sign of an id is drawn evenly from 2–7 and a–z
            " AND (coalesce(right(c.project_id, 1), '') >= 'k') = :upper"
            f" ORDER BY t.record_id {order} LIMIT :n"
        ),
        {"j": jurisdiction, "n": limit, "after": after, "upper": share.upper},
    )
    return list(rows.scalars())


def among(connection: Connection, jurisdiction: int, queue: Queue, record_ids: Iterable[str]) -> set[str]:
    """Give those of these records that wait."""
    rows = fetch_rows(
        connection,
        # sql-lint: allow built-text — the table is a Queue, as the type says
        f"SELECT record_id FROM {queue} WHERE jurisdiction = %(j)s AND record_id = ANY(CAST(%(ids)s AS text[]))",
        {"j": jurisdiction, "ids": array_of(record_ids)},
    )
    return {row[0] for row in rows}


def count_upto(connection: Connection, jurisdiction: int, queue: Queue, record_id: str) -> int:
    """Give how many records up to this id wait."""
    n: int = connection.execute(
        # sql-lint: allow built-text — the table is a Queue, as the type says
        text(f"SELECT count(*) FROM {queue} WHERE jurisdiction = :j AND record_id <= :id"),
        {"j": jurisdiction, "id": record_id},
    ).scalar_one()
    return n


def still_wait(connection: Connection, jurisdiction: int, queue: Queue, record_ids: Sequence[str]) -> bool:
    """Say whether all these records still wait."""
    return len(among(connection, jurisdiction, queue, record_ids)) == len(record_ids)


def more_than(connection: Connection, jurisdiction: int, queue: Queue, most: int) -> bool:
    """Say whether more than `most` records wait."""
    return bool(
        connection.execute(
            # sql-lint: allow built-text — the table is a Queue, as the type says
            text(f"SELECT EXISTS (SELECT FROM {queue} WHERE jurisdiction = :j OFFSET :n)"),
            {"j": jurisdiction, "n": most},
        ).scalar_one()
    )


def remove(connection: Connection, jurisdiction: int, queue: Queue, record_ids: Iterable[str]) -> None:
    """Note that these records wait no more."""
    connection.execute(
        # sql-lint: allow built-text — the table is a Queue, as the type says
        text(f"DELETE FROM {queue} WHERE jurisdiction = :j AND record_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(record_ids)},
    )
