"""Rows that change are told from rows that stay, and only they are written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.db.resolution import difference
from tests.support.corridor import feed
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit, rid, signed, small_city

FIRST = JURISDICTIONS[0]
ROWS = st.dictionaries(st.integers(0, 5), st.tuples(st.integers(0, 5), st.booleans()))


@pytest.fixture
def city(database_url: str) -> Iterator[SmallCity]:
    made = small_city(database_url)
    yield made
    made.database.close()


@given(ROWS, ROWS)
def test_taking_what_goes_and_adding_what_comes_gives_what_is_wanted_and_moves_no_row_that_stays(
    before, after
):
    change = difference(before, after)
    stay = {name: row for name, row in before.items() if name not in change.gone}
    assert sorted([*stay.values(), *change.come]) == sorted(after.values())
    assert all(before[name] != after.get(name) for name in change.gone)
    assert len(change.come) == sum(before.get(name) != row for name, row in after.items())


RESOLVED = ("block_key", "normal", "pair", "cluster", "review")


def test_what_matching_does_not_see_changes_documents_and_no_row_of_resolving(city: SmallCity) -> None:
    def written() -> dict[str, list[tuple[object, ...]]]:
        with city.database.read() as connection:
            rows = {t: connection.execute(text(f"SELECT xmin::text, * FROM {t}")).all() for t in RESOLVED}
            return {table: sorted(map(tuple, found)) for table, found in rows.items()}

    city.land("commerce.signed", signed("a"), signed("b", "河西污水处理提标工程", code="", investor=""))
    city.land("housing.permits", permit("p"))
    city.drain()
    seen, stood = feed(city.database, FIRST)[-1][0], written()
    assert stood["pair"]
    city.land("commerce.signed", signed("a", "某組件智造基地"))
    city.land("housing.permits", permit("p", "某組件智造基地廠房", updated="2024-10-01 10:00:00"))
    city.drain()
    news = [row[1:3] for row in feed(city.database, FIRST) if row[0] > seen]
    assert news == [("updated", rid("commerce.signed", "a"))]
    assert written() == stood
    # what it does see, and no pair or place comes of: what it sees is kept, and nothing else is written
    city.land("commerce.signed", signed("a", amount="120001"))
    city.drain()
    now = written()
    assert now.pop("normal") != stood.pop("normal")
    assert now == stood


def test_a_question_tells_of_its_records_as_they_are_now_though_no_pair_has_another_score(
    city: SmallCity,
) -> None:
    def questions() -> list[tuple[object, ...]]:
        with city.database.read() as connection:
            return [
                tuple(row)
                for row in connection.execute(
                    text("SELECT a, b, score, stake, departments FROM review WHERE jurisdiction = :j"),
                    {"j": FIRST},
                )
            ]

    alone = {"code": "", "investor": ""}
    city.land("commerce.signed", signed("a", "河西污水处理厂提标", amount="100000000", **alone))
    city.land("housing.permits", permit("p", "河西污水处理厂提标", code="", owner=""))
    city.drain()
    (before,) = questions()
    assert (before[3], before[4]) == (10**12, ["commerce", "housing"])
    city.land("commerce.signed", signed("a", "河西污水处理厂提标", amount="200000000", **alone))
    city.drain()
    (after,) = questions()
    assert (after[3], after[:3]) == (2 * 10**12, before[:3])
