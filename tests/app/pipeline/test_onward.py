"""Normalizing goes on while the batch before is written, and what comes of it is what taking step by step gives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.pipeline import onward, poison
from app.pipeline.advance import Step, advance, compute, write_if_due
from app.pipeline.interpret import POISON
from app.pipeline.process import drain
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import Rules, load_rules
from tests.app.pipeline.test_poison import DEADLY, normalizing
from tests.support.corridor import books, rows_of, same_as_rebuilt, walk
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit, signed, small_city

FIRST, SECOND = JURISDICTIONS
PERMITS = "housing.permits"


@pytest.fixture
def city(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallCity]:
    """A city whose records speak again in the next rows, much later, or never again."""
    monkeypatch.setattr(poison, "PAUSES", (0, 0))
    city = small_city(database_url)
    for n in range(6):
        city.land("commerce.signed", *(signed(f"S{n}-{m}", f"第{n}之{m}号厂房", code="") for m in range(3)))
        city.land(PERMITS, permit(f"P{n}"), permit(f"P{n}", valid="0", updated="2024-11-01 10:00:00"))
        city.land(PERMITS, permit(f"P{n // 2}", "样例", updated=f"2024-12-0{n + 1} 10:00:00"))
    yield city
    city.database.close()


@pytest.fixture
def rules(city: SmallCity) -> Rules:
    return load_rules(city.registry)


def onwards(city: SmallCity, rules: Rules, jurisdiction: int, limit: int) -> int:
    return drain(city.database, rules, jurisdiction, limit=limit, steps=[Step.NORMALIZE])


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_what_is_normalized_onward_is_what_a_rebuild_derives(
    city: SmallCity, rules: Rules, limit: int
) -> None:
    for jurisdiction in JURISDICTIONS:
        assert onwards(city, rules, jurisdiction, limit) >= 33 // limit
        assert onwards(city, rules, jurisdiction, limit) == 0
        walk(city.database, rules, jurisdiction)
    books(city.database)
    same_as_rebuilt(city.database, rules)


def test_a_batch_is_computed_while_the_one_before_is_written(
    city: SmallCity, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed, overlaps = threading.Semaphore(0), []

    def computing(*arguments: Any) -> Any:
        made = compute(*arguments)
        computed.release()
        return made

    def writing(*arguments: Any) -> bool:
        computed.acquire(timeout=5)  # its own
        overlaps.append(computed.acquire(timeout=5))  # the next one's
        computed.release()
        return write_if_due(*arguments)

    monkeypatch.setattr(onward, "compute", computing)
    monkeypatch.setattr(onward, "write_if_due", writing)
    onwards(city, rules, FIRST, 4)
    assert overlaps
    assert all(overlaps)


@pytest.mark.parametrize("meanwhile", ["another normalized", "rebuilt"])
def test_what_was_overtaken_voids_what_was_computed_behind_it(
    city: SmallCity, rules: Rules, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    told: list[bool] = []

    def writing(*arguments: Any) -> bool:
        if not told:
            if meanwhile == "rebuilt":
                rebuild(city.database, rules)
            else:
                assert advance(city.database, rules, FIRST, limit=3, steps=[Step.NORMALIZE])
        told.append(write_if_due(*arguments))
        return told[-1]

    monkeypatch.setattr(onward, "write_if_due", writing)
    onwards(city, rules, FIRST, 2)
    assert told[0] is False
    for jurisdiction in JURISDICTIONS:
        walk(city.database, rules, jurisdiction)
    books(city.database)
    same_as_rebuilt(city.database, rules)


def test_a_step_that_fails_beside_another_is_taken_by_itself_and_its_record_set_aside(
    city: SmallCity, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        city.land(PERMITS, permit(f"D{n}", DEADLY if n == 1 else "样例"))
    normalizing(monkeypatch)
    for jurisdiction in JURISDICTIONS:
        onwards(city, rules, jurisdiction, 2)
        refused = "SELECT count(*) FROM rejection WHERE jurisdiction = :j AND rule = :rule"
        assert rows_of(city.database, refused, j=jurisdiction, rule=POISON) == [(1,)]
        walk(city.database, rules, jurisdiction)
    books(city.database)


def test_pushes_do_not_wait_for_a_backlog(city: SmallCity, rules: Rules) -> None:
    looked: list[int] = []

    def between() -> None:
        [(done,)] = rows_of(city.database, "SELECT coalesce(max(row_no), 0) FROM progress")
        looked.append(done)

    taken = onward.normalize_onward(
        city.database,
        rules,
        FIRST,
        limit=3,
        stopping=lambda: len(looked) > 2,
        between=between,
        walked=lambda: None,
    )
    assert taken == len(looked) == 3
