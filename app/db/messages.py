"""Messages on their way to subscribers: made of the feed in its order, sent under a lease, every attempt written down.

A subscription is a place in the feed. At most one message of it is on its way, so nothing piles up for a receiver that is
away but the feed itself.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from app.db import feed
from app.db.copy import storable
from app.db.seal import unseal
from app.db.texts import text
from app.errors import Conflict, NotFound, SnapshotNeeded
from schemas.api.changes import ChangeView
from schemas.api.subscriptions import AttemptView, MessageQuery, MessageView

SCANNED = 1_000
"""Changes that are looked at for one message."""
SWEPT_AT_ONCE = 5_000
COLUMNS = "message_id, first_no, last_no, changes, state, attempts, created_at, ended_at"


class LeaseLost(Conflict):
    """Another worker sends for this subscription: stop without a further effect."""


class Claimed(NamedTuple):
    """A subscription this worker may send for."""

    jurisdiction: int
    subscription_id: str
    token: str


class Message(NamedTuple):
    """What is to be posted, where to, and the secrets it is signed with, the newest first."""

    message_id: str
    url: str
    body: str
    attempts: int
    secrets: tuple[str, ...]


class Outcome(NamedTuple):
    """What became of an attempt; it was taken where `error` is None, else it is tried again after `wait` seconds if any."""

    status: int | None
    milliseconds: int
    error: str | None
    wait: float | None
    failing_days: int


def claim(connection: Connection, jurisdiction: int, seconds: int, *, slow: bool, n: int) -> list[Claimed]:
    """Take up to `n` subscriptions for which something waits, those that waited longest first; `slow`: of which lane."""
    token = secrets.token_hex(16)
    taken = connection.execute(
        text(
            # asked for once: inside the update it might be asked again, and skip what it has locked itself
            "WITH due AS MATERIALIZED (SELECT subscription_id FROM ops.subscription"
            "  WHERE jurisdiction = :j AND state = 'active' AND slow = :slow AND next_at <= now()"
            "  AND (lease_until IS NULL OR lease_until < now()) AND (sends OR place <"
            "   (SELECT change_no FROM ops.jurisdiction WHERE jurisdiction = :j))"
            "  ORDER BY next_at, subscription_id LIMIT :n FOR UPDATE SKIP LOCKED)"
            " UPDATE ops.subscription SET lease_token = :token, lease_until = now() + make_interval(secs => :s)"
            " WHERE jurisdiction = :j AND subscription_id IN (SELECT subscription_id FROM due)"
            " RETURNING subscription_id"
        ),
        {"j": jurisdiction, "token": token, "s": seconds, "slow": slow, "n": n},
    ).scalars()
    return [Claimed(jurisdiction, name, token) for name in taken]


def following(connection: Connection, claimed: Claimed, seconds: int) -> Message | None:
    """Give the message to be sent next, made of the feed where none waits; None ends the lease: nothing is to be sent.

    Raises LeaseLost. A subscription whose place the feed no longer keeps is disabled: it must not miss changes unseen.
    """
    at = {"j": claimed.jurisdiction, "id": claimed.subscription_id, "token": claimed.token}
    row = connection.execute(
        text(
            "UPDATE ops.subscription SET lease_until = now() + make_interval(secs => :s)"
            " WHERE jurisdiction = :j AND subscription_id = :id AND lease_token = :token AND state = 'active'"
            " RETURNING url, kinds, districts, most, place, secret,"
            " CASE WHEN former_until > now() THEN former_secret END AS former_secret"
        ),
        {**at, "s": seconds},
    ).one_or_none()
    if row is None:
        raise LeaseLost(f"subscription {claimed.subscription_id} is no longer this worker's")
    keys = tuple(unseal(bytes(key)).decode() for key in (row.secret, row.former_secret) if key is not None)
    waiting = connection.execute(
        text(
            "SELECT message_id, body, attempts FROM ops.message WHERE jurisdiction = :j AND subscription_id = :id"
            " AND state = 'waiting' ORDER BY first_no, created_at LIMIT 1"
        ),
        at,
    ).one_or_none()
    if waiting is not None:
        return Message(waiting.message_id, row.url, waiting.body, waiting.attempts, keys)
    place, wanted = row.place, list[ChangeView]()
    kinds, districts = frozenset(row.kinds), frozenset(row.districts)
    try:
        while not wanted and (found := feed.changes(connection, claimed.jurisdiction, place, SCANNED)):
            fits = [one for one in found if _wanted(one, kinds, districts)]
            wanted = fits[: row.most]
            place = wanted[-1].change_no if len(fits) > row.most else found[-1].change_no
    except SnapshotNeeded:
        _stop(connection, at, "behind_the_feed")
        return None
    made = _make(connection, claimed, wanted) if wanted else None
    connection.execute(
        text(
            "UPDATE ops.subscription SET place = :place, sends = :sends,"
            " lease_token = CASE WHEN :sends THEN lease_token END, lease_until = CASE WHEN :sends THEN lease_until END"
            " WHERE jurisdiction = :j AND subscription_id = :id"
        ),
        {**at, "place": place, "sends": made is not None},
    )
    return made and Message(made[0], row.url, made[1], 0, keys)


def _wanted(change: ChangeView, kinds: frozenset[str], districts: frozenset[str]) -> bool:
    return (not kinds or change.kind in kinds) and (
        not districts or not districts.isdisjoint(change.districts)
    )


def _make(connection: Connection, claimed: Claimed, wanted: list[ChangeView]) -> tuple[str, str]:
    message_id = f"{claimed.jurisdiction}-{secrets.token_hex(12)}"
    said = {
        "type": "projects.changed",
        "timestamp": wanted[-1].at.isoformat(),
        "data": {
            "jurisdiction": claimed.jurisdiction,
            "changes": [change.model_dump(mode="json") for change in wanted],
        },
    }
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    connection.execute(
        text(
            "INSERT INTO ops.message (jurisdiction, message_id, subscription_id, first_no, last_no, changes, body, state,"
            " created_at) VALUES (:j, :message, :id, :first, :last, :n, :body, 'waiting', now())"
        ),
        {
            "j": claimed.jurisdiction,
            "id": claimed.subscription_id,
            "message": message_id,
            "first": wanted[0].change_no,
            "last": wanted[-1].change_no,
            "n": len(wanted),
            "body": body,
        },
    )
    return message_id, body


def _stop(connection: Connection, at: dict[str, object], reason: str) -> None:
    connection.execute(
        text(
            "UPDATE ops.subscription SET state = 'disabled', reason = :reason, lease_token = NULL, lease_until = NULL"
            " WHERE jurisdiction = :j AND subscription_id = :id"
        ),
        {**at, "reason": reason},
    )


_NOTE = text(
    "WITH mine AS (UPDATE ops.subscription SET slow = :slow,"
    " failing_since = CASE WHEN :well THEN NULL ELSE coalesce(failing_since, now()) END,"
    " next_at = now() + make_interval(secs => :wait),"
    " state = CASE WHEN :gone OR NOT :well AND failing_since < now() - make_interval(days => :days)"
    "  THEN 'disabled' ELSE state END,"
    " reason = CASE WHEN :gone THEN 'gone' WHEN NOT :well AND failing_since < now() - make_interval(days => :days)"
    "  THEN 'failing' ELSE reason END,"
    " lease_token = CASE WHEN :goes_on THEN lease_token END, lease_until = CASE WHEN :goes_on THEN lease_until END"
    " WHERE jurisdiction = :j AND subscription_id = :id AND lease_token = :token RETURNING subscription_id),"
    " moved AS (UPDATE ops.message SET attempts = attempts + 1,"
    " state = CASE WHEN :well THEN 'taken' WHEN :given_up THEN 'given_up' ELSE state END,"
    " ended_at = CASE WHEN :well OR :given_up THEN now() ELSE ended_at END"
    " WHERE jurisdiction = :j AND message_id = :message AND EXISTS (SELECT FROM mine) RETURNING attempts),"
    " told AS (INSERT INTO ops.attempt (jurisdiction, message_id, attempt_no, at, status, milliseconds, error)"
    "  SELECT :j, :message, 1 + coalesce((SELECT max(attempt_no) FROM ops.attempt WHERE jurisdiction = :j"
    "   AND message_id = :message), 0), now(), CAST(:status AS int), :ms, CAST(:error AS text) FROM moved)"
    " SELECT count(*) FROM mine"
)


def note(
    connection: Connection, claimed: Claimed, message: Message, outcome: Outcome, *, slow: bool, goes_on: bool
) -> None:
    """Write an attempt down and what follows from it; the lease is kept only if the turn `goes_on`. Raises LeaseLost."""
    well = outcome.error is None
    mine = connection.execute(
        _NOTE,
        {
            "j": claimed.jurisdiction,
            "id": claimed.subscription_id,
            "token": claimed.token,
            "message": message.message_id,
            "well": well,
            "gone": outcome.status == 410,
            "given_up": not well and outcome.wait is None,
            "wait": 0.0 if well or outcome.wait is None else outcome.wait,
            "days": outcome.failing_days,
            "slow": slow,
            "goes_on": goes_on,
            "status": outcome.status,
            "ms": outcome.milliseconds,
            "error": outcome.error and storable(outcome.error)[:500],
        },
    ).scalar_one()
    if not mine:
        raise LeaseLost(f"subscription {claimed.subscription_id} is no longer this worker's")


def listing(
    connection: Connection,
    jurisdiction: int,
    subscription_id: str,
    query: MessageQuery,
    after: tuple[datetime, str] | None,
    n: int,
) -> list[MessageView]:
    """Give up to `n` messages of a subscription, newest first, behind the place `after`."""
    rows = connection.execute(
        text(
            f"SELECT {COLUMNS} FROM ops.message WHERE jurisdiction = :j AND subscription_id = :id"
            " AND (CAST(:state AS text) IS NULL OR state = :state)"
            " AND (CAST(:at AS timestamptz) IS NULL OR (created_at, message_id) < (:at, :after))"
            " ORDER BY created_at DESC, message_id DESC LIMIT :n"
        ),
        {
            "j": jurisdiction,
            "id": subscription_id,
            "state": query.state,
            "at": after and after[0],
            "after": after and after[1],
            "n": n,
        },
    )
    return [MessageView.model_validate(dict(row)) for row in rows.mappings()]


def attempts(
    connection: Connection, jurisdiction: int, subscription_id: str, message_id: str
) -> list[AttemptView]:
    """Give every attempt to send a message, oldest first; raise NotFound for one that is not kept."""
    at = {"j": jurisdiction, "id": subscription_id, "message": message_id}
    _known(connection, at)
    rows = connection.execute(
        text(
            "SELECT attempt_no, at, status, milliseconds, error FROM ops.attempt"
            " WHERE jurisdiction = :j AND message_id = :message ORDER BY attempt_no"
        ),
        at,
    )
    return [AttemptView.model_validate(dict(row)) for row in rows.mappings()]


def resend(connection: Connection, jurisdiction: int, subscription_id: str, message_id: str) -> None:
    """Let a message be sent at once, with all its attempts before it; raise NotFound for one that is not kept."""
    _set(connection, jurisdiction, subscription_id, message_id, "waiting")


def give_up(connection: Connection, jurisdiction: int, subscription_id: str, message_id: str) -> None:
    """Let a message go that holds back those behind it; raise NotFound for one that is not kept."""
    _set(connection, jurisdiction, subscription_id, message_id, "given_up")


def _set(
    connection: Connection, jurisdiction: int, subscription_id: str, message_id: str, state: str
) -> None:
    at = {"j": jurisdiction, "id": subscription_id, "message": message_id, "state": state}
    # the subscription first, as who sends does: two who take them in another order would wait for one another
    connection.execute(
        text(
            "UPDATE ops.subscription SET sends = true, next_at = now() WHERE jurisdiction = :j AND subscription_id = :id"
        ),
        at,
    )
    _known(connection, at)
    connection.execute(
        text(
            "UPDATE ops.message SET state = :state, attempts = CASE WHEN :state = 'waiting' THEN 0 ELSE attempts END,"
            " ended_at = CASE WHEN :state <> 'waiting' THEN now() END"
            " WHERE jurisdiction = :j AND message_id = :message AND state <> :state"
        ),
        at,
    )


def _known(connection: Connection, at: dict[str, object]) -> None:
    known = connection.execute(
        text(
            "SELECT EXISTS (SELECT FROM ops.message WHERE jurisdiction = :j AND subscription_id = :id"
            " AND message_id = :message)"
        ),
        at,
    ).scalar_one()
    if not known:
        raise NotFound("no message of this subscription has this id; what was sent is kept for a time only")


def sweep(connection: Connection, jurisdiction: int, days: int) -> int:
    """Forget messages that ended more than `days` ago with their attempts, a bounded lot at once; gives how many."""
    gone: int = connection.execute(
        text(
            "WITH gone AS (DELETE FROM ops.message WHERE jurisdiction = :j AND message_id IN ("
            "  SELECT message_id FROM ops.message WHERE jurisdiction = :j AND ended_at < now() - make_interval(days => :days)"
            "  ORDER BY ended_at LIMIT :n) RETURNING message_id),"
            " forgotten AS (DELETE FROM ops.attempt WHERE jurisdiction = :j"
            "  AND message_id IN (SELECT message_id FROM gone))"
            " SELECT count(*) FROM gone"
        ),
        {"j": jurisdiction, "days": days, "n": SWEPT_AT_ONCE},
    ).scalar_one()
    return gone
