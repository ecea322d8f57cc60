"""A replay leaves what a rebuild would derive, whatever was mended; a plan tells it before; it may end at any chunk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.db import jurisdictions, leases, replays
from app.db.replays import Claimed
from app.db.session import Connection, Database
from app.errors import Conflict, RulesChanged
from app.pipeline import advance as advancing
from app.pipeline import replay as replaying
from app.pipeline import replay_counts
from app.pipeline.advance import advance, compute
from app.pipeline.rebuild import rebuild
from app.pipeline.replay import plan
from app.pipeline.reread import reread as rereading
from app.pipeline.rules import Rules, load_rules
from app.pipeline.standing import differing as differing_sources
from app.worker import Worker
from connectors.registry import Registry
from schemas.api.replays import SourceReplay
from tests.support.corridor import (
    books,
    drawer,
    rows_of,
    same_as_rebuilt,
    shape,
    walk,
)
from tests.support.database import JURISDICTIONS
from tests.support.mended import (
    claimed,
    mended_city,
    refusing_city,
    replayed,
    taken_up,
    told,
)
from tests.support.small_city import SmallCity, permit, rid, signed

ROOT = Path(__file__).resolve().parents[3]
FIRST, SECOND = JURISDICTIONS
PERMITS = "housing.permits"


@pytest.fixture
def city(database_url: str) -> Iterator[SmallCity]:
    city = refusing_city(database_url)
    yield city
    city.database.close()


@pytest.fixture
def mended_rules(city: SmallCity, tmp_path: Path) -> Rules:
    """The manifest that takes 样例 for a name, and one of the names for none."""
    return mended_city(city, PERMITS, '["样例"]', '["第3号厂房"]', tmp_path)


def plan_of(database: Database, rules: Rules, *sources: str) -> SourceReplay:
    with database.read() as connection:
        [one] = plan(connection, FIRST, rules, sources)
    return one


def stands(database: Database, jurisdiction: int = FIRST) -> tuple[bool, str]:
    [row] = rows_of(
        database,
        "SELECT due, after FROM ops.source_rules WHERE jurisdiction = :j AND source = :s",
        j=jurisdiction,
        s=PERMITS,
    )
    return row[0], row[1]


def rejected(database: Database, jurisdiction: int = FIRST) -> set[str]:
    found = rows_of(
        database,
        "SELECT key FROM rejection JOIN memory.raw_record USING (jurisdiction, delivery_no, row_no)"
        " WHERE jurisdiction = :j",
        j=jurisdiction,
    )
    return {key for (key,) in found}


SAMPLES = {f"P{n:02}" for n in range(0, 40, 4)}


def test_a_plan_tells_what_a_run_then_does_and_changes_nothing_itself(
    city: SmallCity, mended_rules: Rules
) -> None:
    hub = city.database
    before = drawer(hub), rows_of(hub, "SELECT * FROM ops.source_rules ORDER BY 1, 2")
    made = plan_of(hub, mended_rules, PERMITS)
    assert (made.raw_records, made.rows) == (40, 40)
    assert made.accepted == {"permits.sample": 10}
    assert made.rejected == {"permits.sample": 1}
    assert (made.new, made.changed, made.dropped) == (10, 0, 1)
    fates = [sample.fate for sample in made.samples]
    assert (fates.count("accepted"), fates.count("rejected")) == (replay_counts.SAMPLES, 1)
    assert (drawer(hub), rows_of(hub, "SELECT * FROM ops.source_rules ORDER BY 1, 2")) == before
    done = replayed(hub, mended_rules, FIRST, [PERMITS])
    assert done.counts == (made,)
    assert rejected(hub) == {"P03"}
    assert rejected(hub, SECOND) == SAMPLES, "the other city has taken nothing up"


def test_while_a_replay_is_due_every_source_goes_on_and_the_mended_one_by_its_new_manifest(
    city: SmallCity, mended_rules: Rules
) -> None:
    hub, old = city.database, load_rules(city.registry)
    assert taken_up(hub, mended_rules, FIRST) == [PERMITS]
    assert stands(hub) == (True, "")
    city.land(PERMITS, permit("N1", "样例", code=""))
    city.land("commerce.signed", signed("A-2", "另一厂房", code=""))
    with pytest.raises(RulesChanged, match=r"reads housing\.permits under other rules"):
        advance(hub, old, FIRST)
    walk(hub, mended_rules, FIRST)
    assert rejected(hub) == SAMPLES, "what came before is read as before, what came since by the new manifest"
    assert {"A-2", "N1"} <= {key for (key,) in rows_of(hub, "SELECT key FROM record")}
    walk(hub, old, SECOND)
    assert rejected(hub, SECOND) == SAMPLES | {"N1"}
    assert plan_of(hub, mended_rules, PERMITS).accepted == {"permits.sample": 10}


def test_cancelled_half_way_the_rest_stands_as_before_and_the_next_run_goes_on_from_there(
    city: SmallCity, mended_rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "CHUNK", 10)
    hub = city.database
    one = claimed(hub, mended_rules, FIRST, [PERMITS])
    chunks = 0

    def turn() -> nullcontext[None]:
        nonlocal chunks
        chunks += 1
        if chunks == 2:
            with hub.begin() as connection:
                asked = replays.cancel(connection, jurisdictions.hold(connection, FIRST), one.replay_id)
            assert asked.state == "running"
            assert asked.cancel_requested_at is not None
        return nullcontext()

    assert replaying.run(hub, mended_rules, one, turn=turn) == "cancelled"
    half = told(hub, one)
    assert (half.state, half.done, half.total) == ("cancelled", 20, 40)
    due, after = stands(hub)
    assert due
    read = {key for key in SAMPLES if rid(PERMITS, key) <= after}
    assert 0 < len(read) < 10
    assert rejected(hub) - {"P03"} == SAMPLES - read
    walk(hub, mended_rules, FIRST)
    books(hub)
    with hub.begin() as connection:
        held = jurisdictions.hold(connection, FIRST)
        assert replays.cancel(connection, held, one.replay_id).state == "cancelled"
        assert replays.queue_run(connection, held, one.replay_id).state == "queued"
        assert replays.queue_run(connection, held, one.replay_id).state == "queued"
        again = replays.claim(connection, FIRST, mended_rules.fingerprint, 60)
    assert again is not None
    assert replaying.run(hub, mended_rules, again) == "succeeded"
    done = told(hub, one)
    assert (done.done, done.total) == (40, 40)
    assert done.counts is not None
    assert done.counts[0].accepted == {"permits.sample": 10}
    assert stands(hub) == (False, "")
    assert rejected(hub) == {"P03"}


KILLED = """
import sys, time
from contextlib import nullcontext
from pathlib import Path
from app.db.session import Database
from app.pipeline import advance as advancing
from app.pipeline import replay as replaying
from tests.support.mended import claimed, mended_city
from tests.support.small_city import SmallCity, small_registry

