from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.assembly.lifecycle import CORE
from schemas.contradictions import contradiction_table
from schemas.golden import LoopLedger, MemberRecord
from schemas.identifiers import Scheme
from schemas.lifecycle import LoopState, Rank, Stage, StageState
from schemas.path_signs import path_signs
from schemas.tables import departments, milestones, paths
from tests.support.factories import (
    PERMIT,
    PROJECT_CODE,
    make_completion,
    make_evidence,
    make_member,
    make_number,
    make_part_record,
    make_permit,
    make_planned,
    make_supply,
)
from tests.support.stories import (
    SECOND_PERMIT,
    THIRD_PERMIT,
    at,
    chain,
    coded,
    filing,
    ledger,
    rules,
    sections,
    signed,
    states,
    works_permit,
)

E, C, S, P, M = (
    StageState.EVIDENCED,
    StageState.CITED,
    StageState.SELF_REPORTED,
    StageState.PARTIAL,
    StageState.MISSING,
)


# scenarios


def test_scenario_1_a_full_chain_is_closed_with_initiation_shown_as_cited() -> None:
    made = ledger(*chain())
    assert (made.current_stage, made.loop, made.gaps, made.contradictions) == (
        Stage.CAPACITY,
        LoopState.CLOSED,
        (),
        (),
    )
    assert {stage: state for stage, state in states(made).items() if state is not E} == {"INITIATION": C}
    assert [
        (one.stage.value, one.on) for one in made.stages if one.stage in (Stage.LAND, Stage.COMPLETION)
    ] == [
        ("LAND", "2024-05-20"),
        ("COMPLETION", "2025-07-10"),
    ]
    assert all(one.owed_by is None for one in made.stages)


def test_once_the_owner_of_initiation_is_connected_a_citation_closes_it_no_more() -> None:
    made = ledger(*chain(), connected=CORE | {"reform"})
    assert (made.loop, made.gaps, at(made, Stage.INITIATION).owed_by) == (
        LoopState.PARTIAL,
        (Stage.INITIATION,),
        "reform",
    )


def test_scenario_2_a_land_permit_only_another_department_cites_is_owed_by_land() -> None:
    cites = (make_number(Scheme.LAND_USE_PERMIT, "地字1"), make_number(Scheme.WORKS_PERMIT, "建字1"))
    made = ledger(signed(), make_permit(cites=cites))
    assert (at(made, Stage.LAND).state, at(made, Stage.LAND).owed_by) == (C, "land")
    assert (at(made, Stage.PLANNING).state, at(made, Stage.PLANNING).rank) == (C, Rank.C)
    assert made.gaps == (Stage.INITIATION, Stage.LAND, Stage.PLANNING)
    proof = at(made, Stage.PLANNING).milestones[0].proofs[0]
    assert (proof.number, proof.department) == ("建字1", "housing")


def test_scenario_4_the_earliest_permit_dates_the_stage_and_completion_waits_for_all_sections() -> None:
    members = [*sections(), filing(1, PERMIT, "2025-07-10"), filing(2, SECOND_PERMIT, "2025-08-10")]
    made = ledger(*members)
    permit, completion = at(made, Stage.CONSTRUCTION_PERMIT), at(made, Stage.COMPLETION)
    assert (permit.state, permit.on, permit.met, permit.parts) == (E, "2024-08-08", 3, 3)
    assert (completion.state, completion.reached, completion.met, completion.parts) == (P, False, 2, 3)
    assert (made.current_stage, completion.owed_by) == (Stage.CONSTRUCTION_PERMIT, "housing")
    made = ledger(*members, filing(3, THIRD_PERMIT, "2025-12-01"))
    completion = at(made, Stage.COMPLETION)
    assert (completion.state, completion.reached, completion.on, completion.met) == (E, True, "2025-12-01", 3)
    assert made.current_stage is Stage.COMPLETION


def test_one_permit_of_three_meets_the_permit_stage_and_shows_how_many() -> None:
    rows = [coded(f"{PROJECT_CODE}-00{n}") for n in (1, 2, 3)]
    permit = at(ledger(*rows, make_permit()), Stage.CONSTRUCTION_PERMIT)
    assert (permit.state, permit.reached, permit.met, permit.parts) == (E, True, 1, 3)


