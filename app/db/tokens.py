"""Bearer tokens of keys and sessions: shown once, kept as their SHA-256 alone, found again by the id they carry."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from app.access.account import Account
from app.db.accounts import rights_of
from app.db.texts import text
from app.errors import NotAuthenticated

_SHAPE = re.compile(r"(hubs?)_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Kind:
    """What tells keys and sessions apart: how the text begins, the rows, and when one (`t`) of an account (`a`) lives."""

    prefix: str
    credential: str
    table: str
    id_column: str
    used_column: str
    living_sql: str
    refused: str


class Token(NamedTuple):
    """A fresh token: the id it is found by, its text, which nobody can be shown again, and what is kept of that."""

    token_id: str
    text: str
    hash: bytes


def fresh(kind: Kind) -> Token:
    """Give a token nobody has seen, of 256 random bits."""
    token_id = secrets.token_hex(4)
    said = f"{kind.prefix}_{token_id}_{secrets.token_urlsafe(32)}"
    return Token(token_id, said, _hash(said))


def authenticate(connection: Connection, kind: Kind, token: str) -> Account:
    """Give the account whose living token this is, and note its use once a minute.

    Raises NotAuthenticated with one message for all.
    """
    shape = _SHAPE.fullmatch(token)
    if shape is None or shape[1] != kind.prefix:
        raise NotAuthenticated(kind.refused)
    table, id_sql, used_sql = kind.table, kind.id_column, kind.used_column
    rows = connection.execute(
        text(
            f"SELECT t.jurisdiction, t.{id_sql} AS token_id, t.hash, a.account_id, a.name, a.roles, a.departments,"
            f" a.districts, coalesce(t.{used_sql} < now() - interval '1 minute', true) AS stale"
            f" FROM ops.jurisdiction j JOIN {table} t ON t.jurisdiction = j.jurisdiction AND t.{id_sql} = :id"
            " JOIN ops.account a ON a.jurisdiction = t.jurisdiction AND a.account_id = t.account_id"
            f" WHERE a.disabled_at IS NULL AND {kind.living_sql}"
        ),
        {"id": shape[2]},
    ).all()
    given = _hash(token)
    found = next((row for row in rows if hmac.compare_digest(bytes(row.hash), given)), None)
    if found is None:
        raise NotAuthenticated(kind.refused)
    if found.stale:
        connection.execute(
            text(f"UPDATE {table} SET {used_sql} = now() WHERE jurisdiction = :j AND {id_sql} = :id"),
            {"j": found.jurisdiction, "id": found.token_id},
        )
    held = rights_of(found.roles, found.departments, found.districts)
    credential = f"{kind.credential}:{found.token_id}"
    return Account(found.jurisdiction, found.account_id, found.name, held.roles, held.reach, credential)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()
