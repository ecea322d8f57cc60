from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from simulator.city import City, make_city
from simulator.model import FIRST_CAST, Project, Row, Scenario
from simulator.numbers import outer_check

Say = Callable[[Scenario, str], list[Row]]


@pytest.fixture(scope="module")
def city() -> City:
    return make_city(3, 60, difficulty="hard")


def _projects(city: City, scenario: Scenario) -> list[Project]:
    return [project for project in city.projects if project.scenario is scenario]


@pytest.fixture(scope="module")
def said(city: City) -> Say:
    rows = [(project, row) for project, row in city.rows()]

    def of(scenario: Scenario, source: str) -> list[Row]:
        """The newest rows of the scenario's projects."""
        found = {
            row.key: row for project, row in rows if project.scenario is scenario and row.source == source
        }
        return list(found.values())

    return of


def _sources(city: City, scenario: Scenario) -> set[str]:
    keys = {project.key for project in _projects(city, scenario)}
    return {source for source, _, project in city.truth() if project in keys}


def test_the_hard_city_knows_all_cases_and_the_easy_one_its_seven(city: City) -> None:
    assert len(Scenario) == 26
    assert list(city.scenarios) == [case.value for case in Scenario]
    assert all(city.scenarios.values())
    assert set(make_city(3, 60).scenarios) == {case.value for case in FIRST_CAST}


def test_every_case_has_a_truth_of_its_own(city: City) -> None:
    said = {project for _, _, project in city.truth()}
    for keys in city.scenarios.values():
        assert set(keys) <= said


@pytest.mark.parametrize("days", [60, 400, 2000])
def test_the_cases_fit_into_cities_of_any_age(days: int) -> None:
    city = make_city(3, 40, days, difficulty="hard")
    assert all(city.scenarios.values())
    assert all(day >= 0 for project in city.projects for day in project.days.values())


def test_01_to_04_are_told_as_in_the_easy_city(city: City, said: Say) -> None:
    clean = said(Scenario.CLEAN_CHAIN, "commerce.signed_api")[0]
    assert clean.values["XMDM"] == _projects(city, Scenario.CLEAN_CHAIN)[0].code
    missing = said(Scenario.CODE_MISSING_IN_COMMERCE, "commerce.signed_api")[0]
    assert not missing.values["XMDM"]
    assert missing.values["TYSHXYDM"]
    by_chain = said(Scenario.LAND_BY_CERTIFICATES, "land.use_permits")[0]
    assert not by_chain.values["XMDM"]
    assert len(said(Scenario.THREE_WORKS, "housing.construction_permits")) == 3


def test_05_has_a_second_parcel_a_year_later_under_one_code(city: City, said: Say) -> None:
    first, second = sorted(said(Scenario.TWO_PARCELS, "land.supply"), key=lambda row: row.values["HTQDRQ"])
    apart = date.fromisoformat(second.values["HTQDRQ"]) - date.fromisoformat(first.values["HTQDRQ"])
    assert apart == timedelta(days=365)
    assert first.values["DZJGH"] != second.values["DZJGH"]
    published = {
        key
        for source, key, project in city.truth()
        if source == "land.landchina" and project in city.scenarios[Scenario.TWO_PARCELS]
    }
    assert published == {first.values["DZJGH"], second.values["DZJGH"]}


def test_06_rents_a_factory_without_land(city: City, said: Say) -> None:
    assert not {source for source in _sources(city, Scenario.RENTED) if source.startswith("land.")}
    assert said(Scenario.RENTED, "housing.construction_permits")
    assert said(Scenario.RENTED, "commerce.signed_api")[0].values["YDFS"] == "租赁"


def test_07_upgrades_without_land_or_permit(city: City, said: Say) -> None:
    assert _sources(city, Scenario.UPGRADE) == {
        "commerce.signed_weekly",
        "commerce.signed_api",
        "housing.projects",
    }
    assert "-02-" in said(Scenario.UPGRADE, "housing.projects")[0].values["XMDM"]


def test_08_is_a_municipal_road_on_allocated_land_that_commerce_does_not_know(city: City, said: Say) -> None:
    assert not {source for source in _sources(city, Scenario.ROAD) if source.startswith("commerce.")}
    assert said(Scenario.ROAD, "land.supply")[0].values["GDFS"] == "划拨"
    assert said(Scenario.ROAD, "housing.construction_permits")[0].key.endswith("02")


def test_09_has_two_phases_of_almost_one_name(city: City) -> None:
    assert [project.phase for project in _projects(city, Scenario.PHASES)] == [1, 2]


def test_10_was_filed_again_under_a_new_code(city: City, said: Say) -> None:
    use, works = (
        said(Scenario.SUPERSEDED_CODE, f"land.{name}")[0] for name in ("use_permits", "works_permits")
    )
    assert use.values["XMDM"] != works.values["XMDM"] == _projects(city, Scenario.SUPERSEDED_CODE)[0].code


def test_11_bears_a_code_of_the_old_generation(said: Say) -> None:
    code = said(Scenario.OLD_CODE, "housing.projects")[0].values["XMDM"]
    assert re.fullmatch(r"2019-\d{6}-37-03-\d{6}", code)


def test_12_bears_a_pseudo_code(said: Say) -> None:
    assert "-04-88-" in said(Scenario.PSEUDO_CODE, "housing.projects")[0].values["XMDM"]


