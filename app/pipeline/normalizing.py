"""The normalizing step: the next raw rows become records, and their names wait to be resolved.

It writes records, deletes, outcomes, rejections, issues and how far memory is normalized, and nobody else does; so it
is due as long as that is where it was. What it changed is resolved after it, by names (`app.db.unresolved`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.db import poisons, records, rereading, unresolved
from app.db.records import PendingRow, Progress
from app.db.session import Connection
from app.pipeline.normalize import Normalized, normalize, parents
from app.pipeline.reread import reread
from app.pipeline.rules import Rules

MOST_LANDINGS = records.MOST_LANDINGS
MOST_VERDICTS = 50


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch, normalized and not yet written."""

    before: Progress
    after: Progress
    normalized: Normalized
    names: frozenset[str]
    """Project records that say something else from it on, or went."""
    parents: frozenset[str]
    """Records that parts of it hang on, or hung on before."""
    raw_ids: frozenset[str]
    """Raw records it speaks of: of no other does it change or ask anything."""


def next_batch(
    connection: Connection, rules: Rules, jurisdiction: int, limit: int, behind: Batch | None = None
) -> Batch | None:
    """Compute the next raw rows in landing order, at most `limit`; None when memory holds none that was not read.

    `behind` is a batch that is not yet written: the rows are those that follow it, None if they speak of its records too.
    """
    before = records.read_progress(connection, jurisdiction) if behind is None else behind.after
    rows = records.pending_rows(connection, jurisdiction, before, limit)
    upto = rows[-1].landing_no if len(rows) == limit else None
    landings = records.pending_landings(connection, jurisdiction, before, upto, MOST_LANDINGS)
    if not rows and not landings:
        return None
    rows = _within(rows, landings, limit)
    after = _after(before, rows, landings, full=len(rows) == limit)
    raw_ids = {row.record_id for row in rows}
    if behind is not None and not raw_ids.isdisjoint(behind.raw_ids):
        return None
    made = normalize(connection, jurisdiction, rules, rows, landings)
    return batch_of((before, after), raw_ids, made)


def next_verdicts(connection: Connection, rules: Rules, jurisdiction: int) -> Batch | None:
    """Compute what verdicts found or withdrawn since make of their records, read again from the beginning; None without any."""
    before = records.read_progress(connection, jurisdiction)
    verdicts = poisons.after(connection, jurisdiction, before.poison_no, MOST_VERDICTS)
    if not verdicts:
        return None
    raw_ids = sorted({record_id for _, record_id in verdicts})
    normalized = reread(connection, jurisdiction, rules, raw_ids, before).normalized
    after = before._replace(poison_no=verdicts[-1][0])
    return batch_of((before, after), raw_ids, normalized)


def batch_of(
    moves: tuple[Progress, Progress],
    raw_ids: Iterable[str],
    normalized: Normalized,
) -> Batch:
    """Name what was normalized: whom it concerns to resolve, and whose documents are old for the sake of their parts."""
    moved = (*normalized.changed.values(), *normalized.dropped.values())
    names = frozenset(row.record_id for row in moved if row.kind == "project")
    return Batch(*moves, normalized, names, parents(moved) | normalized.left, frozenset(raw_ids))


def is_due(connection: Connection, jurisdiction: int, batch: Batch) -> bool:
    """Say whether nobody normalized anything since; the caller keeps others from it."""
    return records.read_progress(connection, jurisdiction) == batch.before


def write(connection: Connection, jurisdiction: int, batch: Batch) -> None:
    """Write a batch into the drawer the connection means."""
    normalized = batch.normalized
    records.write_records(connection, jurisdiction, normalized.rows, normalized.former)
    records.write_gone(connection, jurisdiction, normalized.gone)
    rereading.forget(connection, jurisdiction, normalized.reread, normalized.back)
    records.write_outcomes(
        connection, jurisdiction, normalized.outcomes, normalized.rejections, normalized.issues
    )
    unresolved.add(connection, jurisdiction, batch.after, batch.names, batch.parents)
    records.set_progress(connection, jurisdiction, batch.after)


def _within(rows: list[PendingRow], landings: list[records.PendingLanding], limit: int) -> list[PendingRow]:
    """Keep to the landings whose outcome this batch can open, when there are too many of them."""
    if len(landings) < MOST_LANDINGS:
        return rows
    last = landings[-1].landing_no
    return [row for row in rows if row.landing_no <= last][:limit]


def _after(
    before: Progress, rows: list[PendingRow], landings: list[records.PendingLanding], *, full: bool
) -> Progress:
    """Give how far the batch reads: to its last row when it is full, else to the end of its last landing."""
    if full and rows:
        return before._replace(landing_no=rows[-1].landing_no, row_no=rows[-1].row_no)
    last = max([before.landing_no, *(row.landing_no for row in rows), *(one.landing_no for one in landings)])
    end = max(
        (row.row_no for row in rows if row.landing_no == last),
        default=before.row_no if last == before.landing_no else 0,
    )
    return before._replace(landing_no=last, row_no=end)
