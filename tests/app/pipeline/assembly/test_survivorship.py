from __future__ import annotations

from schemas.fields import fields, rule_words
from schemas.identifiers import Scheme, Status
from schemas.parties import Role
from schemas.tables import departments, sums
from tests.support.factories import (
    PROJECT_CODE,
    make_correction,
    make_evidence,
    make_member,
    make_money,
    make_number,
    make_party,
    make_supply,
)
from tests.support.stories import (
    claim,
    golden,
    sections,
    value,
)


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


def test_a_project_of_sections_is_not_named_after_one_of_them() -> None:
    project = golden(make_member(name="某智造基地"), *sections(3))
    assert project.name == "某智造基地"
    assert {loser.reason for loser in claim(project, "name").losers} == {"whole"}
    assert [works.name for works in project.works] == [
        "某智造基地1标段",
        "某智造基地2标段",
        "某智造基地3标段",
    ]


def test_what_several_sections_say_alike_is_about_the_whole() -> None:
    rows = [
        make_member(
            source="housing.projects", key=one.record.works, works=one.record.works, name="某智造基地建设项目"
        )
        for one in sections(2)
    ]
    project = golden(make_member(name="某智造基地"), *rows, *sections(2))
    assert (project.name, claim(project, "name").source) == ("某智造基地建设项目", "housing.projects")


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
