"""PURE: what reading raw records again amounts to: rows and records by fate, and a few of each as examples."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.db.copy import storable
from app.db.records import PendingRow, RecordRow
from app.pipeline.reread import Reread
from schemas.api.replays import Difference, Fate, Sample, SourceReplay
from schemas.records import Outcome, Rejection

SAMPLES = 5
"""Examples of each fate and rule."""
_RULE, _FIELD, _VALUE = 4, 5, 6


def counted(so_far: SourceReplay, read: Reread) -> SourceReplay:
    """Add what was read to what was counted before."""
    fates = [*_rows(read), *_records(read)]
    tallies: dict[Fate, Counter[str]] = {}
    for one in fates:
        tallies.setdefault(one.fate, Counter())[_rule(one)] += 1
    by_rule = {
        fate: dict(Counter(getattr(so_far, fate)) + tallies.get(fate, Counter()))
        for fate in ("accepted", "rejected", "still_rejected")
    }
    totals = {
        fate: getattr(so_far, fate) + sum(tallies.get(fate, Counter()).values())
        for fate in ("new", "changed", "dropped")
    }
    return so_far.model_copy(
        update={
            **by_rule,
            **totals,
            "raw_records": so_far.raw_records + len({row.record_id for row in read.rows}),
            "rows": so_far.rows + len(read.rows),
            "samples": _few(so_far.samples, fates),
        }
    )


def failing(so_far: SourceReplay, raw_id: str, error: Exception) -> SourceReplay:
    """Count a raw record that nobody could read without an error of the hub."""
    name = type(error).__name__
    sample = Sample(fate="failing", record_id=raw_id, key="", rule_now=name, en=_short(str(error)))
    return so_far.model_copy(
        update={
            "raw_records": so_far.raw_records + 1,
            "failing": dict(Counter(so_far.failing) + Counter([name])),
            "samples": _few(so_far.samples, [sample]),
        }
    )


def _rule(sample: Sample) -> str:
    return (sample.rule_was if sample.fate == "accepted" else sample.rule_now) or ""


def _few(kept: Iterable[Sample], more: Iterable[Sample]) -> tuple[Sample, ...]:
    few = list(kept)
    seen = Counter((one.fate, _rule(one)) for one in few)
    for one in more:
        if seen[one.fate, _rule(one)] < SAMPLES:
            seen[one.fate, _rule(one)] += 1
            few.append(one)
    return tuple(few)


def _rows(read: Reread) -> Iterator[Sample]:
    for row, outcome in zip(read.rows, read.outcomes, strict=True):
        was = read.was.rejections.get((row.delivery_no, row.row_no))
        if was is not None or isinstance(outcome, Rejection):
            yield _row(row, was, outcome)


def _row(row: PendingRow, was: tuple[Any, ...] | None, outcome: Outcome) -> Sample:
    now = outcome if isinstance(outcome, Rejection) else None
    fate: Fate = "accepted" if now is None else "rejected" if was is None else "still_rejected"
    rule_was, field, value = (was[_RULE], was[_FIELD], was[_VALUE]) if was else (None, None, None)
    return Sample(
        fate=fate,
        record_id=row.record_id,
        key=row.key,
        delivery_no=row.delivery_no,
        row_no=row.row_no,
        rule_was=rule_was,
        rule_now=_short(now.rule if now else None),
        field=_short(now.field if now else field),
        value=_short(now.value if now else value),
        zh=_short(now.zh if now else None),
        en=_short(now.en if now else None),
    )


def _records(read: Reread) -> Iterator[Sample]:
    stored = {row.record_id: row for row in read.stored}
    for record_id, row in sorted(read.normalized.changed.items()):
        was = stored.get(record_id)
        if was is None:
            yield Sample(fate="new", record_id=record_id, key=row.key)
        elif (was.statement, was.live, was.kind) != (row.statement, row.live, row.kind):
            yield Sample(
                fate="changed", record_id=record_id, key=row.key, differences=tuple(_differences(was, row))
            )
    for record_id, row in sorted(read.normalized.dropped.items()):
        if record_id not in read.normalized.changed:
            yield Sample(fate="dropped", record_id=record_id, key=row.key)


def _differences(was: RecordRow, now: RecordRow) -> Iterator[Difference]:
    old, new = dict(_flat(json.loads(was.statement))), dict(_flat(json.loads(now.statement)))
    if was.live != now.live:
        old["live"], new["live"] = str(was.live), str(now.live)
    for field in sorted({*old, *new}):
        if old.get(field) != new.get(field):
            yield Difference(field=field, was=_short(old.get(field)), now=_short(new.get(field)))


def _flat(said: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, str]]:
    for name, value in said.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{under}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"{under}{name}", text


def _short(value: str | None) -> str | None:
    return None if value is None else storable(value)[:200]
