from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import pytest

from simulator.city import City, make_city
from simulator.model import Row, Scenario
from simulator.records import approval, housing, land, siting
from simulator.records.talks import TALKS_API, TALKS_WEEKLY

FURTHER = {*siting.TABLES, *approval.TABLES, TALKS_API, TALKS_WEEKLY}
STOPS, RESUMES = {"6", "9"}, {"7", "10"}


@pytest.fixture(scope="module")
def city() -> City:
    return make_city(5, 200, breadth="full")


@pytest.fixture(scope="module")
def rows(city: City) -> dict[str, dict[str, Row]]:
    """The newest row of every record, by source and key."""
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for _, row in city.rows():
        found[row.source][row.key] = row
    return found


def test_a_core_city_has_none_of_the_further_feeds() -> None:
    city = make_city(5, 100)
    assert not {source for source, _, _ in city.truth()} & FURTHER
    assert not list(city.talks(city.day))


def test_a_full_city_has_all_feeds_and_a_truth_for_every_row(
    city: City, rows: dict[str, dict[str, Row]]
) -> None:
    truth = {(source, key) for source, key, _ in city.truth()}
    assert {source for source, _ in truth} >= FURTHER
    for source in FURTHER - {TALKS_WEEKLY}:
        assert {key for s, key in truth if s == source} == set(rows[source]), source


def test_no_key_belongs_to_two_projects(city: City) -> None:
    owner: dict[tuple[str, str], str] = {}
    for source, key, project in city.truth():
        assert owner.setdefault((source, key), project) == project


def test_every_table_holds_only_columns_it_has(rows: dict[str, dict[str, Row]]) -> None:
    common = {"GXSJ", "SJGXSJ", "DFSJZJ", "SJSCZT"}
    for source, table in (siting.TABLES | approval.TABLES).items():
        for row in rows[source].values():
            assert set(row.values) - common <= set(table.columns.split()), source
            assert row.values.get(table.key), source


def test_the_further_papers_join_the_chain(rows: dict[str, dict[str, Row]]) -> None:
    approvals = {row.values["PFWH"] for row in rows[land.SUPPLY].values()}
    assert set(rows[siting.CONVERSIONS]) >= approvals
    opinions = set(rows[siting.OPINIONS])
    cited = {row.values["YSXZZH"] for row in rows[land.WORKS].values()} - {""}
    assert cited
    assert cited <= opinions
    permits, works_permits = set(rows[housing.PERMITS]), set(rows[land.WORKS])
    assert {row.values["SGXKZBH"] for row in rows[approval.SUPERVISION].values()} <= permits
    assert {row.values["XKBABH"] for row in rows[approval.BUILDINGS].values()} <= permits
    assert {row.values["GCGHXKZBH"] for row in rows[siting.VERIFICATIONS].values()} <= works_permits
    reviewed = set(rows[approval.REVIEWS])
    assert {row.values["SCHGSBH"] for row in rows[housing.PERMITS].values()} <= reviewed
    units = {row.values["GCDM"] for row in rows[housing.PROJECTS].values()}
    for source in approval.TABLES:
        assert {row.values["GCDM"] for row in rows[source].values()} <= units, source


def test_items_pass_through_their_events_and_stopped_clocks_run_again(
    rows: dict[str, dict[str, Row]],
) -> None:
    events: dict[str, list[Row]] = defaultdict(list)
    for row in rows[approval.STEPS].values():
        events[row.values["SPSXSLBM"]].append(row)
    assert set(events) == set(rows[approval.ITEMS])
    stopped = 0
    for case, told in events.items():
        told.sort(key=lambda row: row.values["BLSJ"])
        states = [row.values["BLZT"] for row in told]
        assert states[0] == "1"
        stopped += len(STOPS & set(states))
        if states[-1] in {"11", "12"}:
            assert len(STOPS & set(states)) == len(RESUMES & set(states)), case
    assert stopped > 20
    done = {case for case, told in events.items() if told[-1].values["BLZT"] in {"11", "12"}}
    assert {row.values["SPSXSLBM"] for row in rows[approval.PAPERS].values()} == done


def test_supervision_gives_evidence_of_start_and_progress_on_the_days_the_events_tell(
    city: City, rows: dict[str, dict[str, Row]]
) -> None:
    told = {
        (row.values["SGXKZBH"], row.values["type"]): row.values["happened_at"][:10]
        for row in rows[housing.EVENTS].values()
    }
    seen = 0
    for row in rows[approval.SUPERVISION].values():
        permit = row.values["SGXKZBH"]
        if (permit, "supervision_registered") in told:
            assert row.values["ZJRQ"] == told[permit, "supervision_registered"]
        if row.values["SCJDRQ"] and (permit, "first_inspection") in told:
            assert row.values["SCJDRQ"] >= told[permit, "first_inspection"]
            seen += 1
    assert seen > 20
    assert {row.values["XXJD"] for row in rows[approval.SUPERVISION].values()} >= {
        "桩基施工",
        "主体封顶",
        "100%",
    }
    assert {row.values["JDZT"] for row in rows[approval.SUPERVISION].values()} == {"在建", "完工"}


def test_talks_end_with_the_signing(city: City) -> None:
    talked = {project.key: cells for project, cells in city.talks(city.day)}
    assert len(talked) > 10
    signed = {project.key for project, _ in city.weekly(city.day)}
    assert not signed & set(talked)
    city = make_city(5, 200, breadth="full")
    for _ in range(8):
        city.advance(7)
    assert {project.key for project, _ in city.weekly(city.day)} & set(talked)


def test_04_has_seven_buildings_and_26_one_building_of_many_units(
    city: City, rows: dict[str, dict[str, Row]]
) -> None:
    truth = list(city.truth())
    (three,) = city.scenarios[Scenario.THREE_WORKS]
    assert sum(s == approval.BUILDINGS and p == three for s, _, p in truth) == 7
    (many,) = city.scenarios[Scenario.FLOOR_UNITS]
    units = [k for s, k, p in truth if s == siting.REAL_ESTATE and p == many and "F" in k]
    assert len(units) == 12
    assert {key[:24] for key in units} == {units[0][:24]}
    assert all(len(key) == 28 for key in rows[siting.REAL_ESTATE])
    certificates = [row.values["BDCQZH"] for row in rows[siting.REAL_ESTATE].values()]
    assert len(set(certificates)) == len(certificates)


def test_moving_on_tells_everything_new_and_nothing_twice(city: City) -> None:
    one = make_city(5, 120, breadth="full")
    before = {(row.source, row.key, row.at) for _, row in one.rows()}
    truth, since = set(one.truth()), one.day
    one.advance(9)
    now = [row for _, row in one.rows()]
    fresh = [row for _, row in one.rows(since)]
    assert {(r.source, r.key, r.at) for r in fresh} == {(r.source, r.key, r.at) for r in now} - before
    assert set(one.truth()) == truth | set(one.truth(since))
    assert not truth & set(one.truth(since))


def test_moments_are_moments(rows: dict[str, dict[str, Row]]) -> None:
    for source in FURTHER - {TALKS_WEEKLY}:
        for row in rows[source].values():
            datetime.fromisoformat(row.at)


@pytest.mark.parametrize(("area", "name"), [(430200, "株洲市"), (430300, "湘潭市")])
def test_a_register_names_its_own_city(area: int, name: str) -> None:
    city = make_city(5, 40, area=area, breadth="full")
    certificates = [row.values["BDCQZH"] for _, row in city.rows() if row.source == siting.REAL_ESTATE]
    assert certificates
    assert all(f"){name}不动产权第" in number for number in certificates)
