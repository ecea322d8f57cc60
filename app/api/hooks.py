"""The push door: verify on raw bytes, keep durably, acknowledge; what is inside is the worker's to read."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from app.api.errors import problems
from app.api.hub import Hub, HubDep
from app.db import deliveries
from app.errors import BadRequest, NotAuthenticated
from connectors.signatures import SignatureRefused, verify
from schemas.api.deliveries import Receipt
from schemas.api.shapes import Asked

router = APIRouter(tags=["hooks"])

LONGEST_ID = 200
REFUSED = "the source is unknown, or the message is not signed with its secret or not now"
BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}


async def _raw_body(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/hooks/{source}",
    operation_id="push",
    status_code=202,
    responses=problems(401, 404, 409, 410),
    openapi_extra=BODY,
)
def push(
    source: str,
    request: Request,
    hub: HubDep,
    body: Annotated[bytes, Depends(_raw_body)],
    query: Annotated[Asked, Query()],
) -> Receipt:
    """Keep one message signed by Standard Webhooks; it is durable when the receipt is given."""
    at = hub.place(query.jurisdiction)
    message_id = _verified(hub, at, source, request, body)
    kept = {
        name: value[:1000]
        for name, value in request.headers.items()
        if name.startswith("webhook-") or name == "content-type"
    }
    sender = request.client.host if request.client else ""
    return hub.write(deliveries.accept_push, at, source, message_id, kept, body, sender)


def _verified(hub: Hub, jurisdiction: int, source: str, request: Request, body: bytes) -> str:
    """The id of a message that one of the source's secrets has signed; all refusals sound alike."""
    manifest = hub.manifests.get(source)
    if manifest is None or manifest.push is None:
        raise NotAuthenticated(REFUSED)
    try:
        verify(
            _secrets(hub, jurisdiction, manifest.push.secrets),
            request.headers,
            body,
            time.time(),
            manifest.push.tolerance_seconds,
        )
    except SignatureRefused as error:
        raise NotAuthenticated(REFUSED) from error
    message_id = request.headers["webhook-id"]
    if len(message_id) > LONGEST_ID or not message_id.isprintable():
        raise BadRequest(f"webhook-id: at most {LONGEST_ID} printable characters")
    return message_id


def _secrets(hub: Hub, jurisdiction: int, names: tuple[str, ...]) -> list[str]:
    """The secrets of a source here: `NAME_<jurisdiction>`, or plain `NAME` in the hub's own jurisdiction.

    A department of one city must not be able to sign for another.
    """
    found = [hub.variables.get(f"{name}_{jurisdiction}") for name in names]
    if jurisdiction == hub.settings.jurisdiction:
        found += [hub.variables.get(name) for name in names]
    return [secret for secret in found if secret]
