"""The one table from what went wrong to what is answered: always `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from app.api.guard import operation
from app.api.trail import Refusals
from app.db.projects import Moved
from app.errors import HubError, SnapshotNeeded, TooMany
from app.logs import Seldom, with_cause
from schemas.api.shapes import Fault, Problem

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
SNAPSHOT = "/api/v1/exports/projects?form=ndjson&document=golden"

TITLES = {
    400: ("bad-request", "The request has a value the hub cannot use", "请求中有无法使用的值"),
    401: (
        "not-authenticated",
        "A key or signature is missing, wrong or expired",
        "缺少密钥或签名，或其已失效",
    ),
    403: ("not-permitted", "The key has no right to do this", "密钥无权进行此操作"),
    404: ("not-found", "There is nothing under this address", "此地址下没有内容"),
    405: ("method-not-allowed", "This address does not take this method", "此地址不支持该方法"),
    409: ("conflict", "What was sent contradicts what the hub holds", "与枢纽现有内容冲突"),
    410: ("gone", "This was here once and is no more", "此内容已不存在"),
    413: ("too-large", "The body is larger than the hub accepts", "请求内容过大"),
    422: ("unprocessable", "Rows of what was sent would be refused", "所发内容中有会被拒收的行"),
    429: ("too-many", "This was asked too often", "请求过于频繁"),
    500: ("hub-error", "The hub made a mistake; it is in the hub's log", "枢纽内部错误，已记入日志"),
    503: ("unavailable", "The hub cannot answer right now", "枢纽暂时无法应答"),
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare these statuses, and what any endpoint may answer, for a route's `responses`."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": TITLES[status][1], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in sorted({*statuses, 400, 413, 500, 503})
    }


def problem(
    instance: str,
    status: int,
    detail: str,
    *,
    kind: str = "",
    faults: Iterable[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Give the answer for a problem with the request to `instance`."""
    known = TITLES.get(status)
    named, title, title_zh = known or ("http-error", HTTPStatus(status).phrase, "请求未被处理")
    body = Problem(
        type=f"urn:lifecycle-hub:problem:{kind or named}",
        title=title,
        title_zh=title_zh,
        status=status,
        detail=detail,
        instance=instance,
        faults=tuple(faults),
    )
    return Response(body.model_dump_json(), status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the app leave as a problem."""
    app.add_exception_handler(HubError, partial(_hub_error, Seldom(log)))
    app.add_exception_handler(Moved, _moved)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unforeseen)


async def _hub_error(seldom: Seldom, request: Request, error: Exception) -> Response:
    assert isinstance(error, HubError)
    if error.status in {401, 403}:
        await _note(request, error.status)
    return told(seldom, request.url.path, error)


def told(seldom: Seldom, path: str, error: HubError) -> Response:
    """Give the answer for an error of a request to `path`; what the hub cannot do right now is logged, seldom."""
    headers = {}
    if error.status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        seldom.warning(error.detail, with_cause(f"unavailable: {error.detail}", error))
    if isinstance(error, SnapshotNeeded):
        headers["Link"] = f'<{SNAPSHOT}>; rel="snapshot"'
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.seconds)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    faults = [Fault(where=where, message=message) for where, message in error.faults[:20]]
    return problem(path, error.status, error.detail, kind=error.type, faults=faults, headers=headers)


async def _note(request: Request, status: int) -> None:
    """Have a refusal written down."""
    refusals: Refusals = request.app.state.refusals
    await run_in_threadpool(refusals.note, request, operation(request.scope["route"]), status)


async def _moved(request: Request, error: Exception) -> Response:
    """Lead to the same question about the project the record is in now; where it is may change, so nobody stores it."""
    assert isinstance(error, Moved)
    path = request.url.path.replace(request.path_params["project_id"], error.project_id, 1)
    query = f"?{request.url.query}" if request.url.query else ""
    return Response(status_code=307, headers={"Location": path + query, "Cache-Control": "no-store"})


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        Fault(where=".".join(str(part) for part in found["loc"]), message=found["msg"])
        for found in error.errors()
    ]
    shown = faults[:20]
    detail = "; ".join(f"{fault.where}: {fault.message}" for fault in shown)
    return problem(request.url.path, 400, detail, faults=shown)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = TITLES[error.status_code][1] if error.status_code in TITLES else str(error.detail)
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return problem(request.url.path, error.status_code, detail, headers=headers)


def _allowed(request: Request) -> str:
    """Every method of this address; the error knows only those of the first route that fits."""
    methods = {
        method
        for route in iter_route_contexts(request.app.routes)
        if route.path is not None and compile_path(route.path)[0].match(request.url.path)
        for method in route.methods or ()
    }
    return ", ".join(sorted(methods))


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("an endpoint failed", exc_info=error)
    return problem(request.url.path, 500, TITLES[500][1])
