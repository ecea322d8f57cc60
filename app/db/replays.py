"""Replays as rows: planned, queued, claimed under a lease, and every effect fenced by its token."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.db import leases
from app.db.copy import storable
from app.db.filters import where
from app.db.jurisdictions import Held
from app.db.runs import MOST_ATTEMPTS, LeaseLost
from app.db.texts import text
from app.errors import Conflict, NotFound
from schemas.api.replays import ReplayQuery, ReplayView, SourceReplay, Step

COLUMNS = ", ".join(ReplayView.model_fields)
LIVE = "state IN ('queued', 'running')"
FILTERS = {"state": "state = :state", "after_at": "(created_at, replay_id) < (:after_at, :after_id)"}


class Claimed(NamedTuple):
    """A replay this process holds; `fingerprint` names the rules it was planned under, `counts` what is done of it."""

    jurisdiction: int
    replay_id: str
    sources: tuple[str, ...]
    step: Step
    token: str
    fingerprint: str
    counts: tuple[SourceReplay, ...]


def create(connection: Connection, held: Held, sources: Sequence[str], step: Step, by: str) -> ReplayView:
    """Queue a replay of these sources; Conflict while another one of any of them waits or works."""
    sweep(connection, held.jurisdiction)
    _check_alone(connection, held.jurisdiction, sources)
    replay_id = f"{held.jurisdiction}-{secrets.token_hex(8)}"
    connection.execute(
        text(
            "INSERT INTO ops.replay (jurisdiction, replay_id, sources, step, state, by, created_at, queued_at)"
            " VALUES (:j, :id, :sources, :step, 'queued', :by, now(), now())"
        ),
        {
            "j": held.jurisdiction,
            "id": replay_id,
            "sources": sorted(set(sources)),
            "step": step,
            "by": storable(by),
        },
    )
    return replay(connection, held.jurisdiction, replay_id)


def queue_run(connection: Connection, held: Held, replay_id: str) -> ReplayView:
    """Queue the run of a replay that was planned, or that ended before its end.

    Asked again while it waits or works, or after it was done, it changes nothing. Raises NotFound and Conflict.
    """
    sweep(connection, held.jurisdiction)
    found = replay(connection, held.jurisdiction, replay_id)
    if found.step == "run" and found.state in {"queued", "running", "succeeded"}:
        return found
    if found.step == "plan" and found.state != "planned":
        raise Conflict(
            f"this replay is not planned yet, it is {found.state}: wait for its plan, or make another"
        )
    _check_alone(connection, held.jurisdiction, found.sources)
    connection.execute(
        text(
            "UPDATE ops.replay SET step = 'run', state = 'queued', attempt = 0, queued_at = now(), finished_at = NULL,"
            " cancel_requested_at = NULL, error_class = NULL, error_text = NULL WHERE jurisdiction = :j AND replay_id = :id"
        ),
        {"j": held.jurisdiction, "id": replay_id},
    )
    return replay(connection, held.jurisdiction, replay_id)


def cancel(connection: Connection, held: Held, replay_id: str) -> ReplayView:
    """Stop a replay: at once when it waits or its lease is over, else when its next chunk is written.

    One whose process is dead ends when its lease does; one that has ended stays as it is.
    """
    found = connection.execute(
        text(
            "UPDATE ops.replay SET cancel_requested_at = coalesce(cancel_requested_at, now()),"
            " state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,"
            " finished_at = CASE WHEN state = 'queued' THEN now() END"
            f" WHERE jurisdiction = :j AND replay_id = :id AND {LIVE}"
        ),
        {"j": held.jurisdiction, "id": replay_id},
    ).rowcount
    sweep(connection, held.jurisdiction)
    view = replay(connection, held.jurisdiction, replay_id)
    if not found and view.state == "planned":
        connection.execute(
            text(
                "UPDATE ops.replay SET state = 'cancelled', finished_at = now() WHERE jurisdiction = :j AND replay_id = :id"
            ),
            {"j": held.jurisdiction, "id": replay_id},
        )
        return replay(connection, held.jurisdiction, replay_id)
    return view


def _check_alone(connection: Connection, jurisdiction: int, sources: Sequence[str]) -> None:
    other = connection.execute(
        text(
            "SELECT replay_id, state, cancel_requested_at, lease_until FROM ops.replay"
            f" WHERE jurisdiction = :j AND {LIVE} AND sources && CAST(:s AS text[])"
            " ORDER BY state DESC, queued_at, replay_id LIMIT 1"
        ),
        {"j": jurisdiction, "s": list(sources)},
    ).one_or_none()
    if other is None:
        return
    name = f"replay {other.replay_id} of the same source"
    if other.state == "queued":
        raise Conflict(f"{name} waits for a worker: wait for it, or `hub replay cancel {other.replay_id}`")
    until = f"{clock(other.lease_until)} (or earlier; that is when a process that was killed is given up)"
    if other.cancel_requested_at:
        raise Conflict(f"{name} is being cancelled and ends at the latest at {until}: try again then")
    raise Conflict(
        f"{name} works and holds its lease until {clock(other.lease_until)}, and longer while it works:"
        f" wait for it, or `hub replay cancel {other.replay_id}` (a killed process is given up at that moment)"
    )


def clock(moment: datetime) -> str:
    """Give a moment as a person reads it: `08:30:00 UTC`."""
    return f"{moment.astimezone(UTC):%H:%M:%S} UTC"


def claim(
    connection: Connection, jurisdiction: int, fingerprint: str, seconds: int, replay_id: str | None = None
) -> Claimed | None:
    """Take the oldest queued replay (or this one) under a lease; None when there is none, or while a rebuild works."""
    if leases.held_until(connection, leases.REBUILD):
        return None
    token = secrets.token_hex(16)
    row = connection.execute(
        text(
            "UPDATE ops.replay SET state = 'running', attempt = attempt + 1, lease_token = :token,"
            " lease_until = now() + make_interval(secs => :s), started_at = coalesce(started_at, now()),"
            " fingerprint = coalesce(fingerprint, :f) WHERE jurisdiction = :j AND replay_id = (SELECT replay_id"
            "  FROM ops.replay WHERE jurisdiction = :j AND state = 'queued'"
            "  AND (CAST(:id AS text) IS NULL OR replay_id = :id)"
            "  ORDER BY queued_at, replay_id LIMIT 1 FOR UPDATE SKIP LOCKED)"
            " RETURNING replay_id, sources, step, fingerprint, counts"
        ),
        {"j": jurisdiction, "token": token, "s": seconds, "f": fingerprint, "id": replay_id},
    ).one_or_none()
    if row is None:
        return None
    counts = tuple(SourceReplay.model_validate(one) for one in row.counts or ())
    return Claimed(jurisdiction, row.replay_id, tuple(row.sources), row.step, token, row.fingerprint, counts)


def checkpoint(
    connection: Connection,
    claimed: Claimed,
    seconds: int,
    *,
    done: int | None = None,
    total: int | None = None,
    counts: Sequence[SourceReplay] | None = None,
) -> bool:
    """Note how far the replay has come and keep its lease; True when it shall end here.

    Belongs in the transaction of what a chunk writes. Raises LeaseLost when the replay is no longer this process's.
    """
    row = connection.execute(
        text(
            "UPDATE ops.replay SET lease_until = now() + make_interval(secs => :s), done = coalesce(:done, done),"
            " total = coalesce(:total, total), counts = coalesce(CAST(:counts AS jsonb), counts)"
            " WHERE jurisdiction = :j AND replay_id = :id AND lease_token = :token AND state = 'running'"
            " RETURNING cancel_requested_at"
        ),
        {**_at(claimed), "s": seconds, "done": done, "total": total, "counts": _said(counts)},
    ).one_or_none()
    if row is None:
        raise LeaseLost(f"replay {claimed.replay_id} was taken over")
    return row.cancel_requested_at is not None


def finish(
    connection: Connection,
    claimed: Claimed,
    state: str,
    *,
    plan: Sequence[SourceReplay] | None = None,
    error: tuple[str, str] | None = None,
) -> None:
    """End a plan or run."""
    connection.execute(
        text(
            "UPDATE ops.replay SET state = :state, finished_at = now(), lease_token = NULL, lease_until = NULL,"
            " plan = coalesce(CAST(:plan AS jsonb), plan), error_class = :class, error_text = :text"
            " WHERE jurisdiction = :j AND replay_id = :id AND lease_token = :token"
        ),
        {
            **_at(claimed),
            "state": state,
            "plan": _said(plan),
            "class": error and error[0],
            "text": error and storable(error[1])[:2000],
        },
    )


def release(connection: Connection, claimed: Claimed) -> str:
    """Give an unfinished replay back to the queue, or end it where a person asked for that; gives what it is now.

    To be stopped is no failed attempt.
    """
    state: str | None = connection.execute(
        text(
            "UPDATE ops.replay SET state = CASE WHEN cancel_requested_at IS NULL THEN 'queued' ELSE 'cancelled' END,"
            " finished_at = CASE WHEN cancel_requested_at IS NOT NULL THEN now() END,"
            " attempt = attempt - 1, lease_token = NULL, lease_until = NULL"
            " WHERE jurisdiction = :j AND replay_id = :id AND lease_token = :token RETURNING state"
        ),
        _at(claimed),
    ).scalar_one_or_none()
    return state or "lost"


def sweep(connection: Connection, jurisdiction: int) -> int:
    """Take replays from processes that fell silent; gives how many.

    Those a person cancelled end as `cancelled`, those tried too often as `failed`, the others go back to the queue.
    """
    return connection.execute(
        text(
            "UPDATE ops.replay SET state = CASE WHEN cancel_requested_at IS NOT NULL THEN 'cancelled'"
            "  WHEN attempt >= :most THEN 'failed' ELSE 'queued' END,"
            " error_class = CASE WHEN cancel_requested_at IS NULL AND attempt >= :most THEN 'LeaseExpired' END,"
            " finished_at = CASE WHEN cancel_requested_at IS NOT NULL OR attempt >= :most THEN now() END, lease_token = NULL, lease_until = NULL"
            " WHERE jurisdiction = :j AND replay_id IN (SELECT replay_id FROM ops.replay WHERE jurisdiction = :j"
            "  AND state = 'running' AND lease_until < now() FOR UPDATE SKIP LOCKED)"
        ),
        {"j": jurisdiction, "most": MOST_ATTEMPTS},
    ).rowcount


def check_none_runs(connection: Connection) -> None:
    """Raise Conflict while a replay writes into the serving drawer of any jurisdiction."""
    row = connection.execute(
        text(
            "SELECT jurisdiction, replay_id, lease_until FROM ops.replay WHERE state = 'running' AND step = 'run'"
            " AND lease_until >= now() ORDER BY jurisdiction, replay_id LIMIT 1"
        )
    ).one_or_none()
    if row is not None:
        raise Conflict(
            f"replay {row.replay_id} is running and holds its lease until {clock(row.lease_until)}, and longer while it"
            f" works: wait for it to end, or `hub replay cancel {row.replay_id}` first"
        )


def replay(connection: Connection, jurisdiction: int, replay_id: str) -> ReplayView:
    """Give one replay; raise NotFound."""
    row = connection.execute(
        text(f"SELECT {COLUMNS} FROM ops.replay WHERE jurisdiction = :j AND replay_id = :id"),
        {"j": jurisdiction, "id": replay_id},
    ).one_or_none()
    if row is None:
        raise NotFound("no replay has this id")
    return ReplayView.model_validate(dict(row._mapping))


def replays(
    connection: Connection, jurisdiction: int, query: ReplayQuery, after: tuple[datetime, str] | None, n: int
) -> list[ReplayView]:
    """Give up to `n` replays, newest first, behind the place `after`."""
    at, replay_id = after or (None, None)
    values = {"j": jurisdiction, "n": n, "state": query.state, "after_at": at, "after_id": replay_id}
    where_sql = where(FILTERS, values)
    rows = connection.execute(
        text(
            f"SELECT {COLUMNS} FROM ops.replay WHERE jurisdiction = :j{where_sql}"
            " ORDER BY created_at DESC, replay_id DESC LIMIT :n"
        ),
        values,
    )
    return [ReplayView.model_validate(dict(row)) for row in rows.mappings()]


def _at(claimed: Claimed) -> dict[str, Any]:
    return {"j": claimed.jurisdiction, "id": claimed.replay_id, "token": claimed.token}


def _said(counts: Sequence[SourceReplay] | None) -> str | None:
    return None if counts is None else json.dumps([one.model_dump(mode="json") for one in counts])
