from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.words import MOST, Strip, places_of, plain

WORDS = st.lists(st.text(alphabet="甲乙丙丁", max_size=4), max_size=8)


def taken_one_by_one(words: list[str], leading: list[str], text: str) -> str:
    """Take words out sign by sign, trying every word at every place, longest first."""
    first = sorted((w for w in leading if len(w) > 1 and text.startswith(w)), key=len)
    rest, kept = text[len(first[-1]) :] if first else text, ""
    while rest:
        found = [w for w in words if len(w) > 1 and rest.startswith(w)]
        if found:
            rest = rest[len(max(found, key=len)) :]
        else:
            kept, rest = kept + rest[0], rest[1:]
    return kept


@given(WORDS, WORDS, st.text(alphabet="甲乙丙丁戊", max_size=12))
def test_words_are_taken_from_the_left_the_longest_first(words, leading, text):
    assert Strip(words, leading)(text) == taken_one_by_one(words, leading, text)


def test_a_street_or_another_district_of_a_known_name_stays():
    places = Strip(["株洲市", "天元区"], leading=["朝阳", "株洲"], short=["天元", "株洲"])
    assert places("天元大道") == "天元大道"
    assert places("天元某园") == "某园"
    assert places("朝阳区某园") == "朝阳区某园"
    assert places("朝阳某园") == "某园"


def test_a_known_word_in_brackets_is_taken_with_them():
    assert Strip(["株洲"], leading=["湖北"])("某某(株洲)新材(湖北)(某地)") == "某某新材(某地)"


def test_a_text_is_read_in_simplified_signs_and_no_further_than_its_beginning():
    assert plain("某國測 產業園") == "某国测产业园"
    assert plain("某" * 10_000) == "某" * MOST


@pytest.mark.parametrize(
    "said",
    ["株洲县", "绿口区", "渌口", "高新区", "株洲高新区", "天元区", "湖南省株洲市", "云龙示范区", "（株洲）"],
)
def test_every_name_of_a_citys_districts_and_zones_is_taken(said):
    assert places_of("4302").name(plain(f"{said}恒某产业园")) == "恒某产业园"


def test_half_a_character_is_none():
    assert plain("某\ud83c园") == "某园"


@given(st.text(max_size=60))
def test_a_plain_text_is_plain(text):
    assert plain(plain(text)) == plain(text)
