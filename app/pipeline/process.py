"""Drain what waits: land stored pushes, then advance until nothing is new; worker, CLI and tests go this road."""

from __future__ import annotations

import logging

from app.db import landing
from app.db.session import Database
from app.pipeline.advance import advance
from app.pipeline.land import land_push
from app.pipeline.rules import Rules
from connectors.contract import Binding
from schemas.records import RawRecord, Unreadable

log = logging.getLogger(__name__)

PUSHES = 100


def drain(database: Database, rules: Rules, jurisdiction: int, *, limit: int = 200) -> int:
    """Land every waiting push and take all of memory into the derived drawer; gives the batches walked."""
    batches = 0
    while land_pushes(database, rules, jurisdiction):
        batches += _advance_all(database, rules, jurisdiction, limit)
    return batches + _advance_all(database, rules, jurisdiction, limit)


def _advance_all(database: Database, rules: Rules, jurisdiction: int, limit: int) -> int:
    batches = 0
    while advance(database, rules, jurisdiction, limit=limit):
        batches += 1
    return batches


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
