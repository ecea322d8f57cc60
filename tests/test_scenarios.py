"""The 26 prepared cases of the hard city, over the whole corridor: what came of their rows, their records and their loop.

A strict xfail names what will remove it: `loop` the issue of findings and certificates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from app.pipeline.rules import load_rules
from connectors.registry import discover
from simulator.city import make_city
from simulator.model import Scenario
from tests.support.cases import Case, cases
from tests.support.corridor import books, land, opened, rows_of, simulated, walk
from tests.support.database import JURISDICTIONS, throw_away_database

FIRST, SECOND = JURISDICTIONS
SEED, PROJECTS = 3, 60
"""In a smaller city the rows that vanish from a week are more than a listing may delete by itself."""

Cases = Mapping[Scenario, list[Case]]
Of = Callable[[Scenario], Case]

LOOP = "the loop issue: findings with the days they hold, certificates per unit"


@pytest.fixture(scope="module")
def told(
    postgres_server: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cases]:
    """All cases, as two jurisdictions that were told the same know them; the accounts of both hold."""
    rules = load_rules(discover())
    said = simulated(
        rules.registry,
        tmp_path_factory.mktemp("hard"),
        seed=SEED,
        projects=PROJECTS,
        advances=(),
        difficulty="hard",
        breadth="full",
    )
    city = make_city(SEED, PROJECTS, difficulty="hard", breadth="full")
    with (
        throw_away_database(postgres_server, template=migrated_template) as url,
        opened(url) as database,
    ):
        for jurisdiction in JURISDICTIONS:
            land(database, jurisdiction, said)
            walk(database, rules, jurisdiction, 1000)
        books(database)
        made, again = (cases(database, jurisdiction, city) for jurisdiction in JURISDICTIONS)
        assert [[one.states() for one in made[case]] for case in Scenario] == [
            [one.states() for one in again[case]] for case in Scenario
        ]
        assert not rows_of(database, "SELECT * FROM rejection")
        yield made


@pytest.fixture
def of(told: Cases) -> Of:
    """The first project of a case."""
    return lambda case: told[case][0]


# --- accounting: every row has become a statement, and every doubt has a name

DOUBTS: dict[Scenario, set[str]] = {
    Scenario.RENTED: {"area.sentinel_zero"},
    Scenario.UPGRADE: {"area.sentinel_zero"},
    Scenario.ROAD: {"money.sentinel_zero"},
    Scenario.PSEUDO_CODE: {"project_code.pseudo"},
    Scenario.UNIT_ERROR: {"range.unbelievable"},
    Scenario.SIGNED_ONLY: {"money.sentinel_zero"},
    Scenario.PLACE_ALIASES: {"district.zone", "district.alias"},
    Scenario.WRONG_CREDIT_CODE: {"uscc.check"},
}


@pytest.mark.parametrize("case", Scenario)
def test_every_row_of_the_case_is_a_statement_and_every_doubt_is_named(told: Cases, case: Scenario) -> None:
    assert told[case]
    for one in told[case]:
        assert one.rejected == {}
        assert min(one.kept.values()) > 0
        assert one.stated == one.kept.keys()
    assert {rule for one in told[case] for _, rule in one.issues} == DOUBTS.get(case, set())


# --- clusters: one project, and nobody else's record in it


@pytest.mark.parametrize("case", Scenario)
def test_the_records_of_the_case_are_one_project(told: Cases, case: Scenario) -> None:
    """Land conversions of a batch name a village and no project: they are the matching issue's for every case."""
    for one in told[case]:
        named = {record: at for record, at in one.where.items() if record[0] != "land.conversions"}
        assert set(named.values()) == {one.golden.project_id}


@pytest.mark.parametrize("case", Scenario)
def test_no_record_of_another_project_is_in_the_case(told: Cases, case: Scenario) -> None:
    assert not {other for one in told[case] for other in one.others}


# --- ledger: every required stage stands as its life says

