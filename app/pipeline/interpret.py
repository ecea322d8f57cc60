"""Raw rows become outcomes by their connectors, and a stranger's slip costs its own row, never the rows behind it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.db.poisons import Content, Verdict
from app.db.records import PendingRow
from app.pipeline.rules import Rules
from app.pipeline.statements import Written, write
from connectors.contract import Connector
from schemas.records import Accepted, Outcome, RawRecord, Rejection, Responsible

log = logging.getLogger(__name__)

POISON = "hub.poison"
"""The rule of a raw record that was set aside because its batch failed with it and not without it."""


class Interpreted(NamedTuple):
    """What one raw row became: its outcome without its statements, and these as the drawer holds them."""

    outcome: Outcome
    statements: tuple[Written, ...] = ()


_NOTHING = Interpreted(Accepted(()))


def interpret(
    jurisdiction: int, rules: Rules, rows: Sequence[PendingRow], aside: Mapping[Content, Verdict]
) -> list[Interpreted]:
    """Give what each row became, in order; rows of one source are interpreted together, those set aside not at all."""
    found = [_NOTHING] * len(rows)
    by_source: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if aside and (verdict := aside.get((row.record_id, row.op, row.hash))) is not None:
            found[place] = _set_aside(verdict)
        elif row.op == "upsert":
            by_source.setdefault(row.source, []).append(place)
    for source, places in by_source.items():
        raws = [RawRecord(source, rows[p].key, rows[p].body, rows[p].hash, rows[p].version) for p in places]
        for place, one in zip(places, of_source(jurisdiction, rules, source, raws), strict=True):
            found[place] = one
    return found


def of_source(jurisdiction: int, rules: Rules, source: str, raws: Sequence[RawRecord]) -> list[Interpreted]:
    """Give what each upsert of one source becomes, in order, whatever its connector does."""
    if source not in rules.registry.sources:
        unknown = _hub_fault("source.unknown", f"没有来源 {source} 的连接器", f"no connector for {source}")
        return [unknown] * len(raws)
    connector = rules.registry.reader(source, jurisdiction)
    try:
        found = [_sound(source, outcome) for outcome in connector.understand(raws)]
        if len(found) == len(raws):
            return found
        log.error("a connector gave too few or too many outcomes", extra={"facts": {"source": source}})
    except MemoryError:
        raise  # the machine's trouble, not the row's
    except Exception:
        log.exception("a connector broke its promise never to raise", extra={"facts": {"source": source}})
    return [_alone(connector, source, raw) for raw in raws]


def _alone(connector: Connector, source: str, raw: RawRecord) -> Interpreted:
    try:
        (outcome,) = connector.understand([raw])
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - one bad record of a stranger's connector must not stop the rest
        return _hub_fault("connector.failed", f"连接器出错：{error}", f"the connector failed: {error}")
    return _sound(source, outcome)


def _sound(source: str, outcome: object) -> Interpreted:
    """Take an outcome whose statements the drawer can hold; any other is the hub's own fault."""
    if not isinstance(outcome, Accepted):
        if isinstance(outcome, Rejection):
            return Interpreted(outcome)
        return _broken(f"{type(outcome).__name__} is no outcome")
    said = outcome.statements
    for one in said:
        if one.source != source:
            return _broken("a statement speaks for another source")
    if len(said) > 1 and len({one.key for one in said}) < len(said):
        return _broken("two statements bear one key")
    try:
        written = tuple(map(write, said))
    except ValueError:
        return _broken("a text holds NUL or half a character")
    return Interpreted(Accepted((), outcome.issues) if outcome.issues else _NOTHING.outcome, written)


def _broken(wrong: str) -> Interpreted:
    return _hub_fault("connector.failed", f"连接器出错：{wrong}", f"the connector failed: {wrong}")


def _set_aside(verdict: Verdict) -> Interpreted:
    zh = f"处理此记录时枢纽反复出错（{verdict.error_class}），已暂时搁置，不影响其他记录；由枢纽维护方修复后重放"
    en = (
        f"processing this record kept failing ({verdict.error_class}), so it is set aside and holds up nobody;"
        " the hub's people mend that and replay it"
    )
    return _hub_fault(POISON, zh, en, verdict.error_text[:200] or None)


def _hub_fault(rule: str, zh: str, en: str, value: str | None = None) -> Interpreted:
    return Interpreted(
        Rejection(rule=rule, field=None, value=value, responsible=Responsible.HUB, zh=zh, en=en)
    )
