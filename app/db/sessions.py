"""People's sessions: opaque to whoever holds one, a row here; and how a person comes to one by a password."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from functools import cache

from pwdlib import PasswordHash
from sqlalchemy import Connection

from app.access.account import Account
from app.db.accounts import rights_of
from app.db.texts import text
from app.errors import NotAuthenticated, NotFound
from app.oidc import Attempt

IDLE_MINUTES, LONGEST_HOURS = 30, 8
MOST_FAILURES, LOCK_MINUTES = 5, 15

_TOKEN = re.compile(r"hubs_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
ENDED = "this session has ended: log in again"
REFUSED = "name or password is wrong, or the account is locked for a while"
_LIVING = f"s.seen_at > now() - interval '{IDLE_MINUTES} minutes' AND s.begun_at > now() - interval '{LONGEST_HOURS} hours'"


def set_password(connection: Connection, jurisdiction: int, name: str, password: str) -> None:
    """Let an account log in by a password, from now on this one; raise NotFound."""
    done = connection.execute(
        text(
            "UPDATE ops.account SET password = :hash, failures = 0, locked_until = NULL"
            " WHERE jurisdiction = :j AND name = :name AND disabled_at IS NULL RETURNING account_id"
        ),
        {"j": jurisdiction, "name": name, "hash": _hasher().hash(password)},
    ).scalar_one_or_none()
    if done is None:
        raise NotFound(f"no account {name!r} in jurisdiction {jurisdiction}")
    end_all(connection, jurisdiction, done)


def set_subject(connection: Connection, jurisdiction: int, name: str, subject: str) -> None:
    """Let an account log in as whom the provider of identities calls `subject`; raise NotFound."""
    done = connection.execute(
        text(
            "UPDATE ops.account SET subject = :subject WHERE jurisdiction = :j AND name = :name"
            " AND disabled_at IS NULL RETURNING account_id"
        ),
        {"j": jurisdiction, "name": name, "subject": subject},
    ).scalar_one_or_none()
    if done is None:
        raise NotFound(f"no account {name!r} in jurisdiction {jurisdiction}")


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
    connection.execute(
        text(
            "UPDATE ops.account SET failures = CASE WHEN :right THEN 0 ELSE failures + 1 END,"
            f" locked_until = CASE WHEN NOT :right AND failures + 1 >= {MOST_FAILURES}"
            f"  THEN now() + interval '{LOCK_MINUTES} minutes' ELSE NULL END"
            " WHERE jurisdiction = :j AND account_id = :id"
        ),
        {"j": jurisdiction, "id": row.account_id, "right": right},
    )
    if not right:
        connection.execute(
            text(
                f"UPDATE ops.account SET failures = 0 WHERE jurisdiction = :j AND account_id = :id AND failures >= {MOST_FAILURES}"
            ),
            {"j": jurisdiction, "id": row.account_id},
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


def begin(connection: Connection, jurisdiction: int, account_id: str) -> str:
    """Begin a session and give its text, which nobody can be shown again; forget those that have ended."""
    connection.execute(
        text(f"DELETE FROM ops.session s WHERE s.jurisdiction = :j AND NOT ({_LIVING})"), {"j": jurisdiction}
    )
    session_id = secrets.token_hex(4)
    token = f"hubs_{session_id}_{secrets.token_urlsafe(32)}"
    connection.execute(
        text(
            "INSERT INTO ops.session (jurisdiction, session_id, account_id, hash, begun_at, seen_at)"
            " VALUES (:j, :id, :account, :hash, now(), now())"
        ),
        {"j": jurisdiction, "id": session_id, "account": account_id, "hash": _hash(token)},
    )
    return token


def authenticate(connection: Connection, token: str) -> Account:
    """Give the account whose living session `token` is, and note once a minute that it is used; raise NotAuthenticated."""
    shape = _TOKEN.fullmatch(token)
    if shape is None:
        raise NotAuthenticated(ENDED)
    rows = connection.execute(
        text(
            "SELECT s.jurisdiction, s.session_id, s.hash, a.account_id, a.name, a.roles, a.departments, a.districts,"
            " s.seen_at < now() - interval '1 minute' AS stale FROM ops.jurisdiction j"
            " JOIN ops.session s ON s.jurisdiction = j.jurisdiction AND s.session_id = :id"
            " JOIN ops.account a ON a.jurisdiction = s.jurisdiction AND a.account_id = s.account_id"
            f" WHERE a.disabled_at IS NULL AND {_LIVING}"
        ),
        {"id": shape[1]},
    ).all()
    given = _hash(token)
    found = next((row for row in rows if hmac.compare_digest(bytes(row.hash), given)), None)
    if found is None:
        raise NotAuthenticated(ENDED)
    if found.stale:
        connection.execute(
            text("UPDATE ops.session SET seen_at = now() WHERE jurisdiction = :j AND session_id = :id"),
            {"j": found.jurisdiction, "id": found.session_id},
        )
    held = rights_of(found.roles, found.departments, found.districts)
    return Account(
        found.jurisdiction,
        found.account_id,
        found.name,
        held.roles,
        held.reach,
        f"session:{found.session_id}",
    )


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


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()