MILESTONE = {
    "LEAD": "signed",
    "NEGOTIATION": "signed",
    "SIGNED": "signed",
    "INITIATION": "code",
    "LAND": "use_permit",
    "PLANNING": "works_permit",
    "CONSTRUCTION_PERMIT": "permit",
    "CONSTRUCTION": "started",
    "COMPLETION": "completed",
    "PRODUCTION": "production",
    "CAPACITY": "capacity",
}
_GROUND = {"LAND", "PLANNING", "CONSTRUCTION_PERMIT", "COMPLETION"}
_COMMERCE = {"LEAD", "NEGOTIATION", "SIGNED", "PRODUCTION", "CAPACITY"}
REQUIRED = {
    "granted": set(MILESTONE),
    "leased": set(MILESTONE) - _GROUND,
    "upgrade": set(MILESTONE) - _GROUND,
    "linear": set(MILESTONE) - _COMMERCE,
    "energy": set(MILESTONE),
}
PATHS = {
    Scenario.RENTED: "leased",
    Scenario.UPGRADE: "upgrade",
    Scenario.ROAD: "linear",
    Scenario.ENERGY: "energy",
}
OTHERWISE: dict[Scenario, dict[str, str]] = {
    Scenario.UPGRADE: {"CONSTRUCTION": "self_reported"},
    Scenario.ENERGY: {"CONSTRUCTION": "self_reported"},
    Scenario.EARLY_START: {"CONSTRUCTION": "contradicted"},
    Scenario.NOT_FILED: {"COMPLETION": "partial"},
}
"""Where no office certifies the start, where it came too early, and where the acceptances are there and the filing is not."""


@pytest.mark.parametrize("case", Scenario)
def test_the_loop_of_the_case_stands_as_its_life_says(told: Cases, case: Scenario) -> None:
    for one in told[case]:
        path = PATHS.get(case, "granted")
        met = {stage: milestone in one.truth.days for stage, milestone in MILESTONE.items()}
        expected = {
            stage: "missing" if not met[stage] else "cited" if stage == "INITIATION" else "evidenced"
            for stage in REQUIRED[path]
        }
        assert one.golden.path == path
        assert one.states() == expected | OTHERWISE.get(case, {})


# --- what is particular to a case


def test_01_a_clean_chain_closes_its_loop_without_a_contradiction(of: Of) -> None:
    case = of(Scenario.CLEAN_CHAIN)
    assert case.ledger.loop == "closed"
    assert case.ledger.contradictions == ()
    assert case.value("project_code") == case.truth.code


def test_02_commerce_is_joined_by_the_credit_code(of: Of) -> None:
    case = of(Scenario.CODE_MISSING_IN_COMMERCE)
    assert case.where[case.of("commerce.signed_api")[0]] == case.golden.project_id
    assert case.value("project_code") == case.truth.code
    assert case.claim("project_code").source.partition(".")[0] != "commerce"


def test_03_land_is_joined_by_the_certificates_the_permit_cites(of: Of) -> None:
    case = of(Scenario.LAND_BY_CERTIFICATES)
    for source in ("land.use_permits", "land.works_permits"):
        assert case.where[case.of(source)[0]] == case.golden.project_id
    assert case.value("project_code") == case.truth.code


def test_04_three_sections_are_counted_each_once_and_their_buildings_hang_under_them(of: Of) -> None:
    case = of(Scenario.THREE_WORKS)
    assert {one.works for one in case.golden.works} == {one.code for one in case.truth.works}
    assert int(case.value("contract_price")) == sum(one.price for one in case.truth.works) * 10_000
    assert int(case.value("floor_area")) == sum(one.floor_area for one in case.truth.works)
    assert len(case.of("housing.buildings")) > len(case.truth.works)


def test_05_two_parcels_are_one_projects_and_their_areas_add_up(of: Of) -> None:
    case = of(Scenario.TWO_PARCELS)
    parcels = [case.truth.ground, *(parcel for parcel, _ in case.truth.more_parcels)]
    assert len(case.golden.parcels) == 2
    assert int(case.value("site_area")) == sum(parcel.area for parcel in parcels)


