"""Derive everything again from memory beside what is served, and swap it in: no error, no lost delivery.

The next drawer is filled in batches without any lock; the last rows are caught up while every jurisdiction's row is
held, in the same short transaction that renames the drawers, bumps the generation and tells the feed the difference.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.db import derived, golden, jurisdictions, leases, swap
from app.db.session import Connection, Database
from app.errors import Conflict, Unavailable
from app.pipeline.advance import compute, write
from app.pipeline.rules import Rules

log = logging.getLogger(__name__)

BATCH = 1_000
LEASE = "rebuild"
LEASE_SECONDS = 600
CATCH_UP_ROUNDS = 20
SWAP_TRIES = 20


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: batches walked, feed events by kind per jurisdiction, seconds in all and under the locks."""

    batches: int
    changes: Mapping[int, Mapping[str, int]]
    seconds: float
    locked_seconds: float


def rebuild(database: Database, rules: Rules, *, disk: Path | None = None) -> Rebuilt:
    """Derive every jurisdiction anew under these rules and serve the result; one rebuild at a time.

    `disk` is where the database's files lie if they are on this machine: free space is checked first.
    """
    started = time.monotonic()
    with database.begin() as connection:
        _check_disk(connection, disk)
        token = leases.take(connection, LEASE, LEASE_SECONDS)
    beside = database.beside(derived.NEXT)
    try:
        with database.begin() as connection:
            derived.drop(connection, derived.NEXT)
            derived.drop(connection, swap.OLD)
            derived.create(connection, derived.NEXT)
        batches = _fill(database, beside, rules, token)
        locked, changes = _swap_in_time(database, beside, rules, token)
        with database.begin() as connection:
            derived.drop(connection, swap.OLD)
    finally:
        beside.close()
        with database.begin() as connection:
            leases.release(connection, LEASE, token)
    return Rebuilt(batches, changes, time.monotonic() - started, locked)


def _check_disk(connection: Connection, disk: Path | None) -> None:
    if disk is not None:
        need, free = swap.serving_bytes(connection) * 3 // 2, shutil.disk_usage(disk).free
        if free < need:
            raise Unavailable(
                f"磁盘空间不足，重建需要约 {need >> 20} MB，剩余 {free >> 20} MB / a rebuild needs about"
                f" {need >> 20} MB beside the serving drawer, {free >> 20} MB are free: make room first"
            )


def _fill(database: Database, beside: Database, rules: Rules, token: str) -> int:
    """Fill the next drawer until a round finds next to nothing new, so that the last catch-up is short."""
    batches = 0
    for _ in range(CATCH_UP_ROUNDS):
        with database.begin() as connection:
            known = jurisdictions.known(connection)
        found = 0
        for jurisdiction in known:
            while _step(beside, rules, jurisdiction, token):
                found += 1
        batches += found
        if found <= len(known):
            break
    return batches


def _step(beside: Database, rules: Rules, jurisdiction: int, token: str) -> bool:
    with beside.read() as snapshot:
        batch = compute(snapshot, rules, jurisdiction, BATCH)
    if batch is None:
        return False
    with beside.begin() as connection:
        # first the lease: the next drawer may by now be another's
        leases.extend(connection, LEASE, token, LEASE_SECONDS)
        write(connection, jurisdiction, batch)
    return True


def _swap_in_time(
    database: Database, beside: Database, rules: Rules, token: str
) -> tuple[float, dict[int, dict[str, int]]]:
    """Swap between two long reads; what arrives while one is waited for is caught up outside the locks."""
    for _ in range(SWAP_TRIES):
        try:
            return _swap(database, rules, token)
        except Conflict:
            with database.begin() as connection:
                leases.extend(connection, LEASE, token, LEASE_SECONDS)
            time.sleep(1)
            _fill(database, beside, rules, token)
    return _swap(database, rules, token)


def _swap(database: Database, rules: Rules, token: str) -> tuple[float, dict[int, dict[str, int]]]:
    changes: dict[int, dict[str, int]] = {}
    with database.begin() as connection:
        leases.extend(connection, LEASE, token, LEASE_SECONDS)
        held = [jurisdictions.hold(connection, j) for j in jurisdictions.known(connection)]
        started = time.monotonic()
        swap.mean(connection, derived.NEXT)
        for one in held:
            while (batch := compute(connection, rules, one.jurisdiction, BATCH)) is not None:
                write(connection, one.jurisdiction, batch)
            events = swap.difference(connection, one.jurisdiction)
            if events:
                numbers = jurisdictions.take(connection, one, "change_no", len(events))
                golden.add_changes(connection, one.jurisdiction, numbers, events, rebuilt=True)
            counts = changes.setdefault(one.jurisdiction, {})
            for event in events:
                counts[event.kind] = counts.get(event.kind, 0) + 1
            jurisdictions.mark(connection, one, fingerprint=rules.fingerprint, generation=one.generation + 1)
        swap.swap(connection)
    return time.monotonic() - started, changes
