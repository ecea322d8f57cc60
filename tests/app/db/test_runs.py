"""Slots and runs as rows: what becomes of a missed slot, when a source is left alone, and that no slot is run twice."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.db import runs
from app.db.session import Database
from app.pipeline.rules import Rules, load_rules
from app.worker import Role, Worker
from schemas.api.sources import SourceSettings
from tests.support.corridor import opened, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.pulled import FIRST, KEY, bound, claim, paged_registry, queued

SECOND = JURISDICTIONS[1]


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url, pool_size=8) as database:
        yield database


@pytest.fixture
def rules() -> Rules:
    return load_rules(paged_registry())


def missed(hub: Database, minutes: int, policy: str) -> None:
    """Let the source have been due so many minutes ago, once a minute."""
    bound(hub, every=60)
    with hub.begin() as connection:
        connection.execute(
            text(
                "UPDATE ops.source SET missed = :p, next_run_at = date_trunc('minute', now()) - make_interval(mins => :m)"
            ),
            {"p": policy, "m": minutes},
        )


def come(hub: Database) -> None:
    """Let the next slot come."""
    with hub.begin() as connection:
        connection.execute(text("UPDATE ops.source SET next_run_at = now()"))


def end(hub: Database, state: str = "succeeded", retry_after: float | None = None) -> None:
    run = claim(hub)
    with hub.begin() as connection:
        runs.finish(connection, run, state, error=("X", "x"), retry_after=retry_after)


def states(hub: Database) -> list[tuple[Any, ...]]:
    return rows_of(
        hub,
        "SELECT state, error_class FROM ops.run WHERE jurisdiction = :j ORDER BY slot, queued_at",
        j=FIRST,
    )


def alone(hub: Database, jurisdiction: int = FIRST) -> float | None:
    """Give for how many seconds the source is left alone."""
    [(seconds,)] = rows_of(
        hub,
        "SELECT extract(epoch FROM open_until - now())::float FROM ops.source WHERE jurisdiction = :j",
        j=jurisdiction,
    )
    return None if seconds is None else float(seconds)


def test_one_run_stands_for_all_missed_slots_or_each_is_run_or_none(hub: Database, rules: Rules) -> None:
    worker = Worker(hub, rules)
    missed(hub, 5, "run_once")
    worker.tick()
    worker.tick()
    assert states(hub) == [("queued", None)]
    end(hub)
    missed(hub, 4, "skip")
    worker.tick()
    worker.tick()
    assert states(hub)[1:] == [("skipped", "Missed")]
    missed(hub, 3, "all")
    for _ in range(4):
        worker.tick()
        worker.tick()
        end(hub)
    worker.tick()
    assert states(hub)[2:] == [("succeeded", "X")] * 4
    slots = [
        row[0]
        for row in rows_of(hub, "SELECT slot FROM ops.run WHERE jurisdiction = :j ORDER BY slot", j=FIRST)
    ]
    assert [b - a for a, b in zip(slots[-4:], slots[-3:], strict=False)] == [timedelta(minutes=1)] * 3


def test_a_slot_that_meets_a_run_at_work_is_passed_over_and_written_down(hub: Database, rules: Rules) -> None:
    worker = Worker(hub, rules)
    bound(hub)
    worker.tick()
    claim(hub)
    bound(hub)
    worker.tick()
    assert sorted(states(hub)) == [("running", None), ("skipped", "StillRunning")]


def test_no_slot_of_a_source_that_wants_all_is_passed_over_for_a_run_another_replica_has_just_queued(
    hub: Database, rules: Rules
) -> None:
    worker = Worker(hub, rules)
    missed(hub, 2, "all")
    with hub.begin() as connection:
        [seen] = runs.due(connection, FIRST)
    worker.tick()
    following = seen._replace(slot=seen.slot + timedelta(minutes=1))
    with hub.begin() as connection:
        slots = {following: following.slot + timedelta(minutes=1)}
        assert runs.queue_slots(connection, FIRST, slots) == 0
    assert states(hub) == [("queued", None)]
    for _ in range(3):
        end(hub)
        worker.tick()
    assert states(hub)[:3] == [("succeeded", "X")] * 3


def test_who_fails_too_often_is_left_alone_ever_longer_until_one_run_goes_well(
    hub: Database, rules: Rules
) -> None:
    worker, waits = Worker(hub, rules), []
    for _ in range(7):
        bound(hub)
        worker.tick()
        end(hub, "failed")
        waits.append(alone(hub))
    assert waits[:4] == [None] * 4
    assert [round(wait / 60) for wait in waits[4:] if wait is not None] == [1, 2, 4]
    assert alone(hub, SECOND) is None
    come(hub)
    worker.tick()
    assert states(hub)[-1] == ("skipped", "LeftAlone")
    with hub.begin() as connection:
        connection.execute(text("UPDATE ops.source SET open_until = now() - interval '1 second'"))
    come(hub)
    worker.tick()
    end(hub, "succeeded")
    assert alone(hub) is None


def test_who_asks_to_be_left_alone_is_for_at_most_a_day(hub: Database, rules: Rules) -> None:
    for asked, most in ((120.0, 120), (10.0**8, 86_400)):
        bound(hub)
        Worker(hub, rules).tick()
        end(hub, "failed", retry_after=asked)
        wait = alone(hub)
        assert wait is not None
        assert most - 10 < wait <= most


def test_a_waiting_run_is_cancelled_at_once_and_one_at_work_is_asked_to_end(
    hub: Database, rules: Rules
) -> None:
    bound(hub)
    Worker(hub, rules).tick()
    ids = [row[0] for row in rows_of(hub, "SELECT run_id FROM ops.run ORDER BY jurisdiction")]
    work = claim(hub)
    with hub.begin() as connection:
        for jurisdiction, run_id in zip(JURISDICTIONS, ids, strict=True):
            runs.cancel(connection, jurisdiction, run_id)
        assert runs.checkpoint(
            connection, work, "c", dict.fromkeys(("received", "kept", "unchanged", "unreadable"), 0), 9
        )
    assert [queued(hub, j)[0][0] for j in JURISDICTIONS] == ["running", "cancelled"]
    end_state = rows_of(hub, "SELECT finished_at IS NOT NULL FROM ops.run ORDER BY jurisdiction")
    assert end_state == [(False,), (True,)]


def test_what_is_not_said_of_a_source_stays(hub: Database) -> None:
    bound(hub, every=60)
    with hub.begin() as connection:
        for said in ({"missed": "all"}, {"fresh_seconds": 90}, {"enabled": False}, {"every_seconds": 7}, {}):
            runs.settle(connection, FIRST, KEY, SourceSettings.model_validate(said))
    found = rows_of(
        hub, "SELECT missed, fresh_seconds, enabled, every_seconds FROM ops.source ORDER BY jurisdiction"
    )
    assert found == [("all", 90, False, 7), ("run_once", None, True, 60)]


def test_old_runs_are_forgotten_and_those_at_work_are_not(hub: Database, rules: Rules) -> None:
    bound(hub)
    Worker(hub, rules).tick()
    end(hub)
    with hub.begin() as connection:
        connection.execute(
            text(
                "UPDATE ops.run SET queued_at = queued_at - interval '31 days', finished_at = finished_at - interval '31 days'"
            )
        )
        assert [runs.forget(connection, j, 30) for j in JURISDICTIONS] == [1, 0]


def _schedule(url: str, rules: Rules, sources: int) -> None:
    """Tick, and end the runs of the slots, as a replica does, until killed."""
    database = Database(url, pool_size=2)
    worker = Worker(database, rules, roles=[Role.PULL])
    while True:
        worker.tick()
        for jurisdiction in JURISDICTIONS:
            for _ in range(sources):
                with database.begin() as connection:
                    run = runs.claim(connection, jurisdiction, 1)
                if run is None:
                    break
                with database.begin() as connection:
                    runs.finish(connection, run, "succeeded")
        worker.sweep()


def _behind(hub: Database, names: list[str], minutes: int, until: datetime) -> int:
    """Let further sources want each slot of so many minutes up to `until`; gives how many slots that are."""
    for name in names:
        bound(hub, every=60, scheduled=False, source=name)
    with hub.begin() as connection:
        connection.execute(
            text("UPDATE ops.source SET missed = 'all', next_run_at = :at WHERE source = ANY(:names)"),
            {"at": until - timedelta(minutes=minutes), "names": names},
        )
    return len(names) * len(JURISDICTIONS) * (minutes + 1)


@pytest.mark.parametrize(
    ("sources", "minutes"), [(3, 10), pytest.param(10, 60, marks=pytest.mark.campaign)], ids=["66", "1220"]
)
def test_three_schedulers_under_kills_run_every_slot_exactly_once(
    hub: Database, rules: Rules, sources: int, minutes: int
) -> None:
    names = [f"housing.s{n}" for n in range(sources)]
    until = datetime.now(UTC).replace(second=0, microsecond=0)
    wanted = _behind(hub, names, minutes, until)
    hub.close()  # a connection has one process
    dice, fork = random.Random(7), multiprocessing.get_context("fork")
    make = lambda: fork.Process(target=_schedule, args=(hub.url, rules, sources), daemon=True)  # noqa: E731 — three of them, again and again
    replicas = [make() for _ in range(3)]
    for replica in replicas:
        replica.start()
    kills, begun = 0, time.monotonic()
    try:
        while time.monotonic() - begun < 150:
            time.sleep(dice.uniform(0.05, 0.25))
            victim = dice.randrange(3)
            os.kill(replicas[victim].pid or 0, signal.SIGKILL)
            replicas[victim].join()
            [(done,)] = rows_of(
                hub,
                "SELECT count(*) FROM ops.run WHERE state = 'succeeded' AND slot <= :until",
                until=until,
            )
            kills += done < wanted
            if done >= wanted:
                if kills >= 3:
                    break
                # who was killed with nothing left to do proves nothing: twice as much work for the next ones
                more = [f"housing.s{n}" for n in range(len(names), 2 * len(names))]
                wanted += _behind(hub, more, minutes, until)
                names += more
            hub.close()
            replicas[victim] = make()
            replicas[victim].start()
    finally:
        for replica in replicas:
            replica.kill()
            replica.join()
    found = rows_of(
        hub,
        "SELECT jurisdiction, source, count(*), count(DISTINCT slot), min(slot), max(slot), bool_and(state = 'succeeded')"
        " FROM ops.run WHERE slot <= :until GROUP BY 1, 2",
        until=until,
    )
    assert kills >= 3
    assert len(found) == len(names) * 2
    for *_, n, slots, first, last, well in found:
        assert (n, slots, first, last) == (
            minutes + 1,
            minutes + 1,
            until - timedelta(minutes=minutes),
            until,
        )
        assert well
