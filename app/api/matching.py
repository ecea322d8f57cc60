"""Why two records are one project or not, which words contradict, and who fits an example."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import TypeAdapter

from app.api import conflicts, examples
from app.api.errors import problems
from app.api.hub import Caller, HubDep
from app.api.paging import listed, place
from app.errors import BadRequest
from app.pipeline.review import evidence
from schemas.api.matching import Example, Matches
from schemas.api.reviews import ConflictView, Evidence
from schemas.api.shapes import Asked, Listed, Paged, PublicId
from schemas.ids import jurisdiction_of

router = APIRouter(tags=["matching"])

RecordId = Annotated[PublicId, Path(description="A project record's id")]
LAST_CONFLICT: TypeAdapter[tuple[str, str]] = TypeAdapter(tuple[PublicId, PublicId])


@router.post("/match", operation_id="match_example", responses=problems(401, 403))
def match_example(new: Example, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]) -> Matches:
    """Give the records that may be of a project of which only this is known; nothing is kept."""
    return hub.read(examples.matches, hub.place(query.jurisdiction, caller), caller.reach, new)


@router.get("/pairs/{a}/{b}", operation_id="explain_pair", responses=problems(401, 403, 404))
def explain_pair(a: RecordId, b: RecordId, hub: HubDep, caller: Caller) -> Evidence:
    """Give what speaks for and against two records being one project, and why they are in one or not."""
    if a == b or jurisdiction_of(a) != jurisdiction_of(b):
        raise BadRequest("give two records of one jurisdiction")
    at = hub.place_of(a, caller)
    hub.answers(caller, (a, b))
    return hub.read(evidence.evidence, at, a, b)


@router.get("/conflicts", operation_id="list_conflicts", responses=problems(401, 403))
def list_conflicts(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[Paged, Query()]
) -> Listed[ConflictView]:
    """Give the words that cannot stand beside others, with all that leads from one to the other."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST_CONFLICT, query.cursor)
    found = hub.read(conflicts.conflicts, at, after, query.limit + 1)
    return listed(request, found, query.limit, LAST_CONFLICT, lambda item: (item.a, item.b))
