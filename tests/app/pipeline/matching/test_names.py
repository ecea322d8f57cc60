from __future__ import annotations

from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.pipeline.matching.names import Name, bigrams, is_public, owner_core, parse_name
from app.pipeline.matching.words import MOST, Places

PLACES = Places(["湖南省", "湖南", "株洲市", "株洲", "天元区", "天元"])


def test_a_full_name_gives_core_phase_quantity_and_building():
    said = parse_name("湖南省株洲市恒某年产5万吨碳纤维复合材料生产基地建设项目（二期）1#厂房", PLACES)
    none: frozenset[str] = frozenset()
    assert said == Name(
        "恒某碳纤维复合材料生产基地",
        "",
        frozenset({2}),
        None,
        frozenset({"B1"}),
        frozenset({"50000吨"}),
        none,
        none,
    )


@pytest.mark.parametrize(
    ("text", "generic"),
    [
        ("工业用地", "工业"),
        ("厂房", "厂房"),
        ("住宅楼", "住宅楼"),
        ("刘**住宅房", "住宅房"),
        ("标准厂房建设项目", "标准厂房"),
        ("陈**", "陈"),
        ("株洲市项目", "株洲市项目"),
        ("加", "加"),
        ("工业仓储用地", "工业仓储"),
        ("", ""),
    ],
)
def test_a_name_of_nothing_but_common_words_names_no_project(text, generic):
    said = parse_name(text, PLACES)
    assert (said.core, said.generic) == ("", generic)


def test_a_common_word_beside_a_telling_one_stays():
    assert parse_name("加油站（古某）").core == "加油站古某"
    assert parse_name("某实业厂房").generic == ""


def test_what_a_cut_leaves_behind_is_no_part_of_the_core():
    assert parse_name("某玻璃有限公司厂房及配套设施").core == "某玻璃厂房"
    assert parse_name("某胡同35号1幢等6幢现状城镇住宅用地").core == "某胡同35号"
    assert parse_name("某胡同53、55号现状用地").core == "某胡同53-55号"
    assert parse_name("某村2-1号路西侧停车场").core == "某村2-1号路西侧停车场"


def test_traditional_signs_wide_letters_and_pictures_read_as_the_plain_name():
    assert parse_name("🏭某國測産業園🎉Ａ区二期") == parse_name("某国测产业园A区二期")
    assert owner_core("某華新材料有限公司") == owner_core("某华新材料有限公司")


def test_an_owner_is_told_by_what_is_neither_place_nor_legal_form():
    assert owner_core("株洲市某某新材料有限公司", PLACES) == "某某新材料"
    assert owner_core("（株洲）某某新材料有限责任公司", PLACES) == "某某新材料"
    assert owner_core("某某（株洲）新材料有限责任公司", PLACES) == "某某新材料"
    assert owner_core("某某新材料集团股份有限公司", PLACES) == "某某新材料"
    assert owner_core("Fooworks Technology Co., Ltd.", PLACES) == "FOOWORKSTECHNOLOGY"
    assert owner_core("株洲市", PLACES) == "株洲市"


def test_a_brand_that_is_the_name_of_a_city_stays_where_nothing_else_would_be_left():
    places = Places(["株洲市"], leading=["扬州市", "广安"])
    assert parse_name("扬州市广安房地产开发有限公司", places).core == "扬州市广安房地产开发"
    assert parse_name("广安某某印务项目", places).core == "某某印务"


def test_a_public_body_is_told_by_its_name():
    assert is_public("某城市建设投资")
    assert is_public("某教育局")
    assert not is_public("某局气动科技")
    assert not is_public("某某新材料")


def test_bigrams_of_a_single_sign_are_the_sign():
    assert bigrams("") == frozenset()
    assert bigrams("甲") == {"甲"}
    assert bigrams("甲乙丙") == {"甲乙", "乙丙"}


SIGNS = st.text(
    alphabet="某园一二三十期标段区项目AB12#、-()（）号楼幢年产万吨地块湖南株洲天元*等及PHASE ", max_size=24
)


@given(SIGNS)
def test_any_text_is_read_and_reading_does_not_depend_on_width_or_blanks(text):
    wide = text.replace("(", "（").replace("1", "１").replace("A", "Ａ")
    assert parse_name(text) == parse_name(wide) == parse_name(f" {text} ")


@example("1等等")
@given(st.one_of(SIGNS, st.text(max_size=40)))
def test_reading_the_core_again_gives_the_core(text):
    core = parse_name(text, PLACES).core
    again = parse_name(core, PLACES)
    assert again.core == core
    assert not again.phase
    assert not again.parts
    owner_core(text, PLACES)


HOSTILE = (
    "一",
    "1、",
    "A-",
    "1#、",
    "一期、",
    "(",
    "项目",
    "湖南",
    "12345678",
    "建建设设",
    "陈**",
    "期标区",
    "地块",
    "萬",
)


@pytest.mark.parametrize("said", HOSTILE)
def test_a_name_of_ten_thousand_signs_takes_no_longer_than_its_beginning(said):
    begun = process_time()
    whole = parse_name(said * 10_000, PLACES)
    assert process_time() - begun < 0.25
    assert whole == parse_name((said * MOST)[:MOST], PLACES)
