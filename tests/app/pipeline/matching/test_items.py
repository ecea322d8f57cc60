from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given

from app.pipeline.matching.cluster import Word, cluster
from app.pipeline.matching.items import (
    CONFIRM,
    CONFLICT,
    Item,
    alike,
    cause,
    contents,
    cores_of,
    items,
    uncertainty,
)
from app.pipeline.matching.normal import Normal
from schemas.judgements import Verdict
from tests.app.pipeline.matching.build import different, norm, norms, pairs, same
from tests.app.pipeline.matching.drawn import COMPONENT, component


def asked(records: dict[str, Normal], words: tuple[Word, ...] = (), **scores: int) -> list[Item]:
    done = cluster(records, {}, pairs(**scores), words)
    return list(items(done, records, pairs(**scores), words))


def test_a_question_is_named_by_the_two_records_that_link_its_sides_best():
    scores = {"ab": 999, "cd": 999, "ac": 400, "ad": 500, "bc": 600, "bd": 500}
    (item,) = asked(norms("abcd"), (), **scores)
    assert (item.a, item.b, item.score, item.kind) == ("b", "c", 500_000, "between_cuts")


def test_a_question_behind_another_is_asked_of_the_project_it_fits_best():
    found = asked(norms("abc"), ab=600, ac=450, bc=550)
    assert [(i.a, i.b, i.score) for i in found] == [("a", "b", 600_000), ("b", "c", 500_000)]


def test_what_is_open_and_dear_comes_first_and_no_amount_is_not_nothing():
    def priority(score: int, *amounts: str | None) -> int:
        yuan = [None if one is None else Decimal(one) for one in amounts]
        records = {i: norm(i, amount=one) for i, one in zip("ab", yuan, strict=True)}
        (item,) = asked(records, ab=score)
        return item.priority

    assert priority(500, "9000000", "9000000") > priority(790, "9000000", "9000000") > 0
    assert (
        priority(500, "900000000", None) > priority(500, "9000000", "900000000") > priority(500, None, None)
    )
    assert priority(500, "1e40", "1e40") < 2**63


def test_the_score_of_an_ambiguous_question_says_nothing():
    assert uncertainty("ambiguous", 999_000) == uncertainty(CONFLICT, 0) == 1_000_000
    assert uncertainty("between_cuts", 500_000) == 1_000_000 > uncertainty("between_cuts", 990_000)


def test_a_question_says_whose_it_is_and_what_a_person_said_of_it_without_an_answer():
    records = {
        "a": norm("a", source="land.supply", district="430204"),
        "b": norm("b", source="housing.permits", district="430211"),
    }
    words = (Word("a", "b", Verdict.UNSURE, 1), Word("b", "a", Verdict.PHASE_OF, 2))
    (item,) = asked(records, words, ab=500)
    assert (item.departments, item.districts, item.said) == (
        ("housing", "land"),
        ("430204", "430211"),
        "phase_of",
    )


def test_words_that_contradict_are_a_question():
    words = (same("a", "b", 1), same("b", "c", 2), different("a", "c"))
    (item,) = asked(norms("abc"), words)
    assert (item.a, item.b, item.kind) == ("b", "c", CONFLICT)


def test_a_word_on_what_has_another_owner_and_name_by_now_is_asked_again_until_somebody_speaks() -> None:
    then = norm("a", core="恒瑞基地", owner_cores=("恒瑞",))
    now = {
        "a": norm("a", core="华新大厦", owner_cores=("华新",)),
        "b": norm("b", core="恒瑞基地", owner_cores=("恒瑞",)),
    }

    def said(number: int, side: Normal, verdict: Verdict = Verdict.DIFFERENT) -> Word:
        return Word("b", "a", verdict, number, cores_of(now["b"]), cores_of(side))

    (item,) = asked(now, (said(1, then),))
    assert (item.a, item.b, item.kind, item.said) == ("a", "b", CONFIRM, "different")
    assert asked(now, (said(1, then), said(2, now["a"]))) == []
    assert asked(now, (said(1, norm("a", core="华新大厦", owner_cores=("恒瑞",))),)) == []
    (item,) = asked(now, (said(1, then, Verdict.UNSURE),), ab=500)
    assert (item.kind, item.said) == (CONFIRM, "unsure")
    assert asked({"b": now["b"]}, (said(1, then),)) == []


def test_the_cause_of_a_question_is_the_number_both_share_a_code_before_others() -> None:
    code, number, uscc = "24040200000000000001", "land_contract_no:X1", "91430200MA4L000000"
    a = norm("a", codes=(code,), cites=(number,), usccs=(uscc,))
    assert cause(a, a) == f"project_code:{code}"
    assert cause(a, norm("b", cites=(number,), usccs=(uscc,))) == number
    assert cause(a, norm("b", usccs=(uscc,))) == f"uscc:{uscc}"
    assert cause(a, norm("b")) == ""


def test_equal_cases_are_alike_whatever_they_say_and_equal_contents_whatever_their_keys_are():
    def said(key: str, name: str, source: str) -> Normal:
        return norm(key, core=name, owner_cores=(name[:2],), source=source)

    one = said("1", "恒瑞基地", "land.a"), said("2", "恒瑞基地", "housing.b")
    other = said("4", "华新大厦", "housing.b"), said("3", "华新大厦", "land.a")
    third = said("5", "华新大厦", "land.a"), said("6", "另一大厦", "housing.b")
    assert alike(*one) == alike(*other) != alike(*third)
    again = said("7", "恒瑞基地", "housing.b"), said("8", "恒瑞基地", "land.a")
    assert contents(*one) == contents(*again) != contents(*other)


@given(COMPONENT)
def test_questions_are_the_clusterings_own_each_once_and_depend_on_no_order(drawn: dict[str, Any]):
    live, dead, found, words = component(drawn)
    done = cluster(live, dead, found, words)
    mine = list(items(done, live | dead, found, words))
    assert len({(i.a, i.b) for i in mine}) == len(mine) <= len(done.reviews) + len(done.conflicts)
    assert {(min(c.a, c.b), max(c.a, c.b)) for c in done.conflicts} == {
        (i.a, i.b) for i in mine if i.kind == CONFLICT
    }
    for item in mine:
        sides = [(set(r.left), set(r.right)) for r in done.reviews if r.score == item.score]
        across = ((item.a in x and item.b in y) or (item.b in x and item.a in y) for x, y in sides)
        assert item.kind == CONFLICT or any(across)
    live2, dead2, found2, words2 = component(drawn, seed=1)
    assert list(items(cluster(live2, dead2, found2, words2), live2 | dead2, found2, words2)) == mine
