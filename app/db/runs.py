"""Runs as rows: due slots become queued runs, a run is claimed under a lease, and every effect is fenced by its token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Boolean, Connection, bindparam, text

from app.db.copy import storable
from app.errors import Conflict

MOST_ATTEMPTS = 5


class LeaseLost(Conflict):
    """Another worker has taken this run over: stop without a further effect."""


class Claimed(NamedTuple):
    """A run this worker holds, with where its source stands."""

    jurisdiction: int
    run_id: str
    source: str
    token: str
    cursor: str | None
    location: str | None


class Due(NamedTuple):
    """A source whose time has come; its row is held until the transaction ends."""

    source: str
    slot: datetime
    every_seconds: int | None
    now: datetime


def due(connection: Connection, jurisdiction: int, limit: int = 50) -> list[Due]:
    """Hold the sources whose slot has come by the database's clock; those another replica holds are skipped."""
    rows = connection.execute(
        text(
            "SELECT source, next_run_at, every_seconds, clock_timestamp() FROM ops.source WHERE jurisdiction = :j AND enabled"
            " AND attention IS NULL AND next_run_at <= clock_timestamp() ORDER BY next_run_at LIMIT :n"
            " FOR UPDATE SKIP LOCKED"
        ),
        {"j": jurisdiction, "n": limit},
    )
    return [Due(*row) for row in rows]


def queue_slots(
    connection: Connection, jurisdiction: int, slots: Mapping[str, tuple[datetime, datetime]]
) -> int:
    """Queue one run per source and slot and set when each is due again: source → (slot, next slot).

    A source whose former run still waits or works gets none: the slot is passed over. Gives the runs queued.
    """
    names = sorted(slots)
    values = {
        "j": jurisdiction,
        "sources": names,
        "slots": [slots[name][0] for name in names],
        "nexts": [slots[name][1] for name in names],
        "ids": [f"{jurisdiction}-{secrets.token_hex(8)}" for _ in names],
    }
    queued = connection.execute(
        text(
            "INSERT INTO ops.run (jurisdiction, run_id, source, trigger, slot, state, queued_at)"
            " SELECT :j, id, source, 'schedule', slot, 'queued', now() FROM unnest(CAST(:ids AS text[]),"
            " CAST(:sources AS text[]), CAST(:slots AS timestamptz[])) AS s(id, source, slot)"
            " ON CONFLICT DO NOTHING"
        ),
        values,
    ).rowcount
    connection.execute(
        text(
            "UPDATE ops.source SET next_run_at = s.next FROM unnest(CAST(:sources AS text[]),"
            " CAST(:nexts AS timestamptz[])) AS s(name, next)"
            " WHERE source.jurisdiction = :j AND source.source = s.name"
        ),
        values,
    )
    return queued


_CLAIM = text(
    "UPDATE ops.run SET state = 'running', attempt = attempt + 1, lease_token = :token,"
    " lease_until = now() + make_interval(secs => :s), started_at = coalesce(started_at, now()),"
    " cursor_from = (SELECT cursor FROM ops.source s WHERE s.jurisdiction = :j AND s.source = run.source)"
    " WHERE jurisdiction = :j AND run_id = (SELECT run_id FROM ops.run WHERE jurisdiction = :j"
    "  AND state = 'queued' AND (CAST(:source AS text) IS NULL OR source = :source)"
    "  ORDER BY queued_at, run_id LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING run_id, source, cursor_from, (SELECT location FROM ops.source s WHERE s.jurisdiction = :j"
    "  AND s.source = run.source) AS location, set_config('synchronous_commit', 'off', true)"
)


def claim(
    connection: Connection, jurisdiction: int, seconds: int, source: str | None = None
) -> Claimed | None:
    """Take the oldest queued run (of `source`, where one is named) under a lease; None when there is none.

    Nobody waits for the disk: after a crash that forgets it, the run is queued as before and its page does not land.
    """
    token = secrets.token_hex(16)
    row = connection.execute(
        _CLAIM,
        {"j": jurisdiction, "token": token, "s": seconds, "source": source},
    ).one_or_none()
    if row is None:
        return None
    return Claimed(jurisdiction, row.run_id, row.source, token, row.cursor_from, row.location)


_CHECKPOINT = text(
    "WITH held AS (UPDATE ops.run SET pages = pages + 1, received = received + :received, kept = kept + :kept,"
    " unchanged = unchanged + :unchanged, unreadable = unreadable + :unreadable, cursor_to = :cursor,"
    " state = CASE WHEN NOT :last THEN state WHEN cancel_requested_at IS NULL THEN 'succeeded' ELSE 'cancelled' END,"
    " finished_at = CASE WHEN :last THEN now() END, lease_token = CASE WHEN NOT :last THEN lease_token END,"
    " lease_until = CASE WHEN NOT :last THEN now() + make_interval(secs => :s) END"
    " WHERE jurisdiction = :j AND run_id = :r AND lease_token = :token AND state = 'running'"
    " RETURNING cancel_requested_at, state = 'succeeded' AS well),"
    " forgotten AS (DELETE FROM ops.listing_seen WHERE :last AND jurisdiction = :j AND run_id = :r"
    "  AND EXISTS (SELECT FROM held)),"
    " moved AS (UPDATE ops.source SET cursor = :cursor, failures = CASE WHEN well THEN 0 ELSE failures END,"
    "  succeeded_at = CASE WHEN well THEN now() ELSE succeeded_at END,"
    "  attention = CASE WHEN NOT :last THEN attention END FROM held WHERE jurisdiction = :j AND source = :source)"
    " SELECT cancel_requested_at FROM held"
).bindparams(bindparam("last", type_=Boolean))


