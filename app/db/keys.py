"""API keys: named, scoped, shown once; only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from app.db import jurisdictions
from app.errors import BadRequest, NotAuthenticated, NotFound

SCOPES = ("sync", "judge", "reconcile", "admin")
"""What a key may do besides reading; `admin` may do everything."""
_DEPARTMENT = re.compile(r"department:[a-z][a-z0-9_]*")
"""The scope of a department's own key, which is given what concerns that department alone."""

_TOKEN = re.compile(r"hub_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
_REFUSED = "a valid key is needed: `Authorization: Bearer hub_…` (an admin makes one with `hub keys add`)"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it may be shown: who it was made for, where and what it may do."""

    jurisdiction: int
    key_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def may(self, scope: str) -> bool:
        """Say whether the key has the right `scope`."""
        return scope in self.scopes or "admin" in self.scopes

    def speaks_for(self, source: str) -> bool:
        """Say whether the key is of the department that publishes `source`."""
        return self.may(f"department:{source.partition('.')[0]}")


def add(
    connection: Connection,
    jurisdiction: int,
    name: str,
    scopes: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> str:
    """Make a key for `name` and give its text, which nobody can be shown again."""
    wanted = sorted(set(scopes))
    if unknown := [scope for scope in wanted if scope not in SCOPES and not _DEPARTMENT.fullmatch(scope)]:
        raise BadRequest(
            f"no such scope: {', '.join(unknown)}; there are {', '.join(SCOPES)} and department:NAME"
        )
    if not name.strip():
        raise BadRequest("a key is made for somebody: give a name")
    jurisdictions.ensure(connection, jurisdiction)
    key_id = secrets.token_hex(4)
    token = f"hub_{key_id}_{secrets.token_urlsafe(32)}"
    connection.execute(
        text(
            "INSERT INTO ops.api_key (jurisdiction, key_id, name, hash, scopes, created_at, expires_at)"
            " VALUES (:j, :id, :name, :hash, :scopes, now(), :expires)"
        ),
        {
            "j": jurisdiction,
            "id": key_id,
            "name": name.strip(),
            "hash": _hash(token),
            "scopes": wanted,
            "expires": expires_at,
        },
    )
    return token


def authenticate(connection: Connection, token: str) -> Key:
    """Give the living key `token` is, and note its use once a minute; raise NotAuthenticated with one message for all."""
    shape = _TOKEN.fullmatch(token)
    if shape is None:
        raise NotAuthenticated(_REFUSED)
    rows = connection.execute(
        text(
            "SELECT k.jurisdiction, k.key_id, k.name, k.hash, k.scopes, k.created_at, k.expires_at, k.used_at,"
            " coalesce(k.used_at < now() - interval '1 minute', true) AS stale"
            " FROM ops.jurisdiction j JOIN ops.api_key k ON k.jurisdiction = j.jurisdiction AND k.key_id = :id"
            " WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())"
        ),
        {"id": shape[1]},
    ).all()
    given = _hash(token)
    found = next((row for row in rows if hmac.compare_digest(bytes(row.hash), given)), None)
    if found is None:
        raise NotAuthenticated(_REFUSED)
    if found.stale:
        connection.execute(
            text("UPDATE ops.api_key SET used_at = now() WHERE jurisdiction = :j AND key_id = :id"),
            {"j": found.jurisdiction, "id": found.key_id},
        )
    return Key(
        found.jurisdiction,
        found.key_id,
        found.name,
        tuple(found.scopes),
        found.created_at,
        found.expires_at,
        None,
        found.used_at,
    )


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
            "SELECT jurisdiction, key_id, name, scopes, created_at, expires_at, revoked_at, used_at"
            " FROM ops.api_key WHERE jurisdiction = :j ORDER BY created_at, key_id"
        ),
        {"j": jurisdiction},
    )
    return [Key(row[0], row[1], row[2], tuple(row[3]), *row[4:]) for row in rows]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()
