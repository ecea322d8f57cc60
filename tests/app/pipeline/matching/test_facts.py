from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.pipeline.matching.facts import amount, dated, floors, land, sizes
from app.pipeline.matching.stated import (
    Stated,
    StatedArea,
    StatedAreas,
    StatedDate,
    StatedEvidence,
    StatedMoney,
    StatedSums,
    StatedTexts,
)


def said(milestone: str, rank: str, day: str, precision: str = "day") -> StatedEvidence:
    return StatedEvidence(milestone, rank, StatedDate(day, precision))


def test_the_total_is_the_amount_and_without_it_what_was_agreed():
    total, agreed = StatedMoney(Decimal(5)), StatedMoney(Decimal(3))
    assert amount(Stated("a.b", money=StatedSums(total, agreed))) == 5
    assert amount(Stated("a.b", money=StatedSums(StatedMoney(None), agreed))) == 3
    assert amount(Stated("a.b")) is None


def test_ground_is_what_was_supplied_wanted_registered_or_converted_each_size_once():
    size = StatedArea(Decimal("42066.67"))
    areas = StatedAreas(size, StatedArea(None), StatedArea(Decimal(0)), StatedArea(Decimal("42066.67")))
    assert land(Stated("a.b", areas=areas)) == (42066.67,)


@pytest.mark.parametrize(
    ("scale", "found"),
    [
        ("总建筑面积9858平方米", (9858.0,)),
        ("建设某厂，建筑面积1.2万㎡", (12000.0,)),
        ("年产5万吨", ()),
        (None, ()),
    ],
)
def test_floor_areas_are_read_from_the_words_of_the_scale_too(scale, found):
    assert floors(Stated("a.b", texts=StatedTexts(scale))) == found
    area = StatedAreas(floor_area=StatedArea(Decimal(9858)))
    assert floors(Stated("a.b", areas=area, texts=StatedTexts("9858平方米"))) == (9858.0,)


def test_a_date_is_one_the_record_says_to_the_day():
    evidence = (
        said("B1", "D", "2023-08-02"),
        said("I1", "C", "2022-10-01"),
        said("G1", "A", "2022-07-01", "month"),
        StatedEvidence("O3", "D"),
    )
    assert dated(evidence)[0] == {"B1:2023-08-02"}


def test_the_own_day_is_the_last_of_what_is_proven_best():
    evidence = (
        said("A4", "B", "2023-02-03"),
        said("A5", "A", "2023-02-15"),
        said("A7", "A", "2023-01-15"),
        said("B1", "D", "2024-01-01"),
    )
    assert dated(evidence)[1] == date(2023, 2, 15).toordinal()
    assert dated(evidence[:1])[1] == date(2023, 2, 3).toordinal()
    assert dated(evidence[3:])[1] is None


@pytest.mark.parametrize(
    ("scale", "found"),
    [
        ("住宅320套，总建筑面积3.2万平方米", {"320套"}),
        ("年产5吉瓦组件，占地120亩", {"5GW"}),
        ("新建厂房，总建筑面积12000平方米", set()),
        ("住宅3套", set()),
        (None, set()),
    ],
)
def test_sizes_are_read_from_the_words_of_the_scale_but_areas_and_small_numbers(scale, found):
    assert sizes(Stated("a.b", texts=StatedTexts(scale))) == found