def test_06_a_rented_factory_owes_no_land_and_no_planning(of: Of) -> None:
    case = of(Scenario.RENTED)
    assert case.golden.parcels == ()
    assert case.ledger.loop == "closed"


def test_07_an_upgrade_owes_no_land_and_no_permit(of: Of) -> None:
    case = of(Scenario.UPGRADE)
    assert case.golden.parcels == ()
    assert case.golden.works[0].permit is None
    assert case.ledger.loop == "closed"


def test_08_a_municipal_road_owes_commerce_nothing(of: Of) -> None:
    case = of(Scenario.ROAD)
    assert "commerce" not in case.golden.departments
    assert case.ledger.loop == "closed"


def test_09_two_phases_of_one_name_are_two_projects(told: Cases) -> None:
    one, two = told[Scenario.PHASES]
    assert one.golden.project_id != two.golden.project_id
    assert one.value("owner_uscc") == two.value("owner_uscc")
    assert {one.value("project_code"), two.value("project_code")} == {one.truth.code, two.truth.code}


def test_09_the_second_phase_says_which_project_it_is_a_phase_of(told: Cases) -> None:
    one, two = told[Scenario.PHASES]
    [relation] = two.golden.relations
    assert relation in one.golden.relations
    assert (relation.kind, relation.one, relation.other, relation.why) == (
        "phase_of",
        two.golden.project_id,
        one.golden.project_id,
        "phase",
    )
    assert one.golden.within is None
    assert two.golden.within is None


def test_10_the_code_in_force_wins_and_the_former_one_stays_known(of: Of) -> None:
    case = of(Scenario.SUPERSEDED_CODE)
    assert case.value("project_code") == case.truth.code
    assert case.value("other_codes") == (case.truth.said_codes["land.use_permits"],)


def test_10_the_filing_in_force_says_which_one_it_replaces(of: Of) -> None:
    case = of(Scenario.SUPERSEDED_CODE)
    [relation] = case.golden.relations
    assert (relation.kind, relation.other, relation.why) == ("replaces", None, "code")
    assert relation.number == case.truth.said_codes["land.use_permits"]
    assert relation.a in {
        member.record_id for member in case.golden.members if member.source == "land.use_permits"
    }


def test_11_a_code_of_the_old_generation_is_a_code(of: Of) -> None:
    case = of(Scenario.OLD_CODE)
    assert case.truth.code.startswith("2019-")
    assert case.value("project_code") == case.truth.code


def test_12_a_pseudo_code_is_kept_and_is_nobodys_project_code(of: Of) -> None:
    case = of(Scenario.PSEUDO_CODE)
    assert case.value("project_code") is None
    assert case.value("other_codes") == (case.truth.code,)


def test_13_an_amount_ten_thousand_times_too_large_is_doubted_and_not_believed(of: Of) -> None:
    case = of(Scenario.UNIT_ERROR)
    assert {one.rule for one in case.ledger.contradictions} == {"unit_suspect"}
    assert int(case.value("total_investment")) < 10**10


def test_14_a_permit_that_was_taken_back_gives_way_to_the_one_issued_after_it(of: Of) -> None:
    case = of(Scenario.RETRACTION)
    permits = {m.key: m.live for m in case.golden.members if m.source == "housing.construction_permits"}
    assert sorted(permits.values()) == [False, True]
    standing = next(number for number, lives in permits.items() if lives)
    assert [one.permit for one in case.golden.works] == [standing]
    assert case.ledger.loop == "closed"


def test_15_idle_land_stops_the_loop_at_planning(told: Cases) -> None:
    for case in told[Scenario.IDLE_LAND]:
        assert case.ledger.current_stage == "LAND"
        assert next(one for one in case.ledger.stages if one.stage == "PLANNING").owed_by == "land"


def test_16_a_permit_without_a_start_owes_the_start(of: Of) -> None:
    case = of(Scenario.NO_START)
    assert case.ledger.current_stage == "CONSTRUCTION_PERMIT"
    assert next(one for one in case.ledger.stages if one.stage == "CONSTRUCTION").owed_by is not None


