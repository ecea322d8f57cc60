"""Leaving the trail that is audited: what a request does stands in the transaction that does it, what is refused after it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

from fastapi import Request

from app.access.account import Account
from app.access.audit import Entry
from app.access.pace import Pace
from app.api.cookies import READING
from app.db import audit, calls
from app.db.session import Connection, Database
from app.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)

DONE = "done"
_doing: ContextVar[tuple[int, Entry] | None] = ContextVar("doing", default=None)


def begin(request: Request, account: Account | None, operation: str) -> None:
    """Remember what this request is about to do, where it may change something."""
    writes = account is not None and request.method not in READING
    _doing.set(
        (account.jurisdiction, entry(request, account, operation)) if account is not None and writes else None
    )


def because(reason: str) -> None:
    """Remember why this request does what it does."""
    if doing := _doing.get():
        _doing.set((doing[0], replace(doing[1], target=f"{doing[1].target} ({reason})")))


def followed(query: Callable[Concatenate[Connection, P], T]) -> Callable[Concatenate[Connection, P], T]:
    """Give a query that also writes down who had it run; both or neither are kept."""

    def run(connection: Connection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result = query(connection, *args, **kwargs)
        if doing := _doing.get():
            audit.append(connection, *doing, DONE)
        return result

    return run


def entry(request: Request, account: Account | None, operation: str) -> Entry:
    """Give who does what in this request; of whom nobody knows, by the name of the key that was tried."""
    tried = request.headers.get("authorization", "").partition("hub_")[2][:8]
    return Entry(
        account.account_id if account else "",
        account.name if account else "",
        account.credential if account else f"key:{tried}" if tried else "",
        operation,
        f"{request.method} {request.url.path}",
        address(request),
    )


def address(request: Request) -> str:
    """Give where a request comes from."""
    return request.client.host if request.client else ""


class Refusals:
    """Writes down what is refused, of one address no more than a few each second: a flood must not fill the disk."""

    def __init__(self, database: Database, jurisdiction: int) -> None:
        self._database, self._jurisdiction = database, jurisdiction
        self._pace = Pace(5.0, 100)

    def note(self, request: Request, operation: str, status: int) -> None:
        """Write down that a request was refused; a database that is away hinders no answer."""
        account: Account | None = getattr(request.state, "account", None)
        said = entry(request, account, operation)
        if self._pace.take(said.address, time.monotonic()):
            return
        place = account.jurisdiction if account else self._jurisdiction
        try:
            calls.write(self._database, audit.append, place, said, str(status))
        except Unavailable as error:
            log.warning("a refusal is not in the audit: %s", error)
