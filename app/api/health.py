"""Whether the process lives, may serve, and hears from its sources."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from app.api import catalog
from app.api.errors import problems
from app.api.hub import HubDep
from app.db import health
from schemas.api.shapes import Asked, Listed
from schemas.api.sources import Live, Ready, SourceHealth

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", operation_id="read_live", responses=problems())
def read_live() -> Live:
    """Say that the process answers."""
    return Live()


@router.get("/ready", operation_id="read_ready", responses=problems())
def read_ready(hub: HubDep, query: Annotated[Asked, Query()]) -> Ready:
    """Say that the hub may serve: database, migration, derived drawer and rules are this version's."""
    # a view waits for the derived drawer, and here it may be missing
    return hub.write(health.ready, hub.place(query.jurisdiction), hub.rules.common)


@router.get("/sources", operation_id="read_sources_health", responses=problems())
def read_sources_health(hub: HubDep, query: Annotated[Asked, Query()]) -> Listed[SourceHealth]:
    """Give whether each source gives what it should; always one page."""
    found = hub.read(catalog.health, hub.place(query.jurisdiction), hub.manifests)
    return Listed(items=tuple(found), next=None)
