"""The one door every route stands behind: its rule is looked up, its caller let in or refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import iter_route_contexts

from app.access.account import Account
from app.access.roles import bearing
from app.access.rules import RULES, Rows, Rule
from app.api import cookies, trail
from app.api.callers import Callers
from app.db.keys import REFUSED
from app.errors import NotAuthenticated, NotPermitted

SCHEME = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of an account: `hub_<id>_<secret>`, made by `hub keys add`.",
    }
}


async def let_in(request: Request) -> None:
    """Let the request on to its route as its rule says; raise NotAuthenticated or NotPermitted."""
    route = request.scope["route"]
    rule = RULES[operation(route)]
    trail.begin(request, None, operation(route))
    if rule.anonymous:
        return
    account = await _permitted(request, rule)
    request.app.state.hub.callers.count(account)
    trail.begin(request, account, operation(route))


async def still_let_in(request: Request) -> Account:
    """Give who a long answer goes to, as it is now; raise NotAuthenticated or NotPermitted once it would be refused."""
    return await _permitted(request, RULES[operation(request.scope["route"])])


async def _permitted(request: Request, rule: Rule) -> Account:
    callers: Callers = request.app.state.hub.callers
    token = token_of(request)
    account = callers.known(token)
    if account is None:
        account = await run_in_threadpool(callers.of, token, trail.address(request))
    request.state.account = account
    permit(account, rule)
    return account


def token_of(request: Request) -> str:
    """Give the key of a request, else the session of its cookie; neither is taken in the other's place.

    Raises NotAuthenticated where there is none, and NotPermitted for a session used by a page of another site.
    """
    said = request.headers.get("authorization")
    if said is None and (session := request.cookies.get(cookies.SESSION, "")).startswith("hubs_"):
        cookies.own_pages_only(request)
        return session
    kind, _, token = (said or "").partition(" ")
    if kind.lower() != "bearer" or not token.strip().startswith("hub_"):
        raise NotAuthenticated(REFUSED)
    return token.strip()


def permit(account: Account, rule: Rule) -> None:
    """Raise NotPermitted unless the rule lets this account call."""
    if not account.may(rule.scopes):
        raise NotPermitted(
            f"this account may not do that: it takes one of the roles {', '.join(bearing(rule.scopes))}"
        )
    if rule.rows is Rows.WHOLE:
        permit_whole(account)


def permit_whole(account: Account) -> None:
    """Raise NotPermitted unless the account reaches every row of its jurisdiction."""
    if not account.reach.whole:
        raise NotPermitted("this is told to those alone who reach all departments and districts")


def operation(route: Any) -> str:
    """Give the name a route's rule stands under: its operation id, or the name of a page that has none."""
    return getattr(route, "operation_id", None) or str(route.name)


def operations(app: FastAPI) -> Iterator[str]:
    """Give the name of every route of an app."""
    for context in iter_route_contexts(app.routes):
        yield operation(context.route)
