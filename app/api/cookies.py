"""The cookie a person's session lives in, and that only the hub's own pages use it."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from app.errors import NotPermitted

SESSION = "__Host-hub"
"""Its prefix makes browsers keep it to this host, to TLS (or localhost) and to every path alike."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def give(response: Response, name: str, token: str) -> None:
    """Have the browser keep a token until it is closed."""
    response.set_cookie(name, token, path="/", secure=True, httponly=True, samesite="lax")


def take(response: Response, name: str) -> None:
    """Have the browser forget a token."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


def own_pages_only(request: Request) -> None:
    """Raise NotPermitted for a change asked for by a page of somebody else, which a browser would send the cookie with."""
    if request.method in READING:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site != "same-origin":
        raise NotPermitted("this was asked for by a page of another site")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise NotPermitted("this was asked for by a page of another site")
    if site is None and origin is None:
        raise NotPermitted("with a session, changes come from a browser: programs use a key")