city = SmallCity(Database(sys.argv[1]), small_registry())
rules = mended_city(city, "housing.permits", '["样例"]', '["第3号厂房"]', Path(sys.argv[2]))
replaying.CHUNK = 10
turns = iter(range(100))

def turn():
    if next(turns) == 2:
        print("half way", flush=True)
        time.sleep(60)
    return nullcontext()

replaying.run(city.database, rules, claimed(city.database, rules, 430200, ["housing.permits"]), turn=turn)
"""


def test_a_replay_whose_process_was_killed_is_taken_over_where_it_stood(
    city: SmallCity, mended_rules: Rules, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hub = city.database
    arguments = [sys.executable, "-c", KILLED, hub.url, str(tmp_path_factory.mktemp("killed"))]
    killed = subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=ROOT)
    assert killed.stdout is not None
    with killed.stdout as said:
        assert said.readline() == b"half way\n"
        killed.kill()
        killed.wait()
    due, after = stands(hub)
    assert due
    assert after
    worker = Worker(hub, mended_rules)
    worker.replay()
    [(token, state)] = rows_of(hub, "SELECT lease_token, state FROM ops.replay")
    assert state == "running"
    with hub.begin() as connection:
        connection.execute(text("UPDATE ops.replay SET lease_until = now() - interval '1 second'"))
    worker.sweep()
    worker.replay()
    [(replay_id, state, attempt, done)] = rows_of(
        hub, "SELECT replay_id, state, attempt, done FROM ops.replay"
    )
    assert (state, attempt, done) == ("succeeded", 2, 40)
    assert rejected(hub) == {"P03"}
    late = Claimed(FIRST, replay_id, (PERMITS,), "run", token, mended_rules.fingerprint, ())
    assert replaying.run(hub, mended_rules, late) == "lost"
    walk(hub, mended_rules, FIRST)
    before = shape(hub, FIRST)
    rebuild(hub, mended_rules)
    assert shape(hub, FIRST) == before


def test_two_replays_of_a_source_exclude_each_other_and_a_replay_and_a_rebuild_too(
    city: SmallCity, mended_rules: Rules
) -> None:
    hub = city.database
    one = claimed(hub, mended_rules, FIRST, [PERMITS])
    with pytest.raises(Conflict, match=f"replay {one.replay_id} of the same source"):
        claimed(hub, mended_rules, FIRST, ["commerce.signed", PERMITS])
    claimed(hub, mended_rules, SECOND, [PERMITS])
    with pytest.raises(Conflict, match="hub replay cancel"):
        rebuild(hub, mended_rules)
    with hub.begin() as connection:
        token = leases.take(connection, leases.REBUILD, 60)
        assert replays.claim(connection, FIRST, mended_rules.fingerprint, 60) is None
    assert replaying.run(hub, mended_rules, one) == "queued", "it gives way to a rebuild that came before it"
    with hub.begin() as connection:
        leases.release(connection, leases.REBUILD, token)
    assert rejected(hub) == SAMPLES


def test_a_replay_under_other_rules_than_planned_is_refused(city: SmallCity, mended_rules: Rules) -> None:
    hub, old = city.database, load_rules(city.registry)
    one = claimed(hub, old, FIRST, [PERMITS], "plan")
    assert replaying.run(hub, old, one) == "planned"
    with hub.begin() as connection:
        replays.queue_run(connection, jurisdictions.hold(connection, FIRST), one.replay_id)
        again = replays.claim(connection, FIRST, mended_rules.fingerprint, 60)
    assert again is not None
    assert replaying.run(hub, mended_rules, again) == "failed"
    assert "plan it again" in (told(hub, one).error_text or "")
    assert rejected(hub) == SAMPLES


def test_batches_that_overtake_a_chunk_void_it_and_nothing_else(
    city: SmallCity, mended_rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = city.database
    monkeypatch.setattr(replaying, "CHUNK", 20)
    whole = rereading
    taken_up(hub, mended_rules, FIRST)
    landed = iter(range(3))

    def overtaken(connection: Connection, *arguments: Any, **named: Any) -> Any:
        read = whole(connection, *arguments, **named)
        if (n := next(landed, None)) is not None:
            city.land(
                PERMITS, permit("P00", f"第{n}次改名厂房", code="", updated=f"2024-10-0{n + 1} 10:00:00")
            )
            walk(hub, mended_rules, FIRST)
        return read

    monkeypatch.setattr(replaying, "reread", overtaken)
    assert replayed(hub, mended_rules, FIRST, [PERMITS]).state == "succeeded"
    walk(hub, mended_rules, FIRST)
    taken_up(hub, mended_rules, SECOND)
    walk(hub, mended_rules, SECOND)
    books(hub)
    replayed(hub, mended_rules, SECOND, [PERMITS])
    walk(hub, mended_rules, SECOND)
    same_as_rebuilt(hub, mended_rules)


def test_a_new_source_asks_for_nothing_until_it_was_read_without_its_connector(
    city: SmallCity, tmp_path: Path
) -> None:
    hub, rules = city.database, load_rules(city.registry)
    more = replace(rules, sources={**rules.sources, "land.new": "never heard of"})
    assert taken_up(hub, more, FIRST) == []
    assert not advance(hub, more, FIRST)
    without = Registry({k: s for k, s in city.registry.sources.items() if k != "commerce.signed"}, [])
    fewer = load_rules(without)
    assert taken_up(hub, fewer, FIRST) == ["commerce.signed"]
    done = replayed(hub, fewer, FIRST, ["commerce.signed"])
    assert done.counts is not None
    assert done.counts[0].rejected == {"source.unknown": 1}
    city.land("commerce.signed", signed("A-9", "又一厂房", code=""))
    walk(hub, fewer, FIRST)
    with hub.read() as connection:
        assert differing_sources(connection, FIRST, rules) == ["commerce.signed"]
    assert taken_up(hub, rules, FIRST) == ["commerce.signed"]
    back = replayed(hub, rules, FIRST, ["commerce.signed"])
    assert back.counts is not None
    assert back.counts[0].accepted == {"source.unknown": 2}


def test_a_replay_voids_the_batch_that_was_computed_before_it(
    city: SmallCity, mended_rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch takes back a record that did not stand; the replay lets it stand; it must not stand in the end."""
    hub = city.database
    taken_up(hub, mended_rules, FIRST)
    city.land(PERMITS, permit("P00", "样例", code="", valid="0", updated="2024-12-01 10:00:00"))
    whole = compute

    def overtaken(connection: Connection, *arguments: Any) -> Any:
        batch = whole(connection, *arguments)
        monkeypatch.setattr(advancing, "compute", whole)
        connection.rollback()
        replayed(hub, mended_rules, FIRST, [PERMITS])
        return batch

    monkeypatch.setattr(advancing, "compute", overtaken)
    walk(hub, mended_rules, FIRST)
    assert rows_of(hub, "SELECT live FROM record WHERE record_id = :r", r=rid(PERMITS, "P00")) == [(False,)]
