"""Replay: read again what a source has said, chunk by chunk, and write what differs; a plan only tells it before.

A chunk is written like a batch, under the jurisdiction's row and only if nobody else wrote since, and the drawer notes
how far the source has come in the same transaction. So a replay may be cancelled or killed between any two chunks:
records before that place stand under today's rules, the others as they were, and the next run goes on from there.
After the last chunk the drawer is what a rebuild would derive. Documents follow as after any batch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from app.db import calls, jurisdictions, leases, poisons, records, replays, rereading, source_rules
from app.db.replays import Claimed
from app.db.runs import LeaseLost
from app.db.session import Connection, Database
from app.errors import Conflict, RulesChanged
from app.garbage import uncollected
from app.pipeline import normalizing
from app.pipeline.normalizing import Batch, batch_of
from app.pipeline.poison import Drawer, Stage, blame, failing, of_raw_record, patiently
from app.pipeline.replay_counts import counted
from app.pipeline.replay_counts import failing as failed
from app.pipeline.reread import Reread, reread
from app.pipeline.rules import Rules
from app.pipeline.standing import check_common, check_rules, take_up
from schemas.api.replays import SourceReplay

log = logging.getLogger(__name__)

LEASE_SECONDS = 90
CHUNK = 500
"""Raw records read again in one step."""
MOST_ROWS = 5_000
"""Rows of their histories, about."""
FEWEST = 20
"""Raw records of a step that others keep overtaking."""

Stopping = Callable[[], bool]
Turn = Callable[[], AbstractContextManager[object]]


class Waits(Conflict):
    """A rebuild works: the replay gives way and stays queued."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk, computed and not yet written; None read at the end of its source."""

    generation: int
    read: Reread | None
    batch: Batch | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One source as it is being replayed; verdicts on raw records `kept` stand, other records are tried without them."""

    drawer: Drawer
    claimed: Claimed
    source: str
    kept: set[str] = field(default_factory=set)


def plan(
    connection: Connection,
    jurisdiction: int,
    rules: Rules,
    sources: Sequence[str],
    told: Callable[[int], None] = lambda _done: None,
) -> list[SourceReplay]:
    """Tell what today's rules make of what these sources have said, from one snapshot; writes nothing.

    Raises RulesChanged where only a rebuild helps.
    """
    check_common(connection, jurisdiction, rules)
    upto = records.read_progress(connection, jurisdiction)
    done, made = 0, []
    for source in sources:
        counts, after = SourceReplay(source=source), ""
        while ids := rereading.raw_ids(connection, jurisdiction, source, after, CHUNK, MOST_ROWS):
            for read in _readable(connection, jurisdiction, rules, ids, upto):
                counts = counted(counts, read) if isinstance(read, Reread) else failed(counts, *read)
            done, after = done + len(ids), ids[-1]
            told(done)
        made.append(counts.model_copy(update={"finished": True}))
    return made


def run(
    database: Database,
    rules: Rules,
    claimed: Claimed,
    *,
    stopping: Stopping = lambda: False,
    turn: Turn = nullcontext,
) -> str:
    """Walk a claimed plan or run to its end and give its state; each chunk is written within a `turn`."""
    try:
        if claimed.fingerprint != rules.fingerprint:
            raise RulesChanged("the rules are others than those it was planned under: plan it again")
        if claimed.step == "plan":
            return _planned(database, rules, claimed, stopping)
        return _walked(database, rules, claimed, stopping, turn)
    except LeaseLost:
        log.warning("a replay was taken over", extra={"facts": {"replay": claimed.replay_id}})
        return "lost"
    except Waits:
        with database.begin() as connection:
            return replays.release(connection, claimed)
    except Exception as error:
        if not isinstance(error, RulesChanged):
            log.exception("a replay failed", extra={"facts": {"replay": claimed.replay_id}})
        with database.begin() as connection:
            replays.finish(connection, claimed, "failed", error=(type(error).__name__, str(error)))
        return "failed"


class _Cancelled(Exception):
    """Somebody asked the replay to end."""


class _Stopped(Exception):
    """This process ends: the replay goes back to the queue."""


def _planned(database: Database, rules: Rules, claimed: Claimed, stopping: Stopping) -> str:
    with database.begin() as connection:
        total = rereading.how_many(connection, claimed.jurisdiction, claimed.sources)
        replays.checkpoint(connection, claimed, LEASE_SECONDS, done=0, total=total)

    def told(done: int) -> None:
        with database.begin() as connection:
            if replays.checkpoint(connection, claimed, LEASE_SECONDS, done=done):
                raise _Cancelled
        if stopping():
            raise _Stopped

    try:
        with database.read() as snapshot:
            made = plan(snapshot, claimed.jurisdiction, rules, claimed.sources, told)
    except _Cancelled:
        return _ended(database, claimed, "cancelled")
    except _Stopped:
        with database.begin() as connection:
            return replays.release(connection, claimed)
    with database.begin() as connection:
        replays.finish(connection, claimed, "planned", plan=made)
    return "planned"


def _ended(database: Database, claimed: Claimed, state: str) -> str:
    with database.begin() as connection:
        replays.finish(connection, claimed, state)
    return state


def _walked(database: Database, rules: Rules, claimed: Claimed, stopping: Stopping, turn: Turn) -> str:
    counts = _begun(database, rules, claimed)
    drawer = Drawer(
        database, rules, claimed.jurisdiction, lambda connection, held: check_rules(connection, held, rules)
    )
    for source in claimed.sources:
        most, reading = CHUNK, Reading(drawer, claimed, source)
        while not counts[source].finished:
            if stopping():
                with database.begin() as connection:
                    return replays.release(connection, claimed)
            with turn():
                cancelled, after = _step(reading, most, counts)
            # whoever keeps being overtaken takes smaller steps, and larger ones again where it is alone
            most = max(FEWEST, most // 2) if after is None else min(CHUNK, most * 2)
            counts[source] = after or counts[source]
            if cancelled:
                return _ended(database, claimed, "cancelled")
    return _ended(database, claimed, "succeeded")


def _begun(database: Database, rules: Rules, claimed: Claimed) -> dict[str, SourceReplay]:
    """Take up the rules, note the sources as due, and give what this replay has read of each."""
    done = {one.source: one for one in claimed.counts}
    counts = {source: done.get(source, SourceReplay(source=source)) for source in claimed.sources}
    with database.begin() as connection:
        held = jurisdictions.hold(connection, claimed.jurisdiction)
        take_up(connection, held, rules)
        stands = source_rules.read(connection, claimed.jurisdiction)
        fresh = [s for s in claimed.sources if not counts[s].finished and not (s in stands and stands[s].due)]
        if fresh:
            source_rules.set_some(
                connection, claimed.jurisdiction, {s: rules.sources.get(s, "") for s in fresh}, fresh
            )
        left = sum(
            rereading.how_many(connection, claimed.jurisdiction, [s], "" if s in fresh else stands[s].after)
            for s in claimed.sources
            if not counts[s].finished
        )
        read = sum(one.raw_records for one in counts.values())
        replays.checkpoint(connection, claimed, LEASE_SECONDS, done=read, total=read + left)
    return counts


Step = tuple[bool, SourceReplay | None]
"""Whether to end here, and what is read of the source by then; None when nothing was written."""


def _step(reading: Reading, most: int, counts: Mapping[str, SourceReplay]) -> Step:
    """Read up to `most` raw records again and write what differs; what makes that fail for good is set aside."""
    return patiently(
        lambda: _tried(reading, most, counts), lambda error: _set_aside(reading, most, counts, error)
    )


def _tried(reading: Reading, most: int, counts: Mapping[str, SourceReplay]) -> Step:
    with reading.drawer.database.read() as snapshot:
        generation = jurisdictions.generation(snapshot, reading.drawer.jurisdiction)
        read, batch = _read(snapshot, reading, most)
    return _written(reading, Chunk(generation, read, batch), counts)


def _next_ids(connection: Connection, reading: Reading, most: int) -> list[str]:
    jurisdiction, source = reading.drawer.jurisdiction, reading.source
    after = source_rules.read(connection, jurisdiction)[source].after
    return rereading.raw_ids(connection, jurisdiction, source, after, most, MOST_ROWS)


@uncollected()
def _read(snapshot: Connection, reading: Reading, most: int) -> tuple[Reread | None, Batch | None]:
    ids = _next_ids(snapshot, reading, most)
    if not ids:
        return None, None
    drawer = reading.drawer
    before = records.read_progress(snapshot, drawer.jurisdiction)
    tried = [raw_id for raw_id in ids if raw_id not in reading.kept]
    read = reread(snapshot, drawer.jurisdiction, drawer.rules, ids, before, tried)
    return read, batch_of((before, before), ids, read.normalized)


def _set_aside(reading: Reading, most: int, counts: Mapping[str, SourceReplay], error: Exception) -> Step:
    """Read what stands before the raw record that fails; when it is the next one, its verdict stands, or it gets one."""
    drawer = reading.drawer
    chunk = Stage(
        "replay", most, lambda connection, n: _read(connection, reading, n)[1], lambda _connection, _n: ()
    )
    found = failing(drawer, [chunk])
    if found is None:
        raise error
    if found.n > 1:
        return _tried(reading, found.n - 1, counts)
    with drawer.database.read() as connection:
        [raw_id] = _next_ids(connection, reading, 1)
        stands = poisons.in_force(connection, drawer.jurisdiction, [raw_id], drawer.rules.of)
    if not stands or raw_id in reading.kept:
        blame(drawer, [of_raw_record(drawer, raw_id)], found.error)
    reading.kept.add(raw_id)
    with drawer.database.begin() as connection:
        return replays.checkpoint(connection, reading.claimed, LEASE_SECONDS), None


def _written(reading: Reading, chunk: Chunk, counts: Mapping[str, SourceReplay]) -> Step:
    """Write a chunk unless it was overtaken."""
    drawer, claimed, source = reading.drawer, reading.claimed, reading.source
    jurisdiction = drawer.jurisdiction
    with drawer.database.begin() as connection:
        held = jurisdictions.hold(connection, jurisdiction)
        drawer.fence(connection, held)
        if leases.held_until(connection, leases.REBUILD):
            raise Waits
        records.hold_progress(connection, jurisdiction)
        overtaken = held.generation != chunk.generation or (
            chunk.batch is not None and not normalizing.is_due(connection, jurisdiction, chunk.batch)
        )
        if overtaken:
            return replays.checkpoint(connection, claimed, LEASE_SECONDS), None
        if chunk.read is None or chunk.batch is None:
            after = counts[source].model_copy(update={"finished": True})
            source_rules.move(connection, jurisdiction, source, "", due=False)
        else:
            after = counted(counts[source], chunk.read)
            if chunk.read.normalized.differs:
                normalizing.write(connection, jurisdiction, chunk.batch)
                # whatever others have computed on the drawer as it was is void
                jurisdictions.mark(
                    connection,
                    held,
                    fingerprint=held.fingerprint,
                    common=held.common,
                    generation=held.generation + 1,
                )
            for verdict in chunk.read.tried:
                poisons.withdraw(connection, held, verdict)
            source_rules.move(connection, jurisdiction, source, chunk.read.raw_ids[-1], due=True)
        told = list({**counts, source: after}.values())
        done = sum(one.raw_records for one in told)
        return replays.checkpoint(connection, claimed, LEASE_SECONDS, done=done, counts=told), after


def _readable(
    connection: Connection,
    jurisdiction: int,
    rules: Rules,
    ids: Sequence[str],
    upto: records.Progress,
) -> Iterator[Reread | tuple[str, Exception]]:
    """Read these raw records; one that nobody can read without an error is given with it."""
    try:
        yield reread(connection, jurisdiction, rules, ids, upto, tried=ids)
    except Exception as error:
        if not calls.of_the_rows(error):
            raise
        if len(ids) == 1:
            yield ids[0], error
            return
        for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
            yield from _readable(connection, jurisdiction, rules, half, upto)
