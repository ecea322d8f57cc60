"""What people decide: answers, merges, splits and moves, each with what it changes, and the way back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import TypeAdapter

from app.api import deciding
from app.api.errors import problems
from app.api.hub import Caller, HubDep
from app.api.paging import listed, place
from app.db import decisions
from schemas.api.decisions import (
    DecisionNo,
    DecisionQuery,
    DecisionView,
    Merge,
    Move,
    NewDecision,
    Split,
    Undo,
)
from schemas.api.shapes import Asked, Listed, PublicId

router = APIRouter(tags=["decisions"])

Number = Annotated[DecisionNo, Path(description="as the decision was answered or listed")]
ProjectId = Annotated[PublicId, Path(description="A project's id, or that of any of its records")]
LAST_DECISION: TypeAdapter[int] = TypeAdapter(DecisionNo)
REFUSED = problems(401, 403, 404, 409)


@router.post("/decisions", operation_id="decide", status_code=201, responses=REFUSED)
def decide(new: NewDecision, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]) -> DecisionView:
    """Keep the answers to one or many questions, all or none; 409 names what changed since they were looked at."""
    hub.answers(caller, *((one.a, one.b) for one in new.answers))
    return deciding.answer(hub, hub.place(query.jurisdiction, caller), new, caller.name)


@router.get("/decisions", operation_id="list_decisions", responses=problems(401, 403))
def list_decisions(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[DecisionQuery, Query()]
) -> Listed[DecisionView]:
    """Give what people decided, newest first."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST_DECISION, query.cursor)
    found = hub.read(decisions.decisions, at, query, after, query.limit + 1)
    return listed(request, found, query.limit, LAST_DECISION, lambda item: item.decision_no)


@router.get("/decisions/{number}", operation_id="read_decision", responses=problems(401, 403, 404))
def read_decision(
    number: Number, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]
) -> DecisionView:
    """Give one decision: who, when, why, what it changed, and whether it was undone."""
    return hub.read(decisions.read, hub.place(query.jurisdiction, caller), number)


@router.post("/decisions/{number}/undo", operation_id="undo_decision", status_code=201, responses=REFUSED)
def undo_decision(
    number: Number, new: Undo, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]
) -> DecisionView:
    """Take a decision back, which is a decision too; 409 names the later ones that build on it."""
    return deciding.undo(hub, hub.place(query.jurisdiction, caller), number, new.reason, caller.name)


@router.post(
    "/projects/{project_id}/merge", operation_id="merge_projects", status_code=201, responses=REFUSED
)
def merge_projects(project_id: ProjectId, new: Merge, hub: HubDep, caller: Caller) -> DecisionView:
    """Make two projects one, from the next resolving on."""
    at = hub.place_of(project_id, caller)
    hub.answers(caller, (project_id, new.other))
    return deciding.merge(hub, at, project_id, new, caller.name)


@router.post("/projects/{project_id}/split", operation_id="split_project", status_code=201, responses=REFUSED)
def split_project(project_id: ProjectId, new: Split, hub: HubDep, caller: Caller) -> DecisionView:
    """Take records out of a project, to be one of their own."""
    at = hub.place_of(project_id, caller)
    hub.answers(caller, (project_id,))
    return deciding.split(hub, at, project_id, new, caller.name)


@router.post("/records/{record_id}/move", operation_id="move_record", status_code=201, responses=REFUSED)
def move_record(
    record_id: Annotated[PublicId, Path(description="The record that leaves its project")],
    new: Move,
    hub: HubDep,
    caller: Caller,
) -> DecisionView:
    """Take a record out of its project and put it into another."""
    at = hub.place_of(record_id, caller)
    hub.answers(caller, (record_id, new.to))
    return deciding.move(hub, at, record_id, new, caller.name)
