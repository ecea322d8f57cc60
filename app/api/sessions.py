"""Logging in by a password, out again, and who one is."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.access.account import Account
from app.api import cookies, trail
from app.api.errors import problems
from app.api.guard import operation
from app.api.hub import Caller, Hub, HubDep
from app.db import audit, calls, logins, sessions
from app.db.session import Connection
from app.errors import NotAuthenticated
from schemas.api.sessions import Login, Whoami

router = APIRouter(prefix="/session", tags=["session"])


@router.post("", operation_id="log_in", status_code=201, responses=problems(401, 403, 429))
def log_in(new: Login, request: Request, response: Response, hub: HubDep) -> Whoami:
    """Begin a session by name and password; five failures lock the account for a quarter of an hour."""
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        cookies.own_pages_only(request)
    at = hub.place(new.jurisdiction)
    address = trail.address(request)
    hub.callers.check_address(address)
    # in a transaction of its own: a failure is kept, whatever is answered
    account_id = calls.write(hub.database, logins.checked, at, new.name, new.password)
    if account_id is None:
        hub.callers.refused(address)
        raise NotAuthenticated(logins.REFUSED)
    token, account = rotated(hub, request, at, account_id)
    cookies.give(response, cookies.SESSION, token)
    return _told(account)


@router.get("", operation_id="read_session", responses=problems())
def read_session(caller: Caller) -> Whoami:
    """Say who is asking, by session or key."""
    return _told(caller)


@router.delete("", operation_id="log_out", status_code=204, responses=problems())
def log_out(response: Response, hub: HubDep, caller: Caller) -> None:
    """End the session; a key goes on."""
    hub.write(sessions.end, caller.jurisdiction, caller.credential)
    hub.callers.forget()
    cookies.take(response, cookies.SESSION)


def rotated(hub: Hub, request: Request, jurisdiction: int, account_id: str) -> tuple[str, Account]:
    """Begin a session with a token nobody has seen, and end the one the browser came with; it stands in the audit."""
    former = request.cookies.get(cookies.SESSION)

    def begin(connection: Connection) -> tuple[str, Account]:
        if former is not None:
            try:
                known = sessions.authenticate(connection, former)
            except NotAuthenticated:
                pass
            else:
                sessions.end(connection, known.jurisdiction, known.credential)
        token = sessions.begin(connection, jurisdiction, account_id)
        account = sessions.authenticate(connection, token)
        done = trail.entry(request, account, operation(request.scope["route"]))
        audit.append(connection, jurisdiction, done, trail.DONE)
        return token, account

    begun = calls.write(hub.database, begin)
    hub.callers.forget()
    return begun


def _told(account: Account) -> Whoami:
    return Whoami(
        jurisdiction=account.jurisdiction,
        name=account.name,
        roles=tuple(sorted(account.roles)),
        scopes=tuple(sorted(account.scopes)),
        departments=tuple(sorted(account.reach.departments)),
        districts=tuple(sorted(account.reach.districts)),
    )
