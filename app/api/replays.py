"""Replays: reading again what a source has said, after its manifest was mended; planned first, run, watched, cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, TypeAdapter

from app.api import replaying
from app.api.errors import problems
from app.api.hub import Caller, HubDep
from app.api.paging import listed, place
from app.db import replays
from schemas.api.replays import NewReplay, ReplayQuery, ReplayView
from schemas.api.shapes import Asked, Listed, Words

router = APIRouter(prefix="/replays", tags=["replays"])

ReplayId = Annotated[Words, Path(description="as `POST /replays` answered it")]
LAST_REPLAY: TypeAdapter[tuple[datetime, str]] = TypeAdapter(tuple[AwareDatetime, Words])


@router.post("", operation_id="ask_replay", status_code=202, responses=problems(401, 403, 404, 409))
def ask_replay(new: NewReplay, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]) -> ReplayView:
    """Queue the plan of a replay, or the replay itself; a plan is computed on one view and changes nothing."""
    return hub.write(replaying.ask, hub.place(query.jurisdiction, caller), hub.manifests, new, caller.name)


@router.get("", operation_id="list_replays", responses=problems(401, 403))
def list_replays(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[ReplayQuery, Query()]
) -> Listed[ReplayView]:
    """Give the replays that fit, newest first."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST_REPLAY, query.cursor)
    found = hub.read(replays.replays, at, query, after, query.limit + 1)
    return listed(request, found, query.limit, LAST_REPLAY, lambda item: (item.created_at, item.replay_id))


@router.get("/{replay_id}", operation_id="read_replay", responses=problems(401, 403, 404))
def read_replay(
    replay_id: ReplayId, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]
) -> ReplayView:
    """Give one replay: its plan, how far it has come, and what stopped it."""
    return hub.read(replays.replay, hub.place(query.jurisdiction, caller), replay_id)


@router.post(
    "/{replay_id}/run", operation_id="run_replay", status_code=202, responses=problems(401, 403, 404, 409)
)
def run_replay(
    replay_id: ReplayId, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]
) -> ReplayView:
    """Run what was planned, or go on with what was cancelled or failed; asked twice, it runs once."""
    return hub.write(replaying.run, hub.place(query.jurisdiction, caller), replay_id)


@router.post("/{replay_id}/cancel", operation_id="cancel_replay", responses=problems(401, 403, 404))
def cancel_replay(
    replay_id: ReplayId, hub: HubDep, caller: Caller, query: Annotated[Asked, Query()]
) -> ReplayView:
    """End a replay where it stands well; what was read until then stays, and a later run goes on from there."""
    return hub.write(replaying.cancel, hub.place(query.jurisdiction, caller), replay_id)
