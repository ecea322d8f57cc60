"""People's sessions: opaque to whoever holds one, a row here."""

from __future__ import annotations

from sqlalchemy import Connection

from app.access.account import Account
from app.db import tokens
from app.db.texts import text

IDLE_MINUTES, LONGEST_HOURS = 30, 8

_LIVING = f"t.seen_at > now() - interval '{IDLE_MINUTES} minutes' AND t.begun_at > now() - interval '{LONGEST_HOURS} hours'"
_KIND = tokens.Kind(
    prefix="hubs",
    credential="session",
    table="ops.session",
    id_column="session_id",
    used_column="seen_at",
    living_sql=_LIVING,
    refused="this session has ended: log in again",
)


def begin(connection: Connection, jurisdiction: int, account_id: str) -> str:
    """Begin a session and give its text, which nobody can be shown again; forget those that have ended."""
    connection.execute(
        text(f"DELETE FROM ops.session t WHERE t.jurisdiction = :j AND NOT ({_LIVING})"), {"j": jurisdiction}
    )
    made = tokens.fresh(_KIND)
    connection.execute(
        text(
            "INSERT INTO ops.session (jurisdiction, session_id, account_id, hash, begun_at, seen_at)"
            " VALUES (:j, :id, :account, :hash, now(), now())"
        ),
        {"j": jurisdiction, "id": made.token_id, "account": account_id, "hash": made.hash},
    )
    return made.text


def authenticate(connection: Connection, token: str) -> Account:
    """Give the account whose living session `token` is, and note once a minute that it is used; raise NotAuthenticated."""
    return tokens.authenticate(connection, _KIND, token)


def end(connection: Connection, jurisdiction: int, credential: str) -> None:
    """End the session of a credential (`session:<id>`)."""
    connection.execute(
        text("DELETE FROM ops.session WHERE jurisdiction = :j AND session_id = :id"),
        {"j": jurisdiction, "id": credential.removeprefix("session:")},
    )


def end_all(connection: Connection, jurisdiction: int, account_id: str) -> None:
    """End every session of an account."""
    connection.execute(
        text("DELETE FROM ops.session WHERE jurisdiction = :j AND account_id = :id"),
        {"j": jurisdiction, "id": account_id},
    )
