"""What every endpoint is given: the hub it serves, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Concatenate, ParamSpec, TypeVar

from fastapi import Depends, Request

from app.access.account import Account
from app.access.reach import department_of
from app.api import trail
from app.api.callers import Callers
from app.db import calls, projects
from app.db.session import Connection, Database
from app.errors import NotPermitted
from app.pipeline.rules import Rules
from app.settings import Settings
from connectors.manifest import Manifest
from schemas.ids import jurisdiction_of

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hub:
    """One process's hub: its database, the sources it knows, and the rules these share."""

    settings: Settings
    database: Database
    manifests: Mapping[str, Manifest]
    rules: Rules
    variables: Mapping[str, str]
    callers: Callers

    def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a query on one consistent view."""
        return calls.read(self.database, query, *args, **kwargs)

    def write(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a query in one transaction with the audit of who had it called; both are durable when this returns."""
        return calls.write(self.database, trail.followed(query), *args, **kwargs)

    def place(self, asked: int | None, caller: Account | None = None) -> int:
        """Give the jurisdiction a request is about: the one asked for, else the caller's, else the hub's own.

        An account acts only in its own jurisdiction; elsewhere it raises NotPermitted.
        """
        if caller is None:
            return self.settings.jurisdiction if asked is None else asked
        if asked is not None and asked != caller.jurisdiction:
            raise NotPermitted(
                f"this account belongs to jurisdiction {caller.jurisdiction} and may not act in {asked}"
            )
        return caller.jurisdiction

    def place_of(self, public_id: str, caller: Account) -> int:
        """Give the jurisdiction of an id, when the caller may act there."""
        return self.place(jurisdiction_of(public_id), caller)

    def own(self, source: str, caller: Account) -> None:
        """Let only the department that publishes `source` pass; raise NotPermitted."""
        if not caller.reach.owns(source):
            raise NotPermitted(
                f"this is told to its own department alone, {department_of(source)}, and of all its districts together"
            )

    def answers(self, caller: Account, *questions: Collection[str]) -> None:
        """Let only those pass who answer for each question, named by its records or projects; raise NotPermitted."""
        if caller.reach.whole:
            return
        asked = {name for question in questions for name in question}
        found = self.read(projects.sides, caller.jurisdiction, asked)
        for question in questions:
            sides = [found[name] for name in question if name in found]
            departments = {department for side in sides for department in side.departments}
            if len(sides) < len(question) or not caller.reach.answers(
                departments, [side.district for side in sides]
            ):
                raise NotPermitted("this is of other departments or districts than the account's")


async def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


HubDep = Annotated[Hub, Depends(_hub)]


async def _caller(request: Request) -> Account:
    caller: Account = request.state.account
    return caller


Caller = Annotated[Account, Depends(_caller)]
"""The account that was let in to this route."""
