from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.assemble import assemble
from app.pipeline.survivorship import plain
from schemas.corrections import Correction
from schemas.fields import fields, rule_words
from schemas.golden import Claim, GoldenProject, MemberRecord
from schemas.identifiers import Scheme, Status
from schemas.parties import Role
from schemas.records import PartRecord
from schemas.tables import departments, sums
from tests.support.factories import (
    PERMIT,
    PROJECT_CODE,
    WORKS_CODE,
    make_area,
    make_completion,
    make_correction,
    make_evidence,
    make_member,
    make_money,
    make_number,
    make_part_record,
    make_party,
    make_permit,
    make_supply,
)

SECOND_PERMIT, THIRD_PERMIT = "430204202410080101", "430204202411110101"


def golden(*members: MemberRecord, corrections: tuple[Correction, ...] = ()) -> GoldenProject:
    return assemble("430200-project", members, corrections)


def claim(project: GoldenProject, field: str) -> Claim:
    return next(one for one in project.claims if one.field == field)


def value(project: GoldenProject, field: str) -> object:
    return next((one.value for one in project.claims if one.field == field), None)


def sections(count: int) -> list[MemberRecord]:
    permits = (PERMIT, SECOND_PERMIT, THIRD_PERMIT)[:count]
    return [
        make_permit(permit, works=f"{PROJECT_CODE}-00{n}", name=f"某智造基地{n}标段")
        for n, permit in enumerate(permits, start=1)
    ]


# survivorship


def test_the_department_in_charge_of_a_field_beats_a_later_word_of_another() -> None:
    land = make_member(source="land.supply", key="TD-1", land_mode="挂牌出让", stated_at="2024-01-01")
    commerce = make_member(land_mode="协议出让", stated_at="2025-01-01")
    made = claim(golden(commerce, land), "land_mode")
    assert (made.value, made.rule) == ("挂牌出让", "authority")
    assert [(loser.value, loser.record_id, loser.reason) for loser in made.losers] == [
        ("协议出让", commerce.record_id, "authority")
    ]


def test_within_one_department_evidence_of_the_fields_stage_beats_a_later_word() -> None:
    proven = make_member(
        key="ZS-2",
        parties=(make_party(Role.INVESTOR, "某集团"),),
        evidence=(make_evidence("G1", "A", "2024-03-15"),),
        stated_at="2024-04-01",
    )
    later = make_member(key="ZS-1", parties=(make_party(Role.INVESTOR, "某控股"),), stated_at="2024-05-01")
    made = claim(golden(later, proven), "investor")
    assert (made.value, made.rule) == ("某集团", "rank")


def test_of_equal_weight_the_word_stated_most_recently_survives_and_never_the_one_that_arrived_last() -> None:
    early = make_member(key="ZS-1", industry="C3825", stated_at="2024-04-01 08:00:00")
    late = make_member(key="ZS-2", industry="C3841", stated_at="2024-06-01 08:00:00")
    for order in ((early, late), (late, early)):
        assert (claim(golden(*order), "industry").value, claim(golden(*order), "industry").rule) == (
            "C3841",
            "recent",
        )


def test_without_a_time_of_statement_the_certificates_date_tells_what_is_recent() -> None:
    old = make_member(
        source="land.supply",
        key="A",
        stated_at=None,
        land_mode="协议出让",
        evidence=(make_evidence("A5", "A", "2023-01-01"),),
    )
    new = make_member(
        source="land.supply",
        key="B",
        stated_at=None,
        land_mode="挂牌出让",
        evidence=(make_evidence("A5", "A", "2024-01-01"),),
    )
    assert claim(golden(new, old), "land_mode").value == "挂牌出让"


def test_the_more_complete_record_and_then_the_smallest_id_break_ties() -> None:
    bare = make_member(key="ZS-1", industry="C3825")
    full = make_member(key="ZS-2", industry="C3841", money={"contract_investment": make_money("3000000000")})
    assert claim(golden(bare, full), "industry").rule == "complete"
    twins = [make_member(key="ZS-3", industry="C3825"), make_member(key="ZS-4", industry="C3841")]
    made = claim(golden(*twins), "industry")
    assert (made.record_id, made.rule) == (min(one.record_id for one in twins), "smallest_id")


def test_records_that_say_the_same_in_other_width_agree_and_do_not_lose() -> None:
    plainly, widely = make_member(name="某基地(一期)"), make_member(key="ZS-2", name="某基地（一期）")
    made = claim(golden(plainly, widely), "name")
    assert (made.rule, len(made.agree), made.losers) == ("only", 1, ())


def test_a_project_of_three_sections_is_not_named_after_one_of_them() -> None:
    project = golden(make_member(name="某智造基地"), *sections(3))
    assert project.name == "某智造基地"
    assert {loser.reason for loser in claim(project, "name").losers} == {"whole"}
    assert [works.name for works in project.works] == [
        "某智造基地1标段",
        "某智造基地2标段",
        "某智造基地3标段",
    ]


def test_records_that_were_withdrawn_say_nothing_but_stay_members() -> None:
    dead = make_member(source="land.supply", key="TD-9", name="别的名字", live=False)
    project = golden(make_member(name="某基地"), dead)
    assert project.name == "某基地"
    assert {(member.record_id, member.live) for member in project.members} >= {(dead.record_id, False)}
    assert project.departments == ("commerce",)


