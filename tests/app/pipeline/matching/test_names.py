from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.names import Strip, bigrams, owner_core, parse_name

PLACES = Strip(["湖南省", "湖南", "株洲市", "株洲", "天元区", "天元"])


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


def test_a_full_name_gives_core_phase_quantity_and_building():
    name = parse_name("湖南省株洲市恒瑞年产5万吨碳纤维复合材料生产基地建设项目（二期）1#厂房", PLACES)
    assert name == ("恒瑞碳纤维复合材料生产基地", frozenset({2}), None, "1#厂房", frozenset({"5万吨"}))


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        ("某园", set()),
        ("某园一期", {1}),
        ("某园首期", {1}),
        ("某园（第二期）工程", {2}),
        ("某园十一期", {11}),
        ("某园二十期", {20}),
        ("某园二十一期", {21}),
        ("某园一二期", {1, 2}),
        ("某园一、二期", {1, 2}),
        ("某园一期、三期", {1, 3}),
        ("某园一至三期", {1, 2, 3}),
        ("某园1-3期", {1, 2, 3}),
        ("某园２期", {2}),
        ("某园Ⅱ期", {2}),
        ("某园III期", {3}),
        ("某园IV期", {4}),
        ("2024期某刊", set()),
        ("某学期工期", set()),
    ],
)
def test_phases_are_a_set_and_none_is_not_phase_one(text, phases):
    assert parse_name(text).phase == phases


@pytest.mark.parametrize(
    ("text", "core", "section"),
    [
        ("某轨道基地二标段", "某轨道基地", "二标段"),
        ("某轨道基地（第2标段）", "某轨道基地", "第2标段"),
        ("某轨道基地施工A3标段", "某轨道基地", "A3标段"),
        ("某轨道基地1#、2#厂房及附属用房", "某轨道基地", "1#、2#厂房及附属用房"),
        ("某轨道基地1#~5#厂房", "某轨道基地", "1#~5#厂房"),
        ("某轨道基地12号楼", "某轨道基地", "12号楼"),
        ("某轨道基地三标准厂房", "某轨道基地三标准厂房", None),
        ("某轨道基地主体工程", "某轨道基地", None),
    ],
)
def test_sections_and_buildings_are_labels_of_a_child_and_no_part_of_the_core(text, core, section):
    assert parse_name(text)[0] == core
    assert parse_name(text).section == section


@pytest.mark.parametrize(
    ("text", "zone"), [("某园A区", "A"), ("某园C区厂房", "C"), ("某园A、B区", None), ("某园天元区", None)]
)
def test_a_zone_is_one_letter_and_of_several_none_is_stated(text, zone):
    assert parse_name(text).zone == zone


def test_a_name_of_nothing_but_common_words_keeps_its_words():
    assert parse_name("株洲市项目", PLACES).core == "株洲市"
    assert parse_name("住宅楼").core == "住宅楼"


def test_an_owner_is_told_by_what_is_neither_place_nor_legal_form():
    assert owner_core("株洲市某某新材料有限公司", PLACES) == "某某新材料"
    assert owner_core("（株洲）某某新材料有限责任公司", PLACES) == "某某新材料"
    assert owner_core("某某新材料集团股份有限公司", PLACES) == "某某新材料"
    assert owner_core("株洲市", PLACES) == "株洲市"


def test_bigrams_of_a_single_sign_are_the_sign():
    assert bigrams("") == frozenset()
    assert bigrams("甲") == {"甲"}
    assert bigrams("甲乙丙") == {"甲乙", "乙丙"}


@given(st.text(alphabet="某园一二三十期标段区项目AB12#、-()（）号楼年产万吨 ", max_size=24))
def test_any_text_is_read_and_reading_does_not_depend_on_width_or_blanks(text):
    wide = text.replace("(", "（").replace("1", "１").replace("A", "Ａ")
    assert parse_name(text) == parse_name(wide) == parse_name(f" {text} ")
