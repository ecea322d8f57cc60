from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.pipeline.matching.keys import KEYED, MOST, block_keys, block_keys_of, keyed
from tests.app.pipeline.matching.build import norm
from tests.app.pipeline.matching.drawn import RECORD

NAMED = {"core": "恒某某轨道基地", "rest": "轨道基地", "owner_cores": ("恒某新材",), "district": "430211"}


def shared(a: dict[str, Any], b: dict[str, Any]) -> int:
    return len(set(block_keys(norm("a", **a))) & set(block_keys(norm("b", **b))))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"town": "夏某", "spots": frozenset({"铜某街"})}, {"town": "夏某", "spots": frozenset({"铜某街", "黄某路"})}),
        ({"core": "霞某栗某路干路", "spots": frozenset({"栗某路"})}, {"town": "霞某", "spots": frozenset({"栗某路"})}),
        (NAMED, {"core": "恒某轨道基地"}),
        (NAMED, {"owner_cores": ("恒某",)}),
        (NAMED, {"core": "另某轨道基地", "rest": "轨道基地", "district": "430211"}),
        ({"land": (42066.67,), "district": "430211"}, {"land": (42100.0,), "district": "430211"}),
    ],
)  # fmt: skip
def test_records_that_say_one_thing_in_two_ways_meet(a, b):
    assert shared(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"town": "夏某", "spots": frozenset({"铜某街"})}, {"town": "另某", "spots": frozenset({"铜某街"})}),
        ({"land": (42066.67,), "district": "430211"}, {"land": (42500.0,), "district": "430211"}),
        ({"land": (42066.67,), "district": "430211"}, {"land": (42066.67,), "district": "430202"}),
        ({"generic": "厂房"}, {"generic": "厂房"}),
        ({}, {}),
    ],
)  # fmt: skip
def test_records_that_share_nothing_telling_do_not_meet(a, b):
    assert not shared(a, b)


def test_a_public_owner_is_no_key_and_a_record_of_many_numbers_has_no_more_keys():
    assert block_keys(norm("a", owner_cores=("某城市建设投资",))) == ()
    many = norm("a", **NAMED, bears={f"works_code:{i:06}" for i in range(50)}, land=(1.0, 2.0, 3.0))
    assert len(block_keys(many)) <= MOST


@given(st.lists(RECORD, max_size=5))
def test_many_records_have_the_keys_each_of_them_has_alone(records):
    assert block_keys_of(records) == [block_keys(one) for one in records]


@given(RECORD, RECORD)
def test_records_equal_in_what_keys_are_made_of_hold_equal_keys(one, other):
    alike = replace(other, **{field: getattr(one, field) for field in KEYED})
    assert keyed(alike) == keyed(one)
    assert block_keys(alike) == block_keys(one)
