"""Sources as people see them: what a manifest says joined with what the hub knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from app.access.reach import Reach
from app.db import portfolio, source_rules, sources, told
from app.db.session import Connection
from app.db.sources import Given, Standing
from app.errors import BadRequest, Conflict, NotFound
from connectors.manifest import Manifest
from schemas.api.portfolio import Coverage, CoverageQuery, Freshness
from schemas.api.sources import Need, RunView, SourceHealth, SourceView, State
from schemas.tables import departments

Manifests = Mapping[str, Manifest]


FRESH_SECONDS = 1_800
"""How old the last good word of a source may be where nothing else is said."""


def source_list(connection: Connection, jurisdiction: int, manifests: Manifests) -> list[SourceView]:
    """Give every source that is installed, bound or has ever given something, by key."""
    now = sources.now(connection)
    standings = sources.standings(connection, jurisdiction)
    given = sources.given(connection, jurisdiction)
    held = sources.open_deletions(connection, jurisdiction)
    due = {key for key, said in source_rules.read(connection, jurisdiction).items() if said.due}
    untold = told.attentions(connection, jurisdiction)
    return [
        _view(
            key,
            manifests.get(key),
            standings.get(key, Standing()),
            given.get(key, Given()),
            held.get(key, 0),
            key in due,
            untold.get(key),
            now,
        )
        for key in sorted({*manifests, *standings, *given, *held})
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
    connection: Connection, jurisdiction: int, reach: Reach, manifests: Manifests, query: CoverageQuery
) -> Coverage:
    """Give the silo map with the freshness of the departments' sources; raise BadRequest for an unknown department."""
    check_department(manifests, query.department)
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
    return Coverage(cells=portfolio.coverage(connection, jurisdiction, reach, query), freshness=tuple(fresh))


def check_department(manifests: Manifests, said: str | None) -> None:
    """Raise BadRequest for a department that neither the tables nor any source knows."""
    known = {*departments(), *map(_department, manifests)}
    if said is not None and said not in known:
        raise BadRequest(f"query.department: no such department; there are {', '.join(sorted(known))}")


def _department(source_key: str) -> str:
    return source_key.partition(".")[0]


def _view(
    key: str,
    manifest: Manifest | None,
    standing: Standing,
    given: Given,
    held: int,
    replay_due: bool,
    untold: str | None,
    now: datetime,
) -> SourceView:
    needs = tuple(_needs(key, standing, given, held, replay_due, untold))
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
        state=_state(standing, given, needs, every, now),
        needs=needs,
        held_deletions=held,
        unreadable_recent=given.unreadable_recent,
        every_seconds=every,
        landed_at=given.landed_at,
        deliveries=given.deliveries,
        waiting=given.waiting,
        counts=given.counts,
        enabled=standing.enabled,
        attention=standing.attention,
        missed=standing.missed,
        fresh_seconds=standing.fresh_seconds,
        open_until=standing.open_until,
        next_run_at=standing.next_run_at,
        succeeded_at=standing.succeeded_at,
        failures=standing.failures,
    )


def _needs(
    key: str, standing: Standing, given: Given, held: int, replay_due: bool, untold: str | None
) -> Iterator[Need]:
    """What a person must do: an attention note says so itself, in both languages."""
    for attention in filter(None, (standing.attention, untold)):
        yield Need(zh=attention, en=attention)
    if held:
        at = f"/api/v1/sources/{key}/held-deletions"
        yield Need(
            zh=f"有 {held} 次批量删除被暂缓：部门清单中大量记录消失，请管理员在 {at} 确认或拒绝",
            en=f"{held} mass deletions are held back: an admin confirms or refuses them at {at}",
        )
    if replay_due:
        yield Need(
            zh="清单已修改，此前收到的记录仍按旧清单解释：请先在 /api/v1/replays 试算，再重放",
            en="its manifest was changed, and what came before is read by the former one: plan a replay at /api/v1/replays, then run it",
        )
    if given.wholly_unreadable is not None:
        number, at = given.wholly_unreadable, f"/api/v1/rejections?source={key}&kind=unreadable"
        yield Need(
            zh=f"最近一次交付（第 {number} 号）没有一行能够读取，原因和责任方见 {at}",
            en=f"of its last delivery, {number}, no row could be read: why, and who must act, is at {at}",
        )


def _state(
    standing: Standing, given: Given, needs: tuple[Need, ...], every: int | None, now: datetime
) -> State:
    if not standing.enabled:
        return "disabled"
    if needs:
        return "needs_attention"
    good = max((at for at in (standing.succeeded_at, given.landed_at) if at), default=None)
    if good is None:
        return "never"
    # who is asked every few minutes may miss a few of them; who is asked once a day is not late at noon
    target = standing.fresh_seconds or (None if every is None else max(FRESH_SECONDS, 2 * every))
    return "late" if target is not None and now - good > timedelta(seconds=target) else "ok"
