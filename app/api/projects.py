"""Projects: lists, the golden record, its loop, its records, and why a field says what it says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, TypeAdapter

from app.api import catalog, kinship
from app.api.errors import problems
from app.api.hub import Caller, HubDep
from app.api.paging import listed, place
from app.db import projects
from app.db.projects import Document
from app.masking import masked
from schemas.api.projects import ProjectQuery, ProjectSummary, RecordView
from schemas.api.relations import Family
from schemas.api.shapes import Listed, PagedOfProject, PublicId, Words
from schemas.golden import Claim, GoldenProject, LoopLedger

router = APIRouter(prefix="/projects", tags=["projects"])

Responses = dict[int | str, dict[str, Any]]

ProjectId = Annotated[PublicId, Path(description="A project's id, or that of any of its records")]
LAST_BY_ORDER: dict[str, TypeAdapter[tuple[str, datetime | None, str]]] = {
    "id": TypeAdapter(tuple[Literal["id"], None, PublicId]),
    "updated": TypeAdapter(tuple[Literal["updated"], AwareDatetime, PublicId]),
}
"""The last project shown, with the order it was shown in: a cursor of another order is none."""
LAST_RECORD: TypeAdapter[str] = TypeAdapter(PublicId)
MOVED: Responses = {307: {"description": "The record is in another project now; not to be stored"}}
ABSENT = MOVED | problems(404, 410)
UNCHANGED: Responses = {304: {"description": "The document is the one of If-None-Match"}}


@router.get("", operation_id="list_projects", responses=problems())
def list_projects(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[ProjectQuery, Query()]
) -> Listed[ProjectSummary]:
    """Give the projects that fit every filter, in the order asked for."""
    catalog.check_department(hub.manifests, query.department)
    last = LAST_BY_ORDER[query.order]
    after = place(last, query.cursor)
    at = hub.place(query.jurisdiction, caller)
    found = hub.read(projects.search, at, caller.reach, query, after and after[1:], query.limit + 1)
    return listed(request, found, query.limit, last, lambda item: _place(query, item))


@router.get(
    "/{project_id}",
    operation_id="read_project",
    response_model=GoldenProject,
    responses=ABSENT | UNCHANGED,
)
def read_project(project_id: ProjectId, request: Request, hub: HubDep, caller: Caller) -> Response:
    """Give one project as all departments see it together."""
    hub.place_of(project_id, caller)
    return _document(request, hub.read(projects.golden, caller.reach, project_id))


@router.get(
    "/{project_id}/lifecycle",
    operation_id="read_lifecycle",
    response_model=LoopLedger,
    responses=ABSENT | UNCHANGED,
)
def read_lifecycle(project_id: ProjectId, request: Request, hub: HubDep, caller: Caller) -> Response:
    """Give the project's closed loop: every stage with its state, gaps included."""
    hub.place_of(project_id, caller)
    return _document(request, hub.read(projects.ledger, caller.reach, project_id))


@router.get(
    "/{project_id}/records",
    operation_id="list_project_records",
    responses=ABSENT | problems(401, 403, 404, 410),
)
def list_project_records(
    project_id: ProjectId,
    request: Request,
    hub: HubDep,
    caller: Caller,
    query: Annotated[PagedOfProject, Query()],
) -> Listed[RecordView]:
    """Give what the caller's departments said of the project, record by record."""
    hub.place_of(project_id, caller)
    after = place(LAST_RECORD, query.cursor)
    found = hub.read(projects.records, caller.reach, project_id, after, query.limit + 1)
    found = [record.model_copy(update={"statement": masked(record.statement)}) for record in found]
    return listed(request, found, query.limit, LAST_RECORD, lambda item: item.record_id)


@router.get(
    "/{project_id}/relations",
    operation_id="read_relations",
    responses=ABSENT,
)
def read_relations(project_id: ProjectId, hub: HubDep, caller: Caller) -> Family:
    """Give what the project is a phase or part of and what it replaced, why it is apart from others, and its family."""
    hub.place_of(project_id, caller)
    return hub.read(kinship.family, caller.reach, project_id)


@router.get("/{project_id}/fields/{field}/explain", operation_id="explain_field", responses=ABSENT)
def explain_field(project_id: ProjectId, field: Words, hub: HubDep, caller: Caller) -> Claim:
    """Give the value of one field, the record and rule it won by, and who lost and why."""
    hub.place_of(project_id, caller)
    return hub.read(projects.explain, caller.reach, project_id, field)


def _place(query: ProjectQuery, item: ProjectSummary) -> tuple[str, datetime | None, str]:
    return query.order, item.updated_at if query.order == "updated" else None, item.project_id


def _document(request: Request, document: Document) -> Response:
    """The stored bytes, or 304 when the caller holds them already."""
    etag = f'"{document.etag}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(document.body, headers=headers, media_type="application/json")
