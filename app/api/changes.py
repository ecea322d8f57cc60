"""What changed, for whoever follows: asked for piece by piece, with or without waiting, or as one stream of events."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from app.access.account import Account
from app.api.errors import problems
from app.api.following import Follower
from app.api.guard import still_let_in
from app.api.hub import Caller, Hub, HubDep
from app.api.paging import onward
from app.db import feed
from app.errors import BadRequest, NotAuthenticated, NotPermitted, SnapshotNeeded, Unavailable
from schemas.api.changes import ChangeQuery, Changes, FollowQuery

router = APIRouter(tags=["changes"])

STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events, each with its number as `id`", "content": {"text/event-stream": {}}}
}
HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 3600.0
"""After which a stream ends, so that its client comes back, perhaps to another replica, with a key that still holds."""
RETRY_SECONDS = 2.0


async def _follower(request: Request) -> Follower:
    follower: Follower = request.app.state.follower
    return follower


FollowerDep = Annotated[Follower, Depends(_follower)]


@router.get("/changes", operation_id="list_changes", responses=problems(410))
async def list_changes(
    request: Request,
    hub: HubDep,
    caller: Caller,
    follower: FollowerDep,
    query: Annotated[ChangeQuery, Query()],
) -> Changes:
    """Give the changes of projects behind number `after`, oldest first and without gaps; `wait` for one if need be."""
    jurisdiction = hub.place(query.jurisdiction, caller)
    read = partial(hub.read, feed.changes, jurisdiction, query.after, query.limit + 1)
    found = await follower.ask(read)
    if not found and query.wait:
        follower.check_room()
        with follower.seated():
            if await follower.beyond(jurisdiction, query.after, query.wait):
                found = await follower.ask(read)
    shown = tuple(found[: query.limit])
    last = shown[-1].change_no if shown else query.after
    return Changes(
        items=tuple(change for change in shown if caller.reach.sees_change(change.districts)),
        last=last,
        next=onward(request, after=str(last)) if len(found) > query.limit else None,
    )


@router.get(
    "/changes/stream",
    operation_id="follow_changes",
    response_class=StreamingResponse,
    responses=STREAMED | problems(410),
)
async def follow_changes(
    request: Request,
    hub: HubDep,
    caller: Caller,
    follower: FollowerDep,
    query: Annotated[FollowQuery, Query()],
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> StreamingResponse:
    """Stream the changes behind `Last-Event-ID` or `after`, as they happen, as server-sent events; ends now and then."""
    jurisdiction = hub.place(query.jurisdiction, caller)
    follower.check_room()
    after = _number(last_event_id) if last_event_id else query.after
    if after is None:
        known = await follower.ask(partial(hub.read, feed.newest, [jurisdiction]))
        after = known.get(jurisdiction, 0)
    else:
        await follower.ask(partial(hub.read, feed.changes, jurisdiction, after, 1))
    return StreamingResponse(
        _events(follower, jurisdiction, after, partial(still_let_in, request)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def follower_of(hub: Hub) -> Follower:
    """Give what all who follow this hub's changes share."""
    return Follower(
        lambda jurisdictions: hub.read(feed.newest, jurisdictions),
        lambda jurisdiction, after, n: hub.read(feed.changes, jurisdiction, after, n),
        most=hub.settings.followers,
    )


async def _events(
    follower: Follower, jurisdiction: int, after: int, caller: Callable[[], Awaitable[Account]]
) -> AsyncIterator[bytes]:
    """Give the events as bytes, and a sign of life where there are none; whoever reads slowly is waited for."""
    until = time.monotonic() + LONGEST_SECONDS
    with follower.seated():
        yield f"retry: {RETRY_SECONDS * 1000:.0f}\n\n".encode()
        while time.monotonic() < until and not follower.closing:
            try:
                stretch = await follower.stretch(jurisdiction, (await caller()).reach, after)
            except (SnapshotNeeded, NotAuthenticated, NotPermitted):
                return  # it comes back and is told
            except Unavailable:
                yield b": the database is away\n\n"
                await follower.beyond(jurisdiction, after, RETRY_SECONDS)
                continue
            if stretch.last is not None:
                after = stretch.last
                yield stretch.events
            elif not await follower.beyond(jurisdiction, after, HEARTBEAT_SECONDS):
                yield b":\n\n"


def _number(said: str) -> int:
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        raise BadRequest("Last-Event-ID is the number of a change")
    return int(said)
