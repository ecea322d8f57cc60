"""The corridor's one promise: however deliveries arrive, the same projects, claims and ledgers come out."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from app.db.session import Database
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import load_rules
from connectors.registry import discover
from tests.support.corridor import (
    Delivery,
    arranged,
    books,
    differing,
    drawer,
    land,
    opened,
    rows_of,
    shape,
    simulated,
    walk,
)
from tests.support.database import JURISDICTIONS, throw_away_database

FIRST, SECOND = JURISDICTIONS
RULES = load_rules(discover())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    """All that a small city says, with what changed, was retracted or came late in two later months."""
    return simulated(RULES.registry, tmp_path_factory.mktemp("city"), seed=5, projects=24, advances=(40, 30))


@pytest.fixture(scope="module")
def template(told: list[Delivery], postgres_server: str, migrated_template: str) -> Iterator[str]:
    """A database in which the first jurisdiction has taken everything in the order it was said."""
    with throw_away_database(postgres_server, template=migrated_template) as url:
        with opened(url) as database:
            land(database, FIRST, told)
            walk(database, RULES, FIRST)
        yield url


@pytest.fixture
def city(postgres_server: str, template: str) -> Iterator[Database]:
    with throw_away_database(postgres_server, template=template) as url, opened(url) as database:
        yield database


def test_the_city_says_what_these_tests_need(city: Database) -> None:
    """A test that never meets an update, a late row, a delete or a merge could not fail."""
    assert rows_of(city, "SELECT count(*) FROM project WHERE jurisdiction = :j", j=FIRST)[0][0] > 15
    ops: dict[str, int] = dict(rows_of(city, "SELECT op, count(*) FROM memory.raw_record GROUP BY op"))
    assert ops["upsert"] > 250
    assert ops["delete"] > 0
    assert rows_of(city, "SELECT count(*) FROM gone")[0][0] > 0
    assert (
        rows_of(
            city,
            "SELECT count(*) FROM memory.head WHERE (delivery_no, row_no) <> (first_delivery, first_row)",
        )[0][0]
        > 5
    )
    assert rows_of(city, "SELECT max(n) FROM (SELECT count(*) n FROM member GROUP BY project_id) m")[0][0] > 4
    assert rows_of(city, "SELECT count(*) FROM record WHERE kind = 'part'")[0][0] > 10
    books(city)


@pytest.mark.parametrize(("seed", "limit"), [(1, 200), (2, 200), (3, 7), (4, 40)])
def test_any_duplication_interleaving_and_order_gives_the_same_projects(
    city: Database, told: list[Delivery], seed: int, limit: int
) -> None:
    land(city, SECOND, arranged(told, RULES.registry, random.Random(seed)))
    walk(city, RULES, SECOND, limit)
    ours, theirs = shape(city, FIRST), shape(city, SECOND)
    assert ours.keys() == theirs.keys()
    assert ours == theirs
    books(city)


def test_batch_size_and_the_moments_of_walking_make_no_difference(
    city: Database, told: list[Delivery]
) -> None:
    """One row at a time, a walk after every delivery, and a rebuild in one go derive the same rows."""
    half = len(told) // 2
    for one in told[:half]:
        land(city, SECOND, [one])
        walk(city, RULES, SECOND, 7)
    land(city, SECOND, told[half:])
    walk(city, RULES, SECOND, 1)
    before = drawer(city)
    rebuild(city, RULES)
    assert differing(before, drawer(city)) == {}
    assert shape(city, FIRST) == shape(city, SECOND)
