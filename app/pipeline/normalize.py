"""Understand or refuse: every kept raw row becomes statements or one rejection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from app.db import poisons, records
from app.db.copy import storable
from app.db.poisons import Content, Verdict
from app.db.records import PendingLanding, PendingRow, RecordRow
from app.db.session import Connection
from app.pipeline import statements
from app.pipeline.interpret import Interpreted, interpret
from app.pipeline.rules import Rules
from app.pipeline.statements import History, Said, Written
from schemas.cleaning import REMEMBERED
from schemas.ids import record_id
from schemas.records import Accepted


@dataclass(frozen=True, slots=True)
class Normalized:
    """What a batch of raw rows amounts to: records as they now stand, and how each row was received."""

    changed: Mapping[str, RecordRow] = field(default_factory=dict)
    """Records that say something new or again, died or revived."""
    dropped: Mapping[str, RecordRow] = field(default_factory=dict)
    """Records a newer content of their raw record no longer makes."""
    rows: tuple[RecordRow, ...] = ()
    former: tuple[str, ...] = ()
    """Of the records that stood, those that are written anew or dropped."""
    left: frozenset[str] = frozenset()
    """Records that parts which changed or went hung on before."""
    gone: tuple[tuple[str, str, int, int, bytes], ...] = ()
    back: tuple[str, ...] = ()
    """Raw records that have no delete any more."""
    reread: tuple[tuple[int, int], ...] = ()
    """Rows whose rejection and issues are said anew."""
    outcomes: tuple[tuple[int, str, int, int], ...] = ()
    rejections: tuple[tuple[Any, ...], ...] = ()
    issues: tuple[tuple[Any, ...], ...] = ()

    @property
    def differs(self) -> bool:
        """Say whether there is anything to write."""
        return any((self.changed, self.dropped, self.rows, self.gone, self.back, self.reread, self.outcomes))


def normalize(
    connection: Connection,
    jurisdiction: int,
    rules: Rules,
    rows: Sequence[PendingRow],
    landings: Sequence[PendingLanding],
) -> Normalized:
    """Normalize raw rows in landing order against what is stored; reads only."""
    raw_ids = sorted({row.record_id for row in rows})
    aside: Mapping[Content, Verdict] = {}
    if poisons.some(connection, jurisdiction):
        aside = poisons.in_force(connection, jurisdiction, raw_ids, rules.of)
    found = interpret(jurisdiction, rules, rows, aside)
    firsts = {row.record_id: (row.delivery_no, row.row_no) for row in rows if row.begins}
    known = [raw_id for raw_id in raw_ids if raw_id not in firsts]  # of what begins here nothing stands
    stored = records.read_standing(connection, jurisdiction, known)
    gone = records.read_gone(connection, jurisdiction, known)
    firsts |= {row.raw_id: (row.first_delivery, row.first_row) for row in stored}
    firsts |= records.read_firsts(connection, jurisdiction, [one for one in known if one not in firsts])
    told, rest = _told_once(jurisdiction, rows, found, {row.raw_id: row for row in stored}, gone)
    folded = statements.fold(_histories(stored, gone), [said(rows[n], found[n]) for n in rest])
    said_anew = {row.raw_id for row in stored if row.raw_id not in folded}
    decided = said_anew | {raw_id for raw_id, history in folded.items() if history.winner is not None}
    # what a new row decided is never as it stood; of the others the statement is wanted too
    stays = [row.record_id for row in stored if row.raw_id not in decided]
    if stays:
        whole = {row.record_id: row for row in records.read_records(connection, jurisdiction, stays)}
        stored = [whole.get(row.record_id, row) for row in stored]
    after = told + settled(jurisdiction, stored, folded, firsts)
    was = {row.record_id: row for row in stored}
    anew = tuple([row for row in after if was.get(row.record_id) != row] if was else after)
    drops = dropped((row for row in stored if row.raw_id in decided), after)
    changed = {row.record_id: row for row in after if not was or differs(was.get(row.record_id), row)}
    return Normalized(
        changed=changed,
        dropped=drops,
        rows=anew,
        former=former(was, anew, drops),
        left=parents(was[one] for one in (*changed, *drops) if one in was),
        gone=tuple(
            (raw_id, *history.gone, history.gone_hash)
            for raw_id, history in sorted(folded.items())
            if history.gone and (*history.gone, history.gone_hash) != gone.get(raw_id)
        ),
        outcomes=tuple(_counts(rows, found, landings)),
        rejections=tuple(rejections(rows, found)),
        issues=tuple(issues(rows, found)),
    )


def said(row: PendingRow, one: Interpreted) -> Said:
    """Give a row as its record's history takes it up; a delete that was set aside takes nothing away."""
    understood = one.statements if isinstance(one.outcome, Accepted) and row.op == "upsert" else None
    order = (row.version, row.delivery_no, row.row_no)
    op = row.op if isinstance(one.outcome, Accepted) else "upsert"
    return Said(row.record_id, order, op, row.hash, row.key, row.landed_at, understood)


