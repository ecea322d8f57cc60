from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from schemas.golden import GoldenProject, MemberRecord
from schemas.identifiers import Scheme
from schemas.parties import Role
from schemas.records import PartRecord
from tests.support.factories import (
    PERMIT,
    PROJECT_CODE,
    WORKS_CODE,
    make_area,
    make_completion,
    make_correction,
    make_member,
    make_money,
    make_number,
    make_part_record,
    make_party,
    make_permit,
    make_supply,
)
from tests.support.stories import (
    SECOND_PERMIT,
    THIRD_PERMIT,
    claim,
    coded,
    golden,
    sections,
    value,
)

# scenarios of parts


def test_scenario_2_a_project_without_a_code_in_commerce_takes_it_from_housing() -> None:
    housing = make_member(
        source="housing.projects",
        key=WORKS_CODE,
        works=WORKS_CODE,
        bears=(make_number(Scheme.PROJECT_CODE, PROJECT_CODE, generation="new"),),
    )
    project = golden(make_member(parties=(make_party(Role.PROJECT_COMPANY),)), housing)
    assert claim(project, "project_code").source == "housing.projects"
    assert value(project, "project_company") == "株洲某新能源科技有限公司"


def test_scenario_4_sections_are_summed_once_each_with_what_was_left_out() -> None:
    one, two, three = sections(3)
    three = make_permit(THIRD_PERMIT, works=f"{PROJECT_CODE}-003", money={})
    works_row = make_member(
        source="housing.projects",
        key=f"{PROJECT_CODE}-001",
        works=f"{PROJECT_CODE}-001",
        areas={"floor_area": make_area("90000")},
        money={"total_investment": make_money("3000000000")},
    )
    project = golden(one, two, three, works_row, make_completion(works=f"{PROJECT_CODE}-001"))
    total = next(one for one in project.totals if one.field == "contract_price")
    assert (total.value, total.n, total.of, total.left_out) == ("373000000", 2, 3, (f"{PROJECT_CODE}-003",))
    assert value(project, "contract_price") == "373000000"
    assert value(project, "floor_area") == str(86500 * 3)
    assert [works.filed for works in project.works] == [True, False, False]


def test_several_permits_under_one_works_code_are_a_section_each() -> None:
    project = golden(make_permit(PERMIT), make_permit(SECOND_PERMIT), make_completion(permit=SECOND_PERMIT))
    assert [(works.works, works.filed) for works in project.works] == [(PERMIT, False), (SECOND_PERMIT, True)]
    assert value(project, "contract_price") == "373000000"


def test_a_works_code_that_others_extend_is_the_whole_and_no_section() -> None:
    whole = make_member(source="housing.projects", key=PROJECT_CODE, works=PROJECT_CODE)
    assert [works.works for works in golden(whole, *sections(2)).works] == [
        f"{PROJECT_CODE}-001",
        f"{PROJECT_CODE}-002",
    ]


def test_a_completion_without_a_works_code_finds_its_section_by_the_permit_it_cites() -> None:
    project = golden(make_permit(), make_completion(works=None))
    assert [(works.works, works.completion) for works in project.works] == [(WORKS_CODE, "JGBA-1")]


def test_scenario_5_two_parcels_are_summed_and_one_stated_twice_counts_once() -> None:
    listed = make_supply(
        "4302042024B00056", source="land.landchina", areas={"site_area": make_area("133400")}
    )
    second = make_supply("TD-2", supervision="4302042025B00099", areas={"site_area": make_area("20000.50")})
    row = make_member(source="housing.projects", key="G-1", areas={"site_area": make_area("153334.50")})
    project = golden(make_supply(), listed, second, row)
    assert row.record_id in claim(project, "site_area").agree
    assert value(project, "site_area") == "153334.5"
    assert value(project, "supply_price") == "112000000"
    assert [(parcel.parcel, parcel.area) for parcel in project.parcels] == [
        ("4302042024B00056", "133334"),
        ("4302042025B00099", "20000.5"),
    ]
    assert [(loser.value, loser.source, loser.reason) for loser in claim(project, "site_area").losers] == [
        ("133400", "land.landchina", "authority")
    ]


