"""What was done and refused, for the audit admin."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import TypeAdapter

from app.api.errors import problems
from app.api.hub import Caller, HubDep
from app.api.paging import listed, place
from app.db import audit
from schemas.api.audit import AuditQuery, AuditView
from schemas.api.shapes import Listed, Words

router = APIRouter(tags=["audit"])

LAST_ROW: TypeAdapter[str] = TypeAdapter(Words)


@router.get("/audit", operation_id="list_audit", responses=problems())
def list_audit(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[AuditQuery, Query()]
) -> Listed[AuditView]:
    """Give who did what and what was refused, newest first."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST_ROW, query.cursor)
    found = hub.read(audit.rows_of, at, query, after, query.limit + 1)
    return listed(request, found, query.limit, LAST_ROW, lambda row: row.audit_id)
