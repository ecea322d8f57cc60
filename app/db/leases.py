"""Leases that exclude whole-hub work from itself: rows with a token and an end, by the database's clock."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from sqlalchemy import Connection

from app.db.texts import text
from app.errors import Conflict

EVERYWHERE = 0
"""The jurisdiction number under which leases of the whole hub are kept."""

REBUILD = "rebuild"
"""The lease of whoever derives everything anew."""


def take(connection: Connection, name: str, seconds: int) -> str:
    """Take the lease and give its token; Conflict while somebody else holds it."""
    token = secrets.token_hex(16)
    taken = connection.execute(
        text(
            "INSERT INTO ops.lease (jurisdiction, name, token, until)"
            " VALUES (:j, :name, :token, now() + make_interval(secs => :s))"
            " ON CONFLICT (jurisdiction, name) DO UPDATE SET token = excluded.token, until = excluded.until"
            " WHERE lease.until < now() RETURNING token"
        ),
        {"j": EVERYWHERE, "name": name, "token": token, "s": seconds},
    ).scalar_one_or_none()
    if taken is None:
        until = held_until(connection, name)
        raise Conflict(
            f"another {name} holds the lease until {until:%H:%M:%S} UTC and longer while it works:"
            " wait for it to end (or for that moment, if its process was killed)"
            if until
            else f"another {name} has just ended: try again"
        )
    return token


def held_until(connection: Connection, name: str) -> datetime | None:
    """Give when the lease ends unless it is extended; None while nobody holds it."""
    until: datetime | None = connection.execute(
        text("SELECT until FROM ops.lease WHERE jurisdiction = :j AND name = :name AND until >= now()"),
        {"j": EVERYWHERE, "name": name},
    ).scalar_one_or_none()
    return until and until.astimezone(UTC)


def extend(connection: Connection, name: str, token: str, seconds: int) -> None:
    """Keep the lease for another while; Conflict when it was lost."""
    kept = connection.execute(
        text(
            "UPDATE ops.lease SET until = now() + make_interval(secs => :s)"
            " WHERE jurisdiction = :j AND name = :name AND token = :token RETURNING token"
        ),
        {"j": EVERYWHERE, "name": name, "token": token, "s": seconds},
    ).scalar_one_or_none()
    if kept is None:
        raise Conflict(f"the lease for {name} was lost to somebody else: start again")


def release(connection: Connection, name: str, token: str) -> None:
    """Give the lease back."""
    connection.execute(
        text("DELETE FROM ops.lease WHERE jurisdiction = :j AND name = :name AND token = :token"),
        {"j": EVERYWHERE, "name": name, "token": token},
    )
