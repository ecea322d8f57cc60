"""The feed of changes, read in the order its numbers were given: by the holder of the jurisdiction's row, without gaps.

A number is seen when the transaction that took it has ended, and the next holder waited for that: nobody who reads up to
a number can be told of a smaller one later.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from app.db.texts import text
from app.errors import SnapshotNeeded
from schemas.api.changes import ChangeView

SWEPT_AT_ONCE = 10_000


def changes(connection: Connection, jurisdiction: int, after: int, n: int) -> list[ChangeView]:
    """Give up to `n` changes numbered above `after`, oldest first.

    Raises SnapshotNeeded when some of them are kept no more, or when the feed has not come as far as `after`.
    """
    found = _behind(connection, jurisdiction, after, n)
    if found and found[0].change_no == after + 1:
        return found
    last = newest(connection, [jurisdiction]).get(jurisdiction, 0)
    if not found and last > after:  # it may have come between the two questions
        found = _behind(connection, jurisdiction, after, n)
    if last != after and (not found or found[0].change_no != after + 1):
        raise SnapshotNeeded(last)
    return found


def _behind(connection: Connection, jurisdiction: int, after: int, n: int) -> list[ChangeView]:
    rows = connection.execute(
        text(
            "SELECT change_no, at, kind, project_id, other_id, etag, rebuilt, districts FROM ops.change"
            " WHERE jurisdiction = :j AND change_no > :after ORDER BY change_no LIMIT :n"
        ),
        {"j": jurisdiction, "after": after, "n": n},
    )
    return [ChangeView.model_validate(dict(row)) for row in rows.mappings()]


def newest(connection: Connection, jurisdictions: Collection[int]) -> dict[int, int]:
    """Give the number of the last change of each jurisdiction that is known."""
    rows = connection.execute(
        text("SELECT jurisdiction, change_no FROM ops.jurisdiction WHERE jurisdiction = ANY(:js)"),
        {"js": sorted(jurisdictions)},
    )
    return {row[0]: row[1] for row in rows}


def sweep(connection: Connection, jurisdiction: int, days: int) -> int:
    """Forget the oldest changes that happened more than `days` ago, a bounded lot at once; gives how many."""
    return connection.execute(
        text(
            "DELETE FROM ops.change WHERE jurisdiction = :j AND change_no <= ("
            "SELECT max(change_no) FROM (SELECT change_no, at FROM ops.change WHERE jurisdiction = :j"
            " ORDER BY change_no LIMIT :n) AS oldest WHERE at < now() - make_interval(days => :days))"
        ),
        {"j": jurisdiction, "days": days, "n": SWEPT_AT_ONCE},
    ).rowcount
