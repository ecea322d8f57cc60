"""Drain what waits: land stored pushes, then advance until nothing is new; worker, CLI and tests go this road.

While a large backlog is read, documents are made now and then, so that what is served never falls far behind.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial

from app.db import landing, queued
from app.db.session import Database
from app.pipeline.advance import DOCUMENTS, LAST, STEPS, Step, advance
from app.pipeline.interpret import POISON
from app.pipeline.land import land_push
from app.pipeline.onward import normalize_onward
from app.pipeline.poison import Drawer, patiently, step
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
    steps: Collection[Step] = STEPS,
    walked: Callable[[], object] = lambda: None,
    much: Callable[[], object] = lambda: None,
) -> int:
    """Take the steps of these kinds until nothing waits for them, and land pushes where rows are normalized.

    Gives the steps taken, and tells each of them by `walked`; by `much` that more documents are to be made than one step
    makes, so that others may help.
    """
    taken = 0
    drawer = Drawer(
        database, rules, jurisdiction, lambda connection, held: check_rules(connection, held, rules)
    )
    work = partial(advance, database, rules, jurisdiction, limit=limit, steps=steps)
    pushes = partial(land_pushes, database, rules, jurisdiction)
    while not stopping():
        landed = Step.NORMALIZE in steps and pushes()
        if step(drawer, limit, work):
            taken += 1
            walked()
            if Step.RESOLVE in steps and _more_than(drawer, DOCUMENTS):
                much()
                taken += _catch_up(drawer, limit, stopping)
            elif Step.NORMALIZE in steps and Step.PAIR not in steps:  # nobody here works with what it writes
                taken += normalize_onward(
                    database,
                    rules,
                    jurisdiction,
                    limit=limit,
                    stopping=stopping,
                    between=pushes,
                    walked=walked,
                )
        elif not landed:
            break
    return taken


def _catch_up(drawer: Drawer, limit: int, stopping: Callable[[], bool]) -> int:
    """Make every document when too many are old; gives the steps that took."""
    taken = 0
    work = partial(advance, drawer.database, drawer.rules, drawer.jurisdiction, steps=LAST)
    behind = _more_than(drawer, MOST_TOUCHED)
    while behind and not stopping() and step(drawer, limit, work):
        taken += 1
    return taken


def _more_than(drawer: Drawer, many: int) -> bool:
    """Say whether the documents of more than so many records are old."""
    with drawer.database.read() as snapshot:
        return queued.more_than(snapshot, drawer.jurisdiction, "touched", many)


def land_pushes(database: Database, rules: Rules, jurisdiction: int) -> int:
    """Land stored pushes in receipt order, one transaction each; gives how many were waiting."""
    with database.read() as snapshot:
        waiting = landing.waiting_pushes(snapshot, jurisdiction, PUSHES)
    for delivery_no, source, headers, body in waiting:
        _land(
            database,
            jurisdiction,
            delivery_no,
            source,
            body,
            unpack(rules, jurisdiction, source, headers, body),
        )
    return len(waiting)


def _land(
    database: Database,
    jurisdiction: int,
    delivery_no: int,
    source: str,
    body: bytes,
    rows: list[RawRecord | Unreadable],
) -> None:
    """Land the rows of a push; a message whose rows nobody can keep is one unreadable row, and holds up nobody."""

    def land(said: list[RawRecord | Unreadable]) -> None:
        with database.begin() as connection:
            land_push(connection, jurisdiction, source, delivery_no, said)

    def aside(error: Exception) -> None:
        facts = {"jurisdiction": jurisdiction, "source": source, "delivery": delivery_no}
        log.error("a push is set aside: landing it fails", exc_info=error, extra={"facts": facts})
        zh = f"枢纽无法存放此消息（{type(error).__name__}），原文已保存，由枢纽维护方处理"
        en = f"the hub cannot keep what this message says ({type(error).__name__}); it is kept as it came"
        land([Unreadable(POISON, body, zh, en)])

    patiently(lambda: land(rows), aside)


def unpack(
    rules: Rules, jurisdiction: int, source: str, headers: Mapping[str, str], body: bytes
) -> list[RawRecord | Unreadable]:
    """Split a stored push into its rows; a body nobody can split is one unreadable row."""
    if source not in rules.registry.sources:
        return [
            Unreadable("source.unknown", body, f"没有来源 {source} 的连接器", f"no connector for {source}")
        ]
    try:
        return list(rules.registry.open(source, Binding(jurisdiction)).unpack(headers, body))
    except MemoryError:
        raise
    except Exception as error:
        log.exception("a connector broke its promise never to raise", extra={"facts": {"source": source}})
        return [
            Unreadable("connector.failed", body, f"连接器出错：{error}", f"the connector failed: {error}")
        ]
