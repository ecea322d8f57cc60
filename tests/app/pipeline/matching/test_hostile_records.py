"""What departments send that would break a matcher: the time grows with the records, nothing is merged, and it says why."""

from __future__ import annotations

from itertools import combinations
from random import Random
from time import process_time

import numpy as np
import pytest
from numpy.typing import NDArray

from app.pipeline.matching.common import common_among, heard
from app.pipeline.matching.explain import explain
from app.pipeline.matching.keys import CAP, MOST, block_keys
from app.pipeline.matching.normal import Normal, normal
from app.pipeline.matching.project import project_vectors
from app.pipeline.matching.score import REVIEW_CUT, SAFE_CUT, score_pairs, shipped, tell
from app.pipeline.matching.stated import Stated, StatedNumber, StatedParty, StatedPlace
from schemas.parties import Role
from schemas.schemes import Scheme

CODE = "2403-430211-04-01-123456"
SIGNS = "恒泰远景科创联盛华阳金瑞鼎新电池轴承陶瓷纤维食品药业纺织印染仓储物流冷链家具玻璃水泥钢构"


def record(number: int, name: str | None, source: str = "commerce.signed", **said: object) -> Normal:
    return normal(f"430200-{number:05}", Stated(source, name, **said))  # type: ignore[arg-type]  # fields of Stated


def scores(some: list[Normal], pairs: list[tuple[int, int]]) -> NDArray[np.int32]:
    left, right = np.array(pairs, np.intp).T
    return score_pairs(shipped(), project_vectors(some), left, right)


def candidates(some: list[Normal]) -> set[tuple[int, int]]:
    """Give the pairs that share a key with few holders, as resolving has them."""
    holders: dict[int, list[int]] = {}
    for place, one in enumerate(some):
        for key in block_keys(one):
            holders.setdefault(key, []).append(place)
    return {pair for held in holders.values() if len(held) <= CAP for pair in combinations(held, 2)}


@pytest.mark.parametrize("name", ["工业用地", "厂房", "", None, "😀😀😀", "建設項目", "\ud800", "1#"])
def test_a_name_that_says_nothing_merges_nobody_by_itself(name):
    a, b = record(1, name, "land.supply"), record(2, name, "housing.projects")
    told = tell(a, b)
    assert told.score < SAFE_CUT
    assert explain(a, b).band != "safe"


def test_a_wrong_code_shared_by_many_gives_them_no_candidates_and_no_merge():
    number = StatedNumber(Scheme.PROJECT_CODE, CODE)
    some = [
        record(
            i,
            "".join(SIGNS[(i * 7 + k * (1 + i % 5)) % len(SIGNS)] for k in range(6)) + "基地",
            f"land.f{i % 7}",
            bears=(number,),
            parties=(
                StatedParty(Role.OWNER, f"{SIGNS[i % 40]}{SIGNS[i * 3 % 41]}{SIGNS[i // 41]}实业有限公司"),
            ),
            place=StatedPlace(district=("430211", "430202", "430203")[i % 3], address=f"某{i}路{i}号"),
        )
        for i in range(500)
    ]
    assert len(candidates(some)) < 20 * len(some)
    # and where few share it, the code alone does not merge what differs in name, owner and place
    apart = [(0, i) for i in range(1, 60) if i % 3 and some[0].core[:2] != some[i].core[:2]]
    assert (scores(some, apart) < SAFE_CUT).mean() > 0.95
    assert max(explain(some[0], some[1]).terms, key=lambda term: term.points).name.startswith("code.")


@pytest.mark.parametrize("many", [60, 500, 1500])
def test_firms_of_one_trade_that_all_bear_one_wrong_code_merge_with_nobody_at_a_cost_in_proportion(many):
    dice = Random(5)
    number = StatedNumber(Scheme.PROJECT_CODE, CODE)
    some = []
    for i in range(many):
        firm = "".join(dice.choices(SIGNS, k=4))
        owner = StatedParty(Role.OWNER, f"株洲{firm[:2]}{''.join(dice.choices(SIGNS, k=2))}有限公司")
        place = StatedPlace(district="430211", address=f"某{dice.choice(SIGNS)}路{dice.randrange(400)}号")
        name = f"{firm}食品厂房项目"
        some.append(record(i, name, "housing.projects", bears=(number,), parties=(owner,), place=place))
    pairs = sorted(candidates(some))
    assert len(pairs) < 30 * many
    common = common_among(some)
    assert common == {"c" + CODE.replace("-", "")}
    assert (scores([heard(n, common) for n in some], pairs) < SAFE_CUT).all()


def test_an_owner_of_thousands_costs_as_much_a_record_as_one_of_hundreds():
    def owned(many: int) -> list[Normal]:
        parties = (StatedParty(Role.OWNER, "某某置业有限公司"),)
        place = StatedPlace(district="430211")
        return [
            record(
                i, f"{SIGNS[i % 40]}{SIGNS[i // 40 % 41]}{SIGNS[i // 1640]}小区", parties=parties, place=place
            )
            for i in range(many)
        ]

    few, many = len(candidates(owned(400))) / 400, len(candidates(owned(3200))) / 3200
    assert many < 2 * few + CAP


def test_a_name_of_a_page_costs_as_much_as_its_length_and_is_like_no_other():
    def page(seed: int, size: int) -> str:
        return "".join(chr(0x4E00 + (i * 7919 + seed * 104729) % 6000) for i in range(size))

    a, b = record(1, page(1, 10_000), "land.supply"), record(2, page(2, 10_000), "housing.projects")
    assert tell(a, b).score < REVIEW_CUT
    assert len(block_keys(a)) <= MOST
    began = process_time()
    record(3, page(3, 10_000))
    short = process_time() - began
    began = process_time()
    record(4, page(4, 100_000))
    assert process_time() - began < 40 * max(short, 0.005)
