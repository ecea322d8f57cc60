"""The derived drawer is a pure function of memory: dropped and made again it is the same, also while the city goes on."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db import derived, leases, swap
from app.db.session import Database
from app.errors import Conflict, RulesChanged, Unavailable
from app.pipeline import rebuild as rebuilding
from app.pipeline.advance import advance
from app.pipeline.process import drain
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import Rules, load_rules
from connectors.manifest import parse
from connectors.registry import Registry, Source, discover
from tests.support.corridor import (
    Delivery,
    arranged,
    books,
    differing,
    drawer,
    feed,
    land,
    opened,
    rows_of,
    shape,
    simulated,
    walk,
)
from tests.support.database import JURISDICTIONS, throw_away_database
from tests.support.small_city import PERMITS, SmallCity, filled_city, small_registry

ROOT = Path(__file__).resolve().parents[1]
FIRST, SECOND = JURISDICTIONS
RULES = load_rules(discover())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    return simulated(RULES.registry, tmp_path_factory.mktemp("city"), seed=11, projects=20, advances=(30,))


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url, pool_size=8) as database:
        yield database


@pytest.fixture
def small(database_url: str) -> Iterator[SmallCity]:
    with filled_city(database_url) as city:
        yield city


def served(database: Database, jurisdiction: int) -> dict[str, str]:
    return dict(
        rows_of(database, "SELECT project_id, etag FROM project WHERE jurisdiction = :j", j=jurisdiction)
    )


def followed(database: Database, jurisdiction: int) -> dict[str, str]:
    """Give the projects and ETags of somebody who knows the hub by its feed alone."""
    known: dict[str, str] = {}
    events = rows_of(
        database,
        "SELECT change_no, kind, project_id, other_id, etag FROM ops.change WHERE jurisdiction = :j ORDER BY change_no",
        j=jurisdiction,
    )
    assert [event[0] for event in events] == list(range(1, len(events) + 1))
    for _, kind, project, other, etag in events:
        if kind in {"removed", "merged", "renamed"}:
            del known[project]
            assert (other is None) == (kind == "removed")
        else:
            assert (project in known) == (kind == "updated") or other is None
            known[project] = etag
    return known


def test_a_rebuild_under_load_serves_without_an_error_loses_nothing_and_ends_the_same(
    hub: Database, told: list[Delivery]
) -> None:
    half = len(told) // 2
    for jurisdiction in JURISDICTIONS:
        land(hub, jurisdiction, told[:half])
        walk(hub, RULES, jurisdiction)
    over = threading.Event()
    landed = threading.Event()

    def landing() -> int:
        more = arranged(told, RULES.registry, random.Random(7))
        land(hub, SECOND, more)
        land(hub, FIRST, told[half:])
        landed.set()
        return len(more) + len(told) - half

    def working() -> int:
        batches = 0
        while not over.is_set():
            for jurisdiction in JURISDICTIONS:
                batches += drain(hub, RULES, jurisdiction, limit=20, stopping=over.is_set)
        return batches

    def reading() -> int:
        views = 0
        while not over.is_set():
            views += 1
            with hub.read() as connection:
                projects = connection.execute(
                    text("SELECT jurisdiction, project_id, golden FROM project")
                ).all()
                members = connection.execute(
                    text("SELECT jurisdiction, project_id, record_id FROM member")
                ).all()
                told_of = {(j, p, r) for j, p, r in members}
                assert len(projects) >= 10
                assert {(j, p) for j, p, _ in projects} == {(j, p) for j, p, _ in members}
                for j, p, golden in projects:
                    assert (j, p, p) in told_of
                    assert f'"project_id":"{p}"' in golden
        return views

    with ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(job) for job in (landing, working, working, reading, reading)]
        done: list[rebuilding.Rebuilt] = []
        try:
            while len(done) < 3 or not landed.is_set():
                done.append(rebuild(hub, RULES))
                assert not any(job.done() and job.exception() for job in jobs)
        finally:
            over.set()
        results = [job.result(60) for job in jobs]
    assert all(results)
    assert max(one.locked_seconds for one in done) < 10
    for jurisdiction in JURISDICTIONS:
        walk(hub, RULES, jurisdiction)
        assert followed(hub, jurisdiction) == served(hub, jurisdiction)
    books(hub)
    [(deliveries,)] = rows_of(hub, "SELECT count(*) FROM memory.landing")
    assert deliveries == results[0] + 2 * half
    before = drawer(hub)
    last = rebuild(hub, RULES)
    assert differing(before, drawer(hub)) == {}
    assert last.changes == {FIRST: {}, SECOND: {}}
    assert shape(hub, FIRST) == shape(hub, SECOND)


def test_a_rebuild_serves_the_same_and_tells_the_feed_nothing(small: SmallCity) -> None:
    hub = small.database
    before, told = drawer(hub), [feed(hub, j) for j in JURISDICTIONS]
    made = rebuild(hub, load_rules(small.registry))
    assert differing(before, drawer(hub)) == {}
    assert [feed(hub, j) for j in JURISDICTIONS] == told
    assert made.changes == {FIRST: {}, SECOND: {}}
    assert rows_of(hub, "SELECT generation FROM ops.jurisdiction") == [(1,), (1,)]
    assert rows_of(hub, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'derived%'") == [("derived",)]


def changed_rules() -> Rules:
    """Rules under which a permit proves nothing, so that some projects come out otherwise."""
    registry = small_registry()
    manifest = parse("\n".join(line for line in PERMITS.splitlines() if not line.startswith("evidence")))
    sources = dict(registry.sources) | {manifest.key: Source(manifest, registry.sources[manifest.key].folder)}
    rules = load_rules(Registry(sources, []))
    return replace(rules, common="other rules")


def test_other_rules_write_nothing_before_a_rebuild_and_the_feed_gets_the_difference_alone(
    small: SmallCity,
) -> None:
    hub, old, new = small.database, load_rules(small.registry), changed_rules()
    small.land("commerce.signed", {"no": "N-1", "name": "全新物流仓储中心", "signed": "2024-07-01"})
    before = drawer(hub)
    with pytest.raises(RulesChanged):
        advance(hub, new, FIRST)
    assert differing(before, drawer(hub)) == {}
    small.drain()
    was = [served(hub, j) for j in JURISDICTIONS]
    last = [feed(hub, j)[-1][0] for j in JURISDICTIONS]
    made = rebuild(hub, new)
    for n, jurisdiction in enumerate(JURISDICTIONS):
        now = served(hub, jurisdiction)
        different = {p for p in {*now, *was[n]} if was[n].get(p) != now.get(p)}
        assert different
        assert different != set(now)
        events = [event for event in feed(hub, jurisdiction) if event[0] > last[n]]
        assert {event[2] for event in events} == different
        assert all(event[4] for event in events)
        assert made.changes[jurisdiction] == Counter(event[1] for event in events)
        assert followed(hub, jurisdiction) == now
    small.land("commerce.signed", {"no": "N-2", "name": "又一物流仓储中心", "signed": "2024-07-01"})
    with pytest.raises(RulesChanged):
        advance(hub, old, FIRST)
    assert advance(hub, new, FIRST)


def test_two_rebuilds_exclude_each_other(small: SmallCity) -> None:
    hub = small.database
    with hub.begin() as connection:
        token = leases.take(connection, leases.REBUILD, 60)
    with pytest.raises(Conflict, match=r"another rebuild holds the lease until \d\d:\d\d:\d\d UTC"):
        rebuild(hub, load_rules(small.registry))
    with hub.begin() as connection:
        leases.release(connection, leases.REBUILD, token)
    rebuild(hub, load_rules(small.registry))
    assert rows_of(hub, "SELECT count(*) FROM ops.lease") == [(0,)]


def test_a_rebuild_that_lost_its_lease_writes_nothing_more(small: SmallCity) -> None:
    """It slept too long: another rebuild has made the next drawer anew, and must find in it only its own rows."""
    hub, rules = small.database, load_rules(small.registry)
    with hub.begin() as connection:
        leases.take(connection, leases.REBUILD, 60)
        derived.create(connection, derived.NEXT)
    beside = hub.beside(derived.NEXT)
    started = time.monotonic()
    try:
        with pytest.raises(Conflict):
            rebuilding._fill(hub, beside, rules, "a lost token")
        with pytest.raises(Conflict):
            rebuilding._swap_in_time(hub, beside, rules, "a lost token")
    finally:
        beside.close()
    assert time.monotonic() - started < 5
    assert drawer(hub, derived.NEXT) == {table: [] for table in derived.TABLES}


@pytest.mark.parametrize("broken", ["_fill", "_swap"])
def test_a_rebuild_that_failed_leaves_what_is_served_and_can_be_repeated(
    small: SmallCity, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    hub, rules = small.database, load_rules(small.registry)
    before = drawer(hub)
    whole: Callable[..., object] = getattr(rebuilding, broken)

    def fails(*arguments: object) -> object:
        whole(*arguments)
        raise ConnectionError

    def dies(connection: object) -> None:
        raise ConnectionError

    if broken == "_fill":
        monkeypatch.setattr(rebuilding, broken, fails)
    else:
        monkeypatch.setattr(swap, "swap", dies)
    with pytest.raises(ConnectionError):
        rebuild(hub, rules)
    assert differing(before, drawer(hub)) == {}
    monkeypatch.undo()
    rebuild(hub, rules)
    assert differing(before, drawer(hub)) == {}


def test_a_rebuild_checks_the_room_on_the_disk_first(
    small: SmallCity, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setattr(swap, "serving_bytes", lambda _connection: 1 << 60)
    with pytest.raises(Unavailable, match="磁盘空间不足"):
        rebuild(small.database, load_rules(small.registry), disk=folder)
    assert rows_of(small.database, "SELECT count(*) FROM ops.lease") == [(0,)]


def test_what_was_judged_and_renamed_survives_a_rebuild_of_a_copy(
    postgres_server: str, database_url: str, small: SmallCity
) -> None:
    """Memory is enough: a hub restored with an empty derived drawer derives the same."""
    before = drawer(small.database)
    small.database.engine.dispose()
    with throw_away_database(postgres_server, template=database_url) as url, opened(url) as copy:
        with copy.begin() as connection:
            derived.drop(connection, derived.SERVING)
            derived.create(connection)
        for jurisdiction in JURISDICTIONS:
            walk(copy, load_rules(small.registry), jurisdiction, 2)
        assert differing(before, drawer(copy)) == {}


def test_a_rebuild_keeps_its_lease_by_a_heartbeat_however_long_one_batch_takes(
    small: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = small.database
    monkeypatch.setattr(rebuilding, "LEASE_SECONDS", 1)
    monkeypatch.setattr(rebuilding, "HEARTBEAT_SECONDS", 0.2)
    slow = rebuilding._step
    others: list[str] = []

    def step(*arguments: object) -> bool:
        if not others:
            time.sleep(2.5)
            with pytest.raises(Conflict), hub.begin() as connection:
                leases.take(connection, leases.REBUILD, 1)
            others.append("refused")
        return bool(slow(*arguments))  # type: ignore[arg-type] # as they came

    monkeypatch.setattr(rebuilding, "_step", step)
    rebuild(hub, load_rules(small.registry))
    assert others == ["refused"]
    assert rows_of(hub, "SELECT count(*) FROM ops.lease") == [(0,)]


def test_a_rebuild_told_to_stop_ends_after_its_batch_and_leaves_what_is_served(
    small: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = small.database
    before = drawer(hub)
    monkeypatch.setattr(rebuilding, "BATCH", 1)
    asked = iter([False, True])
    with pytest.raises(rebuilding.Stopped):
        rebuild(hub, load_rules(small.registry), stopping=lambda: next(asked))
    assert differing(before, drawer(hub)) == {}
    assert rows_of(hub, "SELECT count(*) FROM ops.lease") == [(0,)]


def test_a_rebuild_tells_how_far_it_is(
    small: SmallCity, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rebuilding, "PROGRESS_SECONDS", 0.0)
    monkeypatch.setattr(rebuilding, "BATCH", 1)
    with caplog.at_level("INFO"):
        rebuild(small.database, load_rules(small.registry))
    told = [record.getMessage() for record in caplog.records if record.name == rebuilding.__name__]
    [(landed,)] = rows_of(
        small.database, "SELECT count(*) FROM memory.landing WHERE jurisdiction = :j", j=FIRST
    )
    assert f"rebuilding {FIRST}: delivery 1 of {landed}" in told
    assert f"rebuilding {SECOND}: delivery {landed} of {landed}" in told


KILLED = """
import sys, time
from app.db.session import Database
from app.pipeline import rebuild as rebuilding
from app.pipeline.rules import load_rules
from tests.support.small_city import small_registry

def fill(*_):
    print("filling", flush=True)
    time.sleep(60)

rebuilding._fill = fill
rebuilding.rebuild(Database(sys.argv[1]), load_rules(small_registry()))
"""


def test_a_rebuild_whose_process_was_killed_is_taken_over_within_its_short_lease(small: SmallCity) -> None:
    hub = small.database
    before = drawer(hub)
    killed = subprocess.Popen([sys.executable, "-c", KILLED, hub.url], stdout=subprocess.PIPE, cwd=ROOT)
    assert killed.stdout is not None
    with killed.stdout as said:
        assert said.readline() == b"filling\n"
        killed.kill()
        killed.wait()
    [(left,)] = rows_of(hub, "SELECT extract(epoch FROM until - clock_timestamp())::float FROM ops.lease")
    assert left < 45
    with hub.begin() as connection:
        connection.execute(text("UPDATE ops.lease SET until = now() - interval '1 second'"))
    rebuild(hub, load_rules(small.registry))
    assert differing(before, drawer(hub)) == {}
