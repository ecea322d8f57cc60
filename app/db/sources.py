"""Sources as the hub runs them, their runs, and deletions that wait for a person's word."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.access.reach import Reach
from app.db.filters import owned, where
from app.db.texts import text
from app.errors import Conflict, NotFound
from schemas.api.shapes import Counts
from schemas.api.sources import HeldDeletionView, Missed, RunQuery, RunView

RUNS = {
    "source": "source = :source",
    "state": "state = :state",
    "after_id": "(queued_at, run_id) < (:after_at, :after_id)",
}
RUN_COLUMNS = (
    "run_id, source, trigger, slot, state, attempt, pages, received, kept, unchanged, unreadable, error_class, error_text,"
    " queued_at, started_at, finished_at, cancel_requested_at"
)
HELD_COLUMNS = "run_id, source, live, vanished, at, decision, decided_by, decided_at"


class Standing(NamedTuple):
    """How a source stands by the hub's own rows."""

    enabled: bool = True
    attention: str | None = None
    every_seconds: int | None = None
    next_run_at: datetime | None = None
    succeeded_at: datetime | None = None
    failures: int = 0
    missed: Missed = "run_once"
    fresh_seconds: int | None = None
    open_until: datetime | None = None


class Given(NamedTuple):
    """What a source has given."""

    deliveries: int = 0
    waiting: int = 0
    landed_at: datetime | None = None
    counts: Counts = Counts()
    unreadable_recent: int = 0
    wholly_unreadable: int | None = None
    """The number of its last delivery with rows, if nobody could read any of them."""


def now(connection: Connection) -> datetime:
    """Give the database's clock."""
    moment: datetime = connection.execute(text("SELECT now()")).scalar_one()
    return moment


def standings(connection: Connection, jurisdiction: int) -> dict[str, Standing]:
    """Give how each source bound to the jurisdiction stands."""
    rows = connection.execute(
        text(
            "SELECT source, enabled, attention, every_seconds, next_run_at, succeeded_at, failures, missed,"
            " fresh_seconds, open_until FROM ops.source WHERE jurisdiction = :j"
        ),
        {"j": jurisdiction},
    )
    return {row[0]: Standing(*row[1:]) for row in rows}


def location(connection: Connection, jurisdiction: int, source: str) -> str | None:
    """Give the place a source is bound to, None where its manifest's variable says it."""
    return locations(connection, jurisdiction).get(source)


def locations(connection: Connection, jurisdiction: int) -> dict[str, str]:
    """Give the places sources are bound to, of those that are."""
    rows = connection.execute(
        text("SELECT source, location FROM ops.source WHERE jurisdiction = :j AND location IS NOT NULL"),
        {"j": jurisdiction},
    )
    return {row[0]: row[1] for row in rows}


def given(connection: Connection, jurisdiction: int) -> dict[str, Given]:
    """Give what each source of the jurisdiction has given, by the accounting of its deliveries."""
    rows = connection.execute(
        text(
            "WITH given AS (SELECT d.source, count(*) AS deliveries,"
            " count(*) FILTER (WHERE l.delivery_no IS NULL) AS waiting,"
            " max(l.landed_at) AS landed_at, coalesce(sum(l.received), 0) AS received, coalesce(sum(l.kept), 0) AS kept,"
            " coalesce(sum(l.unchanged), 0) AS unchanged, coalesce(sum(l.unreadable), 0) AS unreadable,"
            " coalesce(sum(o.accepted), 0) AS accepted, coalesce(sum(o.rejected), 0) AS rejected,"
            " max(d.delivery_no) FILTER (WHERE l.received > 0 AND d.channel <> 'replay') AS last_no,"
            " max(d.delivery_no) FILTER (WHERE l.unreadable > 0 AND l.landed_at > now() - interval '1 day') AS odd_no"
            " FROM memory.delivery d"
            " LEFT JOIN memory.landing l ON l.jurisdiction = d.jurisdiction AND l.delivery_no = d.delivery_no"
            " LEFT JOIN outcome o ON o.jurisdiction = d.jurisdiction AND o.delivery_no = d.delivery_no"
            " WHERE d.jurisdiction = :j GROUP BY d.source)"
            " SELECT g.*, coalesce(odd.unreadable, 0) AS unreadable_recent,"
            " CASE WHEN last.unreadable = last.received THEN last_no END AS wholly_unreadable FROM given g"
            " LEFT JOIN memory.landing odd ON odd.jurisdiction = :j AND odd.delivery_no = g.odd_no"
            " LEFT JOIN memory.landing last ON last.jurisdiction = :j AND last.delivery_no = g.last_no"
        ),
        {"j": jurisdiction},
    )
    return {
        row.source: Given(
            row.deliveries,
            row.waiting,
            row.landed_at,
            _counts(row._mapping),
            row.unreadable_recent,
            row.wholly_unreadable,
        )
        for row in rows
    }


def _counts(row: Any) -> Counts:
    return Counts.model_validate({name: int(row[name]) for name in Counts.model_fields})


def landed_at(connection: Connection, jurisdiction: int) -> dict[str, datetime]:
    """Give when each source's newest delivery landed."""
    rows = connection.execute(
        text(
            "SELECT d.source, max(l.landed_at) FROM memory.delivery d JOIN memory.landing l"
            " ON l.jurisdiction = d.jurisdiction AND l.delivery_no = d.delivery_no"
            " WHERE d.jurisdiction = :j GROUP BY d.source"
        ),
        {"j": jurisdiction},
    )
    return {row[0]: row[1] for row in rows}


