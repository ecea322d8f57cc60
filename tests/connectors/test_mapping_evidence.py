from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.manifest import ManifestError
from connectors.manifest_mapping import EvidenceRule
from connectors.mapping_evidence import evidence_reader, planned_reader
from connectors.mapping_values import Said
from schemas.dates import Precision
from schemas.lifecycle import Evidence, Rank
from tests.connectors.manifests import PUSH, simple

CERTIFICATE = '[[evidence]]\nmilestone = "C5"\nrank = "A"\nnumber = "NO"\ndate = "RQ"\npart = "GC"\n'


def proofs(rule: str, **row: Any) -> tuple[Evidence, ...]:
    return evidence_reader(simple(PUSH, rule).evidence)(Said(row))


def test_a_certificate_is_rank_a_with_number_and_date_and_b_with_one_of_them() -> None:
    full = proofs(CERTIFICATE, NO="43", RQ="2024-05-20", GC="G-1")[0]
    assert (full.rank, full.number, full.part, full.on and full.on.day.isoformat()) == (
        Rank.A,
        "43",
        "G-1",
        "2024-05-20",
    )
    assert [proof.rank for proof in proofs(CERTIFICATE, NO="43")] == [Rank.B]
    assert [proof.rank for proof in proofs(CERTIFICATE, NO="", RQ="2024-05-20")] == [Rank.B]
    assert proofs(CERTIFICATE, NO=" ", RQ="无") == ()


def test_words_for_done_prove_without_a_date_and_a_promise_proves_nothing() -> None:
    rule = '[[evidence]]\nmilestone = "B1"\nrank = "D"\ndate = "KG"\nwords = ["已开工"]\n'
    done = proofs(rule, KG="已开工")[0]
    assert (done.rank, done.on, done.raw) == (Rank.D, None, "已开工")
    said = Said({"KG": "等待通知"})
    assert evidence_reader(simple(PUSH, rule).evidence)(said) == ()
    assert [issue.rule for issue in said.issues] == ["date.words"]


def test_a_status_proves_only_what_its_rule_names() -> None:
    rule = '[[evidence]]\nmilestone = "O3"\nrank = "B"\nwhen = { column = "ZT", values = ["已投产", "已达产"] }\n'
    assert [proof.raw for proof in proofs(rule, ZT="已达产")] == ["已达产"]
    assert proofs(rule, ZT="已开工") == ()
    dated = rule + 'date = "RQ"\n'
    assert proofs(dated, ZT="已达产") == ()
    assert len(proofs(dated, ZT="已达产", RQ="2024")) == 1


@pytest.mark.parametrize(
    ("code", "month"),
    [
        ("2404-430204-04-01-345678", "2024-04-01"),
        ("２４０４４３０２０４０４０１３４５６７８", "2024-04-01"),
        ("2019-430204-37-03-012345", None),
        ("2413-430204-04-01-345678", None),
        ("2404-430204-04-88-345678", None),
        ("4302042404010101", None),
    ],
)
def test_a_project_code_names_the_month_it_was_given_in_unless_it_is_old_or_false(
    code: str, month: str | None
) -> None:
    proof = proofs('[[evidence]]\nmilestone = "I1"\nrank = "C"\nmonth_of = "DM"\n', DM=code)[0]
    assert proof.number == code
    assert (proof.on.day.isoformat() if proof.on else None) == month
    assert proof.on is None or proof.on.precision is Precision.MONTH


def test_the_same_proof_is_given_once_and_promises_need_a_date() -> None:
    assert len(proofs(CERTIFICATE + CERTIFICATE, NO="1", RQ="2024-05-20")) == 1
    rule = '[[planned]]\nmilestone = "B1"\ndate = "JH"\nbasis = "permit"\n'
    assert [
        plan.basis for plan in planned_reader(simple(PUSH, rule).planned)(Said({"JH": "2024年底前"}))
    ] == ["permit"]
    assert planned_reader(simple(PUSH, rule).planned)(Said({"JH": ""})) == ()


def test_a_condition_may_be_a_pattern_and_of_several_all_must_hold() -> None:
    rule = (
        '[[evidence]]\nmilestone = "C5"\nrank = "B"\ndate = "SJ"\n'
        'when = [{ column = "ZT", values = ["11", "12"] }, { column = "SX", match = "^(?!.*变更).*施工许可" }]\n'
    )
    row = {"SJ": "2024-09-18", "ZT": "12", "SX": "建筑工程施工许可证核发"}
    assert [proof.milestone for proof in proofs(rule, **row)] == ["C5"]
    assert proofs(rule, **{**row, "ZT": "13"}) == ()
    assert proofs(rule, **{**row, "SX": "施工许可证变更"}) == ()
    assert proofs(rule, **{**row, "SX": None}) == ()


@pytest.mark.parametrize(
    "condition", ['values = ["1"], match = "1"', "", 'match = "("', 'match = "(a)"'], ids=str
)
def test_a_condition_asks_exactly_one_thing_and_its_pattern_only_tells(condition: str) -> None:
    parts = ", ".join(part for part in ('column = "ZT"', condition) if part)
    with pytest.raises(ManifestError, match="when"):
        simple(PUSH, f'[[evidence]]\nmilestone = "B1"\nrank = "B"\nwhen = {{ {parts} }}\n')


RULES = st.lists(
    st.fixed_dictionaries(
        {"milestone": st.sampled_from(["B1", "C5"])},
        optional={
            "date": st.just("RQ"),
            "number": st.just("NO"),
            "month_of": st.just("DM"),
            "words": st.just(["已开工"]),
            "when": st.just({"column": "ZT", "values": ["1", "2"]}),
        },
    ).filter(lambda rule: rule.keys() & {"date", "number", "month_of", "when"}),
    max_size=4,
)
CELLS = st.sampled_from([None, "1", "2", "无", "2024-05-20", "已开工", "2404-430204-04-01-345678"])


@given(RULES, st.fixed_dictionaries(dict.fromkeys(("RQ", "NO", "DM", "ZT"), CELLS)))
def test_proofs_are_what_the_rules_say_one_by_one_and_each_once(
    rules: list[dict[str, Any]], row: dict[str, str | None]
) -> None:
    texts = {name: None if text == "无" else text for name, text in row.items()}
    expected: list[tuple[object, ...]] = []
    for rule in rules:
        if "when" in rule and texts["ZT"] not in {"1", "2"}:
            continue
        raw = texts["RQ"] if "date" in rule else None
        number = texts["DM"] if "month_of" in rule else texts["NO"] if "number" in rule else None
        on = raw if raw == "2024-05-20" else None
        if "month_of" in rule:
            on = "2024-04-01" if number and number.startswith("2404") else None
        done = raw == "已开工" and "words" in rule
        if number or on or done or ("when" in rule and not rule.keys() & {"date", "number"}):
            status = texts["ZT"] if "when" in rule else None
            proof = (rule["milestone"], on, number, raw or status)
            expected += [] if proof in expected else [proof]
    made = [EvidenceRule.model_validate({"rank": "B", **rule}) for rule in rules]
    assert [
        (proof.milestone, proof.on and proof.on.day.isoformat(), proof.number, proof.raw)
        for proof in evidence_reader(made)(Said(row))
    ] == expected
