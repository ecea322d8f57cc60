"""Walk one step through the corridor: what memory has gained since into the derived drawer, then into what is served.

A step normalizes a batch of rows, or pairs the names that batches have changed, or resolves what was paired, or makes the
documents of what was resolved. Each is computed on one snapshot without a lock; under a row (0021) it is only checked that nobody
else took the same step meanwhile, and written. Steps of different kinds disturb each other in nothing, so different
processes may take them (decision 0014). Documents, members, summaries and feed move in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum

from app.db import golden, jurisdictions, queued, records, unresolved
from app.db.jurisdictions import Stands
from app.db.queued import Share
from app.db.session import Connection, Database, unhurried
from app.garbage import uncollected
from app.pipeline import compose as composing
from app.pipeline import normalizing, pairing, resolving
from app.pipeline.compose import Composition, compose
from app.pipeline.normalizing import Batch, next_batch, next_verdicts
from app.pipeline.pairing import Pairing, next_pairing
from app.pipeline.resolving import Regrouping, next_regrouping
from app.pipeline.rules import Rules
from app.pipeline.standing import check_rules, hold_to_normalize

DOCUMENTS = 250
"""Touched records whose documents are made in one step: of whole projects, so these are what memory is full of."""

MOST_AHEAD = 20_000
"""Names that may wait to be resolved before rows wait to be normalized."""


class Step(StrEnum):
    """A kind of step; who may take it is the worker's affair."""

    NORMALIZE = "normalize"
    PAIR = "pair"
    RESOLVE = "resolve"
    COMPOSE = "compose"


Work = Batch | Pairing | Regrouping | Composition
"""A step, computed and not yet written."""
STEPS = tuple(Step)
LAST = (Step.RESOLVE, Step.COMPOSE)
"""The steps that wait for rows, for each makes anew what has been made of the same projects before."""


def advance(
    database: Database,
    rules: Rules,
    jurisdiction: int,
    *,
    limit: int = 200,
    steps: Collection[Step] = STEPS,
) -> bool:
    """Take the next step of these kinds, of at most `limit` raw rows or about as many names; False when nothing waits."""
    with database.read() as snapshot:
        generation = jurisdictions.generation(snapshot, jurisdiction)
        made = compute(snapshot, rules, jurisdiction, limit, steps)
    if made is not None:
        write_if_due(database, rules, jurisdiction, generation, made)
    return made is not None


@uncollected()
def compute(
    connection: Connection,
    rules: Rules,
    jurisdiction: int,
    limit: int,
    steps: Collection[Step] = STEPS,
    behind: Batch | None = None,
) -> Work | None:
    """Compute the next step of a derived drawer from one snapshot: what waits longest, documents once nothing else does.

    None when nothing waits for these kinds. `behind` is a batch that is not yet written: rows are those that follow it.
    """
    made: Work | None = None
    if not {*steps} <= {*LAST}:  # whoever finds a record that fails must get past it
        made = next_verdicts(connection, rules, jurisdiction)
    if made is None and Step.PAIR in steps:
        made = next_pairing(connection, jurisdiction, limit)
    if made is None and Step.NORMALIZE in steps and not _ahead(connection, jurisdiction, steps):
        made = next_batch(connection, rules, jurisdiction, limit, behind)
    if made is not None or {*steps}.isdisjoint(LAST) or _wait(connection, jurisdiction, steps):
        return made or _heard(connection, jurisdiction, steps)
    if Step.RESOLVE in steps:
        made = next_regrouping(connection, jurisdiction, limit)
    for share in _shares(steps) if Step.COMPOSE in steps else ():
        made = made or compose(connection, jurisdiction, rules, DOCUMENTS, share)
    return made


def _ahead(connection: Connection, jurisdiction: int, steps: Collection[Step]) -> bool:
    """Say whether rows wait until others have paired what was normalized: what is served must not fall far behind."""
    return Step.PAIR not in steps and unresolved.waiting_names(connection, jurisdiction) > MOST_AHEAD


def _wait(connection: Connection, jurisdiction: int, steps: Collection[Step]) -> bool:
    """Say whether projects wait for what others do: for rows, or with whoever normalizes until there is much to help with.

    Whoever takes the last steps alone waits for nobody.
    """
    if Step.PAIR in steps:
        return Step.NORMALIZE not in steps and records.rows_wait(connection, jurisdiction)
    if Step.NORMALIZE not in steps:
        return False
    standing = unresolved.standing(connection, jurisdiction)
    if standing.first is not None or standing.record_id is not None:
        return True
    return not queued.more_than(connection, jurisdiction, "touched", DOCUMENTS)


def _heard(connection: Connection, jurisdiction: int, steps: Collection[Step]) -> Regrouping | None:
    """Give what people said since, which waits for no rows."""
    if Step.RESOLVE not in steps:
        return None
    return next_regrouping(connection, jurisdiction, 1, only_words=True)


def _shares(steps: Collection[Step]) -> Sequence[Share | None]:
    """Give the shares of documents to be made, in order: whoever normalizes helps whoever resolves with the upper half."""
    if Step.NORMALIZE in steps and Step.PAIR not in steps:
        return (Share(upper=True),)
    if Step.PAIR in steps and Step.NORMALIZE not in steps:
        return Share(upper=False), Share(upper=True, backwards=True)
    return (None,)


def write_if_due(database: Database, rules: Rules, jurisdiction: int, generation: int, made: Work) -> bool:
    """Write a step unless it was overtaken, and say so; its work is done then, or computed anew by whoever asks next."""
    with database.begin() as connection:
        stands: Stands
        if isinstance(made, Batch):
            stands = hold_to_normalize(connection, jurisdiction, rules)
        else:
            stands = held = jurisdictions.hold(connection, jurisdiction)
            check_rules(connection, held, rules)
        due = stands.generation == generation and _is_due(connection, jurisdiction, made)
        if due:
            write(connection, jurisdiction, made)
            if not isinstance(made, Composition):
                unhurried(connection)  # nobody outside has a number of it
            elif made.changes:
                numbers = jurisdictions.take(connection, held, "change_no", len(made.changes))
                golden.add_changes(connection, jurisdiction, numbers, made.changes)
    return due


def _is_due(connection: Connection, jurisdiction: int, made: Work) -> bool:
    match made:
        case Batch():
            return normalizing.is_due(connection, jurisdiction, made)
        case Pairing() | Regrouping():
            return unresolved.still_stands(connection, jurisdiction, made.before)
        case Composition():
            return composing.is_due(connection, jurisdiction, made)


def write(connection: Connection, jurisdiction: int, made: Work) -> None:
    """Write a computed step into the drawer the connection means."""
    match made:
        case Batch():
            normalizing.write(connection, jurisdiction, made)
        case Pairing():
            pairing.write(connection, jurisdiction, made)
        case Regrouping():
            resolving.write(connection, jurisdiction, made)
        case Composition():
            composing.write(connection, jurisdiction, made)
