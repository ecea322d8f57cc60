"""The cities the simulator knows: districts by adcode (GB/T 2260) with their parks, one letter for document numbers."""

from __future__ import annotations

from typing import NamedTuple


class District(NamedTuple):
    """A county-level district and the names it goes by in papers."""

    adcode: str
    name: str
    parks: tuple[str, ...]


class CityArea(NamedTuple):
    """A prefecture-level city; `letter` opens its document numbers."""

    adcode: int
    name: str
    province: str
    letter: str
    districts: tuple[District, ...]


CITIES = {
    430200: CityArea(
        430200,
        "株洲市",
        "湖南省",
        "株",
        (
            District("430211", "天元区", ("株洲高新区", "新马动力创新园")),
            District("430204", "石峰区", ("清水塘产业新城", "田心轨道科技城")),
            District("430202", "荷塘区", ("荷塘工业集中区", "金山工业园")),
            District("430203", "芦淞区", ("董家塅高科园", "芦淞服饰园")),
            District("430212", "渌口区", ("渌口经济开发区",)),
            District("430281", "醴陵市", ("醴陵经济开发区",)),
            District("430223", "攸县", ("攸州工业园",)),
            District("430224", "茶陵县", ("茶陵经济开发区",)),
            District("430225", "炎陵县", ("九龙工业园",)),
        ),
    ),
    430300: CityArea(
        430300,
        "湘潭市",
        "湖南省",
        "潭",
        (
            District("430302", "雨湖区", ("雨湖高新区",)),
            District("430304", "岳塘区", ("岳塘经济开发区",)),
            District("430321", "湘潭县", ("天易经济开发区",)),
            District("430381", "湘乡市", ("湘乡经济开发区",)),
        ),
    ),
    430100: CityArea(
        430100,
        "长沙市",
        "湖南省",
        "长",
        (
            District("430104", "岳麓区", ("岳麓高新区",)),
            District("430112", "望城区", ("望城经济开发区",)),
            District("430121", "长沙县", ("长沙经济开发区",)),
            District("430181", "浏阳市", ("浏阳经济开发区",)),
        ),
    ),
}


def city_area(adcode: int) -> CityArea:
    """The built-in city of that adcode; ValueError names the ones there are."""
    try:
        return CITIES[adcode]
    except KeyError:
        known = ", ".join(str(code) for code in sorted(CITIES))
        raise ValueError(f"no such city {adcode}; choose one of {known}") from None
