from __future__ import annotations

from decimal import Decimal
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings

from app.pipeline.matching.explain import explain
from app.pipeline.matching.keys import MOST, block_keys
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.project import project_vectors
from app.pipeline.matching.rules import forbidden
from app.pipeline.matching.score import (
    FLOOR,
    MODEL,
    PORTION,
    REVIEW_CUT,
    SAFE_CUT,
    WHOLE,
    score,
    score_pairs,
    shipped,
    tell,
)
from tests.app.pipeline.matching.build import norm
from tests.app.pipeline.matching.drawn import CODE, FAR, NEAR, OLD, RECORD


def named(record_id: str, core: str, **said: object) -> Normal:
    return norm(record_id, core=core, rest=core, **said)


def terms(a: Normal, b: Normal) -> set[str]:
    return {term.name for term in tell(a, b).terms}


def test_the_cuts_stand_in_order():
    assert 0 < FLOOR < REVIEW_CUT < SAFE_CUT < WHOLE


def test_a_cited_certificate_links_by_itself():
    a = norm("a", source="land.works_permits", bears={"works_permit:建字第1号"})
    b = norm("b", source="housing.construction_permits", cites={"works_permit:建字第1号"})
    assert tell(a, b).score >= SAFE_CUT
    # nothing else but between whom it stands
    assert terms(a, b) <= {"number_certificate.cited", "sources.land_housing"}


def test_a_land_approval_alone_does_not_link_since_it_may_cover_a_batch():
    a = norm("a", source="land.supply", bears={"land_approval_no:甲〔2024〕1"})
    b = norm("b", source="land.use_permits", cites={"land_approval_no:甲〔2024〕1"})
    assert tell(a, b).score < SAFE_CUT


def test_a_name_alone_is_never_merged_by_itself_however_alike():
    said = {
        "district": "430211",
        "amount": Decimal(500_000_000),
        "address": "某路一号院内",
        "street": "某路一号院内",
    }
    a = named("a", "某某新能源智造基地", source="commerce.x", **said)
    b = named("b", "某某新能源智造基地", source="land.x", **said | {"amount": Decimal(520_000_000)})
    assert REVIEW_CUT <= tell(a, b).score < SAFE_CUT
    assert "cap.name_alone" in terms(a, b)


def test_a_name_with_an_exact_figure_beside_it_is_more_than_a_name():
    said = {"district": "430211", "address": "某路一号院内", "street": "某路一号院内", "land": (42066.67,)}
    a = named("a", "某某新能源智造基地", source="commerce.x", **said)
    b = named("b", "某某新能源智造基地", source="land.x", **said)
    assert tell(a, b).score >= SAFE_CUT
    assert "cap.name_alone" not in terms(a, b)
    other = named("b", "某某新能源产业园", source="land.x", **said)
    assert tell(a, other).score < SAFE_CUT


def test_sections_of_one_work_in_one_department_are_one_matter_and_one_section_twice_is_asked_about():
    said = {"district": "430211", "owner_cores": ("某某城建投资",), "amount": Decimal(473_800_000)}
    a, b = (
        named(i, "某某大道新建工程", source="housing.projects", parts=frozenset({part}), **said)
        for i, part in (("a", "S1"), ("b", "S2"))
    )
    again = named("c", "某某大道新建工程", source="housing.projects", parts=frozenset({"S2"}), **said)
    whole = named("d", "某某大道新建工程", source="housing.projects", **said)
    assert tell(a, b).score >= SAFE_CUT
    assert terms(b, again) >= {"cap.same_part"}
    assert terms(b, whole) >= {"cap.same_source"}
    assert max(tell(b, again).score, tell(b, whole).score) < SAFE_CUT


def test_two_keys_of_one_department_are_one_matter_only_by_a_number():
    said = {"district": "430211", "owner_cores": ("某某新能源",), "usccs": ("91430211MA4D00111A",)}
    a, b = (named(i, "某某新能源智造基地", source="commerce.signed", **said) for i in "ab")
    assert tell(a, b).score < SAFE_CUT
    a, b = (named(i, "某某新能源智造基地", source="commerce.signed", codes=(CODE,), **said) for i in "ab")
    assert tell(a, b).score >= SAFE_CUT


def test_one_owner_and_name_in_one_district_link_across_departments_and_another_product_does_not():
    said = {"district": "430211", "owner_cores": ("恒某新材",), "usccs": ("91430211MA4D00111A",)}
    a = named("a", "恒某碳纤维生产基地", source="commerce.x", **said)
    b = named("b", "恒某碳纤维生产基地", source="land.x", **said)
    assert tell(a, b).score >= SAFE_CUT
    other = named("b", "恒某陶瓷轴承厂", source="land.x", **said)
    assert tell(a, other).score < SAFE_CUT


