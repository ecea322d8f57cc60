from __future__ import annotations

from decimal import Decimal

from app.pipeline.matching.project import PROJECT, said
from tests.app.pipeline.matching.build import norm
from tests.app.pipeline.matching.drawn import CODE


def test_every_feature_has_words_for_what_a_record_says_of_it():
    full = norm(
        "a",
        source="land.supply",
        core="电池基地",
        rest="电池基地",
        owner_cores=("某城投",),
        quantities={"5万吨"},
        zone="A",
        phase={2, 1},
        codes=(CODE,),
        usccs=("91430211MA4D00111A",),
        bears={"works_permit:1", "works_code:2"},
        cites={"works_base:3", "land_contract_no:4", "listing_no:5", "parcel_code:6", "promotion_no:7"}
        | {"market_project_no:8", "document_no:9", "suspect:10"},
        district="430211",
        address="某路1号",
        houses={"1"},
        works_class="building",
        amount=Decimal(5),
        site_area=Decimal(6),
        point=(113.1, 27.8),
        generic="厂房",
        parts={"一标段"},
        plots={"GC-01"},
        kinds={"扩建"},
        town="某镇",
        spots={"某路"},
        park="某园",
        industry="3841",
        land=(5.0,),
        floors=(6.0,),
        dates={"permit:739000"},
        day=739000,
    )
    for feature in PROJECT.features:
        assert said(feature.name, full), feature.name
    assert said("phase", full) == "1,2"
    assert said("number_works", full) == "works_code:2"
    assert said("name*rest", full) == "电池基地"


def test_what_a_record_does_not_say_reads_as_nothing():
    blank = norm("a")
    assert not any(said(one.name, blank) for one in PROJECT.features if one.name != "sources")