def test_a_certificate_for_the_whole_project_beats_what_its_sections_cite() -> None:
    cites = (make_number(Scheme.WORKS_PERMIT, "建字1"),)
    members = [make_member(one.record.model_copy(update={"cites": cites})) for one in sections(3)]
    planning = at(ledger(signed(), works_permit(), *members), Stage.PLANNING)
    assert (planning.state, planning.reached, planning.on, planning.rank) == (E, True, "2024-08-15", Rank.A)
    unheard = at(ledger(signed(), works_permit(), *members, connected=frozenset()), Stage.PLANNING)
    assert (unheard.state, unheard.on) == (E, "2024-08-15")


def test_a_word_on_the_whole_project_does_not_file_its_sections() -> None:
    said = signed(make_evidence("D5", "C", "2025-07-01"))
    completion = at(ledger(said, *sections(), filing(1, PERMIT, "2025-07-10")), Stage.COMPLETION)
    assert (completion.state, completion.met, completion.parts) == (P, 1, 3)


def test_scenario_5_the_first_parcel_partly_meets_land_and_the_second_meets_it() -> None:
    waiting = make_supply(
        "TD-2", supervision="4302042025B00099", evidence=(make_evidence("A4", "B", "2025-04-01"),)
    )
    land = at(ledger(signed(), make_supply(), waiting), Stage.LAND)
    assert (land.state, land.reached, land.met, land.parts, land.on, land.owed_by) == (
        P,
        True,
        1,
        2,
        "2024-05-20",
        "land",
    )
    bought = make_supply(
        "TD-2", supervision="4302042025B00099", evidence=(make_evidence("A5", "A", "2025-05-20"),)
    )
    made = ledger(signed(), make_supply(), bought)
    land = at(made, Stage.LAND)
    assert (land.state, land.met, land.parts, land.on) == (E, 2, 2, "2025-05-20")


def test_scenario_6_a_rented_factory_owes_no_land_and_no_permit() -> None:
    started = signed(
        make_evidence("B4", "D", "2024-06-01"),
        make_evidence("O3", "B", "2024-10-01"),
        land_mode="租赁标准厂房",
    )
    made = ledger(started)
    assert (made.path, made.current_stage, made.gaps) == ("leased", Stage.PRODUCTION, (Stage.INITIATION,))
    assert not {"LAND", "PLANNING", "CONSTRUCTION_PERMIT", "COMPLETION"} & states(made).keys()
    assert at(made, Stage.CONSTRUCTION).state is S


def test_scenario_7_an_upgrade_without_land_is_told_by_its_code() -> None:
    code = make_number(Scheme.PROJECT_CODE, "2404-430204-07-02-345678", generation="new")
    made = ledger(signed(bears=(code,)))
    assert (made.path, made.current_stage, made.gaps) == ("upgrade", Stage.INITIATION, ())
    assert at(made, Stage.LAND).state is StageState.NOT_REQUIRED


def test_scenario_8_a_municipal_road_needs_no_commerce_to_close_its_loop() -> None:
    land = make_supply(land_mode="划拨", money={})
    road = make_permit("430204202409180102", works_class="municipal")
    made = ledger(coded(), land, works_permit(), road, make_completion(permit="430204202409180102"))
    assert (made.path, made.loop, made.current_stage) == ("linear", LoopState.CLOSED, Stage.COMPLETION)
    assert list(states(made)) == [
        "INITIATION",
        "LAND",
        "PLANNING",
        "CONSTRUCTION_PERMIT",
        "CONSTRUCTION",
        "COMPLETION",
    ]


def test_scenario_9_two_phases_are_two_projects_with_a_ledger_each() -> None:
    first = ledger(signed(name="某基地（一期）"), make_supply())
    second = ledger(signed(key="ZS-2", name="某基地（二期）"))
    assert (first.current_stage, second.current_stage) == (Stage.LAND, Stage.SIGNED)
    assert at(second, Stage.LAND).milestones[0].proofs == ()


def test_scenario_14_a_revoked_permit_proves_nothing_until_it_is_issued_again() -> None:
    revoked = make_member(
        make_permit(stated_at="2024-09-18").record,
        parts=(make_part_record(texts={"type": "voided"}, stated_at="2024-10-01"),),
    )
    assert at(ledger(signed(), revoked), Stage.CONSTRUCTION_PERMIT).state is M
    again = make_permit(stated_at="2024-11-01", on="2024-10-30")
    reissued = make_member(again.record, parts=revoked.parts)
    assert at(ledger(signed(), reissued), Stage.CONSTRUCTION_PERMIT).on == "2024-10-30"


