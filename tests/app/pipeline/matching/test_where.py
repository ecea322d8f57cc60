from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.where import park, where
from app.pipeline.matching.words import Places

PLACES = Places(["株洲市", "荷塘区"], short=["株洲", "荷塘"])


def test_a_number_and_a_crossing_of_one_road_share_the_road_and_the_town():
    by_number = where("荷塘区夏某街道金某工业园铜某街847号", PLACES)
    by_crossing = where("夏某街道铜某街与黄某大道交叉口西北侧", PLACES)
    assert by_number.spots == {"铜某街"}
    assert by_crossing.spots == {"铜某街", "黄某大道"}
    assert by_number.town == by_crossing.town == "夏某"
    assert by_number.houses == {"847"}
    assert by_number.street == "夏某街道金某工业园铜某街"
    assert by_number.park == "金某工业园"


@pytest.mark.parametrize(
    ("text", "spots"),
    [
        ("某镇银某村", {"银某村"}),
        ("荷塘大道12号", {"荷塘大道"}),
        ("某小区配套道路", set()),
        ("某铁路以西", set()),
        ("某某街道", set()),
        ("某村民委员会", set()),
        ("", set()),
    ],
)
def test_roads_and_villages_are_spots_and_kinds_of_road_are_none(text, spots):
    assert where(text, PLACES).spots == spots


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("某某街道古市小微园霞某路189号", "古市小微园"),
        ("石某区清某塘产业新城翀某路217号", "清某塘产业新城"),
        ("某某市仙某产业园", "仙某产业园"),
        ("某坳创新港", "某坳创新港"),
        ("工业园", ""),
        ("某某路1号", ""),
    ],
)
def test_a_park_is_named_without_what_it_lies_in(text, name):
    assert park(text) == name


def test_numbers_of_plots_are_no_part_of_the_street():
    at = where("某某镇YZ00-0405-0099地块", PLACES)
    assert at.plots == {"YZ00-0405-0099"}
    assert "YZ" not in at.street


@given(st.text(max_size=60))
def test_any_text_is_an_address(text):
    assert where(text, PLACES).houses is not None


@pytest.mark.parametrize("said", ["路", "村镇", "1号", "区", "工业园", "A-1地块", "(", "某某路"])
def test_an_address_of_ten_thousand_signs_takes_no_longer_than_its_beginning(said):
    begun = process_time()
    where(said * 10_000, PLACES)
    assert process_time() - begun < 0.25
