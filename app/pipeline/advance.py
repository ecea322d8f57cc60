"""Walk one batch through the corridor: what memory has gained since, into the derived drawer.

Everything is computed on one snapshot without a lock; under the jurisdiction's row it is only checked that nobody
else advanced meanwhile, and written. Progress, derived rows, summaries and feed move in one transaction.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from app.db import golden, jurisdictions, records, resolution
from app.db.records import PendingRow, Progress
from app.db.session import Connection, Database
from app.pipeline.compose import Composition, compose
from app.pipeline.normalize import Normalized, normalize
from app.pipeline.resolve import Resolution, resolve
from app.pipeline.rules import Rules
from app.pipeline.standing import check_rules

log = logging.getLogger(__name__)

MOST_LANDINGS = 1_000
MOST_WORDS = 50


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch, computed and not yet written."""

    before: Progress
    after: Progress
    normalized: Normalized
    resolved: Resolution
    composed: Composition


def advance(database: Database, rules: Rules, jurisdiction: int, *, limit: int = 200) -> bool:
    """Take the next batch of at most `limit` raw rows into the serving drawer; False when there was nothing."""
    with database.read() as snapshot:
        generation = jurisdictions.generation(snapshot, jurisdiction)
        batch = compute(snapshot, rules, jurisdiction, limit)
    if batch is None:
        return False
    with database.begin() as connection:
        held = jurisdictions.hold(connection, jurisdiction)
        check_rules(connection, held, rules)
        if held.generation == generation and records.read_progress(connection, jurisdiction) == batch.before:
            write(connection, jurisdiction, batch)
            changes = batch.composed.changes
            if changes:
                numbers = jurisdictions.take(connection, held, "change_no", len(changes))
                golden.add_changes(connection, jurisdiction, numbers, changes)
    return True


def compute(connection: Connection, rules: Rules, jurisdiction: int, limit: int) -> Batch | None:
    """Compute the next batch of a derived drawer from one snapshot; None when memory holds nothing new."""
    before = records.read_progress(connection, jurisdiction)
    rows = records.pending_rows(connection, jurisdiction, before, limit)
    words = resolution.words_after(connection, jurisdiction, before.judgement_no, MOST_WORDS)
    corrections = golden.corrections_after(connection, jurisdiction, before.correction_no, MOST_WORDS)
    upto = rows[-1].landing_no if len(rows) == limit else None
    landings = records.pending_landings(connection, jurisdiction, before, upto, MOST_LANDINGS)
    if not rows and not landings and not words and not corrections:
        return None
    rows = _within(rows, landings, limit)
    after = _after(before, rows, landings, full=len(rows) == limit)._replace(
        judgement_no=words[-1][0] if words else before.judgement_no,
        correction_no=corrections[-1][0] if corrections else before.correction_no,
    )
    normalized = normalize(connection, jurisdiction, rules, rows, landings)
    changed = {rid: row for rid, row in normalized.changed.items() if row.kind == "project"}
    parts = {rid: row for rid, row in normalized.changed.items() if row.kind == "part"}
    dropped = [rid for rid, row in normalized.dropped.items() if row.kind == "project"]
    parts |= {rid: row._replace(live=False) for rid, row in normalized.dropped.items() if row.kind == "part"}
    asked = {rid for _, a, b in words for rid in (a, b)}
    resolved = resolve(connection, jurisdiction, changed, dropped, asked, after.judgement_no)
    was = {
        row.record_id: row.parent_id for row in records.read_records(connection, jurisdiction, sorted(parts))
    }
    touched = {*changed, *dropped, *(rid for _, rid in corrections)}
    touched |= {parent for parent in (*was.values(), *(row.parent_id for row in parts.values())) if parent}
    composed = compose(connection, jurisdiction, rules, resolved, touched, parts, after.correction_no)
    return Batch(before, after, normalized, resolved, composed)


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


def write(connection: Connection, jurisdiction: int, batch: Batch) -> None:
    """Write a computed batch into the drawer the connection means."""
    normalized, resolved, composed = batch.normalized, batch.resolved, batch.composed
    records.write_records(connection, jurisdiction, normalized.rows, normalized.dropped.keys())
    records.write_gone(connection, jurisdiction, normalized.gone)
    records.write_outcomes(
        connection, jurisdiction, normalized.outcomes, normalized.rejections, normalized.issues
    )
    if resolved.keys:
        resolution.replace_keys(connection, jurisdiction, resolved.keys)
    if resolved.judged:
        resolution.replace_pairs(connection, jurisdiction, sorted(resolved.judged), resolved.pairs)
    if resolved.region:
        resolution.replace_members(connection, jurisdiction, sorted(resolved.region), resolved.members)
        resolution.replace_reviews(connection, jurisdiction, sorted(resolved.region), resolved.reviews)
    if composed.old or composed.new:
        golden.replace_projects(connection, jurisdiction, composed.old, composed.new)
    records.set_progress(connection, jurisdiction, batch.after)
