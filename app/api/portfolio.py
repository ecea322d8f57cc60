"""All projects at once: the funnel and the silo map."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from app.api import catalog
from app.api.errors import problems
from app.api.hub import Caller, HubDep
from app.db import portfolio
from schemas.api.portfolio import Coverage, CoverageQuery, Funnel, PortfolioQuery

router = APIRouter(prefix="/portfolio", tags=["portfolio"])


@router.get("/funnel", operation_id="read_funnel", responses=problems())
def read_funnel(hub: HubDep, caller: Caller, query: Annotated[PortfolioQuery, Query()]) -> Funnel:
    """Give how many projects stand at each stage, with investment and the state of their loops."""
    return hub.read(portfolio.funnel, hub.place(query.jurisdiction, caller), caller.reach, query)


@router.get("/coverage", operation_id="read_coverage", responses=problems())
def read_coverage(hub: HubDep, caller: Caller, query: Annotated[CoverageQuery, Query()]) -> Coverage:
    """Give what each department gives and owes at each stage, and how fresh its sources are."""
    at = hub.place(query.jurisdiction, caller)
    return hub.read(catalog.coverage, at, caller.reach, hub.manifests, query)
