"""API keys: shown once; only their SHA-256 is kept. What a key may do is its account's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.access.account import Account
from app.db import accounts, tokens
from app.db.accounts import Rights, rights_of
from app.db.texts import text
from app.errors import Conflict, NotFound

MOST_LIVE = 2
"""Living keys of an account: the one in use, and the one that follows it."""

REFUSED = "a valid key is needed: `Authorization: Bearer hub_…` (an admin makes one with `hub keys add`)"
_LIVING = "t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())"
_KIND = tokens.Kind(
    prefix="hub",
    credential="key",
    table="ops.api_key",
    id_column="key_id",
    used_column="used_at",
    living_sql=f"{_LIVING} AND (t.begins_at IS NULL OR t.begins_at <= now())",
    refused=REFUSED,
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it may be shown: whose it is, what that account may do, and how long it holds."""

    jurisdiction: int
    key_id: str
    name: str
    rights: Rights
    created_at: datetime
    begins_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


def add(
    connection: Connection,
    jurisdiction: int,
    name: str,
    given: Rights,
    *,
    by: str,
    begins_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Make an account with its first key, and give the key's text, which nobody can be shown again; raise Conflict."""
    account_id = accounts.add(connection, jurisdiction, name, given, by)
    return _make(connection, jurisdiction, account_id, begins_at, expires_at)


def follow(
    connection: Connection,
    jurisdiction: int,
    name: str,
    *,
    begins_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Make the key that is to take the place of an account's key in use; both live until the former is revoked.

    Raises NotFound, and Conflict where two live already.
    """
    account_id = accounts.hold(connection, jurisdiction, name).account_id
    live = connection.execute(
        text(
            f"SELECT count(*) FROM ops.api_key t WHERE t.jurisdiction = :j AND t.account_id = :account AND {_LIVING}"
        ),
        {"j": jurisdiction, "account": account_id},
    ).scalar_one()
    if live >= MOST_LIVE:
        raise Conflict(f"{name!r} has {live} living keys: revoke the one that is no longer used first")
    return _make(connection, jurisdiction, account_id, begins_at, expires_at)


def authenticate(connection: Connection, token: str) -> Account:
    """Give the account whose living key `token` is, and note its use once a minute.

    Raises NotAuthenticated with one message for all.
    """
    return tokens.authenticate(connection, _KIND, token)


def revoke(connection: Connection, jurisdiction: int, key_id: str) -> None:
    """Take a key back, from now on; raise NotFound when there is none, and change nothing when it was revoked before."""
    done = connection.execute(
        text(
            "UPDATE ops.api_key SET revoked_at = coalesce(revoked_at, now())"
            " WHERE jurisdiction = :j AND key_id = :id RETURNING key_id"
        ),
        {"j": jurisdiction, "id": key_id},
    ).scalar_one_or_none()
    if done is None:
        raise NotFound(f"no key {key_id} in jurisdiction {jurisdiction}")


def list_keys(connection: Connection, jurisdiction: int) -> list[Key]:
    """Give every key of a jurisdiction, oldest first; never its text or hash."""
    rows = connection.execute(
        text(
            "SELECT k.jurisdiction, k.key_id, a.name, a.roles, a.departments, a.districts, k.created_at, k.begins_at,"
            " k.expires_at, least(k.revoked_at, a.disabled_at) AS revoked_at, k.used_at FROM ops.api_key k"
            " JOIN ops.account a ON a.jurisdiction = k.jurisdiction AND a.account_id = k.account_id"
            " WHERE k.jurisdiction = :j ORDER BY k.created_at, k.key_id"
        ),
        {"j": jurisdiction},
    )
    return [Key(row[0], row[1], row[2], rights_of(row[3], row[4], row[5]), *row[6:]) for row in rows]


def _make(
    connection: Connection,
    jurisdiction: int,
    account_id: str,
    begins_at: datetime | None,
    expires_at: datetime | None,
) -> str:
    made = tokens.fresh(_KIND)
    connection.execute(
        text(
            "INSERT INTO ops.api_key (jurisdiction, key_id, account_id, hash, created_at, begins_at, expires_at)"
            " VALUES (:j, :id, :account, :hash, now(), :begins, :expires)"
        ),
        {
            "j": jurisdiction,
            "id": made.token_id,
            "account": account_id,
            "hash": made.hash,
            "begins": begins_at,
            "expires": expires_at,
        },
    )
    return made.text
