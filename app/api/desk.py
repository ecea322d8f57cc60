"""The admin's desk: reconciling an inventory, and words on two records."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import TypeAdapter

from app.api import deciding, judging, reconciling
from app.api.errors import problems
from app.api.guard import permit_whole
from app.api.hub import Caller, HubDep
from app.api.paging import listed, place
from app.db.session import Connection
from schemas.api.desk import Inventory, JudgementQuery, JudgementView, NewJudgement, Reconciliation
from schemas.api.shapes import Asked, Listed, Number

router = APIRouter()

LAST_JUDGEMENT: TypeAdapter[int] = TypeAdapter(Number)


@router.post(
    "/reconciliations",
    operation_id="reconcile",
    tags=["reconciliation"],
    responses=problems(401, 403, 404),
)
def reconcile(
    inventory: Inventory, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]
) -> Reconciliation:
    """Hold a department's own inventory against what the hub holds of its source; a dry run changes nothing."""
    hub.own(inventory.source, caller)
    return hub.read(reconciling.reconcile, hub.place(query.jurisdiction, caller), hub.manifests, inventory)


@router.post(
    "/judgements",
    operation_id="judge",
    tags=["judgements"],
    status_code=201,
    responses=problems(401, 403, 404, 409),
)
def judge(new: NewJudgement, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]) -> JudgementView:
    """Keep a person's word on two records, or take back or repeat an earlier one."""
    at = hub.place(query.jurisdiction, caller)
    if new.a is None or new.b is None:
        permit_whole(caller)
    else:
        hub.answers(caller, (new.a, new.b))
    plan = hub.read(judging.plan, at, new)

    def write(connection: Connection) -> JudgementView:
        number = deciding.keep(connection, at, plan, new.reason, caller.name)
        return judging.of_decision(connection, at, number, new)

    return hub.write(write)


@router.get("/judgements", operation_id="list_judgements", tags=["judgements"], responses=problems(401, 403))
def list_judgements(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[JudgementQuery, Query()]
) -> Listed[JudgementView]:
    """Give the words said, newest first; `confirm` asks for one again because what it was said about has changed."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST_JUDGEMENT, query.cursor)
    found = hub.read(judging.said, at, query, after, query.limit + 1)
    return listed(request, found, query.limit, LAST_JUDGEMENT, lambda item: item.judgement_no)
