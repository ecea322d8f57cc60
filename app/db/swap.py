"""Put a freshly derived drawer in the place of the serving one, and tell what differs."""

from __future__ import annotations

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from app.db import derived
from app.db.golden import Change, districts_of
from app.db.texts import text
from app.errors import Conflict

OLD = "derived_old"
PATIENCE_SECONDS = 2
"""How long a swap waits for readers to leave; new readers and writers wait behind it as long."""


def mean(connection: Connection, drawer: str) -> None:
    """Let unqualified names mean this derived drawer until the transaction ends."""
    connection.execute(text("SELECT set_config('search_path', :drawer, true)"), {"drawer": drawer})


def difference(connection: Connection, jurisdiction: int) -> list[Change]:
    """Give the feed events that lead from the serving drawer to the next one; merge, split and rename name both."""
    rows = connection.execute(
        text(
            "WITH o AS (SELECT project_id, etag, district FROM derived.project WHERE jurisdiction = :j),"
            " n AS (SELECT project_id, etag, district FROM derived_next.project WHERE jurisdiction = :j)"
            " SELECT o.project_id AS old, n.project_id AS new, n.etag, o.district AS left_district, n.district, was.project_id AS origin, now.project_id AS heir,"
            " EXISTS (SELECT FROM o AS h WHERE h.project_id = now.project_id) AS heir_stood"
            " FROM o FULL JOIN n ON n.project_id = o.project_id"
            " LEFT JOIN derived.member was ON was.jurisdiction = :j AND was.record_id = n.project_id"
            " LEFT JOIN derived_next.member now ON now.jurisdiction = :j AND now.record_id = o.project_id"
            " WHERE o.etag IS DISTINCT FROM n.etag ORDER BY coalesce(o.project_id, n.project_id)"
        ),
        {"j": jurisdiction},
    ).all()
    renamed = {row.heir for row in rows if row.new is None and row.heir is not None and not row.heir_stood}
    changes: list[Change] = []
    for row in rows:
        where = districts_of(row.left_district, row.district)
        if row.new is None:
            kind = "removed" if row.heir is None else "merged" if row.heir_stood else "renamed"
            changes.append(Change(kind, row.old, row.heir, None, where))
        elif row.old is not None or row.new in renamed:
            changes.append(Change("updated", row.new, None, row.etag, where))
        else:
            changes.append(Change("split" if row.origin else "created", row.new, row.origin, row.etag, where))
    return changes


def swap(connection: Connection) -> None:
    """Rename the next drawer into place once no reader is in the serving one; the caller holds every jurisdiction's row.

    Raises Conflict when a reader stays longer than a few seconds: nothing has changed then.
    """
    connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'"))
    try:
        connection.execute(text(f"LOCK TABLE {derived.SERVING}.{derived.GATE} IN ACCESS EXCLUSIVE MODE"))
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise Conflict("a long read is under way; the swap waits for its end: try again") from error
        raise
    connection.execute(text(f"ALTER SCHEMA {derived.SERVING} RENAME TO {OLD}"))
    connection.execute(text(f"ALTER SCHEMA {derived.NEXT} RENAME TO {derived.SERVING}"))


def serving_bytes(connection: Connection) -> int:
    """Give the size of the serving derived drawer on disk."""
    size: int = connection.execute(
        text(
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :s AND c.relkind = 'r'"
        ),
        {"s": derived.SERVING},
    ).scalar_one()
    return size