def test_a_section_whose_permit_was_revoked_is_not_waited_for() -> None:
    one, two, _ = sections()
    revoked = make_member(
        two.record, parts=(make_part_record(texts={"type": "voided"}, stated_at="2026-01-01"),)
    )
    completion = at(ledger(one, revoked, filing(1, PERMIT, "2025-07-10")), Stage.COMPLETION)
    assert (completion.state, completion.met, completion.parts) == (E, 1, 1)


def test_scenario_17_a_start_before_the_permit_is_a_contradiction_of_the_start() -> None:
    early = make_completion(evidence=(make_evidence("B1", "B", "2024-08-01"),))
    made = ledger(signed(), make_permit(on="2024-09-18"), early)
    assert rules(made) == {"start_before_permit"}
    start = at(made, Stage.CONSTRUCTION)
    assert (start.state, start.reached, start.on) == (StageState.CONTRADICTED, True, "2024-08-01")
    assert made.contradictions[0].record_ids == tuple(sorted((make_permit().record_id, early.record_id)))


def test_scenario_19_signed_and_nothing_else_is_open_and_the_next_step_is_owed() -> None:
    made = ledger(signed())
    assert (made.current_stage, made.loop, made.gaps) == (Stage.SIGNED, LoopState.OPEN, ())
    assert {one.stage: one.owed_by for one in made.stages if one.owed_by} == {Stage.INITIATION: "reform"}


def test_scenario_20_a_terminated_project_owes_nothing() -> None:
    made = ledger(signed(status="TERMINATED"), make_permit())
    assert made.gaps == (Stage.INITIATION, Stage.LAND, Stage.PLANNING)
    assert {one.owed_by for one in made.stages} == {None}


# proofs


def test_the_best_rank_dates_a_milestone_and_then_the_earliest_and_every_proof_is_kept() -> None:
    said = signed(make_evidence("B1", "C", "2024-09-20"))
    events = make_part_record(evidence=(make_evidence("B1", "B", "2024-09-28"),))
    permit = make_member(make_permit().record, parts=(events,))
    start = at(ledger(said, permit, make_completion()), Stage.CONSTRUCTION).milestones[0]
    assert (start.on, start.rank) == ("2024-09-25", Rank.B)
    assert [(proof.rank, proof.on) for proof in start.proofs] == [
        (Rank.B, "2024-09-25"),
        (Rank.B, "2024-09-28"),
        (Rank.C, "2024-09-20"),
    ]
    assert start.proofs[1].source == "housing.permit_events"


def test_a_self_reported_start_counts_once_the_permit_is_proven() -> None:
    said = signed(make_evidence("B1", "D", raw="已开工"))
    alone = ledger(said)
    assert (at(alone, Stage.CONSTRUCTION).state, alone.current_stage, rules(alone)) == (
        S,
        Stage.SIGNED,
        {"claimed_not_proven"},
    )
    assert at(alone, Stage.CONSTRUCTION).owed_by == "housing"
    together = ledger(said, make_permit())
    assert (at(together, Stage.CONSTRUCTION).state, together.current_stage) == (S, Stage.CONSTRUCTION)
    assert rules(together) == set()


def test_completed_and_not_filed_is_on_its_way_and_not_reached() -> None:
    done = make_completion(evidence=(make_evidence("D1", "B", "2025-06-30"),), bears=())
    completion = at(ledger(make_permit(), done), Stage.COMPLETION)
    assert (completion.state, completion.reached, completion.owed_by) == (P, False, "housing")


def test_who_signed_was_in_talks_and_a_date_of_the_talks_themselves_is_preferred() -> None:
    assert [at(ledger(signed()), stage).on for stage in (Stage.LEAD, Stage.NEGOTIATION)] == ["2024-03-15"] * 2
    talked = ledger(signed(make_evidence("L1", "B", number="ZS-1"), make_evidence("N1", "B", "2023-11-02")))
    assert [at(talked, stage).on for stage in (Stage.LEAD, Stage.NEGOTIATION)] == ["2024-03-15", "2023-11-02"]


def test_promised_dates_are_kept_with_the_earliest_shown_and_prove_nothing() -> None:
    made = ledger(
        signed(planned=(make_planned("B1", "2024-06-30", "agreement"),)),
        make_supply(planned=(make_planned("B1", "2024-12-20"),)),
    )
    start = at(made, Stage.CONSTRUCTION)
    assert (start.state, start.milestones[0].planned, len(start.milestones[0].promises)) == (
        M,
        "2024-06-30",
        2,
    )


