"""A raw record with which its batch fails again and again is set aside, so that it holds up nobody.

The step is tried three times; then it is cut ever smaller, by its rows, by people's words, by documents, until the
record is found with which it fails and without which it does not. The verdict on that content is memory: under the
same rules every drawer is derived without it, as a rejection; other rules, or a replay, try it again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.db import calls, jurisdictions, poisons, queued, records, rereading, resolution, unresolved
from app.db.jurisdictions import Held
from app.db.poisons import Content
from app.db.queued import SHARES, Share
from app.db.records import RecordRow
from app.db.session import Connection, Database
from app.db.unresolved import Names
from app.pipeline import pairing, resolving
from app.pipeline.advance import DOCUMENTS, Work, write
from app.pipeline.compose import affected, compose
from app.pipeline.normalizing import MOST_VERDICTS, Batch, batch_of, next_batch, next_verdicts
from app.pipeline.pairing import PROJECTS, pair_names
from app.pipeline.region import region
from app.pipeline.reread import reread
from app.pipeline.resolving import MOST_WORDS, Waiting, regroup
from app.pipeline.rules import Rules

log = logging.getLogger(__name__)

T = TypeVar("T")
Fence = Callable[[Connection, Held], None]
"""Raises where this process may not write any more."""
Culprit = tuple[str, Content]
"""A source and the content of one of its raw records."""

PAUSES = (0.2, 1.0)
"""Seconds before a failed step is tried again; after the last try the guilty record is looked for."""


class _Undone(Exception):
    """Takes back what was written only to see whether it can be."""


def _as_many(_connection: Connection, n: int) -> Callable[[], int]:
    return lambda: n


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a step that can be cut: what its first `n` things come to, and whose record the last of them may be.

    `pinned` tells later how many things then lead up to the one that is the n-th now.
    """

    name: str
    size: int
    work: Callable[[Connection, int], Work | None]
    culprits: Callable[[Connection, int], Sequence[Culprit]]
    pinned: Callable[[Connection, int], Callable[[], int]] = _as_many


@dataclass(frozen=True, slots=True)
class Failing:
    """The least of a stage that fails, with its error; `written` if only writing it does."""

    stage: Stage
    n: int
    error: Exception
    written: bool


@dataclass(frozen=True, slots=True)
class Drawer:
    """The derived drawer that is written: through which connections, under which rules, and by whose leave."""

    database: Database
    rules: Rules
    jurisdiction: int
    fence: Fence


def patiently(work: Callable[[], T], aside: Callable[[Exception], T]) -> T:
    """Do the work; where it fails three times in a way its rows may be guilty of, do `aside` instead."""
    for pause in PAUSES:
        try:
            return work()
        except Exception as error:
            if not calls.of_the_rows(error):
                raise
            log.warning("a step failed and is tried again: %s", type(error).__name__)
            time.sleep(pause)
    try:
        return work()
    except Exception as error:
        if not calls.of_the_rows(error):
            raise
        return aside(error)


def step(drawer: Drawer, limit: int, work: Callable[[], bool]) -> bool:
    """Take a step of at most `limit` rows as `work` does; what makes it fail for good is set aside."""

    def aside(error: Exception) -> bool:
        blame(drawer, _stages(drawer, limit), error)
        return True

    return patiently(work, aside)


def blame(drawer: Drawer, stages: Iterable[Stage], error: Exception) -> None:
    """Set aside the record for which one of these stages fails; raise `error` where none of them fails."""
    found = failing(drawer, list(stages))
    if found is None:
        raise error
    _set_aside(drawer, found)


def failing(drawer: Drawer, stages: Sequence[Stage]) -> Failing | None:
    """Find the first stage that fails, in reading or else in writing, cut as small as it still fails."""
    for written in (False, True):
        for stage in stages:
            met = _failure(drawer, stage, stage.size, written=written)
            if met is not None:
                return _smallest(drawer, stage, met, written=written)
    return None


def of_raw_record(drawer: Drawer, raw_id: str) -> Stage:
    """Give the stage of reading one raw record again."""

    def work(connection: Connection, _n: int) -> Batch:
        before = records.read_progress(connection, drawer.jurisdiction)
        read = reread(connection, drawer.jurisdiction, drawer.rules, [raw_id], before)
        return batch_of((before, before), [raw_id], read.normalized)

    def culprits(connection: Connection, _n: int) -> list[Culprit]:
        return _contents(connection, drawer.jurisdiction, [raw_id])

    return Stage("replay", 1, work, culprits)


