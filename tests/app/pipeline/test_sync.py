"""A pull that ends otherwise than well: cancelled, taken over in the middle of a listing, broken off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.db.session import Database
from app.pipeline.rules import Rules, load_rules
from app.pipeline.sync import sync
from app.worker import Worker
from tests.support.corridor import opened, rows_of
from tests.support.pulled import (
    FIRST,
    bound,
    claim,
    fill,
    paged_registry,
    permits_table,
    queued,
    source,
    stop_after,
)


@pytest.fixture
def rules() -> Rules:
    return load_rules(paged_registry())


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url, pool_size=8) as database:
        yield database


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    with permits_table(tmp_path) as (url, engine):
        monkeypatch.setenv("TEST_PERMITS_URL", url)
        yield engine


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
    fill(table, 1)
    bound(hub)
    Worker(hub, rules).tick()

    def breaks() -> bool:
        raise ConnectionError("\0 and \ud800")

    assert sync(hub, rules, claim(hub), stopping=breaks) == "failed"
    assert rows_of(hub, "SELECT error_text FROM ops.run WHERE state = 'failed'") == [("␀ and ?",)]
