"""Drain what waits: land stored pushes, then advance until nothing is new; worker, CLI and tests go this road.

While a large backlog is read, documents are made now and then, so that what is served never falls far behind.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.db import landing, resolution
from app.db.session import Database
from app.pipeline.advance import advance, compose_next
from app.pipeline.land import land_push
from app.pipeline.poison import Drawer, step
from app.pipeline.rules import Rules
from app.pipeline.standing import check_rules
from connectors.contract import Binding
from schemas.records import RawRecord, Unreadable

log = logging.getLogger(__name__)

PUSHES = 100
MOST_TOUCHED = 50_000
"""Records of a backlog that may be read before the documents they touch are made."""


def drain(
    database: Database,
    rules: Rules,
    jurisdiction: int,
    *,
    limit: int = 200,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Land waiting pushes and take memory into the derived drawer until nothing is new; gives the steps walked."""
    steps = 0
    drawer = Drawer(
        database, rules, jurisdiction, lambda connection, held: check_rules(connection, held, rules)
    )
    while not stopping():
        landed = land_pushes(database, rules, jurisdiction)
        if step(drawer, limit, lambda: advance(database, rules, jurisdiction, limit=limit)):
            steps += 1 + _catch_up(drawer, limit, stopping)
        elif not landed:
            break
    return steps


def _catch_up(drawer: Drawer, limit: int, stopping: Callable[[], bool]) -> int:
    """Make every document when too many are old; gives the steps that took."""
    steps = 0
    known = (drawer.database, drawer.rules, drawer.jurisdiction)
    with drawer.database.read() as snapshot:
        behind = resolution.more_touched_than(snapshot, drawer.jurisdiction, MOST_TOUCHED)
    while behind and not stopping() and step(drawer, limit, lambda: compose_next(*known)):
        steps += 1
    return steps


def land_pushes(database: Database, rules: Rules, jurisdiction: int) -> int:
    """Land stored pushes in receipt order, one transaction each; gives how many were waiting."""
    with database.read() as snapshot:
        waiting = landing.waiting_pushes(snapshot, jurisdiction, PUSHES)
    for delivery_no, source, headers, body in waiting:
        rows = _unpack(rules, jurisdiction, source, headers, body)
        with database.begin() as connection:
            land_push(connection, jurisdiction, source, delivery_no, rows)
    return len(waiting)


def _unpack(
    rules: Rules, jurisdiction: int, source: str, headers: dict[str, str], body: bytes
) -> list[RawRecord | Unreadable]:
    if source not in rules.registry.sources:
        return [
            Unreadable("source.unknown", body, f"没有来源 {source} 的连接器", f"no connector for {source}")
        ]
    try:
        return list(rules.registry.open(source, Binding(jurisdiction)).unpack(headers, body))
    except Exception as error:
        log.exception("a connector broke its promise never to raise", extra={"facts": {"source": source}})
        return [
            Unreadable("connector.failed", body, f"连接器出错：{error}", f"the connector failed: {error}")
        ]