def checkpoint(
    connection: Connection,
    run: Claimed,
    cursor: str,
    counts: Mapping[str, int],
    seconds: int,
    *,
    last: bool = False,
) -> bool:
    """Move run, lease and cursor on with a landed page, in its transaction; True when somebody asked to cancel.

    With its last page the run ends too. Raises LeaseLost when the run is no longer this worker's: the page must not land.
    """
    row = connection.execute(
        _CHECKPOINT,
        {
            "j": run.jurisdiction,
            "source": run.source,
            "r": run.run_id,
            "token": run.token,
            "cursor": cursor,
            "s": seconds,
            "last": last,
            **counts,
        },
    ).one_or_none()
    if row is None:
        raise LeaseLost(f"run {run.run_id} was taken over")
    return row.cancel_requested_at is not None


def finish(
    connection: Connection,
    run: Claimed,
    state: str,
    *,
    error: tuple[str, str] | None = None,
    attention: str | None = None,
) -> None:
    """End a run, and note on its source whether it went well and whether a person must act first."""
    connection.execute(
        text(
            "WITH ended AS (UPDATE ops.run SET state = :state, error_class = :class, error_text = :text,"
            "  finished_at = now(), lease_token = NULL, lease_until = NULL"
            "  WHERE jurisdiction = :j AND run_id = :r AND lease_token = :token RETURNING run_id),"
            " forgotten AS (DELETE FROM ops.listing_seen WHERE jurisdiction = :j AND run_id = :r"
            "  AND EXISTS (SELECT FROM ended))"
            " UPDATE ops.source SET failures = CASE WHEN :state = 'succeeded' THEN 0"
            "  WHEN :state = 'cancelled' THEN failures ELSE failures + 1 END,"
            " succeeded_at = CASE WHEN :state = 'succeeded' THEN now() ELSE succeeded_at END, attention = :attention"
            " FROM ended WHERE jurisdiction = :j AND source = :s"
        ),
        {
            "j": run.jurisdiction,
            "r": run.run_id,
            "s": run.source,
            "token": run.token,
            "state": state,
            "class": error and error[0],
            "text": error and storable(error[1])[:2000],
            "attention": attention and storable(attention),
        },
    )


def release(connection: Connection, run: Claimed) -> None:
    """Give an unfinished run back to the queue, its cursor kept; to be stopped is no failed attempt."""
    connection.execute(
        text(
            "UPDATE ops.run SET state = 'queued', attempt = attempt - 1, lease_token = NULL, lease_until = NULL"
            " WHERE jurisdiction = :j AND run_id = :r AND lease_token = :token"
        ),
        {"j": run.jurisdiction, "r": run.run_id, "token": run.token},
    )


def sweep(connection: Connection, jurisdiction: int) -> int:
    """Return runs whose worker fell silent to the queue, or fail those tried too often; gives how many."""
    return connection.execute(
        text(
            "UPDATE ops.run SET state = CASE WHEN attempt >= :most THEN 'failed' ELSE 'queued' END,"
            " error_class = CASE WHEN attempt >= :most THEN 'LeaseExpired' END,"
            " finished_at = CASE WHEN attempt >= :most THEN now() END, lease_token = NULL, lease_until = NULL"
            " WHERE jurisdiction = :j AND run_id IN (SELECT run_id FROM ops.run WHERE jurisdiction = :j"
            "  AND state = 'running' AND lease_until < now() FOR UPDATE SKIP LOCKED)"
        ),
        {"j": jurisdiction, "most": MOST_ATTEMPTS},
    ).rowcount


def bind(
    connection: Connection,
    jurisdiction: int,
    source: str,
    *,
    location: str | None,
    every_seconds: int | None,
    scheduled: bool,
) -> None:
    """Let the jurisdiction have this source: where it is, how often it is read; a bound source keeps its cursor."""
    connection.execute(
        text(
            "INSERT INTO ops.source (jurisdiction, source, location, every_seconds, next_run_at)"
            " VALUES (:j, :s, :location, :every, CASE WHEN :scheduled THEN now() END)"
            " ON CONFLICT (jurisdiction, source) DO UPDATE SET location = excluded.location,"
            " every_seconds = excluded.every_seconds, next_run_at = excluded.next_run_at, attention = NULL,"
            " enabled = true"
        ),
        {
            "j": jurisdiction,
            "s": source,
            "location": location,
            "every": every_seconds,
            "scheduled": scheduled,
        },
    )
