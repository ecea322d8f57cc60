"""Resolving in steps: people's words, records that die and return, and keys that cross the cap, as a rebuild has them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.db import judgements, jurisdictions
from app.db.judgements import Side
from app.db.session import Database
from app.pipeline.matching.keys import CAP
from schemas.ids import record_id
from schemas.judgements import Verdict
from tests.support.corridor import drawer, feed, opened, rows_of, shape
from tests.support.database import JURISDICTIONS
from tests.support.landed import as_rebuilt, derive, land
from tests.support.small_city import permit, signed

FIRST, SECOND = JURISDICTIONS
SIGNED, PERMITS = "commerce.signed", "housing.permits"
APART = {"code": "", "investor": ""}


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def rid(key: str, source: str = SIGNED, jurisdiction: int = FIRST) -> str:
    return record_id(jurisdiction, source, key)


def say(hub: Database, a: str, b: str, verdict: Verdict, source: str = SIGNED) -> int:
    """Say a word on a signed project and a record of `source`."""
    number = 0
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            held = jurisdictions.hold(connection, jurisdiction)
            sides = [Side(rid(k, s, jurisdiction), "", ("", "")) for k, s in ((a, SIGNED), (b, source))]
            number = judgements.add(connection, held, sides[0], sides[1], verdict, "seen", "reviewer")
    return number


def withdraw(hub: Database, number: int) -> None:
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            held = jurisdictions.hold(connection, jurisdiction)
            judgements.withdraw(connection, held, number, "was wrong", "reviewer")


def groups(hub: Database, jurisdiction: int = FIRST) -> set[frozenset[str]]:
    """Give the projects as sets of keys of live records."""
    found: dict[str, set[str]] = {}
    for project, key in rows_of(
        hub,
        "SELECT m.project_id, r.key FROM member m JOIN record r USING (jurisdiction, record_id)"
        " WHERE jurisdiction = :j AND m.live",
        j=jurisdiction,
    ):
        found.setdefault(project, set()).add(key)
    return {frozenset(keys) for keys in found.values()}


def kinds(hub: Database, since: int) -> list[tuple[str, str, str | None]]:
    return [row[1:4] for row in feed(hub, FIRST) if row[0] > since]


def strangers(*keys: str) -> list[dict[str, str]]:
    names = ("清水塘新能源电池厂房", "河西污水处理提标工程", "田心轨道装备检测中心", "荷塘硬质合金刀具车间")
    return [signed(key, name, **APART) for key, name in zip(keys, names, strict=False)]


def test_same_joins_different_splits_and_taking_back_restores(hub: Database) -> None:
    land(hub, SIGNED, *strangers("a", "b", "c"))
    derive(hub)
    alone = drawer(hub)
    assert groups(hub) == {frozenset("a"), frozenset("b"), frozenset("c")}
    seen = feed(hub, FIRST)[-1][0]

    same = say(hub, "a", "b", Verdict.SAME)
    derive(hub)
    assert groups(hub) == groups(hub, SECOND) == {frozenset("ab"), frozenset("c")}
    assert kinds(hub, seen) == [("merged", rid("b"), rid("a")), ("updated", rid("a"), None)]
    joined = drawer(hub)
    as_rebuilt(hub)

    seen = feed(hub, FIRST)[-1][0]
    different = say(hub, "b", "a", Verdict.DIFFERENT)
    derive(hub)
    assert groups(hub) == {frozenset("a"), frozenset("b"), frozenset("c")}
    assert sorted(kinds(hub, seen)) == sorted([("updated", rid("a"), None), ("split", rid("b"), rid("a"))])
    assert rows_of(hub, "SELECT kind FROM review WHERE jurisdiction = :j", j=FIRST) == [("words_conflict",)]
    as_rebuilt(hub)

    withdraw(hub, different)
    derive(hub)
    now = drawer(hub)
    for table in set(now) - {"progress"}:
        assert now[table] == joined[table], table
    withdraw(hub, same)
    derive(hub)
    now = drawer(hub)
    for table in set(now) - {"progress"}:
        assert now[table] == alone[table], table
    as_rebuilt(hub)


@pytest.mark.parametrize(("first", "second"), [("yz", "za"), ("za", "yz")])
def test_same_joins_whole_projects_and_of_two_words_the_earlier_stands(
    hub: Database, first: str, second: str
) -> None:
    land(hub, SIGNED, signed("a"), *strangers("x", "y", "z"))
    land(hub, PERMITS, permit("p"))
    derive(hub)
    assert groups(hub) == {frozenset("ap"), frozenset("x"), frozenset("y"), frozenset("z")}
    alone = drawer(hub)
    said = [say(hub, pair[0], pair[1], Verdict.SAME) for pair in (first, second)]
    derive(hub)
    assert groups(hub) == groups(hub, SECOND) == {frozenset("apyz"), frozenset("x")}
    as_rebuilt(hub)

    with_yz, with_za = {frozenset("ap"), frozenset("yz")}, {frozenset("apz"), frozenset("y")}
    said.append(say(hub, "a", "y", Verdict.DIFFERENT))
    derive(hub)
    assert groups(hub) - {frozenset("x")} == (with_yz if first == "yz" else with_za)
    as_rebuilt(hub)
    withdraw(hub, said[0])
    derive(hub)
    assert groups(hub) - {frozenset("x")} == (with_za if first == "yz" else with_yz)
    as_rebuilt(hub)
    for number in said[1:]:
        withdraw(hub, number)
    derive(hub)
    now = drawer(hub)
    for table in set(now) - {"progress"}:
        assert now[table] == alone[table], table


def test_words_still_join_through_a_record_that_was_withdrawn(hub: Database) -> None:
    lone = {"code": "", "owner": "", "name": "前期登记"}
    land(hub, SIGNED, *strangers("a", "b"))
    land(hub, PERMITS, permit("m", **lone))
    for key in ("a", "b"):
        say(hub, key, "m", Verdict.SAME, PERMITS)
    derive(hub)
    assert groups(hub) == {frozenset("abm")}
    land(hub, PERMITS, permit("m", valid="0", updated="2024-10-01 10:00:00", **lone))
    derive(hub)
    assert groups(hub) == {frozenset("ab")}
    as_rebuilt(hub)


def test_different_keeps_apart_what_the_machine_would_join(hub: Database) -> None:
    land(hub, SIGNED, signed("a"), signed("b"))
    land(hub, PERMITS, permit("p"))
    derive(hub)
    together = groups(hub)
    assert any({"a", "p"} <= keys for keys in together)
    say(hub, "a", "b", Verdict.DIFFERENT)
    derive(hub)
    assert all(not {"a", "b"} <= keys for keys in groups(hub))
    as_rebuilt(hub)


@pytest.mark.parametrize("verdict", [Verdict.UNSURE, Verdict.PHASE_OF, Verdict.PART_OF, Verdict.REPLACES])
def test_other_words_join_and_split_nothing(hub: Database, verdict: Verdict) -> None:
    land(hub, SIGNED, *strangers("a", "b"))
    land(hub, SIGNED, signed("x"), signed("y"))
    derive(hub)
    before = groups(hub)
    say(hub, "a", "b", verdict)
    say(hub, "x", "y", verdict)
    derive(hub)
    assert groups(hub) == before
    as_rebuilt(hub)


def test_words_hold_for_records_that_died_and_for_those_that_come_later(hub: Database) -> None:
    land(hub, PERMITS, permit("p", code="", owner="株洲某置业有限公司", name="清水塘新能源电池厂房"))
    land(hub, SIGNED, *strangers("x", "a"))
    say(hub, "a", "later", Verdict.SAME)
    derive(hub)
    land(hub, SIGNED, *strangers("y", "z", "later")[2:])
    derive(hub)
    assert frozenset({"a", "later"}) in groups(hub)
    as_rebuilt(hub)


def test_a_dead_record_still_leads_to_its_project_and_returns_to_it(hub: Database) -> None:
    land(hub, PERMITS, permit("p"))
    land(hub, SIGNED, signed("a"))
    derive(hub)
    alive = shape(hub, FIRST)
    seen = feed(hub, FIRST)[-1][0]
    assert groups(hub) == {frozenset("pa")}
    land(hub, PERMITS, permit("p", valid="0", updated="2024-10-01 10:00:00"))
    derive(hub)
    assert rows_of(
        hub, "SELECT record_id, project_id, live FROM member WHERE jurisdiction = :j ORDER BY live", j=FIRST
    ) == [
        (rid("p", PERMITS), rid("p", PERMITS), False),
        (rid("a"), rid("p", PERMITS), True),
    ]
    assert kinds(hub, seen) == [("updated", rid("p", PERMITS), None)]
    as_rebuilt(hub)
    land(hub, PERMITS, permit("p", updated="2024-11-01 10:00:00"))
    derive(hub)
    assert shape(hub, FIRST).keys() == alive.keys()
    as_rebuilt(hub)


def test_a_project_whose_records_all_died_is_removed_and_comes_back(hub: Database) -> None:
    land(hub, PERMITS, permit("p"))
    derive(hub)
    land(hub, PERMITS, permit("p", valid="0", updated="2024-10-01 10:00:00"))
    derive(hub)
    land(hub, PERMITS, permit("p", updated="2024-11-01 10:00:00"))
    derive(hub)
    assert [row[1:3] for row in feed(hub, FIRST)] == [
        (kind, rid("p", PERMITS)) for kind in ("created", "removed", "created")
    ]
    as_rebuilt(hub)


def test_an_earlier_member_gives_a_project_its_name_and_the_feed_says_so(hub: Database) -> None:
    """A record re-read as the same project as an earlier one brings its id along: renamed when nobody stood there."""
    land(hub, SIGNED, signed("early", "", code=""))
    land(hub, SIGNED, *strangers("late"))
    derive(hub)
    assert groups(hub) == {frozenset({"late"})} or frozenset({"late"}) in groups(hub)
    say(hub, "early", "late", Verdict.SAME)
    land(hub, SIGNED, signed("early", "前期登记", code=""))
    derive(hub)
    assert frozenset({"early", "late"}) in groups(hub)
    told = [row[1:4] for row in feed(hub, FIRST)]
    assert ("merged", rid("late"), rid("early")) in told or ("renamed", rid("late"), rid("early")) in told
    as_rebuilt(hub)


def test_change_numbers_have_no_gaps(hub: Database) -> None:
    land(hub, SIGNED, *strangers("a", "b", "c", "d"))
    derive(hub, 1)
    number = say(hub, "a", "b", Verdict.SAME)
    derive(hub)
    withdraw(hub, number)
    derive(hub)
    for jurisdiction in JURISDICTIONS:
        numbers = [row[0] for row in feed(hub, jurisdiction)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert rows_of(
            hub, "SELECT change_no FROM ops.jurisdiction WHERE jurisdiction = :j", j=jurisdiction
        ) == [(len(numbers),)]


@pytest.mark.parametrize("limit", [1, 200])
def test_whatever_records_come_to_say_they_are_resolved_as_a_rebuild_resolves_them(
    hub: Database, limit: int
) -> None:
    dice = random.Random(limit)
    places = [
        "清水塘电池",
        "河西污水",
        "田心轨道",
        "荷塘刀具",
        "枫溪航空",
        "芦淞服饰",
        "云龙陶瓷",
        "渌口水泥",
    ]

    def said(step: int, number: int) -> tuple[str, dict[str, str]]:
        """Say anything in one of three records of a family."""
        family, nth = divmod(number, 3)
        what, phase = (
            dice.choice(["智造基地", "三号堆场", "配套码头", "基地"]),
            dice.choice(["", "一期", "二期"]),
        )
        code = dice.choice([f"2404-430204-04-01-1{family}2345", f"2404-430204-04-01-7{family}2345", ""])
        owner, name = dice.choice([f"株洲{family}号科技有限公司", ""]), f"{places[family]}{what}{phase}"
        if nth < 2:
            amount = dice.choice(["120000", "130000", "9", ""])
            return SIGNED, signed(f"{number}", name, code=code, investor=owner, amount=amount)
        valid, updated = dice.choice("01"), f"2025-01-01 00:00:{step:02}"
        return PERMITS, permit(f"{number}", name, code=code, owner=owner, valid=valid, updated=updated)

    for step in range(4):
        numbers = range(24) if step == 0 else [3 * family + dice.randrange(3) for family in range(8)]
        told = [said(step, number) for number in numbers]
        for source in (SIGNED, PERMITS):
            land(hub, source, *(row for of, row in told if of == source))
        derive(hub, limit)
    as_rebuilt(hub)


PLATFORM = "株洲澜岳半导体有限公司"


def platform(n: int, **over: str) -> dict[str, str]:
    """Give one of very many permits of a platform company, each a project of its own."""
    marks = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
    name = f"{marks[n % 22]}{marks[n // 22 % 22]}{marks[n * 7 % 22]}片区配套"
    return permit(f"K{n:03}", name, code="", owner=PLATFORM, **over)


@pytest.mark.parametrize("limit", [9, 200])
def test_a_key_that_crosses_the_cap_either_way_is_judged_as_a_rebuild_judges_it(
    hub: Database, limit: int
) -> None:
    def holders() -> int:
        return int(
            rows_of(
                hub,
                "SELECT max(n) FROM (SELECT count(*) n FROM block_key WHERE live AND jurisdiction = :j GROUP BY key) k",
                j=FIRST,
            )[0][0]
        )

    def pairs() -> int:
        return int(rows_of(hub, "SELECT count(*) FROM pair WHERE jurisdiction = :j", j=FIRST)[0][0])

    land(hub, PERMITS, *(platform(n) for n in range(CAP - 4)))
    derive(hub, limit)
    assert holders() == CAP - 4
    below = pairs()
    assert below > 0
    as_rebuilt(hub)
    land(hub, PERMITS, *(platform(n) for n in range(CAP - 4, CAP + 20)))
    derive(hub, limit)
    assert holders() == CAP + 20
    assert pairs() < below
    as_rebuilt(hub)
    gone = [platform(n, valid="0", updated="2024-10-01 10:00:00") for n in range(0, 50, 2)]
    land(hub, PERMITS, *gone)
    derive(hub, limit)
    assert holders() < CAP
    assert pairs() > 0
    as_rebuilt(hub)


def test_summaries_equal_a_recount_of_the_projects(hub: Database) -> None:
    land(hub, SIGNED, *strangers("a", "b", "c"), signed("d"))
    land(hub, PERMITS, permit("p"), permit("q", valid="0"), *(platform(n) for n in range(5)))
    say(hub, "a", "b", Verdict.SAME)
    derive(hub, 2)
    land(hub, SIGNED, signed("a", "改名", amount="7.5", **APART), signed("c", "", **APART))
    derive(hub, 1)
    recounted(hub)


RECOUNTS = {
    "SELECT jurisdiction, coalesce(stage, ''), coalesce(district, ''), path, loop, count(*),"
    " coalesce(sum(counted), 0) FROM project WHERE within IS NULL GROUP BY 1, 2, 3, 4, 5": (
        "SELECT jurisdiction, stage, district, path, loop, projects, investment FROM funnel"
    ),
    "SELECT jurisdiction, split_part(cell, '|', 1), split_part(cell, '|', 2), split_part(cell, '|', 3), count(*)"
    " FROM project CROSS JOIN LATERAL unnest(cells) AS c(cell) GROUP BY 1, 2, 3, 4": (
        "SELECT jurisdiction, department, stage, state, projects FROM coverage"
    ),
}


def recounted(hub: Database) -> None:
    """Hold the summary tables against the projects themselves."""
    with hub.read() as connection:
        for made, stored in RECOUNTS.items():
            assert sorted(map(tuple, connection.execute(text(made)))) == sorted(
                map(tuple, connection.execute(text(stored)))
            )
