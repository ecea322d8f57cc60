"""Accounts: who may call, in which roles, and which rows they reach."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from app.access.reach import EVERY, Reach
from app.access.roles import EXCLUSIVE, OF_A_DEPARTMENT, OF_A_DISTRICT, Role, compatible, scopes_of
from app.db import jurisdictions
from app.db.texts import text
from app.errors import BadRequest, Conflict, NotFound
from schemas.places import region_of

_DEPARTMENT = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account is given: roles, and the reach they are used in."""

    roles: frozenset[Role]
    reach: Reach


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as it may be shown."""

    jurisdiction: int
    account_id: str
    name: str
    rights: Rights
    created_by: str
    created_at: datetime
    disabled_at: datetime | None


def rights(roles: Iterable[str], departments: Iterable[str] = (), districts: Iterable[str] = ()) -> Rights:
    """Give rights as they were asked for; raise BadRequest for those nobody can have, or that would reach no row.

    `all` or `*` means every department or district.
    """
    asked = frozenset(roles)
    if not asked or (unknown := sorted(asked - set(Role))):
        wrong = f"no such role: {', '.join(unknown)}" if asked else "an account has at least one role"
        raise BadRequest(f"{wrong}; there are {', '.join(Role)}")
    given = frozenset(Role(role) for role in asked)
    if not compatible(given):
        raise BadRequest(f"nobody is two of {', '.join(sorted(EXCLUSIVE))} (三员分立)")
    reach = Reach(_words(departments), _words(districts))
    named = reach.departments - {EVERY}
    if wrong := ", ".join(sorted(name for name in named if not _DEPARTMENT.fullmatch(name))):
        raise BadRequest(f"no department is called {wrong}; write its key, as housing, or all")
    if wrong := ", ".join(sorted(code for code in reach.districts - {EVERY} if region_of(code) is None)):
        raise BadRequest(f"no district has the code {wrong}; write six digits, as 430204, or all")
    scopes = scopes_of(given)
    if scopes & OF_A_DEPARTMENT and not reach.departments:
        raise BadRequest("these roles see nothing without a department: name one or more, or all")
    if scopes & OF_A_DISTRICT and not reach.districts:
        raise BadRequest("these roles see nothing without a district: name one or more, or all")
    return Rights(given, reach)


def add(connection: Connection, jurisdiction: int, name: str, given: Rights, by: str) -> str:
    """Make an account and give its id; raise Conflict where the name is taken."""
    if not name.strip():
        raise BadRequest("an account is somebody's: give a name")
    jurisdictions.ensure(connection, jurisdiction)
    account_id = secrets.token_hex(4)
    made = connection.execute(
        text(
            "INSERT INTO ops.account (jurisdiction, account_id, name, roles, departments, districts, created_by, created_at)"
            " VALUES (:j, :id, :name, :roles, :departments, :districts, :by, now())"
            " ON CONFLICT (jurisdiction, name) DO NOTHING RETURNING account_id"
        ),
        {"j": jurisdiction, "id": account_id, "name": name.strip(), "by": by, **_values(given)},
    ).scalar_one_or_none()
    if made is None:
        raise Conflict(
            f"{name.strip()!r} has an account already: give it a further key, or change its rights"
        )
    return account_id


def change(connection: Connection, jurisdiction: int, name: str, given: Rights) -> None:
    """Give an account other rights; raise NotFound."""
    _alter(
        connection,
        jurisdiction,
        name,
        "roles = :roles, departments = :departments, districts = :districts",
        _values(given),
    )


def disable(connection: Connection, jurisdiction: int, name: str) -> None:
    """Shut an account with all its keys, for good; raise NotFound."""
    _alter(connection, jurisdiction, name, "disabled_at = coalesce(disabled_at, now())", {})


def hold(connection: Connection, jurisdiction: int, name: str) -> AccountView:
    """Give a living account, locked until the transaction ends; raise NotFound."""
    row = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM ops.account WHERE jurisdiction = :j AND name = :name AND disabled_at IS NULL FOR UPDATE"
        ),
        {"j": jurisdiction, "name": name},
    ).one_or_none()
    if row is None:
        raise _unknown(jurisdiction, name)
    return _view(row)


def list_accounts(connection: Connection, jurisdiction: int) -> list[AccountView]:
    """Give every account of a jurisdiction, by name."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM ops.account WHERE jurisdiction = :j ORDER BY name"), {"j": jurisdiction}
    )
    return [_view(row) for row in rows]


_COLUMNS = (
    "jurisdiction, account_id, name, roles, departments, districts, created_by, created_at, disabled_at"
)


def rights_of(roles: Iterable[str], departments: Iterable[str], districts: Iterable[str]) -> Rights:
    """Give rights as they are kept; a role this version does not know gives none."""
    known = frozenset(Role(role) for role in roles if role in set(Role))
    return Rights(known, Reach(frozenset(departments), frozenset(districts)))


def _alter(
    connection: Connection, jurisdiction: int, name: str, set_sql: str, values: Mapping[str, object]
) -> None:
    done = connection.execute(
        text(
            f"UPDATE ops.account SET {set_sql} WHERE jurisdiction = :j AND name = :name RETURNING account_id"
        ),
        {"j": jurisdiction, "name": name, **values},
    ).scalar_one_or_none()
    if done is None:
        raise _unknown(jurisdiction, name)


def _view(row: Row[Any]) -> AccountView:
    held = rights_of(row.roles, row.departments, row.districts)
    return AccountView(
        row.jurisdiction,
        row.account_id,
        row.name,
        held,
        row.created_by,
        row.created_at,
        row.disabled_at,
    )


def _words(said: Iterable[str]) -> frozenset[str]:
    words = frozenset(word.strip() for word in said)
    return frozenset({EVERY}) if words & {EVERY, "all"} else words


def _values(given: Rights) -> dict[str, list[str]]:
    return {
        "roles": sorted(given.roles),
        "departments": sorted(given.reach.departments),
        "districts": sorted(given.reach.districts),
    }


def _unknown(jurisdiction: int, name: str) -> NotFound:
    return NotFound(f"no account {name!r} in jurisdiction {jurisdiction}; see `hub keys list`")
