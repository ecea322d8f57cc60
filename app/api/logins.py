"""Logging in by the city's provider of identities."""

from __future__ import annotations

import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from app.api import cookies
from app.api.errors import problems
from app.api.hub import Hub, HubDep
from app.api.sessions import rotated
from app.db import calls, logins
from app.errors import NotAuthenticated, NotFound, NotPermitted
from app.oidc import REFUSED, Provider, attempt
from schemas.api.shapes import LongWords

router = APIRouter(prefix="/login", tags=["session"])

ATTEMPT = "__Host-hub-login"
LED: dict[int | str, dict[str, Any]] = {
    303: {"description": "On to the provider of identities, or back to the hub's first page"}
}


def provider_of(hub: Hub) -> Provider | None:
    """Give the provider the settings name, None where they name none."""
    settings = hub.settings
    if not (settings.oidc_issuer and settings.oidc_client_id and settings.oidc_redirect):
        return None
    secret = hub.variables.get("HUB_OIDC_CLIENT_SECRET", "")
    return Provider(settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_redirect)


@router.get(
    "",
    operation_id="begin_login",
    status_code=303,
    response_class=RedirectResponse,
    responses=LED | problems(404),
)
def begin_login(request: Request, hub: HubDep) -> RedirectResponse:
    """Lead the browser to the provider of identities."""
    provider, made = _provider(request), attempt()
    address = provider.address(made)
    calls.write(hub.database, logins.begin_login, hub.settings.jurisdiction, *made)
    answer = RedirectResponse(address, 303)
    cookies.give(answer, ATTEMPT, made.state)
    return answer


@router.get(
    "/callback",
    operation_id="end_login",
    status_code=303,
    response_class=RedirectResponse,
    responses=LED | problems(401, 403, 404),
)
def end_login(
    request: Request,
    hub: HubDep,
    state: Annotated[LongWords, Query()],
    code: Annotated[LongWords | None, Query()] = None,
) -> RedirectResponse:
    """Begin the session of whom the provider names, and lead the browser to the hub's first page."""
    provider, at = _provider(request), hub.settings.jurisdiction
    # the browser that comes back is the one that went, and comes back once
    if not hmac.compare_digest(request.cookies.get(ATTEMPT, "").encode(), state.encode()):
        raise NotAuthenticated(REFUSED)
    made = calls.write(hub.database, logins.take_login, at, state)
    if made is None or code is None:
        raise NotAuthenticated(REFUSED)
    subject = provider.subject(code, made)
    account_id = calls.write(hub.database, logins.of_subject, at, subject)
    if account_id is None:
        raise NotPermitted(f"nobody here is {subject}: ask the security admin to bind it to an account")
    answer = RedirectResponse("/", 303)
    token, _ = rotated(hub, request, at, account_id)
    cookies.give(answer, cookies.SESSION, token)
    cookies.take(answer, ATTEMPT)
    return answer


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NotFound(
            "this hub has no provider of identities (HUB_OIDC_ISSUER): log in by name and password"
        )
    return provider
