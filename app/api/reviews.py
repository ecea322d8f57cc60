"""The review queue: questions people answer, one of two projects each, and who is to answer them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import TypeAdapter

from app.access.account import Account
from app.api import alike, catalog, teaching
from app.api.errors import problems
from app.api.guard import permit_whole
from app.api.hub import Caller, Hub, HubDep
from app.api.paging import listed, place
from app.db import reviews
from schemas.api.decisions import DecisionView
from schemas.api.reviews import AnswerToAll, Assignment, ReviewCounts, ReviewFilter, ReviewQuery, ReviewView
from schemas.api.shapes import Asked, Listed, PublicId
from schemas.ids import jurisdiction_of

router = APIRouter(prefix="/reviews", tags=["review"])

RecordId = Annotated[PublicId, Path(description="one of the two records that name the question")]
LAST_QUESTION: TypeAdapter[tuple[int, str, str]] = TypeAdapter(tuple[int, PublicId, PublicId])


@router.get("", operation_id="list_reviews", responses=problems(401, 403))
def list_reviews(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[ReviewQuery, Query()]
) -> Listed[ReviewView]:
    """Give the questions that fit, the most open and dearest first; or pairs that teach matching most."""
    at = _asked(hub, caller, query)
    if query.order == "teaching":
        permit_whole(caller)
        return Listed(items=tuple(hub.read(teaching.drawn, at, query.limit)), next=None)
    after = place(LAST_QUESTION, query.cursor)
    found = hub.read(reviews.questions, at, caller.reach, query, after, query.limit + 1)
    shown = listed(request, found, query.limit, LAST_QUESTION, lambda item: item[0])
    return Listed(items=tuple(view for _, view in shown.items), next=shown.next)


@router.get("/counts", operation_id="count_reviews", responses=problems(401, 403))
def count_reviews(hub: HubDep, caller: Caller, query: Annotated[ReviewFilter, Query()]) -> ReviewCounts:
    """Count the questions that fit, and the money at stake."""
    return hub.read(reviews.counts, _asked(hub, caller, query), caller.reach, query)


@router.post("/bulk", operation_id="answer_alike", status_code=201, responses=problems(401, 403, 404, 409))
def answer_alike(
    new: AnswerToAll, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]
) -> DecisionView:
    """Answer all open questions of one case alike, as one decision; 409 where they are not as they were counted."""
    return alike.answer(hub, hub.place(query.jurisdiction, caller), caller.reach, new, caller.name)


@router.put("/{a}/{b}/assignment", operation_id="assign_review", responses=problems(401, 403, 404))
def assign_review(a: RecordId, b: RecordId, new: Assignment, hub: HubDep, caller: Caller) -> Assignment:
    """Say who is to answer a question; null gives it back to all."""
    at = hub.place(jurisdiction_of(a), caller)
    hub.answers(caller, (a, b))
    hub.write(reviews.assign, at, a, b, new.assignee, caller.name)
    return new


def _asked(hub: Hub, caller: Account, query: ReviewFilter) -> int:
    catalog.check_department(hub.manifests, query.department)
    return hub.place(query.jurisdiction, caller)
