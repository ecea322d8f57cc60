"""Composing: what a project serves moves when its records do, and the feed says what moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any

import pytest

from app.db import queued
from app.db.queued import Share
from app.db.session import Connection
from app.pipeline import advance as advancing
from app.pipeline.advance import Step, advance
from app.pipeline.compose import compose
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import load_rules
from tests.support.corridor import agrees, differing, drawer, feed, resolved, rows_of, walk
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit, rid, signed, small_city

FIRST, SECOND = JURISDICTIONS


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


def test_at_every_step_what_is_served_agrees_with_itself(city: SmallCity) -> None:
    """Rows come in, projects merge, lose a record and vanish: no document ever speaks of what another has taken."""
    rules = load_rules(city.registry)
    city.land("commerce.signed", signed("A1", "河西管网改造", code="2405-430211-04-01-987654"))
    city.land("commerce.signed", *(signed(f"B{n}", f"第{n}号厂房", code="") for n in range(6)))
    city.land("housing.permits", permit("P2"), permit("P1", valid="0", updated="2024-11-01 10:00:00"))
    city.land("commerce.signed", signed("A1"))
    steps = 0
    while advance(city.database, rules, FIRST, limit=2):
        steps += 1
        assert agrees(city.database, FIRST)
        if steps % 3 == 0:
            advance(city.database, rules, FIRST, steps=(Step.COMPOSE,))
            assert agrees(city.database, FIRST)
    assert steps > 5
    walk(city.database, rules, SECOND)
    assert not rows_of(city.database, "SELECT * FROM touched")
    derived = drawer(city.database)
    assert derived["cluster"] == derived["member"] != []
    rebuild(city.database, rules)
    assert differing(derived, drawer(city.database)) == {}


def test_documents_that_were_overtaken_are_not_written(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker serves the same documents, or reads more rows, between composing and writing."""
    rules = load_rules(city.registry)
    city.land("commerce.signed", signed("A1", "某别的名字"))
    resolved(city.database, rules, FIRST)
    whole = compose
    told: list[object] = []

    def overtaken(connection: Connection, *arguments: Any) -> object:
        step = whole(connection, *arguments)
        if not told:
            told.append(step)
            connection.rollback()
            city.land("commerce.signed", signed("A1", "又一个名字"))
            walk(city.database, rules, FIRST)
        return step

    monkeypatch.setattr(advancing, "compose", overtaken)
    assert advance(city.database, rules, FIRST, steps=(Step.COMPOSE,))
    assert told
    told_of = "".join(row[0] for row in rows_of(city.database, "SELECT golden FROM project"))
    assert "又一个名字" in told_of
    assert "某别的名字" not in told_of
    assert not advance(city.database, rules, FIRST, steps=(Step.COMPOSE,))


def test_whoever_normalizes_helps_with_its_half_of_many_documents_and_with_no_few(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advancing, "DOCUMENTS", 4)
    rules = load_rules(city.registry)
    city.land("commerce.signed", *(signed(f"B{n}", f"第{n}号厂房", code="") for n in range(40)))
    with city.database.read() as connection:
        assert not touched(connection)

    def step(*kinds: Step) -> bool:
        return advance(city.database, rules, FIRST, limit=50, steps=kinds)

    while step(Step.NORMALIZE, Step.COMPOSE):
        assert rows_of(city.database, "SELECT count(*) FROM project WHERE jurisdiction = :j", j=FIRST) == [
            (1,)
        ], "nothing is resolved yet"
    resolved(city.database, rules, FIRST)
    with city.database.read() as connection:
        waiting = touched(connection)
        halves = [
            queued.first_of(connection, FIRST, share, 100)
            for share in (Share(upper=False), Share(upper=True, backwards=True))
        ]
    assert sorted(chain.from_iterable(halves)) == waiting
    assert halves[1] == sorted(halves[1], reverse=True)
    assert all(len(half) > 4 for half in halves)
    while step(Step.NORMALIZE, Step.COMPOSE):
        pass
    with city.database.read() as connection:
        assert touched(connection) == halves[0], "the other half is not its own"
    while step(Step.PAIR, Step.RESOLVE, Step.COMPOSE):
        pass
    assert agrees(city.database, FIRST)
    city.land("commerce.signed", signed("B1", "另一个厂房"))
    resolved(city.database, rules, FIRST)
    assert not step(Step.NORMALIZE, Step.COMPOSE), "whoever resolves makes a few documents at once"
    assert step(Step.PAIR, Step.RESOLVE, Step.COMPOSE)
    with city.database.read() as connection:
        assert not touched(connection)


def touched(connection: Connection) -> list[str]:
    return queued.first(connection, FIRST, "touched", 100)
