"""Derive everything again from memory beside what is served, and swap it in: no error, no lost delivery.

The next drawer is filled in batches without any lock; the last rows are caught up while every jurisdiction's row is
held, in the same short transaction that renames the drawers, bumps the generation and tells the feed the difference.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.db import derived, golden, jurisdictions, leases, records, replays, rule_sets, swap
from app.db.session import Connection, Database
from app.errors import Conflict, Unavailable
from app.logs import cause
from app.pipeline.advance import compute, write
from app.pipeline.poison import Drawer, step
from app.pipeline.rules import Rules
from app.pipeline.standing import stand

log = logging.getLogger(__name__)

BATCH = 1_000
LEASE_SECONDS = 30
"""How long a rebuild whose process was killed keeps the next one waiting."""
HEARTBEAT_SECONDS = 5.0
PROGRESS_SECONDS = 5.0
CATCH_UP_ROUNDS = 20
SWAP_TRIES = 20

Stopping = Callable[[], bool]


class Stopped(Exception):
    """The rebuild was told to stop between two batches; what is served is as before."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: batches walked, feed events by kind per jurisdiction, seconds in all and under the locks."""

    batches: int
    changes: Mapping[int, Mapping[str, int]]
    seconds: float
    locked_seconds: float


def rebuild(
    database: Database, rules: Rules, *, disk: Path | None = None, stopping: Stopping = lambda: False
) -> Rebuilt:
    """Derive every jurisdiction anew under these rules, and the models published by now, and serve the result; one at a time.

    `disk` is where the database's files lie if they are on this machine: free space is checked first.
    Raises Conflict, which says until when, while another rebuild works, and Stopped when `stopping` says so.
    """
    started = time.monotonic()
    with database.begin() as connection:
        _check_disk(connection, disk)
        replays.check_none_runs(connection)
        token = leases.take(connection, leases.REBUILD, LEASE_SECONDS)
    beside = database.beside(derived.NEXT)
    try:
        with _heartbeat(database, token):
            with database.begin() as connection:
                derived.drop(connection, derived.NEXT)
                derived.drop(connection, swap.OLD)
                derived.create(connection, derived.NEXT)
            with beside.begin() as connection:
                rule_sets.take_up(connection)
            batches = _fill(database, beside, rules, token, stopping)
            locked, changes = _swap_in_time(database, beside, rules, token, stopping)
            with database.begin() as connection:
                derived.drop(connection, swap.OLD)
    finally:
        beside.close()
        with database.begin() as connection:
            leases.release(connection, leases.REBUILD, token)
    return Rebuilt(batches, changes, time.monotonic() - started, locked)


def rebuild_published(
    database: Database, rules: Rules, *, disk: Path | None = None, stopping: Stopping = lambda: False
) -> Rebuilt | None:
    """Derive everything anew where another model was published than a drawer stands under; None where none was.

    Rows and words go on into the serving drawer under its own model. What is published meanwhile waits for the next call.
    """
    with database.read() as connection:
        waiting = rule_sets.waiting(connection)
    if not waiting:
        return None
    log.warning(
        "another model was published: everything is derived anew", extra={"facts": {"jurisdictions": waiting}}
    )
    return rebuild(database, rules, disk=disk, stopping=stopping)


@contextmanager
def _heartbeat(database: Database, token: str) -> Iterator[None]:
    """Keep the lease while the block works, however long one statement takes; a lost one is met by the next write."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            try:
                with database.begin() as connection:
                    leases.extend(connection, leases.REBUILD, token, LEASE_SECONDS)
            except Conflict:
                return
            except Exception as error:  # noqa: BLE001 - the next beat tries again; the lease decides
                log.warning("the lease of the rebuild was not extended: %s", cause(error))

    heart = threading.Thread(target=beat, name="rebuild's lease", daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()


def _check_disk(connection: Connection, disk: Path | None) -> None:
    if disk is not None:
        need, free = swap.serving_bytes(connection) * 3 // 2, shutil.disk_usage(disk).free
        if free < need:
            raise Unavailable(
                f"磁盘空间不足，重建需要约 {need >> 20} MB，剩余 {free >> 20} MB / a rebuild needs about"
                f" {need >> 20} MB beside the serving drawer, {free >> 20} MB are free: make room first"
            )


def _fill(
    database: Database, beside: Database, rules: Rules, token: str, stopping: Stopping = lambda: False
) -> int:
    """Fill the next drawer until a round finds next to nothing new, so that the last catch-up is short."""
    batches = 0
    tell_at = time.monotonic() + PROGRESS_SECONDS
    for _ in range(CATCH_UP_ROUNDS):
        with database.begin() as connection:
            known = jurisdictions.known(connection)
        found = 0
        for jurisdiction in known:
            while _step(beside, rules, jurisdiction, token):
                found += 1
                if stopping():
                    raise Stopped
                if time.monotonic() >= tell_at:
                    _tell(beside, jurisdiction)
                    tell_at = time.monotonic() + PROGRESS_SECONDS
        batches += found
        if found <= len(known):
            break
    return batches


def _tell(beside: Database, jurisdiction: int) -> None:
    with beside.read() as connection:
        landed, done = records.landings_behind(connection, jurisdiction)
    log.info("rebuilding %s: delivery %s of %s", jurisdiction, done, landed)


def _step(beside: Database, rules: Rules, jurisdiction: int, token: str) -> bool:
    def fence(connection: Connection, _held: object) -> None:
        # the next drawer may by now be another's
        leases.extend(connection, leases.REBUILD, token, LEASE_SECONDS)

    def work() -> bool:
        with beside.read() as snapshot:
            made = compute(snapshot, rules, jurisdiction, BATCH)
        if made is None:
            return False
        with beside.begin() as connection:
            fence(connection, None)
            write(connection, jurisdiction, made)
        return True

    return step(Drawer(beside, rules, jurisdiction, fence), BATCH, work)


def _swap_in_time(
    database: Database, beside: Database, rules: Rules, token: str, stopping: Stopping = lambda: False
) -> tuple[float, dict[int, dict[str, int]]]:
    """Swap between two long reads; what arrives while one is waited for is caught up outside the locks."""
    for _ in range(SWAP_TRIES):
        try:
            return _swap(database, rules, token)
        except Conflict:
            with database.begin() as connection:
                leases.extend(connection, leases.REBUILD, token, LEASE_SECONDS)
            time.sleep(1)
            _fill(database, beside, rules, token, stopping)
    return _swap(database, rules, token)


def _swap(database: Database, rules: Rules, token: str) -> tuple[float, dict[int, dict[str, int]]]:
    changes: dict[int, dict[str, int]] = {}
    with database.begin() as connection:
        leases.extend(connection, leases.REBUILD, token, LEASE_SECONDS)
        held = [jurisdictions.hold(connection, j) for j in jurisdictions.known(connection)]
        started = time.monotonic()
        swap.mean(connection, derived.NEXT)
        for one in held:
            while (made := compute(connection, rules, one.jurisdiction, BATCH)) is not None:
                write(connection, one.jurisdiction, made)
            events = swap.difference(connection, one.jurisdiction)
            if events:
                numbers = jurisdictions.take(connection, one, "change_no", len(events))
                golden.add_changes(connection, one.jurisdiction, numbers, events, rebuilt=True)
            counts = changes.setdefault(one.jurisdiction, {})
            for event in events:
                counts[event.kind] = counts.get(event.kind, 0) + 1
            stand(connection, one, rules, generation=one.generation + 1)
        swap.swap(connection)
    return time.monotonic() - started, changes
