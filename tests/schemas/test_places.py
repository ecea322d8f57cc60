from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.doubts import NotUnderstood
from schemas.places import district_name, find_district, find_zone, parse_point, region_of
from schemas.tables import district_aliases, regions
from tests.support.shared_data import shared_data

ZHUZHOU = 430200
DISTRICTS = {
    "430202": "荷塘区",
    "430203": "芦淞区",
    "430204": "石峰区",
    "430211": "天元区",
    "430212": "渌口区",
    "430223": "攸县",
    "430224": "茶陵县",
    "430225": "炎陵县",
    "430281": "醴陵市",
}


@pytest.mark.parametrize(("code", "name"), DISTRICTS.items())
def test_a_district_is_found_by_code_and_name_alone_or_below_its_city(code: str, name: str) -> None:
    for text in (
        code,
        f"{code}001002",
        name,
        f"株洲市{name}",
        f"湖南省株洲市{name}",
        f"湖南省-株洲市-{name}",
        f" {name}\u3000",
    ):
        assert find_district(text, ZHUZHOU) == (code, ())
    assert district_name(code) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [("荷塘", "430202"), ("４３０２１１", "430211"), ("醴陵", "430281"), ("天元区栗雨工业园", "430211")],
)
def test_a_district_is_found_by_short_name_and_inside_a_longer_text(text: str, code: str) -> None:
    assert find_district(text, ZHUZHOU) == (code, ())


@pytest.mark.parametrize(
    ("text", "code", "zone"),
    [
        ("株洲县", "430212", None),
        ("430221", "430212", None),
        ("绿口", "430212", None),
        ("绿口区", "430212", None),
        ("淥口区", "430212", None),
        ("?口区", "430212", None),
        ("醴陵县", "430281", None),
        ("高新区", "430211", "株洲高新区"),
        ("株洲高新区", "430211", "株洲高新区"),
        ("株洲市高新技术产业开发区", "430211", "株洲高新区"),
        ("云龙示范区", "430204", "株洲经开区"),
        ("株洲经开区", "430204", "株洲经开区"),
        ("430271", "430204", "株洲经开区"),
        ("渌口经开区", "430212", "渌口经开区"),
        ("醴陵经济开发区", "430281", "醴陵经开区"),
        ("石峰区（云龙示范区）", "430204", "株洲经开区"),
    ],
)
def test_former_names_misspellings_and_zones_lead_to_the_district_with_a_doubt(
    text: str, code: str, zone: str | None
) -> None:
    parsed = find_district(text, ZHUZHOU)
    assert parsed.value == code
    assert [doubt.rule for doubt in parsed.doubts] == ["district.zone" if zone else "district.alias"]
    assert find_zone(text, ZHUZHOU) == zone


def test_every_alias_means_a_district_of_its_city() -> None:
    for city, aliases in district_aliases().items():
        for alias in aliases:
            assert regions()[alias.district].parent == city
            assert find_district(alias.text, int(city)).value == alias.district
            assert find_zone(alias.text, int(city)) == alias.zone


@pytest.mark.parametrize(
    "text", ["", "无", "市辖区", "市本级", "株洲市本级", "株洲市", "430200", "430201", "430000", "湖南省"]
)
def test_the_whole_city_is_no_district_and_no_doubt(text: str) -> None:
    assert find_district(text, ZHUZHOU) == (None, ())


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("火星区", "district.unknown"),
        ("320193", "district.unknown"),
        ("鼓楼区", "district.unknown"),
        ("荷塘区、石峰区", "district.ambiguous"),
        ("430100", "district.elsewhere"),
        ("杭州市本级", "district.elsewhere"),
        ("长沙市", "district.elsewhere"),
    ],
)
def test_a_district_that_cannot_be_told_is_doubted_and_not_guessed(text: str, rule: str) -> None:
    parsed = find_district(text, ZHUZHOU)
    assert (parsed.value, [doubt.rule for doubt in parsed.doubts]) == (None, [rule])


