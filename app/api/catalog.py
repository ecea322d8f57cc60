"""Sources as people see them: what a manifest says joined with what the hub knows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from app.db import portfolio, sources
from app.db.session import Connection
from app.db.sources import Given, Standing
from app.errors import Conflict, NotFound
from connectors.manifest import Manifest
from schemas.api.portfolio import Coverage, CoverageQuery, Freshness
from schemas.api.sources import RunView, SourceHealth, SourceView

Manifests = Mapping[str, Manifest]
State = Literal["ok", "late", "never", "attention", "disabled"]


def source_list(connection: Connection, jurisdiction: int, manifests: Manifests) -> list[SourceView]:
    """Give every source that is installed, bound or has ever given something, by key."""
    now = sources.now(connection)
    standings = sources.standings(connection, jurisdiction)
    given = sources.given(connection, jurisdiction)
    return [
        _view(key, manifests.get(key), standings.get(key, Standing()), given.get(key, Given()), now)
        for key in sorted({*manifests, *standings, *given})
    ]


def source(connection: Connection, jurisdiction: int, manifests: Manifests, key: str) -> SourceView:
    """Give one source; raise NotFound."""
    found = next(
        (view for view in source_list(connection, jurisdiction, manifests) if view.source == key), None
    )
    if found is None:
        raise NotFound(f"no source {key}; see /api/v1/sources")
    return found


def queue(connection: Connection, jurisdiction: int, manifests: Manifests, key: str) -> RunView:
    """Queue a run of a source that can be asked; raise NotFound or Conflict."""
    manifest = manifests.get(key)
    if manifest is None:
        raise NotFound(f"no source {key}; see /api/v1/sources")
    if manifest.transport.kind == "push":
        raise Conflict(f"{key} cannot be asked: its department pushes to /api/v1/hooks/{key}")
    return sources.queue_run(connection, jurisdiction, key)


def health(connection: Connection, jurisdiction: int, manifests: Manifests) -> list[SourceHealth]:
    """Give whether each source gives what it should, by key."""
    return [
        SourceHealth.model_validate({name: getattr(view, name) for name in SourceHealth.model_fields})
        for view in source_list(connection, jurisdiction, manifests)
    ]


def coverage(
    connection: Connection, jurisdiction: int, manifests: Manifests, query: CoverageQuery
) -> Coverage:
    """Give the silo map with the freshness of the departments' sources."""
    standings = sources.standings(connection, jurisdiction)
    landed = sources.landed_at(connection, jurisdiction)
    fresh = [
        Freshness(
            department=_department(key),
            source=key,
            succeeded_at=standings.get(key, Standing()).succeeded_at,
            landed_at=landed.get(key),
            attention=standings.get(key, Standing()).attention,
        )
        for key in sorted({*manifests, *standings, *landed})
        if query.department in {None, _department(key)}
    ]
    return Coverage(cells=portfolio.coverage(connection, jurisdiction, query), freshness=tuple(fresh))


def _department(source_key: str) -> str:
    return source_key.partition(".")[0]


def _view(key: str, manifest: Manifest | None, standing: Standing, given: Given, now: datetime) -> SourceView:
    every = standing.every_seconds
    if every is None and manifest is not None and manifest.schedule is not None:
        every = manifest.schedule.every
    return SourceView(
        source=key,
        department=_department(key),
        zh=manifest.title.zh if manifest else None,
        en=manifest.title.en if manifest else None,
        owner=manifest.owner if manifest else None,
        transport=manifest.transport.kind if manifest else None,
        installed=manifest is not None,
        state=_state(standing, given, every, now),
        every_seconds=every,
        landed_at=given.landed_at,
        deliveries=given.deliveries,
        waiting=given.waiting,
        counts=given.counts,
        enabled=standing.enabled,
        attention=standing.attention,
        next_run_at=standing.next_run_at,
        succeeded_at=standing.succeeded_at,
        failures=standing.failures,
    )


def _state(standing: Standing, given: Given, every: int | None, now: datetime) -> State:
    if not standing.enabled:
        return "disabled"
    if standing.attention:
        return "attention"
    good = max((at for at in (standing.succeeded_at, given.landed_at) if at), default=None)
    if good is None:
        return "never"
    return "late" if every is not None and now - good > timedelta(seconds=2 * every) else "ok"
