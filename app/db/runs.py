"""Runs as rows: due slots become queued runs, a run is claimed under a lease, and every effect is fenced by its token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Boolean, Connection, bindparam

from app.db.copy import storable
from app.db.texts import text
from app.errors import Conflict, NotFound
from schemas.api.sources import SourceSettings

MOST_ATTEMPTS = 5
MOST_FAILURES = 5
"""After so many failed runs in a row a source is left alone for a minute, then twice as long each time, up to an hour."""
LONGEST_ASKED = 86_400.0
"""How long a source may ask to be left alone, in seconds."""
LATE_SECONDS = 60
"""How late a slot may be ticked at before it counts as missed."""


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
    missed: str
    now: datetime

    @property
    def too_late(self) -> bool:
        """Tell whether the slot was missed and its source wants none of those."""
        return self.missed == "skip" and (self.now - self.slot).total_seconds() > LATE_SECONDS


def due(connection: Connection, jurisdiction: int, limit: int = 50) -> list[Due]:
    """Hold the sources whose slot has come by the database's clock; those another replica holds are skipped.

    One that wants all its slots is due again when its former run has ended: it takes them one by one.
    """
    rows = connection.execute(
        text(
            "SELECT source, next_run_at, every_seconds, missed, clock_timestamp() FROM ops.source s WHERE jurisdiction = :j"
            " AND enabled AND attention IS NULL AND next_run_at <= clock_timestamp() AND (missed <> 'all' OR NOT EXISTS ("
            "  SELECT FROM ops.run r WHERE r.jurisdiction = :j AND r.source = s.source AND r.state IN ('queued', 'running')))"
            " ORDER BY next_run_at LIMIT :n FOR UPDATE SKIP LOCKED"
        ),
        {"j": jurisdiction, "n": limit},
    )
    return [Due(*row) for row in rows]


_QUEUE = text(
    "INSERT INTO ops.run (jurisdiction, run_id, source, trigger, slot, state, queued_at, finished_at, error_class)"
    " SELECT :j, id, name, 'schedule', slot, CASE WHEN why IS NULL THEN 'queued' ELSE 'skipped' END, now(),"
    " CASE WHEN why IS NOT NULL THEN now() END, why FROM (SELECT w.*, CASE WHEN w.late THEN 'Missed'"
    "  WHEN s.open_until > now() THEN 'LeftAlone' WHEN EXISTS (SELECT FROM ops.run r WHERE r.jurisdiction = :j"
    "   AND r.source = w.name AND r.state IN ('queued', 'running')) THEN 'StillRunning' END AS why, s.missed"
    "  FROM unnest(CAST(:ids AS text[]), CAST(:sources AS text[]), CAST(:slots AS timestamptz[]),"
    "   CAST(:late AS boolean[])) AS w(id, name, slot, late)"
    "  JOIN ops.source s ON s.jurisdiction = :j AND s.source = w.name) AS wanted"
    " WHERE missed <> 'all' OR why IS DISTINCT FROM 'StillRunning' ON CONFLICT DO NOTHING RETURNING state"
)


def queue_slots(connection: Connection, jurisdiction: int, slots: Mapping[Due, datetime]) -> int:
    """Write one run per slot and set when each source is due again: slot → next slot. Gives the runs queued.

    A slot that is passed over is a run too, `skipped`, with why: its former run still waits or works (StillRunning), it
    failed too often or asked to be left alone (LeftAlone), or nobody ticked at its time (Missed). One of a source that
    wants all its slots waits for the former run: `due` may not have seen a run that was queued in the same moment.
    """
    wanted = sorted(slots)
    values = {
        "j": jurisdiction,
        "sources": [due.source for due in wanted],
        "slots": [due.slot for due in wanted],
        "late": [due.too_late for due in wanted],
        "nexts": [slots[due] for due in wanted],
        "ids": [f"{jurisdiction}-{secrets.token_hex(8)}" for _ in wanted],
    }
    states = list(connection.execute(_QUEUE, values).scalars())
    if len(states) < len(wanted):  # a run was asked for in this moment: it is seen the second time
        states += connection.execute(_QUEUE, values).scalars()
    connection.execute(
        text(
            "UPDATE ops.source SET next_run_at = s.next FROM unnest(CAST(:sources AS text[]),"
            " CAST(:nexts AS timestamptz[])) AS s(name, next)"
            " WHERE source.jurisdiction = :j AND source.source = s.name AND EXISTS (SELECT FROM ops.run r"
            "  WHERE r.jurisdiction = :j AND r.source = s.name AND r.slot = source.next_run_at)"
        ),
        values,
    )
    return states.count("queued")


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
    "  open_until = CASE WHEN NOT well THEN open_until END, attention = CASE WHEN NOT :last THEN attention END FROM held WHERE jurisdiction = :j AND source = :source)"
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
    retry_after: float | None = None,
) -> None:
    """End a run, and note on its source whether it went well, whether a person must act first, and whether to leave it alone.

    That is for as long as it asked for (`retry_after`, seconds), or once it has failed too often.
    """
    connection.execute(
        text(
            "WITH ended AS (UPDATE ops.run SET state = :state, error_class = :class, error_text = :text,"
            "  finished_at = now(), lease_token = NULL, lease_until = NULL"
            "  WHERE jurisdiction = :j AND run_id = :r AND lease_token = :token RETURNING run_id),"
            " forgotten AS (DELETE FROM ops.listing_seen WHERE jurisdiction = :j AND run_id = :r"
            "  AND EXISTS (SELECT FROM ended))"
            " UPDATE ops.source SET failures = CASE WHEN :state = 'succeeded' THEN 0"
            "  WHEN :state = 'cancelled' THEN failures ELSE failures + 1 END,"
            " succeeded_at = CASE WHEN :state = 'succeeded' THEN now() ELSE succeeded_at END, attention = :attention,"
            " open_until = CASE WHEN :state = 'failed' THEN greatest(now() + make_interval(secs => CAST(:asked AS float)),"
            "  CASE WHEN failures + 1 >= :most THEN now() + make_interval(secs => least(3600, 60 * power(2,"
            "   least(failures + 1 - :most, 10)))) END) WHEN :state = 'cancelled' THEN open_until END"
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
            "asked": None if retry_after is None else min(retry_after, LONGEST_ASKED),
            "most": MOST_FAILURES,
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
            " open_until = NULL, enabled = true"
        ),
        {
            "j": jurisdiction,
            "s": source,
            "location": location,
            "every": every_seconds,
            "scheduled": scheduled,
        },
    )


def cancel(connection: Connection, jurisdiction: int, run_id: str) -> None:
    """Ask a run to end: one that waits ends at once, one that works behind its page; another is left as it is."""
    connection.execute(
        text(
            "UPDATE ops.run SET cancel_requested_at = coalesce(cancel_requested_at, now()),"
            " state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,"
            " finished_at = CASE WHEN state = 'queued' THEN now() END"
            " WHERE jurisdiction = :j AND run_id = :id AND state IN ('queued', 'running')"
        ),
        {"j": jurisdiction, "id": run_id},
    )


def forget(connection: Connection, jurisdiction: int, days: int) -> int:
    """Forget runs that ended more than `days` ago, a bounded lot at once; gives how many."""
    return connection.execute(
        text(
            "DELETE FROM ops.run WHERE jurisdiction = :j AND run_id IN (SELECT run_id FROM ops.run WHERE jurisdiction = :j"
            " AND queued_at < now() - make_interval(days => :days) AND finished_at < now() - make_interval(days => :days)"
            " ORDER BY queued_at LIMIT 5000)"
        ),
        {"j": jurisdiction, "days": days},
    ).rowcount


def settle(connection: Connection, jurisdiction: int, source: str, wanted: SourceSettings) -> None:
    """Set how a bound source is run; what is not said stays. A source switched off keeps its place; raise NotFound."""
    said = wanted.model_dump(exclude_unset=True)
    found = connection.execute(
        text(
            "UPDATE ops.source SET enabled = CASE WHEN :enabled_said THEN :enabled ELSE enabled END,"
            " every_seconds = CASE WHEN :every_seconds_said THEN CAST(:every_seconds AS int) ELSE every_seconds END,"
            " next_run_at = CASE WHEN :every_seconds_said AND next_run_at IS NOT NULL THEN now() ELSE next_run_at END,"
            " missed = CASE WHEN :missed_said THEN :missed ELSE missed END,"
            " fresh_seconds = CASE WHEN :fresh_seconds_said THEN CAST(:fresh_seconds AS int) ELSE fresh_seconds END"
            " WHERE jurisdiction = :j AND source = :s"
        ),
        {
            "j": jurisdiction,
            "s": source,
            **wanted.model_dump(),
            **{f"{name}_said": name in said for name in type(wanted).model_fields},
        },
    ).rowcount
    if not found:
        raise NotFound(f"{source} is not bound here: run `hub sources bind` first")
