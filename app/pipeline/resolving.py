"""The resolving step: records that wait to be clustered anew, and what people said since, become clusters and reviews.

Whoever clusters takes those that wait from the front, so a step is due as long as the first one waits and nobody has
paired or heard anything since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.db import golden, queued, relations, resolution, unresolved
from app.db.resolution import difference
from app.db.session import Connection
from app.db.unresolved import Resolved, Standing
from app.pipeline.resolve import Resolution, resolve

MOST_WORDS = 50


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Records clustered anew and words heard, and not yet written."""

    before: Standing
    after: Resolved
    resolved: Resolution
    touched: frozenset[str]
    """Records whose project's document is old from it on."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a resolving step takes up: records to be clustered anew, and what people said once no more names wait."""

    records: Sequence[str] = ()
    words: Sequence[tuple[int, str, str]] = ()
    corrections: Sequence[tuple[int, str]] = ()

    @property
    def said(self) -> bool:
        """Say whether people said anything."""
        return bool(self.words or self.corrections)


def next_regrouping(
    connection: Connection, jurisdiction: int, limit: int, *, only_words: bool = False
) -> Regrouping | None:
    """Resolve the next records, up to `limit`, and the words that wait; None when there is neither.

    With `only_words` records wait for more, unless somebody spoke: one of them goes along then, as with every step.
    """
    found = waiting(connection, jurisdiction, 1 if only_words else limit, MOST_WORDS)
    if only_words and not found.said:
        return None
    return regroup(connection, jurisdiction, found) if found.records or found.said else None


def waiting(connection: Connection, jurisdiction: int, limit: int, most_words: int) -> Waiting:
    """Give what the next step takes up: up to `limit` records, and once no names wait `most_words` words."""
    before = unresolved.standing(connection, jurisdiction)
    some = queued.first(connection, jurisdiction, "unclustered", limit) if before.record_id else []
    if before.first is not None:
        return Waiting(some)
    return Waiting(
        some,
        resolution.words_after(connection, jurisdiction, before.resolved.judgement_no, most_words),
        golden.corrections_after(connection, jurisdiction, before.resolved.correction_no, most_words),
    )


def regroup(connection: Connection, jurisdiction: int, found: Waiting) -> Regrouping:
    """Cluster these records and those of the words; tell whose documents that makes old."""
    before = unresolved.standing(connection, jurisdiction)
    after = before.resolved
    if found.words:
        after = after._replace(judgement_no=found.words[-1][0])
    if found.corrections:
        after = after._replace(correction_no=found.corrections[-1][0])
    # whoever else clusters takes the first record too, and a word is heard with the step that says it was
    now = dict.fromkeys([*found.records[:1], *(rid for _, a, b in found.words for rid in (a, b))])
    seeds = [*now, *(rid for rid in found.records if rid not in now)]
    resolved = resolve(connection, jurisdiction, seeds, after.judgement_no, least=len(now))
    old = resolved.touched().union(rid for _, rid in found.corrections)
    return Regrouping(before, after, resolved, frozenset(old))


def write(connection: Connection, jurisdiction: int, step: Regrouping) -> None:
    """Write what was resolved into the drawer the connection means."""
    resolved = step.resolved
    resolution.change_clusters(connection, jurisdiction, difference(resolved.before, resolved.members))
    relations.change_relations(connection, jurisdiction, resolved.relations)
    if resolved.region:
        resolution.replace_reviews(connection, jurisdiction, sorted(resolved.region), resolved.reviews)
    queued.add(connection, jurisdiction, "touched", step.touched)
    queued.remove(connection, jurisdiction, "unclustered", resolved.region)
    unresolved.set_resolved(connection, jurisdiction, step.after)
