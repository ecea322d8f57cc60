from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.keys import block_keys
from app.pipeline.matching.latin import Address, address, addresses_in, in_latin
from app.pipeline.matching.normal import Normal, normal
from app.pipeline.matching.score import REVIEW_CUT, score
from app.pipeline.matching.stated import Stated, StatedPlace
from schemas.ids import record_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("520 WEST   48 STREET", "520 West 48th St."),
        ("1766 2 AVENUE", "1766 Second Ave"),
        ("505 ST MARKS AVENUE", "505 Saint Marks Av"),
        ("255 E. 138TH STREET", "255 EAST 138 STREET"),
        ("4215 PARK AVE", "4215 Park Avenue"),
    ],
)
def test_an_address_is_one_however_it_is_spelled(one: str, other: str) -> None:
    assert address(one) == address(other)
    assert address(one).houses


def test_a_house_number_is_no_street_and_a_numbered_street_is_no_house() -> None:
    assert address("385 1 AVENUE") == Address(frozenset({"385"}), "1AVENUE", "3851AVENUE")
    assert address("28-16 21 STREET").houses == {"28-16"}
    assert address("230-232 EAST 54 STREET").houses == {"230-232", "230", "232"}
    assert address("1766-68 SECOND AVENUE").houses == {"1766-68", "1766", "1768"}
    assert address("AVENUE N").street == "AVENUEN"
    assert address("7").houses == frozenset()


def test_a_name_tells_the_addresses_in_it() -> None:
    assert [one.whole for one in addresses_in("Maple Court I aka 1825 Boston Road (20130001)")] == [
        "1825BOSTONROAD"
    ]
    assert [one.whole for one in addresses_in("19 India Street (145 West Street)")] == [
        "19INDIASTREET",
        "145WESTSTREET",
    ]
    assert not list(addresses_in("15 Garden Yards Apartments"))


def test_a_text_with_ideographs_is_not_in_latin_letters() -> None:
    assert in_latin("520 West 48 Street")
    assert not in_latin("石峰区A3路12号ABC厂")
    assert not in_latin("2024-117")


def said(key: str, name: str | None, where: str) -> Normal:
    place = StatedPlace(district="990001", address=where)
    return normal(record_id(990000, "housing.jobs", key), Stated("housing.jobs", name=name, place=place))


def test_buildings_meet_by_their_street_and_belong_together_by_their_number() -> None:
    job = said("1", None, "1766 SECOND AVENUE")
    building, neighbour = said("2", "Maple Court", "1766 2 AVE"), said("3", "Maple Court", "1790 2 AVENUE")
    assert set(block_keys(job)) & set(block_keys(building)) & set(block_keys(neighbour))
    assert score(job, building) >= REVIEW_CUT > score(job, neighbour)


def test_a_project_called_by_its_address_is_also_there() -> None:
    assert "EAST44STREET" in said("5", "222 East 44th Street", "222 EAST 43 STREET").spots


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    for one in (address(text), *addresses_in(text)):
        assert " " not in one.whole
        assert len(one.whole) <= 4 * len(text) + 16
