"""What came in and what became of it: deliveries, rejections, issues; and the feed of what changed by it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import TypeAdapter

from app.api import trail
from app.api.errors import problems
from app.api.hub import Caller, HubDep
from app.api.paging import listed, place
from app.db import deliveries, rejections
from app.db.session import Connection
from app.masking import masked
from schemas.api.deliveries import (
    Anomaly,
    DeliveryDetail,
    DeliveryQuery,
    DeliveryRow,
    DeliveryView,
    FindQuery,
    IssueView,
    RejectionQuery,
    RejectionView,
    RowAsSaid,
    Unmasking,
)
from schemas.api.shapes import Asked, Listed, Number, Paged

router = APIRouter()

LAST_DELIVERY: TypeAdapter[int] = TypeAdapter(Number)
LAST_ROW: TypeAdapter[int] = TypeAdapter(Number)
LAST_REJECTION: TypeAdapter[tuple[int, int]] = TypeAdapter(tuple[Number, Number])
LAST_ISSUE: TypeAdapter[tuple[int, int, int]] = TypeAdapter(tuple[Number, Number, int])


@router.get("/deliveries", operation_id="list_deliveries", tags=["deliveries"], responses=problems())
def list_deliveries(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[DeliveryQuery, Query()]
) -> Listed[DeliveryView]:
    """Give the deliveries with their accounting, newest first."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST_DELIVERY, query.cursor)
    found = hub.read(deliveries.deliveries, at, caller.reach, query, after, query.limit + 1)
    return listed(request, found, query.limit, LAST_DELIVERY, lambda item: item.delivery_no)


@router.get(
    "/deliveries/{delivery_no}",
    operation_id="read_delivery",
    tags=["deliveries"],
    responses=problems(401, 403, 404),
)
def read_delivery(
    delivery_no: Annotated[Number, Path()],
    request: Request,
    hub: HubDep,
    caller: Caller,
    query: Annotated[Paged, Query()],
) -> DeliveryDetail:
    """Give one delivery with the outcome, number and hash of each row; with a key of its own department."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST_ROW, query.cursor)
    head, rows, anomalies = hub.read(_delivery, at, delivery_no, after, query.limit + 1)
    hub.own(head.source, caller)
    page = listed(request, rows, query.limit, LAST_ROW, lambda row: row.row_no)
    return DeliveryDetail(**dict(head), rows=page, anomalies=anomalies)


def _delivery(
    connection: Connection, jurisdiction: int, number: int, after: int | None, n: int
) -> tuple[DeliveryView, list[DeliveryRow], tuple[Anomaly, ...]]:
    head = deliveries.delivery(connection, jurisdiction, number)
    done = head.state == "normalized"
    rows = deliveries.rows(connection, jurisdiction, number, normalized=done, after=after, n=n)
    return head, rows, deliveries.anomalies(connection, jurisdiction, number)


@router.post(
    "/deliveries/{delivery_no}/rows/{row_no}/unmask",
    operation_id="unmask_row",
    tags=["deliveries"],
    responses=problems(404),
)
def unmask_row(
    delivery_no: Annotated[Number, Path()],
    row_no: Annotated[Number, Path()],
    why: Unmasking,
    hub: HubDep,
    caller: Caller,
    query: Annotated[Asked, Query()],
) -> RowAsSaid:
    """Give a row as its department said it, with nothing masked; who asked for it and why stands in the audit."""
    at = hub.place(query.jurisdiction, caller)
    hub.own(hub.read(deliveries.delivery, at, delivery_no).source, caller)
    trail.because(why.reason)
    return hub.write(deliveries.said_row, at, delivery_no, row_no)


@router.get("/rejections", operation_id="list_rejections", tags=["deliveries"], responses=problems(401, 403))
def list_rejections(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[RejectionQuery, Query()]
) -> Listed[RejectionView]:
    """Give the rows that became no statement, unreadable or rejected, with who must act, newest first."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST_REJECTION, query.cursor)
    found = hub.read(rejections.rejections, at, caller.reach, query, after, query.limit + 1)
    found = [item.model_copy(update={"value": masked(item.value)}) for item in found]
    return listed(request, found, query.limit, LAST_REJECTION, lambda item: (item.delivery_no, item.row_no))


@router.get("/issues", operation_id="list_issues", tags=["deliveries"], responses=problems(401, 403))
def list_issues(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[FindQuery, Query()]
) -> Listed[IssueView]:
    """Give the values changed, doubted or dropped in accepted records, newest first."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST_ISSUE, query.cursor)
    found = hub.read(rejections.issues, at, caller.reach, query, after, query.limit + 1)
    found = [item.model_copy(update={"value": masked(item.value)}) for item in found]
    return listed(
        request, found, query.limit, LAST_ISSUE, lambda item: (item.delivery_no, item.row_no, item.issue_no)
    )