def queue_run(connection: Connection, jurisdiction: int, source: str) -> RunView:
    """Queue a run of the source now; raise Conflict when one is queued or running, or the source is switched off."""
    standing = standings(connection, jurisdiction).get(source)
    if standing is not None and not standing.enabled:
        raise Conflict(f"{source} is switched off; switch it on first")
    row = connection.execute(
        text(
            "INSERT INTO ops.run (jurisdiction, run_id, source, trigger, state, queued_at)"
            " VALUES (:j, :id, :source, 'request', 'queued', now())"
            " ON CONFLICT (jurisdiction, source) WHERE state IN ('queued', 'running') DO NOTHING"
            f" RETURNING {RUN_COLUMNS}"
        ),
        {"j": jurisdiction, "id": f"{jurisdiction}-{secrets.token_hex(8)}", "source": source},
    ).one_or_none()
    if row is None:
        raise Conflict(f"a run of {source} is queued or running already; see it under /runs")
    return RunView.model_validate(dict(row._mapping))


def runs(
    connection: Connection,
    jurisdiction: int,
    reach: Reach,
    query: RunQuery,
    after: tuple[datetime, str] | None,
    n: int,
) -> list[RunView]:
    """Give up to `n` runs that a reach owns, newest first, behind the place `after`."""
    values = query.model_dump(include=set(RUNS), exclude_none=True) | {
        "j": jurisdiction,
        "n": n,
        "after_at": after and after[0],
        "after_id": after and after[1],
    }
    own_sql, own = owned(reach)
    where_sql = where(RUNS, values) + own_sql
    rows = connection.execute(
        text(
            f"SELECT {RUN_COLUMNS} FROM ops.run WHERE jurisdiction = :j{where_sql}"
            " ORDER BY queued_at DESC, run_id DESC LIMIT :n"
        ),
        values | own,
    )
    return [RunView.model_validate(dict(row)) for row in rows.mappings()]


def run(connection: Connection, jurisdiction: int, run_id: str) -> RunView:
    """Give one run; raise NotFound."""
    row = connection.execute(
        text(f"SELECT {RUN_COLUMNS} FROM ops.run WHERE jurisdiction = :j AND run_id = :id"),
        {"j": jurisdiction, "id": run_id},
    ).one_or_none()
    if row is None:
        raise NotFound("no run has this id")
    return RunView.model_validate(dict(row._mapping))


def held_deletions(
    connection: Connection, jurisdiction: int, source: str, after: str | None, n: int
) -> list[HeldDeletionView]:
    """Give up to `n` held deletions of a source by run id, behind `after`."""
    rows = connection.execute(
        text(
            f"SELECT {HELD_COLUMNS} FROM ops.held_deletion WHERE jurisdiction = :j AND source = :source"
            " AND run_id > :after ORDER BY run_id LIMIT :n"
        ),
        {"j": jurisdiction, "source": source, "after": after or "", "n": n},
    )
    return [HeldDeletionView.model_validate(dict(row)) for row in rows.mappings()]


def open_deletions(connection: Connection, jurisdiction: int) -> dict[str, int]:
    """Give how many held deletions of each source wait for a word."""
    rows = connection.execute(
        text(
            "SELECT source, count(*) FROM ops.held_deletion WHERE jurisdiction = :j AND decision IS NULL GROUP BY source"
        ),
        {"j": jurisdiction},
    )
    return {row[0]: row[1] for row in rows}


def decide_deletion(
    connection: Connection, jurisdiction: int, source: str, run_id: str, decision: str, by: str
) -> HeldDeletionView:
    """Keep an admin's word on a held deletion; raise NotFound, or Conflict when a word was said before."""
    at = {"j": jurisdiction, "source": source, "id": run_id}
    row = connection.execute(
        text(
            "UPDATE ops.held_deletion SET decision = :decision, decided_by = :by, decided_at = now()"
            " WHERE jurisdiction = :j AND source = :source AND run_id = :id AND decision IS NULL"
            f" RETURNING {HELD_COLUMNS}"
        ),
        {**at, "decision": decision, "by": by},
    ).one_or_none()
    if row is not None:
        return HeldDeletionView.model_validate(dict(row._mapping))
    known = connection.execute(
        text(
            "SELECT EXISTS (SELECT FROM ops.held_deletion WHERE jurisdiction = :j AND source = :source AND run_id = :id)"
        ),
        at,
    ).scalar_one()
    raise (Conflict("a word on this deletion was said before") if known else NotFound("no such deletion"))


def pulled_since(connection: Connection, jurisdiction: int, source: str, moment: datetime) -> bool:
    """Say whether anything pulled from the source has landed after a moment."""
    found: bool = connection.execute(
        text(
            "SELECT EXISTS (SELECT FROM memory.delivery d JOIN memory.landing l ON l.jurisdiction = d.jurisdiction"
            " AND l.delivery_no = d.delivery_no WHERE d.jurisdiction = :j AND d.source = :source"
            " AND d.channel NOT IN ('push', 'replay') AND l.landed_at > :moment)"
        ),
        {"j": jurisdiction, "source": source, "moment": moment},
    ).scalar_one()
    return found