def test_a_code_that_is_pseudo_or_superseded_is_told_apart_from_the_current_one() -> None:
    codes = (
        make_number(Scheme.PROJECT_CODE, PROJECT_CODE, generation="new"),
        make_number(Scheme.PROJECT_CODE, "2101-430204-04-01-111111", Status.SUPERSEDED, generation="new"),
        make_number(Scheme.PROJECT_CODE, "2402-430204-04-88-222222", Status.PSEUDO, generation="pseudo"),
    )
    project = golden(make_member(bears=codes))
    assert value(project, "project_code") == PROJECT_CODE
    assert value(project, "other_codes") == ("2101-430204-04-01-111111", "2402-430204-04-88-222222")


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


def test_scenario_4_three_sections_are_summed_once_each_with_what_was_left_out() -> None:
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
    project = golden(make_supply(), listed, second)
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
    voided = make_part_record(texts={"event": "voided"}, stated_at="2024-10-01 09:00:00")
    again = make_part_record(key="event-2", texts={"event": "issued"}, stated_at="2024-10-09 09:00:00")
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


# paths and status


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ([make_member()], "granted"),
        ([make_member(land_mode="租赁标准厂房")], "leased"),
        ([make_member(land_mode="租赁标准厂房"), make_supply()], "granted"),
        ([make_supply(land_mode="划拨")], "allocated"),
        ([make_supply(land_mode="划拨"), make_permit(works_class="municipal")], "linear"),
        ([make_member(industry="K7010"), make_supply()], "real_estate"),
        (
            [
                make_member(
                    bears=(make_number(Scheme.PROJECT_CODE, "2404-430204-07-02-345678", generation="new"),)
                )
            ],
            "upgrade",
        ),
        (
            [
                make_member(
                    bears=(make_number(Scheme.PROJECT_CODE, "2019-430204-37-02-345678", generation="old"),)
                )
            ],
            "granted",
        ),
        ([make_member(path_hint="energy"), make_supply()], "energy"),
    ],
)
def test_the_path_follows_from_what_the_records_say(members: list[MemberRecord], path: str) -> None:
    assert golden(*members).path == path


def test_scenario_20_a_project_commerce_ended_is_terminated() -> None:
    assert golden(make_member(status="TERMINATED"), make_supply()).status == "TERMINATED"
    assert golden(make_member()).status == "ACTIVE"


# corrections


def test_a_correction_beats_every_department_and_says_so() -> None:
    member = make_member(name="某基地")
    project = golden(
        member, corrections=(make_correction(member, "name", "某智造基地", {member.record_id: "某基地"}),)
    )
    made = claim(project, "name")
    assert (project.name, made.rule, made.source) == ("某智造基地", "correction", "correction")
    assert [(loser.value, loser.reason) for loser in made.losers] == [("某基地", "correction")]


def test_a_correction_steps_aside_visibly_once_a_seen_record_says_another_raw_value() -> None:
    then, now = make_member(name="某基地"), make_member(name="某新基地")
    word = make_correction(then, "name", "某智造基地", {then.record_id: "某基地"})
    project = golden(now, corrections=(word,))
    assert project.name == "某新基地"
    assert [(loser.value, loser.reason) for loser in claim(project, "name").losers] == [
        ("某智造基地", "stepped_aside")
    ]


def test_a_correction_follows_its_anchor_also_when_it_was_withdrawn_and_stands_when_an_unseen_record_speaks() -> (
    None
):
    anchor = make_member(live=False)
    word = make_correction(anchor, "district", "430211", {anchor.record_id: "430204"})
    assert golden(make_supply(), anchor, corrections=(word,)).district == "430211"
    assert golden(make_supply(), corrections=(word,)).district == "430204"


def test_the_latest_correction_speaks_and_one_that_was_taken_back_does_not() -> None:
    member = make_member()
    first = make_correction(member, "path", "leased")
    second = make_correction(member, "path", "energy", correction_no=2)
    back = make_correction(member, "path", "", correction_no=3, withdraws=2)
    assert golden(member, corrections=(second, first)).path == "energy"
    assert golden(member, corrections=(back, second, first)).path == "leased"


def test_a_correction_may_fill_a_field_nobody_speaks_of() -> None:
    member = make_member()
    assert (
        value(
            golden(
                member,
                corrections=(
                    make_correction(member, "zone", "某园区", {member.record_id: "清水塘产业新城"}),
                ),
            ),
            "zone",
        )
        == "某园区"
    )
    assert (
        value(
            golden(member, corrections=(make_correction(member, "agreement_number", "X-1"),)),
            "agreement_number",
        )
        == "X-1"
    )


# the data behind it


def test_fields_name_known_departments_and_every_rule_has_words_in_two_languages() -> None:
    for field in fields().values():
        assert {speaker.partition(".")[0] for speaker in field.authority} <= departments().keys()
    assert sums().keys() <= fields().keys()
    assert all(words.zh and words.en for words in rule_words().values())


def test_every_rule_a_claim_is_given_has_words() -> None:
    member = make_member(name="某基地")
    corrections = (
        make_correction(member, "name", "乙"),
        make_correction(member, "name", "丙", correction_no=2),
    )
    project = golden(
        member, make_supply(), *sections(3), make_member(key="ZS-2", name="某某"), corrections=corrections
    )
    used = {one.rule for one in project.claims} | {
        loser.reason for one in project.claims for loser in one.losers
    }
    assert used <= rule_words().keys()


# properties


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=6))
def test_plain_numbers_are_exact_and_one_text_per_number(number: Decimal) -> None:
    text = plain(number)
    assert Decimal(text) == number
    assert "E" not in text
    assert plain(number.quantize(Decimal("1e-9"))) == text


_VOID = make_part_record(texts={"event": "voided"}, stated_at="2026-10-01 09:00:00")
_GIVEN = make_part_record(key="event-2", texts={"event": "issued"}, stated_at="2026-10-01 09:00:00")
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
    project = golden(*drawn)
    assert GoldenProject.model_validate_json(project.model_dump_json()) == project