def _histories(stored: Iterable[RecordRow], gone: Mapping[str, tuple[Any, ...]]) -> dict[str, History]:
    found = {
        row.raw_id: History(
            content=(row.version, row.delivery_no, row.row_no),
            content_hash=row.raw_hash,
            said_at=row.said_at,
        )
        for row in stored
    }
    for raw_id, (version, delivery_no, row_no, raw_hash) in gone.items():
        known = found.get(raw_id, History())
        found[raw_id] = known._replace(gone=(version, delivery_no, row_no), gone_hash=raw_hash)
    return found


def settled(
    jurisdiction: int,
    stored: Sequence[RecordRow],
    folded: Mapping[str, History],
    firsts: Mapping[str, tuple[int, int]],
) -> list[RecordRow]:
    """Give every record of the folded histories as it now stands."""
    of_raw: dict[str, list[RecordRow]] = {}
    for row in stored:
        of_raw.setdefault(row.raw_id, []).append(row)
    after: list[RecordRow] = []
    for raw_id, history in folded.items():
        if history.content is None or history.said_at is None:
            continue
        if history.winner is not None:
            after += _fresh(jurisdiction, raw_id, history, firsts[raw_id])
            continue
        version, delivery_no, row_no = history.content
        after += (
            row._replace(
                version=version,
                delivery_no=delivery_no,
                row_no=row_no,
                live=history.live,
                said_at=history.said_at,
            )
            for row in of_raw.get(raw_id, [])
        )
    return after


def _fresh(jurisdiction: int, raw_id: str, history: History, first: tuple[int, int]) -> list[RecordRow]:
    """Give the records of a raw record whose content this batch decided."""
    winner, said_at = history.winner, history.said_at
    assert winner is not None
    assert said_at is not None
    assert history.content is not None
    stands = (*first, *history.content, winner.raw_hash, history.live)
    return _records(jurisdiction, raw_id, winner.key, winner.statements or (), stands, said_at)


def _told_once(
    jurisdiction: int,
    rows: Sequence[PendingRow],
    found: Sequence[Interpreted],
    standing: Mapping[str, RecordRow],
    gone: Collection[str],
) -> tuple[list[RecordRow], list[int]]:
    """Give the records of raw records that are spoken of once and begin here or say something later than what stands.

    With them come the places of all other rows. Nearly all rows are such as have no history that would have to be folded.
    """
    often = Counter([row.record_id for row in rows])
    once = len(often) == len(rows)
    made: list[RecordRow] = []
    rest: list[int] = []
    for n, (row, one) in enumerate(zip(rows, found, strict=True)):
        _, delivery_no, row_no, _, raw_id, key, version, op, raw_hash, _, landed_at, begins = row
        if op != "upsert" or not (once or often[raw_id] == 1):
            rest.append(n)
            continue
        if begins:
            stands = (delivery_no, row_no, version, delivery_no, row_no, raw_hash, True)
        else:
            stood = standing.get(raw_id) if isinstance(one.outcome, Accepted) else None
            if stood is None or raw_id in gone or not _is_later(row, stood):
                rest.append(n)
                continue
            first = (stood.first_delivery, stood.first_row)
            stands = (*first, version, delivery_no, row_no, raw_hash, True)
        if one.statements:
            made += _records(jurisdiction, raw_id, key, one.statements, stands, landed_at)
    return made, rest


def _is_later(row: PendingRow, stood: RecordRow) -> bool:
    return (row.version, row.delivery_no, row.row_no) > (stood.version, stood.delivery_no, stood.row_no)


