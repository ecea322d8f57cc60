"""Pushes as the description declares them: verify on raw bytes, keep durably, acknowledge; the worker reads what is inside.

Requests that are as usual are answered by `app.doors.hooks`, which stands in front and says the same.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.exceptions import HTTPException

from app.api import receiving
from app.api.errors import problems
from app.api.hub import HubDep
from app.api.receiving import Receiving
from app.api.trail import address
from app.db import pushes
from app.db.pushes import Kept, Push
from app.db.session import Connection
from schemas.api.deliveries import PushCheck, Receipt
from schemas.api.shapes import Asked

router = APIRouter(tags=["hooks"])

MOST_TOLD = 1_000
"""Rows with something to tell in the answer to a check; the others are counted."""
BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}
ANSWERS = problems(401, 404, 409, 410, 422, 429)


async def _receiving(request: Request) -> Receiving:
    known: Receiving = request.app.state.receiving
    return known


ReceivingDep = Annotated[Receiving, Depends(_receiving)]


async def _raw_body(source: str, request: Request, known: ReceivingDep) -> bytes:
    """Read no more than the source may send."""
    limit, parts, size = known.limit(source), [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise HTTPException(413)
        parts.append(part)
    return b"".join(parts)


Body = Annotated[bytes, Depends(_raw_body)]


@router.post("/hooks/{source}", operation_id="push", status_code=202, responses=ANSWERS, openapi_extra=BODY)
def push(
    source: str,
    request: Request,
    hub: HubDep,
    known: ReceivingDep,
    body: Body,
    query: Annotated[Asked, Query()],
) -> Receipt:
    """Keep one message signed by Standard Webhooks; it is durable when the receipt is given."""
    at = hub.place(query.jurisdiction)
    message, variable = known.verified(at, source, request.headers.raw, body, address(request))
    if known.strict(source):
        receiving.refuse_faulty(hub, at, message)
    return receiving.receipt(
        message, hub.write(_accept, at, message, variable, note=known.to_note(at, source, variable))
    )


@router.post("/hooks/{source}/check", operation_id="check_push", responses=ANSWERS, openapi_extra=BODY)
def check_push(
    source: str,
    request: Request,
    hub: HubDep,
    known: ReceivingDep,
    body: Body,
    query: Annotated[Asked, Query()],
) -> PushCheck:
    """Tell what would become of a signed message and of each of its rows; nothing is kept, and no id is used up."""
    at = hub.place(query.jurisdiction)
    message, _ = known.verified(at, source, request.headers.raw, body, address(request))
    before = hub.read(pushes.foresee, at, message)
    told = receiving.checked(hub, at, message, MOST_TOLD)
    said = receiving.receipt(message, before) if before else None
    return PushCheck(**dict(told), sha256=message.sha256.hex(), status="duplicate" if said else "accepted")


def _accept(connection: Connection, jurisdiction: int, message: Push, variable: str, *, note: bool) -> Kept:
    kept = pushes.accept(connection, jurisdiction, message)
    if note:
        pushes.note_use(connection, jurisdiction, message.source, variable)
    return kept
