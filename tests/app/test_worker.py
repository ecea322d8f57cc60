"""The worker's rows: one run per slot, leases that fence, errors that reach the right person, a stop within seconds."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.bell import Bell
from app.db import health, jurisdictions, leases, runs
from app.db.runs import LeaseLost
from app.db.session import Database
from app.errors import RulesChanged
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import Rules, load_rules
from app.pipeline.sync import bind_found, sync
from app.worker import Role, Worker
from tests.app.house import until
from tests.support.corridor import books, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.pulled import (
    FIRST,
    KEY,
    accept_event,
    bound,
    claim,
    expire,
    fill,
    landed_pushes,
    paged_registry,
    queued,
    source,
    stop_after,
)
from tests.support.pushed import accept_push
from tests.support.small_city import message

SECOND = JURISDICTIONS[1]


def test_two_replicas_queue_one_run_per_slot(hub: Database, rules: Rules, table: Engine) -> None:
    for round_ in range(1, 4):
        bound(hub)
        workers = [Worker(hub, rules) for _ in range(4)]
        gate = threading.Barrier(4)

        def tick(worker: Worker, gate: threading.Barrier = gate) -> None:
            gate.wait()
            worker.tick()

        threads = [threading.Thread(target=tick, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for jurisdiction in JURISDICTIONS:
            assert [row[0] for row in queued(hub, jurisdiction)] == [*["succeeded"] * (round_ - 1), "queued"]
            assert source(hub, jurisdiction)[4]
        Worker(hub, rules).tick()
        assert len(queued(hub)) == round_
        Worker(hub, rules).pull()


def test_a_slot_is_passed_over_while_the_former_run_still_waits(hub: Database, rules: Rules) -> None:
    bound(hub)
    Worker(hub, rules).tick()
    bound(hub)
    Worker(hub, rules).tick()
    assert [row[0] for row in queued(hub)] == ["queued", "skipped"]
    assert source(hub)[4]


def test_a_pull_lands_every_page_and_the_next_one_keeps_nothing(
    hub: Database, rules: Rules, table: Engine
) -> None:
    fill(table, *range(7))
    worker = Worker(hub, rules)
    for kept in (7, 0):
        bound(hub)
        worker.tick()
        worker.pull()
        worker.process()
        for jurisdiction in JURISDICTIONS:
            last = queued(hub, jurisdiction)[-1]
            assert (last[0], last[4]) == ("succeeded", kept)
            assert source(hub, jurisdiction) == (None, 0, True, True, True)
    books(hub)
    assert rows_of(hub, "SELECT count(*) FROM record") == [(14,)]


def test_a_silent_workers_run_is_taken_over_from_where_it_stood_and_its_late_page_refused(
    hub: Database, rules: Rules, table: Engine
) -> None:
    fill(table, *range(9))
    bound(hub)
    Worker(hub, rules).tick()
    zombie = claim(hub)
    # it lands two pages and is heard of no more
    assert sync(hub, rules, zombie, stopping=stop_after(2)) == "queued"
    zombie = claim(hub)
    assert zombie.cursor is not None
    expire(hub)
    Worker(hub, rules).sweep()
    assert queued(hub)[0][0] == "queued"
    heir = claim(hub)
    assert (heir.run_id, heir.cursor) == (zombie.run_id, zombie.cursor)
    landed = rows_of(hub, "SELECT count(*) FROM memory.landing")
    assert sync(hub, rules, zombie) == "lost"
    assert rows_of(hub, "SELECT count(*) FROM memory.landing") == landed
    with pytest.raises(LeaseLost), hub.begin() as connection:
        runs.checkpoint(
            connection, zombie, "x", dict.fromkeys(("received", "kept", "unchanged", "unreadable"), 0), 9
        )
    with hub.begin() as connection:
        runs.finish(connection, zombie, "failed", error=("X", "x"), attention="x")
        runs.release(connection, zombie)
    assert queued(hub)[0][0] == "running"
    assert sync(hub, rules, heir) == "succeeded"
    assert queued(hub)[0][0] == "succeeded"
    assert source(hub)[:2] == (None, 0)
    assert rows_of(hub, "SELECT count(*) FROM memory.head WHERE jurisdiction = :j", j=FIRST) == [(9,)]


def test_a_run_whose_workers_always_fall_silent_fails_in_the_end(hub: Database, rules: Rules) -> None:
    bound(hub)
    worker = Worker(hub, rules)
    worker.tick()
    for _ in range(runs.MOST_ATTEMPTS):
        assert queued(hub)[0][0] == "queued"
        claim(hub)
        expire(hub)
        worker.sweep()
    assert queued(hub)[0][:2] == ("failed", runs.MOST_ATTEMPTS)


def test_a_running_lease_is_not_swept(hub: Database, rules: Rules) -> None:
    bound(hub)
    worker = Worker(hub, rules)
    worker.tick()
    claim(hub)
    worker.sweep()
    assert queued(hub)[0][0] == "running"


def test_a_source_that_is_away_is_tried_again_and_nobody_is_called(
    hub: Database, rules: Rules, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEST_PERMITS_URL", f"sqlite:///{tmp_path / 'not there.db'}")
    worker = Worker(hub, rules)
    for failures in (1, 2):
        bound(hub)
        worker.tick()
        worker.pull()
        assert queued(hub)[-1][0] == "failed"
        assert source(hub)[:3] == (None, failures, False)
    assert rows_of(hub, "SELECT DISTINCT error_class FROM ops.run") == [("SourceUnavailable",)]


def test_a_source_of_another_shape_waits_for_a_person_and_goes_on_after_a_word(
    hub: Database, rules: Rules, table: Engine
) -> None:
    fill(table, 1)
    with table.begin() as connection:
        connection.execute(text("ALTER TABLE PERMITS RENAME COLUMN updated TO refreshed"))
    worker = Worker(hub, rules)
    bound(hub)
    worker.tick()
    worker.pull()
    attention, failures, *_ = source(hub)
    assert "请核对清单" in attention
    assert failures == 1
    with hub.begin() as connection:
        connection.execute(text("UPDATE ops.source SET next_run_at = now()"))
    worker.tick()
    assert len(queued(hub)) == 1
    with table.begin() as connection:
        connection.execute(text("ALTER TABLE PERMITS RENAME COLUMN refreshed TO updated"))
    bound(hub)
    worker.tick()
    worker.pull()
    assert source(hub)[:3] == (None, 0, True)


def test_a_source_without_a_connector_is_told_of_and_does_not_hold_up_the_others(
    hub: Database, rules: Rules, table: Engine
) -> None:
    fill(table, 1)
    bound(hub, source="culture.gone")
    bound(hub)
    worker = Worker(hub, rules)
    worker.tick()
    worker.pull()
    for jurisdiction in JURISDICTIONS:
        told: dict[str, str | None] = dict(
            rows_of(hub, "SELECT source, attention FROM ops.source WHERE jurisdiction = :j", j=jurisdiction)
        )
        assert told[KEY] is None
        assert "culture.gone" in str(told["culture.gone"])
        assert "succeeded" in {row[0] for row in queued(hub, jurisdiction)}


def test_a_jurisdiction_that_fails_does_not_hold_up_the_next(
    hub: Database, rules: Rules, table: Engine
) -> None:
    """The first city waits for its rebuild; the second is served."""
    fill(table, 1)
    worker = Worker(hub, rules)
    bound(hub)
    worker.tick()
    worker.pull()
    with hub.begin() as connection:
        held = jurisdictions.hold(connection, FIRST)
        jurisdictions.mark(connection, held, fingerprint="other rules")
    accept_event(hub, FIRST, "m1")
    worker.process()
    assert rows_of(hub, "SELECT DISTINCT jurisdiction FROM project") == [(SECOND,)]
    assert landed_pushes(hub, FIRST) == 1, "what was pushed is landed all the same"
    rebuild(hub, rules)
    worker.process()
    assert rows_of(hub, "SELECT DISTINCT jurisdiction FROM project ORDER BY 1") == [(FIRST,), (SECOND,)]


def test_under_changed_rules_a_worker_pulls_and_lands_while_it_waits_for_another_rebuild_and_then_derives_anew(
    hub: Database, rules: Rules, table: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    fill(table, 1, 2)
    bound(hub)
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            held = jurisdictions.hold(connection, jurisdiction)
            jurisdictions.mark(connection, held, fingerprint="other rules")
    with hub.begin() as connection:
        leases.take(connection, leases.REBUILD, 60)

    def readiness() -> str:
        try:
            with hub.read() as connection:
                health.ready(connection, FIRST, rules.common)
        except RulesChanged as error:
            return str(error)
        return "ready"

    assert "it is under way" in readiness()
    worker = Worker(hub, rules)
    worker.start()
    try:
        accept_event(hub, FIRST, "m1")
        until(lambda: landed_pushes(hub, FIRST) == 1)
        until(lambda: {row[0] for row in queued(hub)} == {"succeeded"})
        assert rows_of(hub, "SELECT count(*) FROM project") == [(0,)]
        with hub.begin() as connection:
            connection.execute(text("UPDATE ops.lease SET until = now() - interval '1 second'"))
        assert "run `hub rebuild`" in readiness()
        until(lambda: readiness() == "ready")
        until(lambda: rows_of(hub, "SELECT count(DISTINCT jurisdiction) FROM project") == [(2,)])
    finally:
        worker.stop()
    told = [record.getMessage() for record in caplog.records]
    assert sum("the rules changed: everything is derived anew" in line for line in told) == 1
    assert sum("another rebuild holds the lease until" in line for line in told) == 1
    assert "everything is derived anew" in told
    assert all(record.exc_info is None for record in caplog.records)


def test_while_the_database_is_away_the_beats_say_so_in_one_line(
    rules: Rules, caplog: pytest.LogCaptureFixture
) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    worker = Worker(away, rules)
    for job in (worker.tick, worker.sweep, worker.pull, worker.process):
        for _ in range(3):
            worker._guarded(job)()
    away.close()
    [line] = caplog.records
    assert line.levelname == "WARNING"
    assert line.exc_info is None
    assert "the database does not answer" in line.getMessage()
    assert "refused" in line.getMessage()


def test_a_beat_that_fails_in_a_way_nobody_foresaw_keeps_its_traceback(
    hub: Database, rules: Rules, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ArithmeticError("a mistake of ours")

    monkeypatch.setattr(runs, "sweep", fail)
    Worker(hub, rules)._guarded(Worker(hub, rules).sweep)()
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


def test_a_stop_in_a_long_pull_gives_the_run_back_and_another_worker_ends_it(
    hub: Database, table: Engine
) -> None:
    rules = load_rules(paged_registry(page=1))
    fill(table, *range(300))
    bound(hub)
    worker = Worker(hub, rules)
    worker.start()
    deadline = time.monotonic() + 20
    while not rows_of(hub, "SELECT FROM memory.landing LIMIT 1") and time.monotonic() < deadline:
        time.sleep(0.05)
    asked = time.monotonic()
    worker.stop()
    assert time.monotonic() - asked < 5
    states = {row[0] for row in queued(hub)} | {row[0] for row in queued(hub, SECOND)}
    assert "running" not in states
    assert "queued" in states
    [(landed,)] = rows_of(hub, "SELECT count(*) FROM memory.landing WHERE jurisdiction = :j", j=FIRST)
    assert landed < 300
    other = Worker(hub, load_rules(paged_registry(page=500)))
    other.pull()
    for jurisdiction in JURISDICTIONS:
        assert queued(hub, jurisdiction)[-1][0] == "succeeded"
        heads = rows_of(hub, "SELECT count(*) FROM memory.head WHERE jurisdiction = :j", j=jurisdiction)
        assert heads == [(300,)]


def test_pushes_land_once_in_order_of_receipt_whoever_works(
    hub: Database, rules: Rules, table: Engine
) -> None:
    fill(table, 1)
    bound(hub)
    workers = [Worker(hub, rules) for _ in range(2)]
    workers[0].tick()
    workers[0].pull()
    for n in range(30):
        body, headers = message(
            [{"id": f"E{n % 10}", "permit": "P001", "on": f"2024-10-{n % 28 + 1:02}"}], f"m{n}"
        )
        for jurisdiction in JURISDICTIONS:
            with hub.begin() as connection:
                accept_push(connection, jurisdiction, "housing.events", f"m{n}", headers, body, "housing")
    threads = [threading.Thread(target=worker.process) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    books(hub)
    for jurisdiction in JURISDICTIONS:
        order = rows_of(
            hub,
            "SELECT l.delivery_no FROM memory.landing l JOIN memory.delivery d USING (jurisdiction, delivery_no)"
            " WHERE jurisdiction = :j AND channel = 'push' ORDER BY landing_no",
            j=jurisdiction,
        )
        assert len(order) == 30
        assert order == sorted(order)
    assert rows_of(hub, "SELECT count(*) FROM record WHERE kind = 'part'") == [(20,)]


def test_what_is_pulled_is_normalized_at_once_and_not_at_the_next_beat(
    hub: Database, rules: Rules, table: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.worker.BEAT_SECONDS", 600.0)
    fill(table, 1, 2, 3)
    bound(hub)
    for jurisdiction in JURISDICTIONS:
        accept_event(hub, jurisdiction, "m1")
    landed = Bell()
    worker = Worker(hub, rules, roles=[Role.NORMALIZE], landed=landed)
    worker.start()
    until(lambda: all(landed_pushes(hub, jurisdiction) for jurisdiction in JURISDICTIONS))
    pulls = Worker(hub, rules, roles=[Role.PULL], landed=landed)
    pulls.tick()
    pulls.pull()
    until(lambda: rows_of(hub, "SELECT count(*) FROM record WHERE kind = 'project'") == [(6,)])
    worker.stop()
    landed.close()


def test_found_sources_are_bound_once(hub: Database, rules: Rules, table: Engine) -> None:
    assert bind_found(hub, rules, FIRST) == [KEY]
    assert bind_found(hub, rules, FIRST) == []
