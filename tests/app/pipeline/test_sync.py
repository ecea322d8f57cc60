"""A pull that ends otherwise than well: cancelled, taken over in the middle of a listing, broken off."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.db.session import Database
from app.pipeline.rules import Rules, load_rules
from app.pipeline.sync import sync
from app.worker import Worker
from connectors.registry import Registry, Source
from connectors.transports import tap_process
from tests.connectors.transports.tapping import Tap, fed, record, schema, state
from tests.support.corridor import rows_of
from tests.support.pulled import (
    FIRST,
    bound,
    claim,
    fill,
    paged_registry,
    queued,
    source,
    stop_after,
)


def test_a_cancelled_run_ends_after_its_page_and_counts_as_no_failure(
    hub: Database, rules: Rules, table: Engine
) -> None:
    fill(table, *range(9))
    bound(hub)
    Worker(hub, rules).tick()
    run = claim(hub)
    with hub.begin() as connection:
        connection.execute(text("UPDATE ops.run SET cancel_requested_at = now()"))
    assert sync(hub, rules, run) == "cancelled"
    assert queued(hub)[0][:4] == ("cancelled", 1, 1, 2)
    assert source(hub)[:2] == (None, 0)


def test_a_whole_listing_resumed_by_another_worker_deletes_only_what_is_gone(
    hub: Database, table: Engine
) -> None:
    rules = load_rules(paged_registry(page=4, listing='listing = "full"\n'))
    fill(table, *range(28))
    worker = Worker(hub, rules)
    bound(hub)
    worker.tick()
    worker.pull()
    with table.begin() as connection:
        connection.execute(text("DELETE FROM PERMITS WHERE no = 'P003'"))
    bound(hub)
    worker.tick()
    assert sync(hub, rules, claim(hub), stopping=stop_after(3)) == "queued"
    assert rows_of(hub, "SELECT count(*) FROM memory.head WHERE op = 'delete'") == [(0,)]
    assert sync(hub, rules, claim(hub)) == "succeeded"
    assert rows_of(hub, "SELECT key FROM memory.head WHERE op = 'delete'") == [("P003",)]
    assert rows_of(hub, "SELECT count(*) FROM ops.held_deletion") == [(0,)]
    assert rows_of(hub, "SELECT count(*) FROM ops.listing_seen WHERE jurisdiction = :j", j=FIRST) == [(0,)]


def test_a_listing_that_broke_off_deletes_nothing_and_leaves_no_notes(
    hub: Database, table: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = load_rules(paged_registry(page=4, listing='listing = "full"\n'))
    fill(table, *range(28))
    worker = Worker(hub, rules)
    bound(hub)
    worker.tick()
    worker.pull()
    bound(hub)
    worker.tick()
    run = claim(hub)

    def breaks() -> bool:
        raise ConnectionError("the worker's own fault")

    assert sync(hub, rules, run, stopping=breaks) == "failed"
    assert rows_of(hub, "SELECT count(*) FROM ops.listing_seen WHERE jurisdiction = :j", j=FIRST) == [(0,)]
    assert rows_of(hub, "SELECT count(*) FROM memory.head WHERE op = 'delete'") == [(0,)]
    assert source(hub)[:2] == (None, 1)


def test_an_error_in_words_the_database_cannot_hold_still_ends_its_run(
    hub: Database, rules: Rules, table: Engine
) -> None:
    fill(table, *range(9))
    bound(hub)
    Worker(hub, rules).tick()

    def breaks() -> bool:
        raise ConnectionError("\0 and \ud800")

    assert sync(hub, rules, claim(hub), stopping=breaks) == "failed"
    assert rows_of(hub, "SELECT error_text FROM ops.run WHERE state = 'failed'") == [("␀ and ?",)]


@pytest.fixture
def tap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tap:
    made = Tap(tmp_path)
    monkeypatch.setattr(tap_process, "BEAT_SECONDS", 0.1)
    for name, value in made.variables().items():
        monkeypatch.setenv(name, value)
    return made


def tapped(hub: Database, top: str = "") -> Rules:
    """Bind a tap's stream in both jurisdictions and queue a run."""
    made = fed(top=top)
    rules = load_rules(Registry({made.key: Source(made, Path("/nowhere"))}, []))
    bound(hub, source=made.key)
    Worker(hub, rules).tick()
    return rules


def test_a_source_with_nothing_to_say_yet_keeps_its_lease_and_lands_nothing(hub: Database, tap: Tap) -> None:
    tap.says(schema(), record(1), state({"at": 1}), "!wait 1", record(2))
    rules = tapped(hub)
    assert sync(hub, rules, claim(hub)) == "succeeded"
    [(ended, _, pages, received, kept)] = queued(hub)
    assert (ended, pages > 2, received, kept) == ("succeeded", True, 2, 2)
    assert rows_of(hub, "SELECT count(*) FROM memory.delivery") == [(2,)]
    assert rows_of(hub, "SELECT cursor FROM ops.source WHERE cursor IS NOT NULL") == [
        ('{"state": {"at": 1}}',)
    ]


def test_a_silent_source_is_cancelled_at_its_next_sign_of_life(hub: Database, tap: Tap) -> None:
    tap.says(schema(), record(1), "!hang")
    rules = tapped(hub)
    run = claim(hub)
    with hub.begin() as connection:
        connection.execute(text("UPDATE ops.run SET cancel_requested_at = now()"))
    assert sync(hub, rules, run) == "cancelled"
    assert not Path(f"/proc/{tap.calls()[0]['pid']}").exists()


def test_a_tap_that_failed_deletes_nothing_and_its_log_stands_in_the_run(hub: Database, tap: Tap) -> None:
    whole = [record(number) for number in range(30)]
    tap.says(schema(), *whole, state({"at": 1}))
    assert sync(hub, tapped(hub, 'listing = "full"'), claim(hub)) == "succeeded"
    tap.says(schema(), *whole[1:], "!log the database is away", "!exit 1")
    assert sync(hub, tapped(hub, 'listing = "full"'), claim(hub)) == "failed"
    deleted = "SELECT jurisdiction, key FROM memory.head WHERE op = 'delete'"
    assert rows_of(hub, deleted) == []
    told = rows_of(hub, "SELECT error_class, error_text FROM ops.run WHERE state = 'failed'")
    assert told == [("SourceUnavailable", "the tap ended with code 1: the database is away")]
    tap.says(schema(), *whole[1:])
    assert sync(hub, tapped(hub, 'listing = "full"'), claim(hub)) == "succeeded"
    assert rows_of(hub, deleted) == [(FIRST, "K0")]