def test_site_area_falls_back_to_what_is_said_of_the_whole_when_no_parcel_is_known() -> None:
    permit = make_member(source="land.use_permits", key="YD-1", areas={"site_area": make_area("50000")})
    project = golden(make_member(), permit)
    assert (value(project, "site_area"), project.parcels, project.totals) == ("50000", (), ())


def test_scenario_14_a_section_whose_permit_was_revoked_counts_nowhere_until_it_is_issued_again() -> None:
    voided = make_part_record(texts={"type": "voided"}, stated_at="2024-10-01 09:00:00")
    again = make_part_record(key="event-2", texts={"type": "issued"}, stated_at="2024-10-09 09:00:00")
    other = make_permit(SECOND_PERMIT, works=f"{PROJECT_CODE}-002")

    def permit(*events: PartRecord) -> MemberRecord:
        made = make_permit(stated_at="2024-09-18 18:00:00")
        return MemberRecord(made.record_id, made.record, events)

    assert value(golden(permit(), other), "contract_price") == "373000000"
    revoked = golden(permit(voided), other)
    assert (value(revoked, "contract_price"), [works.void for works in revoked.works]) == (
        "186500000",
        [True, False],
    )
    assert value(golden(permit(again, voided), other), "contract_price") == "373000000"


# properties


def test_a_section_whose_only_permit_was_withdrawn_counts_nowhere_and_one_re_issued_does() -> None:
    one, two = sections(2)
    gone = MemberRecord(two.record_id, two.record, live=False)
    row = coded(f"{PROJECT_CODE}-002")
    assert [works.void for works in golden(one, gone, row).works] == [False, True]
    again = make_permit(THIRD_PERMIT, works=f"{PROJECT_CODE}-002")
    project = golden(one, gone, row, again)
    assert [works.void for works in project.works] == [False, False]
    assert value(project, "contract_price") == "373000000"


def test_supplies_without_any_number_are_a_parcel_each_where_none_has_one() -> None:
    first, second = (make_supply(key, source="land.landchina", parcel=None, bears=()) for key in ("a", "b"))
    assert value(golden(first, second), "site_area") == "266668"
    assert value(golden(first, second, make_supply()), "site_area") == "133334"


_VOID = make_part_record(texts={"type": "voided"}, stated_at="2026-10-01 09:00:00")
_GIVEN = make_part_record(key="event-2", texts={"type": "issued"}, stated_at="2026-10-01 09:00:00")
_POOL = [
    make_member(),
    make_member(key="ZS-2", name="某基地", land_mode="租赁", industry="C3841", status="SUSPENDED"),
    make_supply(),
    make_supply("4302042024B00056", source="land.landchina", land_mode="划拨"),
    make_supply("TD-2", supervision="4302042025B00099"),
    *sections(3),
    make_member(
        make_permit(works=None, key="other", number="430204202412120101").record, parts=(_VOID, _GIVEN)
    ),
    make_completion(works=None),
    make_completion("JGBA-2", works=f"{PROJECT_CODE}-002", permit=SECOND_PERMIT),
    make_member(source="land.use_permits", key="YD-1", areas={"site_area": make_area("50000")}, live=False),
]
_WORDS = (
    make_correction(_POOL[0], "name", "甲"),
    make_correction(_POOL[1], "name", "乙", correction_no=2),
    make_correction(_POOL[2], "district", "430211", {_POOL[2].record_id: "430202"}, correction_no=3),
)


@given(
    st.lists(st.sampled_from(_POOL), min_size=1, max_size=len(_POOL) * 2), st.randoms(use_true_random=False)
)
def test_neither_order_nor_repetition_of_members_parts_and_corrections_changes_a_byte(
    drawn: list[MemberRecord], random: Random
) -> None:
    shuffled = [MemberRecord(m.record_id, m.record, (*m.parts[::-1], *m.parts), m.live) for m in drawn]
    random.shuffle(shuffled)
    once = golden(*{m.record_id: m for m in drawn}.values(), corrections=_WORDS)
    assert golden(*shuffled, *drawn, corrections=_WORDS[::-1] * 2).model_dump_json() == once.model_dump_json()


@given(st.lists(st.sampled_from(_POOL), min_size=1, unique_by=lambda member: member.record_id))
def test_a_golden_project_survives_its_own_bytes(drawn: list[MemberRecord]) -> None:
    made = golden(*drawn).model_dump_json()
    assert GoldenProject.model_validate_json(made).model_dump_json() == made
