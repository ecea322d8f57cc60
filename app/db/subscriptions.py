"""Who wants to be told of changes, where, and with which secret; a subscription is a place in the feed."""

from __future__ import annotations

import base64
import secrets

from sqlalchemy import Connection

from app.db import feed
from app.db.seal import seal
from app.db.texts import text
from app.errors import NotFound
from schemas.api.subscriptions import NewSubscription, SubscriptionView

FORMER_HOURS = 24
"""How long messages are also signed with the secret that was replaced."""
COLUMNS = (
    "subscription_id, name, url, kinds, districts, most, state, reason, place, failing_since, next_at, created_by,"
    " created_at, former_until"
)


def add(
    connection: Connection, jurisdiction: int, wanted: NewSubscription, by: str
) -> tuple[SubscriptionView, str]:
    """Make a subscription and give its secret, which nobody can be shown again; raises SnapshotNeeded for a place not kept."""
    place = wanted.after
    if place is None:
        place = feed.newest(connection, [jurisdiction]).get(jurisdiction, 0)
    else:
        feed.changes(connection, jurisdiction, place, 1)
    secret = _secret()
    row = connection.execute(
        text(
            "INSERT INTO ops.subscription (jurisdiction, subscription_id, name, url, kinds, districts, most, place, secret,"
            " state, next_at, created_by, created_at) VALUES (:j, :id, :name, :url, :kinds, :districts, :most, :place,"
            f" :secret, 'active', now(), :by, now()) RETURNING {COLUMNS}"
        ),
        {
            "j": jurisdiction,
            "id": f"{jurisdiction}-{secrets.token_hex(8)}",
            "name": wanted.name,
            "url": wanted.url,
            "kinds": sorted(set(wanted.kinds)),
            "districts": sorted(set(wanted.districts)),
            "most": wanted.most,
            "place": place,
            "secret": seal(secret.encode()),
            "by": by,
        },
    ).one()
    return SubscriptionView.model_validate(dict(row._mapping)), secret


def listing(connection: Connection, jurisdiction: int, after: str | None, n: int) -> list[SubscriptionView]:
    """Give up to `n` subscriptions by id, behind `after`."""
    rows = connection.execute(
        text(
            f"SELECT {COLUMNS} FROM ops.subscription WHERE jurisdiction = :j AND subscription_id > :after"
            " ORDER BY subscription_id LIMIT :n"
        ),
        {"j": jurisdiction, "after": after or "", "n": n},
    )
    return [SubscriptionView.model_validate(dict(row)) for row in rows.mappings()]


def read(connection: Connection, jurisdiction: int, subscription_id: str) -> SubscriptionView:
    """Give one subscription; raise NotFound."""
    return _one(connection, f"SELECT {COLUMNS} FROM ops.subscription", jurisdiction, subscription_id)


def rotate(connection: Connection, jurisdiction: int, subscription_id: str) -> tuple[SubscriptionView, str]:
    """Give a new secret; what is sent within the next day is signed with the former one as well."""
    secret = _secret()
    view = _one(
        connection,
        "UPDATE ops.subscription SET former_secret = secret, secret = :secret,"
        " former_until = now() + make_interval(hours => :hours)",
        jurisdiction,
        subscription_id,
        secret=seal(secret.encode()),
        hours=FORMER_HOURS,
    )
    return view, secret


def pause(connection: Connection, jurisdiction: int, subscription_id: str) -> SubscriptionView:
    """Send nothing more until it is enabled again; its place in the feed stands."""
    return _one(
        connection,
        "UPDATE ops.subscription SET state = 'paused', lease_token = NULL, lease_until = NULL",
        jurisdiction,
        subscription_id,
    )


def enable(connection: Connection, jurisdiction: int, subscription_id: str) -> SubscriptionView:
    """Send again from where it stands, at once; raises SnapshotNeeded when the feed no longer leads on from there."""
    view = _one(
        connection,
        "UPDATE ops.subscription SET state = 'active', reason = NULL, failing_since = NULL, slow = false, next_at = now()",
        jurisdiction,
        subscription_id,
    )
    feed.changes(connection, jurisdiction, view.place, 1)
    return view


def replay(connection: Connection, jurisdiction: int, subscription_id: str, after: int) -> SubscriptionView:
    """Send again all changes behind number `after`; raises SnapshotNeeded when they are kept no more."""
    feed.changes(connection, jurisdiction, after, 1)
    return _one(
        connection,
        "UPDATE ops.subscription SET place = :after, next_at = now()",
        jurisdiction,
        subscription_id,
        after=after,
    )


def remove(connection: Connection, jurisdiction: int, subscription_id: str) -> None:
    """End a subscription, with all that is kept of what was sent; raise NotFound."""
    at = {"j": jurisdiction, "id": subscription_id}
    gone = connection.execute(
        text("DELETE FROM ops.subscription WHERE jurisdiction = :j AND subscription_id = :id"), at
    ).rowcount
    if not gone:
        raise NotFound("no subscription has this id")
    connection.execute(
        text(
            "WITH gone AS (DELETE FROM ops.message WHERE jurisdiction = :j AND subscription_id = :id RETURNING message_id)"
            " DELETE FROM ops.attempt WHERE jurisdiction = :j AND message_id IN (SELECT message_id FROM gone)"
        ),
        at,
    )


def _one(
    connection: Connection, statement: str, jurisdiction: int, subscription_id: str, **values: object
) -> SubscriptionView:
    where = " WHERE jurisdiction = :j AND subscription_id = :id"
    returning = f" RETURNING {COLUMNS}" if statement.startswith("UPDATE") else ""
    row = connection.execute(
        text(statement + where + returning), {"j": jurisdiction, "id": subscription_id, **values}
    ).one_or_none()
    if row is None:
        raise NotFound("no subscription has this id")
    return SubscriptionView.model_validate(dict(row._mapping))


def _secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")