def _stages(drawer: Drawer, limit: int) -> list[Stage]:
    """Give the parts of the next step in the order it takes them."""
    return [*_of_rows(drawer, limit), *_of_projects(drawer, limit)]


def _of_rows(drawer: Drawer, limit: int) -> list[Stage]:
    j, rules = drawer.jurisdiction, drawer.rules

    def verdicts(connection: Connection, _n: int) -> Batch | None:
        return next_verdicts(connection, rules, j)

    def judged(connection: Connection, _n: int) -> list[Culprit]:
        before = records.read_progress(connection, j)
        return _contents(
            connection, j, [rid for _, rid in poisons.after(connection, j, before.poison_no, MOST_VERDICTS)]
        )

    def rows(connection: Connection, n: int) -> Work | None:
        return next_batch(connection, rules, j, n)

    def last(connection: Connection, n: int) -> list[Culprit]:
        pending = records.pending_rows(connection, j, records.read_progress(connection, j), n)
        return [(row.source, (row.record_id, row.op, row.hash)) for row in pending[-1:]]

    def names(connection: Connection, n: int) -> Work:
        return pair_names(connection, j, _first(pairing.waiting(connection, j, limit), n))

    def named(connection: Connection, n: int) -> list[Culprit]:
        last = [batch.record_ids[-1] for batch in _first(pairing.waiting(connection, j, limit), n)][-1:]
        found = records.read_records(connection, j, last)
        return _newest(found or _neighbours(connection, j, last))

    return [
        Stage("verdicts", 1, verdicts, judged),
        Stage("rows", limit, rows, last),
        Stage("names", PROJECTS * limit, names, named),
    ]


def _of_projects(drawer: Drawer, limit: int) -> list[Stage]:
    j = drawer.jurisdiction

    def clusters(connection: Connection, n: int) -> Work:
        return regroup(connection, j, Waiting(queued.first(connection, j, "unclustered", n)))

    def clustered(connection: Connection, n: int) -> list[Culprit]:
        upto = unresolved.read_resolved(connection, j).judgement_no
        last = queued.first(connection, j, "unclustered", n)[-1:]
        around = region(connection, j, last, upto).records
        return _newest(records.read_records(connection, j, sorted(around)))

    def words(connection: Connection, n: int) -> Work:
        return regroup(connection, j, resolving.waiting(connection, j, limit, n))

    def spoken(connection: Connection, n: int) -> list[Culprit]:
        said = resolving.waiting(connection, j, limit, n).words[-1:]
        return _newest(records.read_records(connection, j, [rid for _, a, b in said for rid in (a, b)]))

    def pinned(connection: Connection, n: int) -> Callable[[], int]:
        last = queued.first(connection, j, "unclustered", n)[-1]
        return lambda: queued.count_upto(connection, j, "unclustered", last)

    return [
        Stage("clusters", limit, clusters, clustered, pinned),
        Stage("words", MOST_WORDS, words, spoken),
        *(_of_documents(drawer, share) for share in SHARES),
    ]


def _of_documents(drawer: Drawer, share: Share | None) -> Stage:
    j = drawer.jurisdiction

    def documents(connection: Connection, n: int) -> Work | None:
        return compose(connection, j, drawer.rules, n, share)

    def members(connection: Connection, n: int) -> list[Culprit]:
        last = queued.first_of(connection, j, share, n)[-1:]
        _, now = affected(connection, j, last)
        found = records.read_records(connection, j, sorted(now))
        return _newest([*found, *records.read_parts(connection, j, sorted(now))])

    def pinned(connection: Connection, n: int) -> Callable[[], int]:
        upto = {*queued.first_of(connection, j, share, n)}
        return lambda: len(upto.intersection(queued.first_of(connection, j, share, n)))

    return Stage("documents", DOCUMENTS, documents, members, pinned)


def _first(batches: Iterable[Names], n: int) -> list[Names]:
    """Give the first `n` records that wait to be resolved, by their batches."""
    found: list[Names] = []
    for batch in batches:
        if some := batch.record_ids[:n]:
            found.append(batch._replace(record_ids=some))
            n -= len(some)
    return found


