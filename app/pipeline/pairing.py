"""The pairing step: names that wait become keys and pairs, and whom that concerns waits to be clustered anew.

It reads the records of these names as they are now, so neither order nor repetition changes anything: a name that was
changed again meanwhile waits again. What it writes nobody else does, so it is due as long as nobody else has resolved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.db import queued, records, resolution, unresolved
from app.db.records import Progress
from app.db.session import Connection
from app.db.unresolved import Names, Resolved, Standing
from app.pipeline.pair import Paired, pair

BATCHES, PROJECTS = 4, 2
"""Batches of names that are paired together where so many wait, and how many of them may be of project records, which
are what a write is long of."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Names paired, and not yet written."""

    before: Standing
    after: Resolved
    taken: tuple[Progress, ...]
    """The batches whose names these are."""
    paired: Paired
    touched: frozenset[str]
    """Records whose project's document is old from it on."""


def next_pairing(connection: Connection, jurisdiction: int, limit: int) -> Pairing | None:
    """Pair the next names, some batches of `limit`; None when none wait."""
    found = waiting(connection, jurisdiction, limit)
    return pair_names(connection, jurisdiction, found) if found else None


def waiting(connection: Connection, jurisdiction: int, limit: int) -> list[Names]:
    """Give the names the next step takes up: some batches of about `limit`."""
    return unresolved.first(connection, jurisdiction, BATCHES * limit, PROJECTS * limit)


def pair_names(connection: Connection, jurisdiction: int, batches: Sequence[Names]) -> Pairing:
    """Pair the records of these names as they are now; tell whose documents that makes old."""
    before = unresolved.standing(connection, jurisdiction)
    names = {rid for batch in batches for rid in batch.record_ids}
    rows = records.read_records(connection, jurisdiction, sorted(names))
    stand = {row.record_id: row for row in rows if row.kind == "project"}
    paired = pair(connection, jurisdiction, stand, names - stand.keys())
    taken = tuple(batch.place for batch in batches)
    # the names of a replay wait at a place that was reached before
    place = max([Progress(*before.resolved[:3]), *taken])
    after = before.resolved._replace(**place._asdict())
    touched = names.union(rid for batch in batches for rid in batch.parent_ids)
    return Pairing(before, after, taken, paired, frozenset(touched))


def write(connection: Connection, jurisdiction: int, step: Pairing) -> None:
    """Write what was paired into the drawer the connection means."""
    paired = step.paired
    resolution.change_keys(connection, jurisdiction, paired.keys)
    resolution.change_normals(connection, jurisdiction, paired.normals)
    resolution.change_pairs(connection, jurisdiction, paired.pairs)
    if paired.unclustered:
        queued.add(connection, jurisdiction, "unclustered", paired.unclustered)
    queued.add(connection, jurisdiction, "touched", step.touched)
    unresolved.remove(connection, jurisdiction, step.taken)
    unresolved.set_resolved(connection, jurisdiction, step.after)
