"""Sources, their runs, and deletions that wait for a person's word."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, TypeAdapter

from app.api import catalog, deletions
from app.api.errors import problems
from app.api.hub import Caller, HubDep
from app.api.paging import listed, place
from app.db import runs, sources
from schemas.api.shapes import Asked, Listed, Paged, SourceKey, Words
from schemas.api.sources import Decision, HeldDeletionView, RunQuery, RunView, SourceSettings, SourceView

router = APIRouter(tags=["sources"])

Source = Annotated[SourceKey, Path(description="`<department>.<feed>`")]
AskedQuery = Annotated[Asked, Query()]
LAST_RUN: TypeAdapter[tuple[datetime, str]] = TypeAdapter(tuple[AwareDatetime, Words])
LAST_HELD: TypeAdapter[str] = TypeAdapter(Words)


@router.get("/sources", operation_id="list_sources", responses=problems())
def list_sources(hub: HubDep, caller: Caller, query: AskedQuery) -> Listed[SourceView]:
    """Give every source with what its manifest says, what it has given and how it is; always one page."""
    found = hub.read(catalog.source_list, hub.place(query.jurisdiction, caller), hub.manifests)
    return Listed(items=tuple(found), next=None)


@router.get("/sources/{source}", operation_id="read_source", responses=problems(404))
def read_source(source: Source, hub: HubDep, caller: Caller, query: AskedQuery) -> SourceView:
    """Give one source."""
    return hub.read(catalog.source, hub.place(query.jurisdiction, caller), hub.manifests, source)


@router.post(
    "/sources/{source}/sync",
    operation_id="sync_source",
    status_code=202,
    responses=problems(401, 403, 404, 409),
)
def sync_source(source: Source, hub: HubDep, caller: Caller, query: AskedQuery) -> RunView:
    """Queue a run of the source; the worker takes it up within seconds."""
    hub.own(source, caller)
    return hub.write(catalog.queue, hub.place(query.jurisdiction, caller), hub.manifests, source)


@router.get(
    "/sources/{source}/held-deletions", operation_id="list_held_deletions", responses=problems(401, 403)
)
def list_held_deletions(
    source: Source, request: Request, hub: HubDep, caller: Caller, query: Annotated[Paged, Query()]
) -> Listed[HeldDeletionView]:
    """Give the deletions held back because too many records vanished at once."""
    hub.own(source, caller)
    at = hub.place(query.jurisdiction, caller)
    found = hub.read(sources.held_deletions, at, source, place(LAST_HELD, query.cursor), query.limit + 1)
    return listed(request, found, query.limit, LAST_HELD, lambda item: item.run_id)


@router.post(
    "/sources/{source}/held-deletions/{run_id}",
    operation_id="decide_held_deletion",
    responses=problems(401, 403, 404, 409),
)
def decide_held_deletion(
    source: Source, run_id: Words, decision: Decision, hub: HubDep, caller: Caller, query: AskedQuery
) -> HeldDeletionView:
    """Keep an admin's word on a held deletion: `confirm` deletes the vanished records, `refuse` keeps them."""
    hub.own(source, caller)
    at = hub.place(query.jurisdiction, caller)
    return hub.write(deletions.decide, at, source, run_id, decision.decision, caller.name)


@router.get("/runs", operation_id="list_runs", responses=problems())
def list_runs(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[RunQuery, Query()]
) -> Listed[RunView]:
    """Give the runs that fit every filter, newest first."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST_RUN, query.cursor)
    found = hub.read(sources.runs, at, caller.reach, query, after, query.limit + 1)
    return listed(request, found, query.limit, LAST_RUN, lambda item: (item.queued_at, item.run_id))


@router.put("/sources/{source}/settings", operation_id="settle_source", responses=problems(401, 403, 404))
def settle_source(
    source: Source, wanted: SourceSettings, hub: HubDep, caller: Caller, query: AskedQuery
) -> SourceView:
    """Set how a source is run: whether, how often, what becomes of missed slots, how fresh it must be."""
    at = hub.place(query.jurisdiction, caller)
    hub.write(runs.settle, at, source, wanted)
    return hub.read(catalog.source, at, hub.manifests, source)


@router.post("/runs/{run_id}/cancel", operation_id="cancel_run", responses=problems(401, 403, 404))
def cancel_run(run_id: Annotated[Words, Path()], hub: HubDep, caller: Caller, query: AskedQuery) -> RunView:
    """Ask a run to end behind the page it is at; what was landed stays, and the next run goes on from there."""
    at = hub.place(query.jurisdiction, caller)
    hub.own(hub.read(sources.run, at, run_id).source, caller)
    hub.write(runs.cancel, at, run_id)
    return hub.read(sources.run, at, run_id)


@router.get("/runs/{run_id}", operation_id="read_run", responses=problems(404))
def read_run(run_id: Annotated[Words, Path()], hub: HubDep, caller: Caller, query: AskedQuery) -> RunView:
    """Give one run."""
    found = hub.read(sources.run, hub.place(query.jurisdiction, caller), run_id)
    hub.own(found.source, caller)
    return found
