"""Numbers that too many hold: they say nothing while they are common, and are judged anew whenever that turns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.db.session import Database
from app.pipeline.matching.common import CROWD
from app.pipeline.matching.keys import CAP
from app.pipeline.review.evidence import evidence
from schemas.ids import record_id
from tests.support.corridor import opened, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.landed import as_rebuilt, derive, land
from tests.support.small_city import CODE, permit, signed

FIRST, SECOND = JURISDICTIONS
SIGNED, PERMITS = "commerce.signed", "housing.permits"
SIGNS = "恒泰远景科创联盛华阳金瑞鼎新电池轴承陶瓷纤维食品药业"


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def rid(source: str, key: str) -> str:
    return record_id(FIRST, source, key)


def bearer(n: int, **over: str) -> dict[str, str]:
    """Give one of many records of different owners that all bear one code, alike in their trade."""
    firm = SIGNS[n % 25] + SIGNS[n * 3 % 26] + SIGNS[n // 25 % 25]
    return permit(f"K{n:03}", f"{firm}食品厂房项目", owner=f"株洲{firm}食品有限公司", code=CODE, **over)


def common(hub: Database) -> set[str]:
    rows = rows_of(
        hub, "SELECT DISTINCT unnest(common) FROM normal WHERE jurisdiction = ANY(:j)", j=list(JURISDICTIONS)
    )
    return {number for (number,) in rows}


def score(hub: Database, a: str, b: str) -> int:
    """Give the stored score of two records, 0 where it is below all that is kept."""
    rows = rows_of(
        hub,
        "SELECT score FROM pair WHERE jurisdiction = :j AND a = :a AND b = :b",
        j=FIRST,
        a=min(a, b),
        b=max(a, b),
    )
    return int(rows[0][0]) if rows else 0


@pytest.mark.parametrize("limit", [4, 200])
def test_a_code_of_more_owners_than_a_project_has_says_nothing_until_they_are_fewer_again(
    hub: Database, limit: int
) -> None:
    one, other = rid(PERMITS, "P1"), rid(SIGNED, "S1")
    land(hub, PERMITS, permit("P1", "恒泰冷链仓库", owner="株洲某远置业有限公司"))
    land(hub, SIGNED, signed("S1", "恒泰冷链物流园", investor="株洲恒泰物流有限公司"))
    derive(hub, limit)
    telling = score(hub, one, other)
    assert telling > 0
    assert common(hub) == set()
    land(hub, PERMITS, *(bearer(n) for n in range(CROWD)))
    derive(hub, limit)
    assert common(hub) == {"c" + CODE.replace("-", "")}
    assert score(hub, one, other) < telling
    assert {
        project
        for (project,) in rows_of(hub, "SELECT project_id FROM member WHERE jurisdiction = :j", j=FIRST)
    } == {
        record for (record,) in rows_of(hub, "SELECT record_id FROM member WHERE jurisdiction = :j", j=FIRST)
    }
    as_rebuilt(hub)
    land(hub, PERMITS, *(bearer(n, valid="0", updated="2024-10-01 10:00:00") for n in range(3)))
    derive(hub, limit)
    assert common(hub) == set()
    assert score(hub, one, other) == telling
    as_rebuilt(hub)


@pytest.mark.parametrize("limit", [60, 200])
def test_a_code_beyond_the_cap_says_nothing_though_nobody_names_an_owner(hub: Database, limit: int) -> None:
    def nameless(n: int, **over: str) -> dict[str, str]:
        return permit(f"N{n:03}", f"{SIGNS[n % 25]}{SIGNS[n * 7 % 26]}路配套", owner="", code=CODE, **over)

    land(hub, PERMITS, *(nameless(n) for n in range(CAP)))
    derive(hub, limit)
    assert common(hub) == set()
    land(hub, PERMITS, *(nameless(n) for n in range(CAP, CAP + 6)))
    derive(hub, limit)
    assert common(hub) == {"c" + CODE.replace("-", "")}
    as_rebuilt(hub)
    with hub.read() as connection:
        told = evidence(connection, FIRST, rid(PERMITS, "N001"), rid(PERMITS, "N026"))
    term = next(term for term in told.terms if term.name == "code.common")
    assert (term.points, term.a) == (0, f"{CODE.replace('-', '')} ×{CAP + 6}")
    reason = next(reason for reason in told.reasons if reason.code == "common")
    assert f"被 {CAP + 6} 条记录共用" in reason.zh
    land(hub, PERMITS, *(nameless(n, valid="0", updated="2024-10-01 10:00:00") for n in range(6)))
    derive(hub, limit)
    assert common(hub) == set()
    as_rebuilt(hub)