@pytest.mark.parametrize("text", ["430104", "岳麓区", "长沙市岳麓区"])
def test_a_district_of_another_city_is_found_with_a_doubt(text: str) -> None:
    parsed = find_district(text, ZHUZHOU)
    assert (parsed.value, parsed.doubts[0].rule) == ("430104", "district.elsewhere")


@pytest.mark.parametrize(
    ("text", "jurisdiction", "code"),
    [
        ("荷塘区", 430000, "430202"),
        ("株洲县", 430000, "430212"),
        ("徐州市鼓楼区", 320000, "320302"),
        ("朝阳区", 110100, "110105"),
        ("仙桃市", 420000, "429004"),
        ("恩施土家族苗族自治州恩施市", 420000, "422801"),
        ("东莞市", 441900, None),
        ("茶陵县", 430224, "430224"),
        ("荷塘区", 1, "430202"),
    ],
)
def test_districts_are_found_in_any_jurisdiction(text: str, jurisdiction: int, code: str | None) -> None:
    assert find_district(text, jurisdiction).value == code


def test_a_name_several_cities_of_a_province_share_is_ambiguous() -> None:
    assert find_district("鼓楼区", 320000).doubts[0].rule == "district.ambiguous"


def test_every_district_of_the_country_is_found_by_name_in_its_city() -> None:
    for row in regions().values():
        if row.level == "district":
            assert row.parent is not None
            assert find_district(row.name, int(row.parent)) == (row.code, ())


def test_the_country_has_its_provinces_cities_and_districts() -> None:
    levels = Counter(row.level for row in regions().values())
    # 东莞, 中山 and 儋州 have no districts and stand once
    assert levels == {"province": 31, "city": 342, "district": 2978 - 3}
    assert all(row.parent is None or row.parent in regions() for row in regions().values())
    hunan = region_of("430000")
    assert hunan is not None
    assert (hunan.name, region_of("999999"), district_name("999999")) == ("湖南省", None, None)


@given(
    st.text() | st.text(alphabet="株洲市荷塘区县高新云龙省湖南0123456789-（）"),
    st.sampled_from([430200, 430000, 110100, 1, 0]),
)
def test_any_text_gives_a_district_of_the_country_or_none(text: str, jurisdiction: int) -> None:
    code = find_district(text, jurisdiction).value
    assert code is None or regions()[code].level == "district"


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("113.134,27.827", []),
        ("(113.134，27.827)", []),
        ("113.134 27.827", []),
        ("27.827,113.134", ["point.swapped"]),
        ("113.134,27.827;113.2,27.9", ["point.several"]),
    ],
)
def test_a_point_is_longitude_and_latitude(text: str, rules: list[str]) -> None:
    parsed = parse_point(text)
    assert parsed.value == (Decimal("113.134"), Decimal("27.827"))
    assert [doubt.rule for doubt in parsed.doubts] == rules


@pytest.mark.parametrize(
    ("text", "rules"), [("", []), ("0,0", ["point.sentinel_zero"]), ("2.35,48.85", ["point.implausible"])]
)
def test_a_point_that_is_nowhere_in_china_is_not_used(text: str, rules: list[str]) -> None:
    parsed = parse_point(text)
    assert (parsed.value, [doubt.rule for doubt in parsed.doubts]) == (None, rules)


@given(st.text() | st.text(alphabet="0123456789.,; °EN()"))
def test_any_text_is_a_point_or_refused(text: str) -> None:
    try:
        point = parse_point(text).value
    except NotUnderstood:
        return
    assert point is None or (73 < point[0] < 136 and 3 < point[1] < 54)


def test_what_is_no_point_is_refused_by_name() -> None:
    with pytest.raises(NotUnderstood) as refused:
        parse_point("株洲市天元区")
    assert refused.value.doubt.rule == "point.form"


def test_real_district_names_are_known() -> None:
    met: Counter[str] = Counter()
    with shared_data("cn_landchina/landchina_unified_dev.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if "株洲" in row["district"]:
                value, doubts = find_district(row["district"], ZHUZHOU)
                met[f"{value} {doubts}"] += 1
    assert met == {"None ()": 28}
