"""Walk one step through the corridor: what memory has gained since into the derived drawer, then into what is served.

A step is a batch of rows, normalized and resolved, or, when no row waits, the documents of what batches have touched.
Each is computed on one snapshot without a lock; under the jurisdiction's row it is only checked that nobody else
advanced meanwhile, and written. Documents, members, summaries and feed move in one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from app.db import golden, jurisdictions, poisons, records, rereading, resolution, touched
from app.db.records import PendingRow, Progress
from app.db.resolution import difference
from app.db.session import Connection, Database
from app.garbage import uncollected
from app.pipeline.compose import Composition, compose, is_due
from app.pipeline.compose import write as serve
from app.pipeline.normalize import Normalized, normalize
from app.pipeline.reread import reread
from app.pipeline.resolve import Resolution, resolve
from app.pipeline.rules import Rules
from app.pipeline.standing import check_rules

log = logging.getLogger(__name__)

MOST_LANDINGS = 1_000
MOST_WORDS = 50
DOCUMENTS = 500
"""Touched records whose documents are made in one step."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch, computed and not yet written."""

    before: Progress
    after: Progress
    normalized: Normalized
    resolved: Resolution
    touched: frozenset[str]
    """Records whose project's document this batch makes old."""


def advance(database: Database, rules: Rules, jurisdiction: int, *, limit: int = 200) -> bool:
    """Take the next step, a batch of at most `limit` raw rows or else documents; False when nothing waits."""
    with database.read() as snapshot:
        generation = jurisdictions.generation(snapshot, jurisdiction)
        step = compute(snapshot, rules, jurisdiction, limit)
    return step is not None and _written(database, rules, jurisdiction, generation, step)


def compose_next(database: Database, rules: Rules, jurisdiction: int) -> bool:
    """Serve the next documents although rows still wait; False when every document is up to date."""
    with database.read() as snapshot:
        generation = jurisdictions.generation(snapshot, jurisdiction)
        before = records.read_progress(snapshot, jurisdiction)
        step = compose(snapshot, jurisdiction, rules, before, DOCUMENTS)
    return step is not None and _written(database, rules, jurisdiction, generation, step)


def _written(
    database: Database, rules: Rules, jurisdiction: int, generation: int, step: Batch | Composition
) -> bool:
    """Write a step unless it was overtaken; its work is done then, or computed anew by whoever asks next."""
    with database.begin() as connection:
        held = jurisdictions.hold(connection, jurisdiction)
        check_rules(connection, held, rules)
        if held.generation == generation and _is_due(connection, jurisdiction, step):
            write(connection, jurisdiction, step)
            if isinstance(step, Composition) and step.changes:
                numbers = jurisdictions.take(connection, held, "change_no", len(step.changes))
                golden.add_changes(connection, jurisdiction, numbers, step.changes)
    return True


def _is_due(connection: Connection, jurisdiction: int, step: Batch | Composition) -> bool:
    if isinstance(step, Composition):
        return is_due(connection, jurisdiction, step)
    return records.read_progress(connection, jurisdiction) == step.before


@uncollected()
def compute(
    connection: Connection, rules: Rules, jurisdiction: int, limit: int
) -> Batch | Composition | None:
    """Compute the next step of a derived drawer from one snapshot: what waits to be read, and then to be composed.

    None when memory holds nothing new and every document is up to date.
    """
    before = records.read_progress(connection, jurisdiction)
    return (
        batch_of_verdicts(connection, rules, jurisdiction, before)
        or batch_of_rows(connection, rules, jurisdiction, before, limit)
        or compose(connection, jurisdiction, rules, before, DOCUMENTS)
    )


def batch_of_verdicts(
    connection: Connection, rules: Rules, jurisdiction: int, before: Progress
) -> Batch | None:
    """Compute what verdicts found or withdrawn since make of their records, read again from the beginning."""
    verdicts = poisons.after(connection, jurisdiction, before.poison_no, MOST_WORDS)
    if not verdicts:
        return None
    raw_ids = sorted({record_id for _, record_id in verdicts})
    normalized = reread(connection, jurisdiction, rules, raw_ids, before).normalized
    after = before._replace(poison_no=verdicts[-1][0])
    return batch_of(connection, jurisdiction, before, after, normalized)


def batch_of_rows(
    connection: Connection,
    rules: Rules,
    jurisdiction: int,
    before: Progress,
    limit: int,
    most_words: int | None = None,
) -> Batch | None:
    """Compute the next raw rows in landing order, and what people have said since; None when there is neither."""
    most = MOST_WORDS if most_words is None else most_words
    rows = records.pending_rows(connection, jurisdiction, before, limit)
    words = resolution.words_after(connection, jurisdiction, before.judgement_no, most)
    corrections = golden.corrections_after(connection, jurisdiction, before.correction_no, most)
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
    return batch_of(connection, jurisdiction, before, after, normalized, words, corrections)


def batch_of(
    connection: Connection,
    jurisdiction: int,
    before: Progress,
    after: Progress,
    normalized: Normalized,
    words: Sequence[tuple[int, str, str]] = (),
    corrections: Sequence[tuple[int, str]] = (),
) -> Batch:
    """Resolve what was normalized and what people said, and tell whose documents that makes old."""
    changed = {rid: row for rid, row in normalized.changed.items() if row.kind == "project"}
    dropped = {rid for rid, row in normalized.dropped.items() if row.kind == "project"}
    asked = {rid for _, a, b in words for rid in (a, b)}
    resolved = resolve(connection, jurisdiction, changed, dropped, asked, after.judgement_no)
    old = {*changed, *dropped, *(rid for _, rid in corrections)}
    old |= _parents(connection, jurisdiction, normalized)
    was, now = resolved.before, resolved.members
    old |= {rid for rid in was.keys() | now.keys() if was.get(rid) != now.get(rid)}
    return Batch(before, after, normalized, resolved, frozenset(old))


def _parents(connection: Connection, jurisdiction: int, normalized: Normalized) -> set[str]:
    """Give the records that parts of this batch hang on, or hung on before it."""
    parts = [row for row in normalized.changed.values() if row.kind == "part"]
    left = (row for row in normalized.dropped.values() if row.kind == "part")
    stood = records.read_parents(connection, jurisdiction, [row.record_id for row in parts])
    return stood | {row.parent_id for row in (*parts, *left) if row.parent_id}


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


def write(connection: Connection, jurisdiction: int, step: Batch | Composition) -> None:
    """Write a computed step into the drawer the connection means."""
    if isinstance(step, Composition):
        serve(connection, jurisdiction, step)
        return
    normalized, resolved = step.normalized, step.resolved
    records.write_records(connection, jurisdiction, normalized.rows, normalized.dropped.keys())
    records.write_gone(connection, jurisdiction, normalized.gone)
    rereading.forget(connection, jurisdiction, normalized.reread, normalized.back)
    records.write_outcomes(
        connection, jurisdiction, normalized.outcomes, normalized.rejections, normalized.issues
    )
    resolution.change_keys(connection, jurisdiction, resolved.keys)
    resolution.change_normals(connection, jurisdiction, resolved.normals)
    resolution.change_pairs(connection, jurisdiction, resolved.pairs)
    resolution.change_clusters(connection, jurisdiction, difference(resolved.before, resolved.members))
    if resolved.region:
        resolution.replace_reviews(connection, jurisdiction, sorted(resolved.region), resolved.reviews)
    touched.add(connection, jurisdiction, step.touched)
    records.set_progress(connection, jurisdiction, step.after)
