"""How a person comes to a session: by a password, or by what a provider of identities calls him."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cache

from pwdlib import PasswordHash
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.db import accounts, sessions
from app.db.texts import text
from app.errors import Conflict
from app.oidc import Attempt

MOST_FAILURES, LOCK_MINUTES = 5, 15
REFUSED = "name or password is wrong, or the account is locked for a while"


def set_password(connection: Connection, jurisdiction: int, name: str, password: str) -> None:
    """Let a living account log in by a password, from now on this one, and end its sessions; raise NotFound."""
    set_sql = "password = :hash, failures = 0, locked_until = NULL"
    _open(connection, jurisdiction, name, set_sql, {"hash": _hasher().hash(password)})


def set_subject(connection: Connection, jurisdiction: int, name: str, subject: str) -> None:
    """Let a living account log in as whom the provider of identities calls `subject`, and end its sessions.

    Raises NotFound, and Conflict where the subject opens another account.
    """
    try:
        _open(connection, jurisdiction, name, "subject = :subject", {"subject": subject})
    except IntegrityError as error:
        raise Conflict(f"{subject} is bound to another account already") from error


def checked(connection: Connection, jurisdiction: int, name: str, password: str) -> str | None:
    """Give the account that a name and a password open, None where they do not; the fifth failure locks it for a while.

    Takes as long for names that are nobody's. The caller commits: a failure is kept.
    """
    row = connection.execute(
        text(
            "SELECT account_id, password, locked_until > now() AS locked FROM ops.account"
            " WHERE jurisdiction = :j AND name = :name AND disabled_at IS NULL FOR UPDATE"
        ),
        {"j": jurisdiction, "name": name},
    ).one_or_none()
    hash_ = row.password if row is not None and row.password is not None else _nobody()
    right = _hasher().verify(password, hash_)
    if row is None or row.password is None or row.locked:
        return None
    locks_sql = f"NOT :right AND failures + 1 >= {MOST_FAILURES}"
    connection.execute(
        text(
            f"UPDATE ops.account SET failures = CASE WHEN :right OR {locks_sql} THEN 0 ELSE failures + 1 END,"
            f" locked_until = CASE WHEN {locks_sql} THEN now() + interval '{LOCK_MINUTES} minutes' END"
            " WHERE jurisdiction = :j AND account_id = :id"
        ),
        {"j": jurisdiction, "id": row.account_id, "right": right},
    )
    return str(row.account_id) if right else None


def of_subject(connection: Connection, jurisdiction: int, subject: str) -> str | None:
    """Give the living account that a provider's subject opens, None where there is none."""
    found: str | None = connection.execute(
        text(
            "SELECT account_id FROM ops.account WHERE jurisdiction = :j AND subject = :subject AND disabled_at IS NULL"
        ),
        {"j": jurisdiction, "subject": subject},
    ).scalar_one_or_none()
    return found


def begin_login(connection: Connection, jurisdiction: int, state: str, nonce: str, verifier: str) -> None:
    """Remember a login on its way to the provider of identities, for ten minutes."""
    connection.execute(
        text("DELETE FROM ops.login WHERE jurisdiction = :j AND begun_at < now() - interval '10 minutes'"),
        {"j": jurisdiction},
    )
    connection.execute(
        text(
            "INSERT INTO ops.login (jurisdiction, state, nonce, verifier, begun_at)"
            " VALUES (:j, :state, :nonce, :verifier, now())"
        ),
        {"j": jurisdiction, "state": state, "nonce": nonce, "verifier": verifier},
    )


def take_login(connection: Connection, jurisdiction: int, state: str) -> Attempt | None:
    """Give a login that is on its way, once; None for one that was taken, is too old or never began."""
    row = connection.execute(
        text(
            "DELETE FROM ops.login WHERE jurisdiction = :j AND state = :state"
            " RETURNING state, nonce, verifier, begun_at > now() - interval '10 minutes' AS young"
        ),
        {"j": jurisdiction, "state": state},
    ).one_or_none()
    return Attempt(row.state, row.nonce, row.verifier) if row is not None and row.young else None


def _open(
    connection: Connection, jurisdiction: int, name: str, set_sql: str, values: Mapping[str, str]
) -> None:
    """Change how an account is come by; who came otherwise before is out."""
    account_id = accounts.hold(connection, jurisdiction, name).account_id
    connection.execute(
        text(f"UPDATE ops.account SET {set_sql} WHERE jurisdiction = :j AND account_id = :id"),
        {"j": jurisdiction, "id": account_id, **values},
    )
    sessions.end_all(connection, jurisdiction, account_id)


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))
