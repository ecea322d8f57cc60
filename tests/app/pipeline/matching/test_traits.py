from __future__ import annotations

from app.pipeline.matching.keys import block_keys
from app.pipeline.matching.normal import normal
from app.pipeline.matching.stated import Stated, StatedPlace
from app.pipeline.matching.traits import district_in, districts_of, keys_anywhere, mute, unheard

ADDRESS = "九龙工业园棠珩大道340号"


def at(address: str, district: str | None = None, name: str | None = None) -> Stated:
    return Stated("housing.projects", name=name, place=StatedPlace(district=district, address=address))


def test_an_address_without_a_district_is_looked_for_in_each() -> None:
    record = normal("430200-a", at(ADDRESS, "430225", "煦璟冷链物流生产基地"))
    nowhere = normal("430200-example", at(ADDRESS))
    assert not set(block_keys(record)) & set(block_keys(nowhere))
    assert set(block_keys(record)) & keys_anywhere(nowhere, 430200)
    assert keys_anywhere(record, 430200) == set(block_keys(record))
    assert not set(block_keys(record)) & keys_anywhere(nowhere, 430300)


def test_the_district_an_address_names_is_taken_where_it_is_one() -> None:
    assert district_in("炎陵县九龙工业园", 430200) == "430225"
    assert district_in("炎陵县九龙工业园", 430300) is None
    assert district_in("荷塘区与芦淞区之间", 430200) is None
    assert district_in("", 430200) is None


def test_a_province_has_the_districts_of_all_its_cities() -> None:
    assert len(districts_of(430000)) > 100
    assert set(districts_of(430200)) < set(districts_of(430000))


def test_each_reason_has_a_rule_and_both_languages() -> None:
    part = normal("430200-example", Stated("hub.example", name="厂房"))
    for told in (mute("name", part), mute("address", part), unheard("name", common=True)):
        assert all(told)
    assert unheard("name", common=True).rule != unheard("name", common=False).rule