def test_a_withdrawn_record_proves_nothing() -> None:
    assert at(ledger(signed(), make_supply(live=False)), Stage.LAND).state is M


# data, speed, properties


def test_the_tables_behind_paths_fit_each_other() -> None:
    assert set(path_signs().order) == paths().keys()
    assert path_signs().default in paths()
    assert {row.shown_by for row in milestones().values()} - {None} <= set(Scheme)
    table = contradiction_table()
    assert {
        code for row in table.orders for code in (row.before, row.after)
    } | table.undated <= milestones().keys()
    for path in paths().values():
        for stage, gate in path.gates.items():
            assert gate.owner in departments()
            assert all(code in milestones() for code in gate.milestones)
            assert gate.stage is stage


_POOL = [
    *chain(),
    *sections(),
    filing(1, PERMIT, "2025-07-10"),
    filing(3, THIRD_PERMIT, "2024-10-01"),
    make_supply("TD-2", supervision="4302042025B00099", evidence=()),
    signed(
        make_evidence("B1", "D"),
        key="ZS-2",
        source="commerce.signed_weekly",
        planned=(make_planned("B1", "2024-12-20"),),
    ),
    make_member(
        make_permit("430204202412120101", works=None).record,
        parts=(
            make_part_record(texts={"type": "voided"}, stated_at="2026-10-01"),
            make_part_record(key="event-2", evidence=(make_evidence("B1", "B", "2025-01-01"),)),
        ),
    ),
]


@given(
    st.lists(st.sampled_from(_POOL), min_size=1, max_size=len(_POOL) * 2), st.randoms(use_true_random=False)
)
def test_neither_order_nor_repetition_of_members_and_parts_changes_a_byte_of_the_ledger(
    drawn: list[MemberRecord], random: Random
) -> None:
    shuffled = [MemberRecord(m.record_id, m.record, (*m.parts[::-1], *m.parts), m.live) for m in drawn]
    random.shuffle(shuffled)
    once = ledger(*{m.record_id: m for m in drawn}.values())
    assert ledger(*shuffled, *drawn).model_dump_json() == once.model_dump_json()


@given(st.lists(st.sampled_from(_POOL), min_size=1, unique_by=lambda member: member.record_id))
def test_every_ledger_holds_together(drawn: list[MemberRecord]) -> None:
    made = ledger(*drawn)
    order = list(Stage)
    assert [one.stage for one in made.stages] == order
    said = made.model_dump_json()
    assert LoopLedger.model_validate_json(said).model_dump_json() == said
    for one in made.stages:
        assert 0 <= one.met <= one.parts or not one.required
        assert one.required or one.state is StageState.NOT_REQUIRED
        assert not (one.reached and one.stage in made.gaps)
        if made.current_stage is not None and one.reached:
            assert order.index(one.stage) <= order.index(made.current_stage)
    if made.loop is LoopState.CLOSED:
        assert made.gaps == ()
        assert all(one.owed_by is None for one in made.stages)


@given(st.lists(st.sampled_from(_POOL), min_size=1, unique_by=lambda member: member.record_id))
def test_more_connected_departments_never_close_more(drawn: list[MemberRecord]) -> None:
    loose, strict = ledger(*drawn, connected=frozenset()), ledger(*drawn, connected=frozenset(departments()))
    assert {one.stage for one in strict.stages if one.reached} <= {
        one.stage for one in loose.stages if one.reached
    }


def test_a_project_of_ten_records_takes_about_a_millisecond() -> None:
    members = [*chain(), *sections()[:2], filing(1, PERMIT, "2025-07-10")]
    best = min(_seconds(members) for _ in range(20))
    assert best < 0.004, "assembly and ledger of ten records: aim 1 ms, and four on a busy machine"


def _seconds(members: list[MemberRecord]) -> float:
    began = time.perf_counter()
    ledger(*members)
    return time.perf_counter() - began


@pytest.mark.parametrize("path", sorted(paths()))
def test_a_project_nobody_proves_anything_of_stands_in_no_stage(path: str) -> None:
    made = ledger(make_member(path_hint=path))
    assert (made.path, made.current_stage, made.loop, made.gaps) == (path, None, LoopState.OPEN, ())
    first = next(iter(paths()[path].gates.values()))
    assert {one.stage: one.owed_by for one in made.stages if one.owed_by} == {first.stage: first.owner}