def test_a_code_one_digit_off_speaks_for_and_an_old_code_speaks_against_without_forbidding():
    assert terms(norm("a", codes=(CODE,)), norm("b", codes=(NEAR,))) >= {"code.one_digit"}
    assert terms(norm("a", codes=(CODE,)), norm("b", codes=(OLD,))) >= {"code.apart"}
    assert forbidden(norm("a", codes=(CODE,)), norm("b", codes=(OLD,))) is None


@pytest.mark.parametrize(
    ("a", "b", "rule"),
    [
        ({"phase": {1}}, {"phase": {2}}, "phase"),
        ({"phase": {1, 2}}, {"phase": {2}}, None),
        ({"phase": {2}}, {}, None),
        ({"zone": "A"}, {"zone": "B"}, "zone"),
        ({"zone": "A"}, {}, None),
        ({"works_class": "building"}, {"works_class": "municipal"}, "class"),
        ({"works_class": "building"}, {"works_class": "other"}, None),
        ({"codes": (CODE,)}, {"codes": (FAR,)}, "code"),
        ({"codes": (CODE,)}, {"codes": (NEAR,)}, None),
        ({"codes": (CODE,)}, {"codes": (CODE, FAR)}, None),
        ({"bears": {"works_code:A-001"}}, {"bears": {"works_code:A-002"}}, None),
        ({"phase": {1}, "codes": (CODE,)}, {"phase": {2}, "codes": (CODE,)}, "phase"),
    ],
)
def test_hard_rules_forbid_what_is_stated_to_differ_and_nothing_else(a, b, rule):
    x, y = norm("a", **a), norm("b", **b)
    assert forbidden(x, y) == forbidden(y, x) == rule


def test_an_explanation_adds_up_and_names_the_rule():
    a = named("a", "某某基地", phase={1}, codes=(CODE,))
    b = named("b", "某某基地", phase={2}, codes=(CODE,))
    told = explain(a, b)
    assert told.rule == "phase"
    assert told.band == "apart"
    assert told.points == told.prior + sum(term.points for term in told.terms)
    assert told.prior == MODEL.prior
    assert told.score == tell(a, b).score
    assert [abs(t.points) for t in told.terms] == sorted((abs(t.points) for t in told.terms), reverse=True)


def called(record: Normal, record_id: str) -> Normal:
    made = {"record_id", "numbers", "once", "firm"}
    values = {f: getattr(record, f) for f in record.__struct_fields__ if f not in made}
    return norm(record_id, **values)


@settings(deadline=None)  # what scoring costs is measured below, by processor time
@given(RECORD, RECORD)
def test_a_score_is_symmetric_bounded_and_the_sum_of_its_terms(x, y):
    a, b = called(x, "a"), called(y, "b")
    forth = tell(a, b)
    assert forth == tell(b, a)
    assert 0 <= forth.score <= WHOLE
    assert forth.score == score(a, b)
    steps = (MODEL.prior + sum(term.points for term in forth.terms)) // 10_000
    assert forth.score == MODEL.odds[min(max(steps + 1600, 0), 3200)]
    # which side carries the smaller id must not matter either
    turned = tell(called(x, "b"), called(y, "a"))
    assert turned.score == forth.score


@given(RECORD)
def test_block_keys_are_sorted_signed_64_bit_and_at_most_the_most(x):
    keys = block_keys(x)
    assert list(keys) == sorted(set(keys))
    assert len(keys) <= MOST
    assert all(-(1 << 63) <= key < 1 << 63 for key in keys)


def test_records_that_share_a_number_share_a_key_and_the_key_is_the_same_in_every_process():
    a, b = norm("a", bears={"works_permit:1"}), norm("b", cites={"works_permit:1"})
    assert set(block_keys(a)) & set(block_keys(b))
    assert block_keys(norm("a", codes=(CODE,))) == (-986351190536337043,)


def test_many_pairs_at_once_score_as_each_of_them_alone():
    said = {"district": "430211", "owner_cores": ("恒某新材",), "codes": (CODE,)}
    some = [named(f"r{i}", "恒某碳纤维生产基地"[: 3 + i % 6], phase={1 + i % 3}, **said) for i in range(200)]
    left, right = np.triu_indices(len(some), 1)
    scores = score_pairs(shipped(), project_vectors(some), left, right)
    assert len(scores) > PORTION
    for at in range(0, len(scores), 1999):
        assert scores[at] == score(some[left[at]], some[right[at]])


def test_scoring_in_bulk_takes_a_few_microseconds_a_pair():
    said = {"district": "430211", "owner_cores": ("恒某新材",), "usccs": ("91430211MA4D00111A",)}
    some = [named(f"r{i}", f"恒某碳纤维{i}生产基地", bears={f"works_permit:{i}"}, **said) for i in range(200)]
    vectors = project_vectors(some)
    left, right = np.triu_indices(len(some), 1)
    begun = process_time()
    score_pairs(shipped(), vectors, left, right)
    assert process_time() - begun < 10e-6 * len(left)
