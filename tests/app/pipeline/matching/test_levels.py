from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from app.pipeline.matching.levels import compare
from app.pipeline.matching.project import PROJECT, project_vectors
from tests.app.pipeline.matching.build import norm
from tests.app.pipeline.matching.drawn import CODE, FAR, NEAR, OLD, RECORD

LEFT, RIGHT = np.zeros(1, np.intp), np.ones(1, np.intp)


def level(feature: str, a: dict[str, Any], b: dict[str, Any]) -> str:
    """Name the level two records reach, the same from both sides."""
    vectors = project_vectors([norm("a", **a), norm("b", **b)])
    row = PROJECT.place(feature)
    forth, back = (compare(PROJECT, vectors, *sides)[row, 0] for sides in ((LEFT, RIGHT), (RIGHT, LEFT)))
    assert forth == back
    return PROJECT.features[row].levels[int(forth)]


def named(core: str) -> dict[str, str]:
    return {"core": core, "rest": core}


def at(longitude: float, latitude: float) -> dict[str, tuple[float, float]]:
    return {"point": (longitude, latitude)}


@pytest.mark.parametrize(
    ("feature", "a", "b", "expected"),
    [
        ("code", {}, {"codes": (CODE,)}, "missing"),
        ("code", {"codes": (CODE,)}, {"codes": (FAR,)}, "apart"),
        ("code", {"codes": (CODE,)}, {"codes": (FAR, NEAR)}, "one_digit"),
        ("code", {"codes": (OLD,)}, {"codes": (CODE,)}, "apart"),
        ("code", {"codes": (OLD,)}, {"codes": (OLD,)}, "same_old"),
        ("code", {"codes": (CODE, OLD)}, {"codes": (CODE,)}, "same"),
        ("uscc", {"usccs": ("1", "2")}, {"usccs": ("2",)}, "same"),
        ("uscc", {"usccs": ("1",)}, {"usccs": ("2",)}, "other"),
        ("owner", {}, {"owner_cores": ("恒某新材",)}, "missing"),
        ("owner", {"owner_cores": ("恒某新材",)}, {"owner_cores": ("远某置业",)}, "other"),
        ("owner", {"owner_cores": ("恒某新材",)}, {"owner_cores": ("恒某置业",)}, "brand"),
        ("owner", {"owner_cores": ("恒某新材料科技",)}, {"owner_cores": ("恒某新材料厂",)}, "like"),
        ("owner", {"owner_cores": ("恒某新材料科技",)}, {"owner_cores": ("恒某新材",)}, "within"),
        ("owner", {"owner_cores": ("远某", "恒某新材")}, {"owner_cores": ("恒某新材",)}, "same"),
        ("public", {"owner_cores": ("某城投",)}, {"owner_cores": ("恒某",)}, "one"),
        ("name", named(""), named("电池基地"), "missing"),
        ("name", named("电池基地"), named("电池基地"), "equal"),
        ("name", named("电池基地"), named("陶瓷轴承厂"), "below_150"),
        ("name_in", named("电池基地"), named("恒某动力电池基地东"), "from_990"),
        ("name_size", named("厂房"), named("电池基地"), "below_2"),
        ("quantity", {"quantities": {"5万吨"}}, {"quantities": {"8万吨"}}, "other"),
        ("phase", {}, {}, "neither"),
        ("phase", {"phase": {1}}, {}, "first_or_none"),
        ("phase", {"phase": {11}}, {}, "later_or_none"),
        ("phase", {"phase": {1, 2}}, {"phase": {2}}, "same"),
        ("phase", {"phase": {1}}, {"phase": {2}}, "conflict"),
        ("zone", {"zone": "A"}, {}, "one"),
        ("zone", {"zone": "A"}, {"zone": "B"}, "conflict"),
        ("zone", {"zone": "A"}, {"zone": "A"}, "same"),
        ("district", {"district": "430211"}, {"district": "430211"}, "same"),
        ("house", {"houses": {"12"}}, {"houses": {"14"}}, "other"),
        ("amount", {"amount": Decimal(100)}, {"amount": Decimal(101)}, "within_1.01"),
        ("amount", {"amount": Decimal(100)}, {"amount": Decimal(109)}, "within_1.1"),
        ("amount", {"amount": Decimal(1)}, {"amount": Decimal(10_000)}, "far"),
        ("amount", {"amount": Decimal(0)}, {"amount": Decimal(1)}, "missing"),
        ("works_class", {"works_class": "building"}, {"works_class": "municipal"}, "other"),
        ("works_class", {"works_class": "building"}, {}, "missing"),
        ("distance", at(113.1, 27.8), {}, "missing"),
        ("distance", at(113.1, 27.8), at(113.1, 27.8004), "within_50m"),
        ("distance", at(113.1, 27.8), at(113.11, 27.8), "within_1500m"),
        ("distance", at(113.1, 27.8), at(114.1, 27.8), "far"),
        ("sources", {"source": "land.a"}, {"source": "commerce.b"}, "commerce_land"),
        ("sources", {"source": "land.a"}, {"source": "land.b"}, "land_land"),
        ("sources", {"source": "land.a"}, {"source": "land.a"}, "one_land"),
        ("sources", {"source": "abroad.a"}, {"source": "housing.b"}, "housing_other"),
        ("number_works", {"bears": {"works_code:1"}}, {"bears": {"works_code:2"}}, "apart"),
        ("number_works", {"bears": {"works_code:1"}}, {"cites": {"works_permit:2"}}, "missing"),
        ("number_certificate", {"bears": {"works_permit:1"}}, {"cites": {"works_permit:1"}}, "cited"),
        ("number_certificate", {"cites": {"works_permit:1"}}, {"cites": {"works_permit:1"}}, "together"),
        ("number_parcel", {"bears": {"parcel_code:1"}}, {"bears": {"parcel_code:1"}}, "borne"),
        ("generic", {"generic": "厂房"}, {"generic": "厂房"}, "same"),
        ("parts", {"parts": {"一标段"}}, {"parts": {"二标段"}}, "other"),
        ("plots", {"plots": {"GC-01", "GC-02"}}, {"plots": {"GC-02"}}, "same"),
        ("kinds", {"kinds": {"扩建"}}, {}, "one"),
        ("kinds", {"kinds": {"扩建"}}, {"kinds": {"技改"}}, "conflict"),
        ("kinds", {"kinds": {"扩建", "技改"}}, {"kinds": {"技改"}}, "same"),
        ("town", {"town": "某镇"}, {"town": "某镇"}, "same"),
        ("spots", {"spots": {"某路", "某村"}}, {"spots": {"某村"}}, "same"),
        ("park", {"park": "某园"}, {}, "missing"),
        ("industry", {"industry": "3841"}, {"industry": "3842"}, "division"),
        ("industry", {"industry": "3841"}, {"industry": "3841"}, "same"),
        ("industry", {"industry": "3841"}, {"industry": "2641"}, "other"),
        ("land", {"land": (100.0, 500.0)}, {"land": (501.0,)}, "within_1.003"),
        ("land", {"land": (100.0,)}, {"land": (1000.0,)}, "far"),
        ("floors", {"floors": ()}, {"floors": (1000.0,)}, "missing"),
        ("dates", {"dates": {"permit:739000"}}, {"dates": {"permit:739000", "filing:1"}}, "shared"),
        ("dates", {"dates": {"permit:739000"}}, {"dates": {"permit:739001"}}, "other"),
        ("dates", {"dates": {"permit:739000"}}, {"dates": {"filing:739000"}}, "unlike"),
        ("day", {"day": 100}, {}, "missing"),
        ("day", {"day": 100, "source": "housing.a"}, {"day": 500, "source": "land.b"}, "below_-60"),
        ("day", {"day": 100, "source": "land.a"}, {"day": 500, "source": "housing.b"}, "from_400"),
        ("day", {"day": 100, "source": "land.a"}, {"day": 500, "source": "land.b"}, "from_400"),
    ],
)  # fmt: skip
def test_two_records_reach_the_level_that_is_said(feature, a, b, expected):
    assert level(feature, a, b) == expected


def test_sixteen_numbers_are_kept_and_those_that_prove_most_come_first():
    many = {f"document_no:{i:03}" for i in range(100)}
    assert level("number_works", {"bears": {"works_code:1", *many}}, {"cites": {"works_code:1"}}) == "cited"


@given(RECORD, RECORD, RECORD)
def test_levels_are_those_the_profile_names_and_the_same_alone_as_in_a_batch(x, y, z):
    vectors = project_vectors([x, y, z])
    left, right = np.array([0, 0, 1]), np.array([1, 2, 2])
    together = compare(PROJECT, vectors, left, right)
    for row, feature in enumerate(PROJECT.features):
        assert together[row].max() < len(feature.levels), feature.name
    for i in range(3):
        alone = compare(PROJECT, vectors[[left[i], right[i]]], LEFT, RIGHT)
        assert (alone[:, 0] == together[:, i]).all()
        assert (compare(PROJECT, vectors, right, left)[:, i] == together[:, i]).all()
