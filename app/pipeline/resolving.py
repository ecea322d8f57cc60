"""The resolving step: names that wait, and what people said since, become keys, pairs, clusters and reviews.

It reads the records of these names as they are now, so neither order nor repetition changes anything: a name that was
changed again meanwhile waits again. What it writes nobody else does, so it is due as long as nobody else has resolved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.db import golden, records, relations, resolution, touched, unresolved
from app.db.records import Progress
from app.db.resolution import difference
from app.db.session import Connection
from app.db.unresolved import Names, Resolved, Standing
from app.pipeline.resolve import Resolution, resolve

MOST_WORDS = 50
BATCHES, PROJECTS = 4, 2
"""Batches of names that are resolved together where so many wait, and how many of them may be of project records, which
are what a write is long of. Records of one project come source by source, and each time all it has are clustered anew."""


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Names and words resolved, and not yet written."""

    before: Standing
    after: Resolved
    taken: tuple[Progress, ...]
    """The batches whose names these are."""
    resolved: Resolution
    touched: frozenset[str]
    """Records whose project's document is old from it on."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a resolving step takes up: batches of names, and what people said once these are all."""

    batches: Sequence[Names] = ()
    words: Sequence[tuple[int, str, str]] = ()
    corrections: Sequence[tuple[int, str]] = ()

    @property
    def something(self) -> bool:
        """Say whether there is anything to resolve."""
        return bool(self.batches or self.words or self.corrections)


def next_regrouping(connection: Connection, jurisdiction: int, limit: int) -> Regrouping | None:
    """Resolve the next names, some batches of `limit`, and the words that wait; None when there is neither."""
    found = waiting(connection, jurisdiction, limit, MOST_WORDS)
    return regroup(connection, jurisdiction, found) if found.something else None


def waiting(connection: Connection, jurisdiction: int, limit: int, most_words: int) -> Waiting:
    """Give what the next step takes up: some batches of about `limit` names, and once no more wait `most_words` words."""
    batches, whole = unresolved.first(connection, jurisdiction, BATCHES * limit, PROJECTS * limit)
    if not whole:
        return Waiting(batches)
    before = unresolved.read_resolved(connection, jurisdiction)
    return Waiting(
        batches,
        resolution.words_after(connection, jurisdiction, before.judgement_no, most_words),
        golden.corrections_after(connection, jurisdiction, before.correction_no, most_words),
    )


def regroup(connection: Connection, jurisdiction: int, found: Waiting) -> Regrouping:
    """Resolve these names, as their records are now, and these words; tell whose documents that makes old."""
    before = unresolved.standing(connection, jurisdiction)
    after = _after(before.resolved, found)
    names = {rid for batch in found.batches for rid in batch.record_ids}
    rows = records.read_records(connection, jurisdiction, sorted(names))
    stand = {row.record_id: row for row in rows if row.kind == "project"}
    asked = {rid for _, a, b in found.words for rid in (a, b)}
    resolved = resolve(connection, jurisdiction, stand, names - stand.keys(), asked, after.judgement_no)
    old = names | {rid for batch in found.batches for rid in batch.parent_ids}
    old |= {rid for _, rid in found.corrections}
    was, now = resolved.before, resolved.members
    old |= resolved.related()
    old |= {rid for rid in was.keys() | now.keys() if was.get(rid) != now.get(rid)}
    taken = tuple(batch.place for batch in found.batches)
    return Regrouping(before, after, taken, resolved, frozenset(old))


def _after(before: Resolved, found: Waiting) -> Resolved:
    """Give how far resolving has come then; the names of a replay wait at a place that was reached before."""
    place = max([Progress(*before[:3]), *(batch.place for batch in found.batches)])
    return Resolved(
        *place,
        judgement_no=found.words[-1][0] if found.words else before.judgement_no,
        correction_no=found.corrections[-1][0] if found.corrections else before.correction_no,
    )


def is_due(connection: Connection, jurisdiction: int, step: Regrouping) -> bool:
    """Say whether nobody resolved anything since; the caller holds the jurisdiction's row."""
    return unresolved.still_stands(connection, jurisdiction, step.before)


def write(connection: Connection, jurisdiction: int, step: Regrouping) -> None:
    """Write what was resolved into the drawer the connection means."""
    resolved = step.resolved
    resolution.change_keys(connection, jurisdiction, resolved.keys)
    resolution.change_normals(connection, jurisdiction, resolved.normals)
    resolution.change_pairs(connection, jurisdiction, resolved.pairs)
    resolution.change_clusters(connection, jurisdiction, difference(resolved.before, resolved.members))
    relations.change_relations(connection, jurisdiction, resolved.relations)
    if resolved.region:
        resolution.replace_reviews(connection, jurisdiction, sorted(resolved.region), resolved.reviews)
    touched.add(connection, jurisdiction, step.touched)
    unresolved.remove(connection, jurisdiction, step.taken)
    unresolved.set_resolved(connection, jurisdiction, step.after)
