"""Accounts and their keys, for the security admin."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path

from app.api import trail
from app.api.errors import problems
from app.api.hub import Caller, HubDep
from app.db import accounts, keys
from app.db.accounts import rights
from app.db.session import Connection
from schemas.api.accounts import AccountView, KeyMade, KeyView, NewAccount, NewKey, RightsGiven
from schemas.api.shapes import Listed, Words

router = APIRouter(tags=["accounts"])

Name = Annotated[Words, Path(description="The account's name")]


@router.get("/accounts", operation_id="list_accounts", responses=problems())
def list_accounts(hub: HubDep, caller: Caller) -> Listed[AccountView]:
    """Give every account with its keys, by name; never a key's text; always one page."""
    return Listed(items=tuple(hub.read(_accounts, caller.jurisdiction)), next=None)


@router.post("/accounts", operation_id="add_account", status_code=201, responses=problems(409))
def add_account(new: NewAccount, hub: HubDep, caller: Caller) -> KeyMade:
    """Make an account with its first key, which is shown this once."""
    given = rights(new.roles, new.departments, new.districts)
    trail.because(f"{new.name}: {_said(new)}")
    ends = _ends(new.days)
    made = hub.write(keys.add, caller.jurisdiction, new.name, given, by=caller.name, expires_at=ends)
    return KeyMade(name=new.name, key=made)


@router.put("/accounts/{name}/rights", operation_id="change_rights", status_code=204, responses=problems(404))
def change_rights(name: Name, new: RightsGiven, hub: HubDep, caller: Caller) -> None:
    """Give an account other rights, from now on."""
    given = rights(new.roles, new.departments, new.districts)
    trail.because(_said(new))
    hub.write(accounts.change, caller.jurisdiction, name, given)
    hub.callers.forget()


@router.post("/accounts/{name}/keys", operation_id="add_key", status_code=201, responses=problems(404, 409))
def add_key(name: Name, new: NewKey, hub: HubDep, caller: Caller) -> KeyMade:
    """Make the key that follows the one in use, shown this once; both live until the former is revoked."""
    made = hub.write(keys.follow, caller.jurisdiction, name, expires_at=_ends(new.days))
    return KeyMade(name=name, key=made)


@router.delete("/accounts/{name}", operation_id="shut_account", status_code=204, responses=problems(404))
def shut_account(name: Name, hub: HubDep, caller: Caller) -> None:
    """Shut an account with its keys and sessions, for good."""
    hub.write(accounts.disable, caller.jurisdiction, name)
    hub.callers.forget()


@router.delete("/keys/{key_id}", operation_id="revoke_key", status_code=204, responses=problems(404))
def revoke_key(key_id: Annotated[Words, Path()], hub: HubDep, caller: Caller) -> None:
    """Take a key back: here at once, in other processes within seconds."""
    hub.write(keys.revoke, caller.jurisdiction, key_id)
    hub.callers.forget()


def _accounts(connection: Connection, jurisdiction: int) -> list[AccountView]:
    held = defaultdict[str, list[KeyView]](list)
    for key in keys.list_keys(connection, jurisdiction):
        held[key.name].append(
            KeyView.model_validate({name: getattr(key, name) for name in KeyView.model_fields})
        )
    return [
        AccountView(
            name=one.name,
            roles=tuple(sorted(one.rights.roles)),
            departments=tuple(sorted(one.rights.reach.departments)),
            districts=tuple(sorted(one.rights.reach.districts)),
            created_by=one.created_by,
            created_at=one.created_at,
            disabled_at=one.disabled_at,
            keys=tuple(held[one.name]),
        )
        for one in accounts.list_accounts(connection, jurisdiction)
    ]


def _said(new: RightsGiven) -> str:
    """Rights in the words they were asked for, for the audit."""
    return " ".join((*new.roles, *new.departments, *new.districts))


def _ends(days: int | None) -> datetime | None:
    return datetime.now(UTC) + timedelta(days=days) if days else None
