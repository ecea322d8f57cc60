from __future__ import annotations

from schemas.dates import Precision
from schemas.golden import LoopLedger
from schemas.lifecycle import Stage, StageState
from tests.support.factories import (
    PERMIT,
    WORKS_CODE,
    make_completion,
    make_date,
    make_evidence,
    make_member,
    make_money,
    make_permit,
)
from tests.support.stories import (
    THIRD_PERMIT,
    at,
    filing,
    ledger,
    rules,
    sections,
    signed,
)


def test_dates_more_than_thirty_days_apart_between_sources_contradict_each_other() -> None:
    def start(day: str) -> LoopLedger:
        return ledger(signed(make_evidence("B1", "C", day)), make_permit(on="2024-06-01"), make_completion())

    assert rules(start("2024-08-26")) == set()
    far = start("2024-08-25")
    assert rules(far) == {"dates_apart"}
    assert at(far, Stage.CONSTRUCTION).state is StageState.CONTRADICTED
    assert "commerce.signed_api" in far.contradictions[0].zh
    assert "2024-08-25" in far.contradictions[0].en


def test_sections_that_start_months_apart_do_not_contradict_each_other() -> None:
    assert rules(ledger(*sections())) == set()


def test_a_filed_project_commerce_still_calls_in_talks_is_a_contradiction() -> None:
    talking = make_member(evidence=(make_evidence("N1", "B", "2024-01-10"),))
    assert "filed_but_negotiating" in rules(ledger(talking, make_permit(), make_completion()))
    stale = signed(status="在谈")
    assert "filed_but_negotiating" in rules(ledger(stale, make_permit(), make_completion()))
    assert "filed_but_negotiating" not in rules(ledger(signed(), make_permit(), make_completion()))
    register = make_member(source="commerce.negotiations_api", key="XS1", status="拟签约")
    assert "filed_but_negotiating" in rules(ledger(register, make_permit(), make_completion()))
    assert "filed_but_negotiating" not in rules(ledger(register, signed(), make_permit(), make_completion()))
    assert "filed_but_negotiating" in rules(ledger(register, stale, make_permit(), make_completion()))


def test_scenario_13_an_amount_ten_thousand_times_another_is_a_suspect_unit() -> None:
    wrong = make_member(
        source="housing.projects",
        key=WORKS_CODE,
        money={"total_investment": make_money("300000", unit="万元", raw="30")},
    )
    made = ledger(signed(money={"contract_investment": make_money("3000000000")}), wrong)
    found = next(one for one in made.contradictions if one.rule == "unit_suspect")
    assert "300000" in found.zh
    assert "3000000000" in found.en
    assert (
        rules(ledger(signed(money={"contract_investment": make_money("3000000000")}), make_permit())) == set()
    )


def test_scenario_13_also_between_two_feeds_of_one_field() -> None:
    weekly = make_member(source="commerce.signed_weekly", money={"contract_investment": make_money("300000")})
    assert "unit_suspect" in rules(
        ledger(signed(money={"contract_investment": make_money("3000000000")}), weekly)
    )


def test_a_start_said_by_month_alone_may_still_be_after_the_permit() -> None:
    month = make_evidence("B1", "B", make_date("2024-09-01", Precision.MONTH))
    assert rules(ledger(make_permit(on="2024-09-18"), make_completion(evidence=(month,)))) == set()


def test_a_start_after_the_permit_lapsed_is_a_contradiction() -> None:
    late = make_completion(evidence=(make_evidence("B1", "B", "2025-08-01"),))
    assert rules(ledger(make_permit(on="2024-09-18"), late)) == {"start_after_permit_lapsed"}


def test_a_completion_filed_before_its_own_permit_is_found_section_by_section() -> None:
    made = ledger(*sections(), filing(3, THIRD_PERMIT, "2024-10-01"))
    assert rules(made) == {"completion_before_permit"}
    assert rules(ledger(*sections(), filing(1, PERMIT, "2024-10-01"))) == set()


def test_what_a_department_reports_of_its_own_stage_is_no_claim_against_itself() -> None:
    assert rules(ledger(signed(make_evidence("O3", "D", raw="已投产")))) == set()
    assert rules(ledger(signed(make_evidence("A5", "D", raw="已供地")))) == {"claimed_not_proven"}
    assert rules(ledger(signed(make_evidence("A5", "D")), connected=frozenset({"commerce"}))) == set()
