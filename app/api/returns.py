"""Departments get their errors back: what is wrong with a delivery, the workbook that shows it, and 先检后交 before sending."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import FileResponse
from pydantic import TypeAdapter
from starlette.background import BackgroundTask

from app.access.account import Account
from app.api.errors import problems
from app.api.hub import Caller, Hub, HubDep
from app.api.paging import listed, place
from app.db import deliveries, sources
from app.errors import BadRequest, Unavailable
from app.masking import masked
from app.pipeline.check import check_file, manifest_of, report
from app.pipeline.returning import return_delivery
from app.pipeline.sync import binding
from schemas.api.deliveries import DeliveryErrors, DeliveryView
from schemas.api.shapes import Asked, Number, Paged, SourceKey, Words
from schemas.checks import CheckReport

router = APIRouter(tags=["errors back"])

CHECK_LIMIT = 16 * 1_048_576
"""Largest file that is checked, in bytes."""
MOST_ROWS = 20_000
"""Rows that are checked in one request: more of them are a command's work."""
RETURN_LIMIT = 2 * 1_048_576
"""Largest arrived file that is copied in one request, in bytes; of a delivery of a larger one its rows come back."""
MOST_TOLD = 1_000
"""Rows with something to tell in one answer; the others are counted."""
AT_ONCE = threading.BoundedSemaphore(2)
"""Reading workbooks is work: who comes third waits outside."""
SUFFIXES = (".xlsx", ".xls", ".csv", ".txt", ".json", ".ndjson", ".jsonl")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
LAST_FAULT: TypeAdapter[tuple[int, int]] = TypeAdapter(tuple[Number, int])

DeliveryNo = Annotated[Number, Path()]


class Checked(Asked):
    """What a body is: the name its file would have, which says its kind and, where the source asks for it, its day."""

    name: Words = "body.json"


async def _raw_body(request: Request) -> bytes:
    return await request.body()


@router.get(
    "/deliveries/{delivery_no}/errors",
    operation_id="read_delivery_errors",
    responses=problems(401, 403, 404),
)
def read_delivery_errors(
    delivery_no: DeliveryNo, request: Request, hub: HubDep, caller: Caller, query: Annotated[Paged, Query()]
) -> DeliveryErrors:
    """Give what is wrong with each row of a delivery; with a key of its own department."""
    at, view = _own(hub, caller, query, delivery_no)
    after = place(LAST_FAULT, query.cursor)
    found = hub.read(deliveries.faults, at, delivery_no, after, query.limit + 1)
    found = [fault.model_copy(update={"value": masked(fault.value)}) for fault in found]
    page = listed(request, found, query.limit, LAST_FAULT, lambda fault: (fault.row_no, fault.issue_no))
    return DeliveryErrors(**dict(view), errors=page)


@router.get(
    "/deliveries/{delivery_no}/errors.xlsx",
    operation_id="return_delivery",
    response_class=FileResponse,
    responses={**problems(401, 403, 404), 200: {"content": {XLSX: {}}, "description": "The workbook"}},
)
def read_returned_workbook(
    delivery_no: DeliveryNo, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]
) -> FileResponse:
    """Give the file of a delivery, or its rows, as a workbook with every fault marked; with a key of its own department."""
    at, view = _own(hub, caller, query, delivery_no)
    where = hub.read(sources.location, at, view.source)
    said = partial(hub.read, deliveries.said_rows, at, delivery_no, view.source)
    folder = TemporaryDirectory(prefix="hub-returned-")
    out = FilePath(folder.name) / "returned.xlsx"
    try:
        with _one_of_few():
            bound = binding(at, where, hub.variables)
            return_delivery(hub.rules, bound, view, said, out, most_bytes=RETURN_LIMIT)
    except BaseException:
        folder.cleanup()
        raise
    named = quote(f"{view.source}_{delivery_no}_校验结果.xlsx")
    return FileResponse(
        out,
        media_type=XLSX,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{named}", "Cache-Control": "no-store"},
        background=BackgroundTask(folder.cleanup),
    )


@router.post(
    "/sources/{source}/check",
    operation_id="check",
    responses=problems(401, 403, 404),
    openapi_extra=BODY,
)
def check(
    source: Annotated[SourceKey, Path(description="`<department>.<feed>`")],
    hub: HubDep,
    caller: Caller,
    body: Annotated[bytes, Depends(_raw_body)],
    query: Annotated[Checked, Query()],
) -> CheckReport:
    """Tell what would become of a file or message (先检后交); nothing is kept; with a key of its own department."""
    at = hub.place(query.jurisdiction, caller)
    manifest_of(hub.rules, source)
    hub.own(source, caller)
    suffix = FilePath(query.name).suffix.lower()
    if suffix not in SUFFIXES:
        raise BadRequest(f"query.name: its end says what the body is, one of {', '.join(SUFFIXES)}")
    with _one_of_few(), TemporaryDirectory(prefix="hub-check-") as folder:
        path = FilePath(folder) / f"body{suffix}"
        path.write_bytes(body)
        return report(check_file(hub.rules, at, source, path, query.name), MOST_TOLD, MOST_ROWS)


def _own(hub: Hub, caller: Account, query: Asked, number: int) -> tuple[int, DeliveryView]:
    at = hub.place(query.jurisdiction, caller)
    view = hub.read(deliveries.delivery, at, number)
    hub.own(view.source, caller)
    return at, view


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not AT_ONCE.acquire(timeout=5):
        raise Unavailable("several files are being checked: try again in a few seconds")
    try:
        yield
    finally:
        AT_ONCE.release()
