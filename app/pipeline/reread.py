"""Read raw records again from the beginning: what today's rules make of their whole histories, against what is stored.

What comes of it is what a rebuild would derive of them, so reading twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.db import poisons, records, rereading
from app.db.poisons import Verdict
from app.db.records import PendingRow, Progress, RecordRow
from app.db.rereading import Findings
from app.db.session import Connection
from app.garbage import uncollected
from app.pipeline import statements
from app.pipeline.interpret import Interpreted, interpret
from app.pipeline.normalize import (
    Normalized,
    differs,
    dropped,
    former,
    issues,
    parents,
    rejections,
    said,
    settled,
)
from app.pipeline.rules import Rules
from schemas.records import Outcome, Rejection


@dataclass(frozen=True, slots=True)
class Reread:
    """Whole histories read again: the raw records, their rows, what they are now, what they were, and the difference to write."""

    raw_ids: tuple[str, ...]
    rows: tuple[PendingRow, ...]
    outcomes: tuple[Outcome, ...]
    was: Findings
    stored: tuple[RecordRow, ...]
    normalized: Normalized
    tried: tuple[Verdict, ...]
    """Verdicts that hold no more if this is written."""


@uncollected()
def reread(
    connection: Connection,
    jurisdiction: int,
    rules: Rules,
    raw_ids: Sequence[str],
    upto: Progress,
    tried: Collection[str] = (),
) -> Reread:
    """Read every row of these raw records that the drawer has read; writes nothing.

    Of raw records `tried` that also is read which a verdict set aside.
    """
    rows = rereading.histories(connection, jurisdiction, raw_ids, upto)
    aside = poisons.in_force(connection, jurisdiction, raw_ids, rules.of)
    again = set(tried)
    withdrawn = tuple(verdict for verdict in aside.values() if verdict.record_id in again)
    aside = {content: verdict for content, verdict in aside.items() if verdict.record_id not in again}
    found = interpret(jurisdiction, rules, rows, aside)
    outcomes = tuple(one.outcome for one in found)
    stored = records.read_stored(connection, jurisdiction, raw_ids)
    gone = records.read_gone(connection, jurisdiction, raw_ids)
    was = rereading.findings(connection, jurisdiction, [(row.delivery_no, row.row_no) for row in rows])
    folded = statements.fold({}, map(said, rows, found))
    firsts: dict[str, tuple[int, int]] = {}
    for row in rows:
        firsts.setdefault(row.record_id, (row.delivery_no, row.row_no))
    after = settled(jurisdiction, (), folded, firsts)
    stood = {row.record_id: row for row in stored}
    deletes = {raw_id: (*h.gone, h.gone_hash) for raw_id, h in folded.items() if h.gone}
    findings = _findings(rows, found)
    moved = tuple(place for place in _places(rows) if _of(was, place) != _of(findings, place))
    anew = tuple(row for row in after if stood.get(row.record_id) != row)
    drops = dropped(stored, after)
    changed = {row.record_id: row for row in after if differs(stood.get(row.record_id), row)}
    normalized = Normalized(
        changed=changed,
        dropped=drops,
        rows=anew,
        former=former(stood, anew, drops),
        left=parents(stood[one] for one in (*changed, *drops) if one in stood),
        gone=tuple(
            (raw_id, *delete) for raw_id, delete in sorted(deletes.items()) if gone.get(raw_id) != delete
        ),
        back=tuple(sorted(gone.keys() - deletes.keys())),
        reread=moved,
        outcomes=_moved_counts(rows, outcomes, was),
        rejections=tuple(findings.rejections[place] for place in moved if place in findings.rejections),
        issues=tuple(issue for place in moved for issue in findings.issues.get(place, ())),
    )
    return Reread(tuple(raw_ids), tuple(rows), outcomes, was, tuple(stored), normalized, withdrawn)


def _places(rows: Sequence[PendingRow]) -> list[tuple[int, int]]:
    return [(row.delivery_no, row.row_no) for row in rows]


def _findings(rows: Sequence[PendingRow], found: Sequence[Interpreted]) -> Findings:
    said_now = Findings({row[:2]: row for row in rejections(rows, found)}, {})
    for issue in issues(rows, found):
        said_now.issues[issue[:2]] = (*said_now.issues.get(issue[:2], ()), issue)
    return said_now


def _of(findings: Findings, place: tuple[int, int]) -> tuple[object, object]:
    return findings.rejections.get(place), findings.issues.get(place, ())


def _moved_counts(
    rows: Sequence[PendingRow], outcomes: Sequence[Outcome], was: Findings
) -> tuple[tuple[int, str, int, int], ...]:
    """Give by how much (accepted, rejected) of each delivery change; together they stay what was kept."""
    moved: dict[tuple[int, str], int] = {}
    for row, outcome in zip(rows, outcomes, strict=True):
        if row.op != "confirm":
            more = ((row.delivery_no, row.row_no) in was.rejections) - isinstance(outcome, Rejection)
            moved[row.delivery_no, row.source] = moved.get((row.delivery_no, row.source), 0) + more
    return tuple((delivery, source, n, -n) for (delivery, source), n in sorted(moved.items()) if n)
