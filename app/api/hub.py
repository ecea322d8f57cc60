"""What every endpoint is given: the hub it serves, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Concatenate, ParamSpec, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.db import calls, keys
from app.db.keys import Key
from app.db.session import Connection, Database
from app.errors import NotPermitted
from app.pipeline.rules import Rules
from app.settings import Settings
from connectors.manifest import Manifest
from schemas.ids import jurisdiction_of

P = ParamSpec("P")
T = TypeVar("T")

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="A named key: `hub_<id>_<secret>`, made by `hub keys add`.",
)


@dataclass(frozen=True, slots=True)
class Hub:
    """One process's hub: its database, the sources it knows, and the rules these share."""

    settings: Settings
    database: Database
    manifests: Mapping[str, Manifest]
    rules: Rules
    variables: Mapping[str, str]

    def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a query on one consistent view."""
        return calls.read(self.database, query, *args, **kwargs)

    def write(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a query in one transaction; what it did is durable when this returns."""
        return calls.write(self.database, query, *args, **kwargs)

    def place(self, asked: int | None, key: Key | None = None) -> int:
        """Give the jurisdiction a request is about: the one asked for, else the key's, else the hub's own.

        A key acts only in its own jurisdiction; elsewhere it raises NotPermitted.
        """
        if key is None:
            return self.settings.jurisdiction if asked is None else asked
        if asked is not None and asked != key.jurisdiction:
            raise NotPermitted(
                f"this key belongs to jurisdiction {key.jurisdiction} and may not act in {asked}"
            )
        return key.jurisdiction

    def own(self, source: str, key: Key) -> None:
        """Let only the department that publishes `source` pass, or an admin; raise NotPermitted."""
        if not key.speaks_for(source):
            department = source.partition(".")[0]
            raise NotPermitted(
                f"this is told to its own department alone: ask an admin for a key with `department:{department}`"
            )

    def place_of(self, public_id: str, key: Key) -> int:
        """Give the jurisdiction of an id, when the key may act there."""
        return self.place(jurisdiction_of(public_id), key)


async def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


HubDep = Annotated[Hub, Depends(_hub)]


def _caller(hub: HubDep, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Key:
    return hub.write(keys.authenticate, given.credentials if given else "")


Caller = Annotated[Key, Depends(_caller)]
"""Whoever holds a living key."""


def _with(scope: str) -> Callable[[Key], Key]:
    def permitted(key: Caller) -> Key:
        if not key.may(scope):
            raise NotPermitted(f"this key may not do that: ask an admin for one with the scope `{scope}`")
        return key

    return permitted


Syncer = Annotated[Key, Depends(_with("sync"))]
Judge = Annotated[Key, Depends(_with("judge"))]
Reconciler = Annotated[Key, Depends(_with("reconcile"))]
Admin = Annotated[Key, Depends(_with("admin"))]
