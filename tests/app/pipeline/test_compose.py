"""Composing: what a project serves moves when its records do, and the feed says what moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.support.corridor import feed, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit, rid, signed, small_city

FIRST, _ = JURISDICTIONS


@pytest.fixture
def city(database_url: str) -> Iterator[SmallCity]:
    city = small_city(database_url)
    city.land("housing.permits", permit("P1"))
    city.land("commerce.signed", signed("A1"))
    city.drain()
    yield city
    city.database.close()


def updated(city: SmallCity) -> datetime:
    [(moment,)] = rows_of(city.database, "SELECT updated_at FROM project WHERE jurisdiction = :j", j=FIRST)
    assert isinstance(moment, datetime)
    return moment


def etags(city: SmallCity) -> set[str]:
    return {
        row[0] for row in rows_of(city.database, "SELECT etag FROM project WHERE jurisdiction = :j", j=FIRST)
    }


def test_a_withdrawal_counts_as_an_update_of_its_project(city: SmallCity) -> None:
    """Whoever asks for what was updated since must hear of a permit that was revoked."""
    before, told = updated(city), etags(city)
    city.land("housing.permits", permit("P1", valid="0", updated="2024-11-01 10:00:00"))
    city.drain()
    assert updated(city) > before
    assert etags(city) != told
    assert feed(city.database, FIRST)[-1][1:3] == ("updated", rid("housing.permits", "P1"))


def test_what_is_said_again_as_it_stood_moves_the_date_and_tells_the_feed_nothing(
    city: SmallCity,
) -> None:
    before, told, said = updated(city), etags(city), feed(city.database, FIRST)
    city.land("commerce.signed", signed("A1", "某别的名字"))
    city.land("commerce.signed", signed("A1"))
    city.drain()
    assert updated(city) > before
    assert etags(city) == told
    assert feed(city.database, FIRST) == said


def test_the_same_rows_again_change_nothing_at_all(city: SmallCity) -> None:
    before, said = updated(city), feed(city.database, FIRST)
    city.land("housing.permits", permit("P1"))
    city.land("commerce.signed", signed("A1"))
    city.drain()
    assert updated(city) == before
    assert feed(city.database, FIRST) == said


def test_a_project_that_a_record_leaves_loses_what_the_record_said(city: SmallCity) -> None:
    other = permit(
        "P1", "河西管网改造", code="2405-430211-04-01-987654", owner="株洲某城建有限公司", district="430211"
    )
    assert len(etags(city)) == 1
    city.land("housing.permits", other | {"updated": "2024-11-01 10:00:00"})
    city.drain()
    rows: dict[str, str] = dict(
        rows_of(city.database, "SELECT project_id, golden FROM project WHERE jurisdiction = :j", j=FIRST)
    )
    assert len(rows) == 2
    for key, (source, absent) in {"P1": ("housing.permits", "A1"), "A1": ("commerce.signed", "P1")}.items():
        assert f'"key":"{key}"' in rows[rid(source, key)]
        assert f'"key":"{absent}"' not in rows[rid(source, key)]