def test_17_a_start_before_its_permit_contradicts(of: Of) -> None:
    assert "start_before_permit" in {one.rule for one in of(Scenario.EARLY_START).ledger.contradictions}


def test_18_a_finished_project_that_was_not_filed_is_not_complete(of: Of) -> None:
    case = of(Scenario.NOT_FILED)
    completion = next(one for one in case.ledger.stages if one.stage == "COMPLETION")
    assert not completion.reached
    assert completion.owed_by == "housing"
    assert [one.completion for one in case.golden.works] == [None]


def test_19_what_was_signed_and_no_more_stands_at_signing(of: Of) -> None:
    case = of(Scenario.SIGNED_ONLY)
    assert case.ledger.current_stage == "SIGNED"
    assert case.golden.departments == ("commerce",)


def test_20_a_terminated_project_says_so(of: Of) -> None:
    assert of(Scenario.TERMINATED).golden.status == "TERMINATED"


def test_21_land_of_a_platform_company_is_the_enterprises_ground(of: Of) -> None:
    case = of(Scenario.PLATFORM)
    assert case.value("land_holder") == case.truth.on_land.name
    assert case.value("owner") == case.truth.owner.name


def test_22_every_alias_is_the_district_it_means(told: Cases) -> None:
    for case in told[Scenario.PLACE_ALIASES]:
        assert case.value("district") == case.truth.district.adcode


def test_23_a_credit_code_with_a_wrong_check_sign_is_nobodys(of: Of) -> None:
    case = of(Scenario.WRONG_CREDIT_CODE)
    assert case.value("owner_uscc") == case.truth.owner.uscc != case.truth.commerce_uscc
    assert case.truth.commerce_uscc not in {claim.value for claim in case.golden.claims}


def test_24_a_doubled_row_is_said_once_and_a_vanished_one_is_withdrawn(told: Cases) -> None:
    doubled, vanished = told[Scenario.EXCEL_ROWS]
    lives = {
        case.truth.key: [m.live for m in case.golden.members if m.source == "commerce.signed_weekly"]
        for case in (doubled, vanished)
    }
    assert lives == {doubled.truth.key: [True], vanished.truth.key: [False]}
    assert doubled.kept[doubled.of("commerce.signed_weekly")[0]] == 1
    assert vanished.ledger.loop == "closed"


def test_25_energy_is_built_without_a_permit_of_housing_and_the_gap_is_shown(of: Of) -> None:
    case = of(Scenario.ENERGY)
    assert case.of("housing.construction_permits") == []
    assert "CONSTRUCTION_PERMIT" in case.ledger.gaps


def test_26_every_unit_of_the_building_is_a_statement_under_one_project(of: Of) -> None:
    case = of(Scenario.FLOOR_UNITS)
    units = case.of("land.real_estate")
    assert len(units) > 3
    assert {case.where[unit] for unit in units} == {case.golden.project_id}


@pytest.mark.parametrize(
    ("case", "finding"),
    [
        (Scenario.UNIT_ERROR, "unit_suspect"),
        (Scenario.IDLE_LAND, "idle_land"),
        (Scenario.NO_START, "not_started"),
        (Scenario.EARLY_START, "start_before_permit"),
        (Scenario.NOT_FILED, "not_filed"),
        (Scenario.SIGNED_ONLY, "signed_and_silent"),
        (Scenario.PLATFORM, "holder_is_not_owner"),
        (Scenario.ENERGY, "permit_missing"),
    ],
)
@pytest.mark.xfail(strict=True, reason=LOOP, raises=AttributeError)
def test_the_finding_of_the_case_holds_from_a_day(of: Of, case: Scenario, finding: str) -> None:
    [found] = [one for one in of(case).ledger.findings if one.rule == finding]  # type: ignore[attr-defined]  # not there yet
    assert found.holds_from


@pytest.mark.xfail(strict=True, reason=LOOP, raises=AttributeError)
def test_26_certificates_are_counted_per_unit(of: Of) -> None:
    case = of(Scenario.FLOOR_UNITS)
    assert len(case.golden.certificates) == len(case.of("land.real_estate"))  # type: ignore[attr-defined]  # not there yet