def test_13_writes_ten_thousands_where_hundred_millions_belong(city: City, said: Say) -> None:
    row = said(Scenario.UNIT_ERROR, "commerce.signed_api")[0].values
    assert float(row["HTYZE"]) == pytest.approx(float(row["NTZZE"]) * 10_000, rel=0.01)


def test_14_retracts_a_permit_and_issues_another(city: City) -> None:
    (key,) = city.scenarios[Scenario.RETRACTION]
    permits = {k for s, k, p in city.truth() if p == key and s == "housing.construction_permits"}
    assert len(permits) == 2


def test_15_leaves_land_idle_for_more_than_two_years_and_more_than_one(city: City, said: Say) -> None:
    rows = said(Scenario.IDLE_LAND, "land.supply")
    overdue = sorted((city.today - date.fromisoformat(row.values["YDKGRQ"])).days for row in rows)
    assert 365 < overdue[0] < 730 < overdue[1]
    assert not said(Scenario.IDLE_LAND, "housing.construction_permits")


def test_16_does_not_start_within_three_months_of_its_permit(city: City, said: Say) -> None:
    (permit,) = said(Scenario.NO_START, "housing.construction_permits")
    assert (city.today - date.fromisoformat(permit.values["FZRQ"])).days > 92
    assert not said(Scenario.NO_START, "commerce.signed_api")[0].values["SJKGSJ"]
    kinds = {row.values["type"] for row in said(Scenario.NO_START, "housing.permit_events")}
    assert "works_started" not in kinds


def test_17_starts_before_its_permit(said: Say) -> None:
    (permit,) = said(Scenario.EARLY_START, "housing.construction_permits")
    started = said(Scenario.EARLY_START, "commerce.signed_api")[0].values["SJKGSJ"]
    assert started < permit.values["FZRQ"]


def test_18_was_completed_forty_days_ago_and_not_filed(city: City, said: Say) -> None:
    (project,) = _projects(city, Scenario.NOT_FILED)
    assert city.day - project.days["finished"] == 40
    assert not said(Scenario.NOT_FILED, "housing.completions")


def test_19_was_signed_eight_months_ago_and_nothing_else(city: City) -> None:
    assert _sources(city, Scenario.SIGNED_ONLY) == {"commerce.signed_weekly", "commerce.signed_api"}
    (project,) = _projects(city, Scenario.SIGNED_ONLY)
    assert 240 < city.day - project.days["signed"] < 250


def test_20_was_terminated_after_signing(city: City, said: Say) -> None:
    assert said(Scenario.TERMINATED, "commerce.signed_api")[0].values["LYZT"] == "终止"
    assert _sources(city, Scenario.TERMINATED) == {"commerce.signed_weekly", "commerce.signed_api"}


def test_21_builds_on_land_of_a_platform_company(city: City, said: Say) -> None:
    (project,) = _projects(city, Scenario.PLATFORM)
    supply, permit = said(Scenario.PLATFORM, "land.supply")[0], said(Scenario.PLATFORM, "land.use_permits")[0]
    assert supply.values["SRR"] == city.town.public_owners[0].name
    assert supply.values["TYSHXYDM"] == city.town.public_owners[0].uscc
    assert permit.values["YDDW"] == project.owner.name
    assert permit.values["PZYDWH"] in {supply.values["HTBH"], supply.values["PFWH"]}


def test_22_calls_its_districts_by_other_names(said: Say) -> None:
    signed = said(Scenario.PLACE_ALIASES, "commerce.signed_api")
    permits = said(Scenario.PLACE_ALIASES, "housing.construction_permits")
    supplies = said(Scenario.PLACE_ALIASES, "land.supply")
    assert {row.values["SSQX"] for row in signed} == {"高新区", "绿口区"}
    assert {row.values["SSQX"] for row in permits} == {"天元区", "渌口区"}
    assert {row.values["TDWZ"][:3] for row in supplies} == {"高新区", "株洲县"}


def test_23_has_a_credit_code_whose_check_sign_is_wrong_in_commerce_alone(said: Say) -> None:
    wrong = said(Scenario.WRONG_CREDIT_CODE, "commerce.signed_api")[0].values["TYSHXYDM"]
    right = said(Scenario.WRONG_CREDIT_CODE, "land.supply")[0].values["TYSHXYDM"]
    assert wrong[:17] == right[:17]
    assert outer_check(right[:17]) == right[17] != wrong[17]


def test_24_is_doubled_in_the_sheet_and_vanishes_from_it(city: City) -> None:
    doubled, vanished = city.scenarios[Scenario.EXCEL_ROWS]
    last = Counter(project.key for project, _ in city.weekly(city.week_days()[-1]))
    assert last[doubled] == 2
    assert vanished not in last


def test_25_is_built_without_a_construction_permit(city: City, said: Say) -> None:
    assert {"land.supply", "land.works_permits", "housing.projects"} <= _sources(city, Scenario.ENERGY)
    assert not said(Scenario.ENERGY, "housing.construction_permits")
    assert said(Scenario.ENERGY, "housing.projects")[0].values["SPLCLX"] == "9"
    assert said(Scenario.ENERGY, "commerce.signed_api")[0].values["SJKGSJ"]
