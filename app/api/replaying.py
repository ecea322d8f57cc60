"""A replay asked for, run or cancelled by HTTP, in one transaction that holds the jurisdiction's row."""

from __future__ import annotations

from collections.abc import Mapping

from app.db import jurisdictions, replays, source_rules
from app.db.session import Connection
from app.errors import NotFound
from connectors.manifest import Manifest
from schemas.api.replays import NewReplay, ReplayView


def ask(
    connection: Connection, jurisdiction: int, manifests: Mapping[str, Manifest], new: NewReplay, by: str
) -> ReplayView:
    """Queue a replay, or its plan on a dry run; raise NotFound for an unknown source and Conflict for a busy one."""
    held = jurisdictions.hold(connection, jurisdiction)
    strange = set(new.sources) - manifests.keys()
    if unknown := sorted(strange - source_rules.remembered(connection, jurisdiction, strange)):
        raise NotFound(f"no source {', '.join(unknown)}; see /api/v1/sources")
    return replays.create(connection, held, new.sources, "plan" if new.dry_run else "run", by)


def run(connection: Connection, jurisdiction: int, replay_id: str) -> ReplayView:
    """Queue the run of a planned replay, or of one that ended early; raise NotFound and Conflict."""
    return replays.queue_run(connection, jurisdictions.hold(connection, jurisdiction), replay_id)


def cancel(connection: Connection, jurisdiction: int, replay_id: str) -> ReplayView:
    """Ask a replay to end; raise NotFound."""
    return replays.cancel(connection, jurisdictions.hold(connection, jurisdiction), replay_id)
