"""The app as a table of routes over one hub."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.rules import RULES, check_rules
from app.api import (
    accounts,
    audit,
    changes,
    decisions,
    deliveries,
    desk,
    docs,
    errors,
    exporting,
    health,
    hooks,
    index,
    logins,
    matching,
    portfolio,
    projects,
    replays,
    returns,
    reviews,
    sessions,
    sources,
    subscriptions,
)
from app.api.errors import problems
from app.api.guard import SCHEME, let_in, operations
from app.api.headers import SecurityHeaders
from app.api.hub import Hub
from app.api.limits import BodyLimit, said_once
from app.api.receiving import Receiving
from app.api.trail import Refusals
from schemas.api.shapes import Problem

PREFIX = "/api/v1"
INVENTORY_LIMIT = 16 * 1_048_576
PUSH_LIMIT = 16 * 1_048_576
"""Beyond what any source may push; each has its own limit below it."""


class Api(FastAPI):
    """FastAPI whose description tells what is really answered: problems, and 400 for what cannot be used.

    What is put in `front` is asked first, before any of its layers, and passes on to `behind` what it does not answer.
    """

    front: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self.front is None:
            await super().__call__(scope, receive, send)
        else:
            await self.front(scope, receive, send)

    async def behind(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request as the route table declares it."""
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = _declared(super().openapi())
        return self.openapi_schema


def build(hub: Hub) -> Api:
    """Give the app that serves `hub`; raise LookupError where a route has no rule who may call it."""
    app = Api(
        title="Lifecycle Hub 项目全生命周期数据枢纽",
        version="1",
        summary="A city's departments see the same investment project, from 在谈 to 达产.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # both load their scripts from the internet, and the hub lives where there is none
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(let_in)],
    )
    app.state.hub = hub
    app.state.provider = logins.provider_of(hub)
    app.state.refusals = Refusals(hub.database, hub.settings.jurisdiction)
    app.state.follower = changes.follower_of(hub)
    app.state.receiving = Receiving(hub)
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(said_once)])
    for room in (
        projects,
        exporting,
        portfolio,
        sources,
        replays,
        hooks,
        deliveries,
        changes,
        subscriptions,
        returns,
        desk,
        reviews,
        decisions,
        matching,
        accounts,
        audit,
        logins,
        sessions,
        health,
    ):
        api.include_router(room.router)
    app.include_router(api)
    app.include_router(index.router)
    app.include_router(docs.router)
    check_rules(operations(app))
    errors.install(app)
    larger = {
        re.compile(f"{PREFIX}/reconciliations"): INVENTORY_LIMIT,
        re.compile(f"{PREFIX}/sources/[^/]+/check"): returns.CHECK_LIMIT,
        re.compile(f"{PREFIX}/hooks/[^/]+(/check)?"): PUSH_LIMIT,
    }
    app.add_middleware(BodyLimit, limit=hub.settings.push_limit, larger=larger)
    app.add_middleware(SecurityHeaders)
    return app


def _declared(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the problem it refers to, and without FastAPI's 422, which this API never answers."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    reference = "#/components/schemas/{model}"
    described = Problem.model_json_schema(ref_template=reference, mode="serialization")
    schemas.update(described.pop("$defs"))
    schemas["Problem"] = described
    document["components"]["securitySchemes"] = SCHEME
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    for methods in document["paths"].values():
        for operation in methods.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                del operation["responses"]["422"]
            if not RULES[operation["operationId"]].anonymous:
                operation["security"] = [{name: []} for name in SCHEME]
                refusals = {str(status): said for status, said in problems(401, 403, 429).items()}
                operation["responses"] = dict(sorted({**refusals, **operation["responses"]}.items()))
    return document