def _neighbours(connection: Connection, jurisdiction: int, record_ids: Sequence[str]) -> list[RecordRow]:
    """Give the records of the projects that these records, which are gone, were resolved into."""
    projects = {place.project_id for place in resolution.members_of(connection, jurisdiction, record_ids)}
    members = resolution.members_in(connection, jurisdiction, projects)
    return records.read_records(connection, jurisdiction, sorted(place.record_id for place in members))


def _newest(found: Iterable[RecordRow]) -> list[Culprit]:
    """Give what these records say, the latest said first."""
    ordered = sorted(found, key=lambda row: (row.delivery_no, row.row_no), reverse=True)
    return list(dict.fromkeys((row.source, (row.raw_id, "upsert", bytes(row.raw_hash))) for row in ordered))


def _contents(connection: Connection, jurisdiction: int, raw_ids: Sequence[str]) -> list[Culprit]:
    """Give all that was said of these raw records, the latest first."""
    upto = records.read_progress(connection, jurisdiction)
    rows = rereading.histories(connection, jurisdiction, raw_ids, upto)
    said = [(row.source, (row.record_id, row.op, row.hash)) for row in rows if row.op != "confirm"]
    return list(dict.fromkeys(reversed(said)))


def _failure(drawer: Drawer, stage: Stage, n: int, *, written: bool) -> Exception | None:
    """Give the error with which the first `n` things of a stage fail; nothing of it is kept."""
    try:
        if written:
            with drawer.database.begin() as connection:
                jurisdictions.hold(connection, drawer.jurisdiction)
                records.hold_progress(connection, drawer.jurisdiction)
                _tried(connection, drawer.jurisdiction, stage.work(connection, n))
        else:
            with drawer.database.read() as connection:
                stage.work(connection, n)
    except _Undone:
        return None
    except Exception as error:
        if not calls.of_the_rows(error):
            raise
        return error
    return None


def _tried(connection: Connection, jurisdiction: int, made: Work | None) -> None:
    if made is not None:
        write(connection, jurisdiction, made)
    raise _Undone


def _smallest(drawer: Drawer, stage: Stage, met: Exception, *, written: bool) -> Failing:
    good, bad = 0, stage.size
    while bad - good > 1:
        middle = (good + bad) // 2
        found = _failure(drawer, stage, middle, written=written)
        if found is None:
            good = middle
        else:
            bad, met = middle, found
    return Failing(stage, bad, met, written)


def _set_aside(drawer: Drawer, found: Failing) -> None:
    error = found.error
    with drawer.database.read() as connection:
        culprits = found.stage.culprits(connection, found.n)
        ids = [record_id for _, (record_id, _, _) in culprits]
        aside = poisons.in_force(connection, drawer.jurisdiction, ids, drawer.rules.of)
    left = [one for one in culprits if one[1] not in aside]
    if not left:
        raise error
    guilty = left
    if len(left) > 1:
        helps = (one for one in left if _helps(drawer, found, one))
        guilty = [one] if (one := next(helps, None)) else left
    with drawer.database.begin() as connection:
        held = jurisdictions.hold(connection, drawer.jurisdiction)
        drawer.fence(connection, held)
        for source, content in guilty:
            poisons.add(connection, held, source, content, drawer.rules.of(source), error)
    for source, (record_id, op, _) in guilty:
        facts = {"jurisdiction": drawer.jurisdiction, "source": source, "record": record_id, "op": op}
        log.error(
            "a raw record is set aside: processing it fails",
            exc_info=error,
            extra={"facts": facts | {"stage": found.stage.name}},
        )


def _helps(drawer: Drawer, found: Failing, culprit: Culprit) -> bool:
    """Say whether the stage goes through once this content is set aside; nothing of it is kept."""
    j, (source, content) = drawer.jurisdiction, culprit
    try:
        with drawer.database.begin() as connection:
            held = jurisdictions.hold(connection, j)
            records.hold_progress(connection, j)
            again = found.stage.pinned(connection, found.n)
            poisons.add(connection, held, source, content, drawer.rules.of(source), found.error)
            verdict = next_verdicts(connection, drawer.rules, j)
            if verdict is not None:
                write(connection, j, verdict)
                batches = unresolved.at(connection, j, verdict.after)
                write(connection, j, pair_names(connection, j, batches))
            made = found.stage.work(connection, again())
            _tried(connection, j, made if found.written else None)
    except _Undone:
        return True
    except Exception as failed:
        if not calls.of_the_rows(failed):
            raise
    return False
