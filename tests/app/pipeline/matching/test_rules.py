from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.rules import Barriers, digits_apart, forbidden, near_codes, old_code
from app.pipeline.matching.score import SAFE_CUT, score
from tests.app.pipeline.matching.build import norm

DIGITS = st.text(alphabet="01", min_size=20, max_size=20)
STATED = st.fixed_dictionaries(
    {
        "phase": st.sets(st.integers(1, 3), max_size=2),
        "zone": st.sampled_from([None, "A", "B"]),
        "works_class": st.sampled_from([None, "building", "municipal", "other"]),
        "codes": st.lists(DIGITS, max_size=2, unique=True).map(lambda codes: tuple(sorted(codes))),
    }
)


@given(DIGITS, DIGITS)
def test_codes_are_near_when_one_digit_differs_or_their_generations_do(x, y):
    assert near_codes(x, y) == (old_code(x) != old_code(y) or digits_apart(x, y) < 2)


@given(st.lists(STATED, min_size=1, max_size=6))
def test_barriers_tell_of_any_two_records_and_groups_what_the_rules_tell(stated):
    records = {str(i): norm(str(i), **one) for i, one in enumerate(stated)}
    barriers = Barriers(records)
    told = {(a, b): forbidden(records[a], records[b]) for a in records for b in records}
    assert {(a, b): barriers.between(a, b) for a in records for b in records} == told
    assert barriers.any() == any(told.values())
    left = [rid for rid in records if int(rid) % 2]
    right = [rid for rid in records if not int(rid) % 2]
    sides = [sum({1 << barriers.of[rid] for rid in side}) for side in (left, right)]
    assert set(barriers.among(*sides).values()) == {told[a, b] for a in left for b in right} - {None}


def test_a_conflict_of_phases_is_a_rule_and_no_part_of_the_score_so_siblings_are_known_by_their_likeness():
    """The edge a rule refuses is what makes a family: a score that fell by the conflict would hide it."""
    said = {"core": "恒某电池基地", "owner_cores": ("恒某新能源",)}
    said |= {"rest": "电池基地", "usccs": ("91430211MA4D00111A",), "district": "430211"}
    first, second = norm("a", phase={1}, **said), norm("b", phase={2}, **said)
    assert forbidden(first, second) == "phase"
    assert score(first, second) >= SAFE_CUT


FORMER, LATER, OTHER = ("24034302110401123456", "24074302110401654321", "24094302110401777777")


def test_who_states_two_codes_says_that_one_took_the_others_place_and_a_list_of_a_batch_says_nothing():
    apart = {"a": norm("a", codes=(FORMER,)), "b": norm("b", codes=(LATER,))}
    assert Barriers(apart).between("a", "b") == "code"
    told = Barriers(apart | {"c": norm("c", codes=(FORMER, LATER))})
    assert told.between("a", "b") is None
    assert Barriers(apart | {"c": norm("c", codes=(FORMER, LATER, OTHER))}).between("a", "b") == "code"
    two = apart | {
        "c": norm("c", codes=(FORMER, LATER)),
        "d": norm("d", phase={2}),
        "e": norm("e", phase={1}),
    }
    assert Barriers(two).between("d", "e") == "phase"