def _records(
    jurisdiction: int,
    raw_id: str,
    key: str,
    statements: Iterable[Written],
    stands: tuple[int, int, str, int, int, bytes, bool],
    said_at: datetime,
) -> list[RecordRow]:
    """Give the records that a raw record's statements are; `stands` are their columns from first_delivery to live."""
    return [
        RecordRow._make(
            (
                # further statements are named within their raw record, so that no two raw records can meet in one
                raw_id if own == key else record_id(jurisdiction, source, f"{raw_id}\0{own}"),
                source,
                own,
                kind,
                _parent_id(jurisdiction, *parent) if parent else None,
                raw_id,
                *stands,
                content_hash,
                text,
                said_at,
            )
        )
        for source, own, kind, parent, text, content_hash in statements
    ]


_parent_id = lru_cache(maxsize=REMEMBERED)(record_id)
"""Many parts hang on one record."""


def dropped(stored: Iterable[RecordRow], after: Iterable[RecordRow]) -> dict[str, RecordRow]:
    """Give the stored records that stand no more, or as another kind: a project is no part, and the other way round."""
    stand = {row.record_id: row.kind for row in after}
    return {row.record_id: row for row in stored if stand.get(row.record_id) != row.kind}


def former(
    was: Mapping[str, RecordRow], anew: Iterable[RecordRow], dropped: Iterable[str]
) -> tuple[str, ...]:
    """Give those of the records that stood which are written anew or dropped."""
    return (*(row.record_id for row in anew if row.record_id in was), *dropped)


def parents(rows: Iterable[RecordRow]) -> frozenset[str]:
    """Give the records that those of these which are parts hang on."""
    return frozenset(row.parent_id for row in rows if row.parent_id is not None)


def differs(was: RecordRow | None, row: RecordRow) -> bool:
    """Say whether a record says something new or again, died or revived."""
    # said_at too: a project tells when it was last spoken of, also where a row changed in nothing we read
    return was is None or (was.hash, was.live, was.parent_id, was.statement, was.said_at) != (
        row.hash,
        row.live,
        row.parent_id,
        row.statement,
        row.said_at,
    )


def _counts(
    rows: Sequence[PendingRow], found: Sequence[Interpreted], landings: Iterable[PendingLanding]
) -> Iterator[tuple[int, str, int, int]]:
    """Give (delivery, source, accepted, rejected) of the kept rows here; a confirmation is no kept row."""
    counts = {(landing.delivery_no, landing.source): [0, 0] for landing in landings}
    for row, (outcome, _) in zip(rows, found, strict=True):
        tally = counts.setdefault((row.delivery_no, row.source), [0, 0])
        if row.op != "confirm":
            tally[not isinstance(outcome, Accepted)] += 1
    for (delivery_no, source), (accepted, rejected) in sorted(counts.items()):
        yield delivery_no, source, accepted, rejected


def rejections(rows: Sequence[PendingRow], found: Sequence[Interpreted]) -> Iterator[tuple[Any, ...]]:
    """Give the rejections among what was found as rows, led by (delivery, row)."""
    for row, (outcome, _) in zip(rows, found, strict=True):
        if not isinstance(outcome, Accepted):
            yield (
                row.delivery_no,
                row.row_no,
                row.source,
                row.record_id,
                _text(outcome.rule),
                _text(outcome.field),
                _text(outcome.value),
                outcome.responsible.value,
                _text(outcome.zh),
                _text(outcome.en),
            )


def issues(rows: Sequence[PendingRow], found: Sequence[Interpreted]) -> Iterator[tuple[Any, ...]]:
    """Give the issues among what was found as rows, led by (delivery, row, number)."""
    for row, (outcome, _) in zip(rows, found, strict=True):
        if not isinstance(outcome, Accepted) or not outcome.issues:
            continue
        for number, issue in enumerate(outcome.issues, start=1):
            yield (
                row.delivery_no,
                row.row_no,
                number,
                row.source,
                row.record_id,
                _text(issue.rule),
                _text(issue.field),
                _text(issue.value),
                issue.severity.value,
                issue.responsible.value,
                _text(issue.zh),
                _text(issue.en),
            )


def _text(value: str | None) -> str | None:
    """Give a value as PostgreSQL can hold it, and not endless."""
    return None if value is None else storable(value)[:500]
