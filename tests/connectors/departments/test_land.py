from __future__ import annotations

import pytest

from schemas.records import Accepted, PartRecord, ProjectRecord, Rejection
from schemas.tables import code_list
from tests.connectors.departments.reading import outcome, proves, sample, stated


def project(key: str, number: int = 0, **changed: str | None) -> ProjectRecord:
    said = stated(key, number, **changed)
    assert isinstance(said, ProjectRecord)
    return said


@pytest.mark.parametrize("said", ["code", "name"])
def test_a_right_to_land_proves_its_title_and_one_with_buildings_their_registration(said: str) -> None:
    for code, row in code_list("QLLX").items():
        found = proves("land.real_estate", QLLX=code if said == "code" else row.zh, HTBH="")
        assert found == ({f"{row.milestone} A"} if row.milestone else set()), row.zh


@pytest.mark.parametrize("right", ["抵押权", "查封登记"])
def test_a_claim_on_a_property_is_refused_for_its_holder_has_no_title(right: str) -> None:
    found = outcome("land.real_estate", sample("land.real_estate", QLLX=right))
    assert isinstance(found, Rejection)
    assert found.rule == "row.no_title"


@pytest.mark.parametrize(
    ("holder", "number"),
    [
        ("某某", "430204190001010000"),
        ("某某某", "43020419000101000X"),
        ("阿某某·某某某", "430204190001010000"),
        ("某某、某某某", "430204190001010000、43020419000101000X"),
        ("某某学", "430204190001010000"),
        ("", "430204190001010000"),
    ],
)
def test_of_private_holders_neither_name_nor_identity_number_is_told(holder: str, number: str) -> None:
    found = outcome("land.real_estate", sample("land.real_estate", QLR=holder, ZJH=number))
    assert isinstance(found, Accepted)
    said = found.statements[0]
    assert isinstance(said, ProjectRecord)
    assert said.parties == ()
    told = said.model_dump_json() + "".join(issue.model_dump_json() for issue in found.issues)
    assert "19000101" not in told
    assert not holder or holder not in told


@pytest.mark.parametrize(
    "holder", ["株洲示例新能源科技有限公司", "示例村村民委员会", "示例县第一中学", "示例陶瓷研究所"]
)
def test_holders_that_are_bodies_are_taken_with_their_code(holder: str) -> None:
    (party,) = project("land.real_estate", QLR=holder).parties
    assert party.name == holder
    assert party.uscc is not None
    assert party.uscc.value == "91430204MA4D00180A"


def test_the_floors_of_one_building_are_parts_of_the_title_to_its_parcel() -> None:
    title = project("land.real_estate", BDCDYH="430204 001002 GB09001 W00000000")
    units = [
        stated("land.real_estate", BDCDYH=f"430204 001002 GB09001 F0001{floor:04d}", QLLX="4")
        for floor in range(1, 4)
    ]
    for unit in units:
        assert isinstance(unit, PartRecord)
        assert (unit.part, unit.parent_source, unit.parent_key) == ("unit", title.source, title.key)
        assert unit.texts["holder"] == "株洲示例新能源科技有限公司"
        assert "D7 A" in {f"{proof.milestone} {proof.rank}" for proof in unit.evidence}
    assert len({unit.key for unit in units}) == 3


@pytest.mark.parametrize("code", ["430204001002GB09001W00000000", "旧编号-12", "430204001002JC00012F"])
def test_what_is_no_unit_on_a_parcel_stays_a_record_of_its_own(code: str) -> None:
    assert project("land.real_estate", BDCDYH=code).key == code


def test_an_approval_of_conversion_cites_its_parcel_so_that_a_batch_is_no_parcel() -> None:
    said = project("land.conversions")
    assert [number.scheme for number in said.bears] == ["land_approval_no"]
    assert [number.scheme for number in said.cites] == ["supervision_no"]
    assert said.parcel is None
    assert "site_area" not in said.areas


def test_a_verification_is_a_document_of_its_works_permit() -> None:
    said = stated("land.verifications")
    assert isinstance(said, PartRecord)
    assert (said.parent_source, said.parent_key) == ("land.works_permits", "建字第4302042024GG0090003号")


def test_a_verification_that_failed_proves_only_that_there_was_a_permit() -> None:
    assert proves("land.verifications") == {"D2 A", "P2 B"}
    assert proves("land.verifications", JL="不符合规划条件") == {"P2 B"}
    assert proves("land.verifications", JL="") == {"P2 B"}
    assert [number.scheme for number in stated("land.verifications").cites] == ["works_permit"]


def test_a_site_opinion_is_in_hectares_and_what_is_wanted_is_not_what_was_supplied() -> None:
    said = project("land.site_opinions", NYDMJ="13.5")
    assert str(said.areas["wanted_area"].square_metres) == "135000"
    assert "site_area" not in said.areas
    assert "A1 A" in proves("land.site_opinions")
    assert "A1 B" in proves("land.site_opinions", FZRQ="")


@pytest.mark.parametrize(
    ("address", "district"),
    [
        ("石峰区清水塘示例大道1号", "430204"),
        ("株洲市石峰区清水塘示例大道1号", "430204"),
        ("湖南省株洲市石峰区清水塘示例大道1号", "430204"),
        ("醴陵市示例路2号", "430281"),
        ("示例大道312号", None),
    ],
)
def test_an_address_tells_the_district_only_where_it_begins_with_one(
    address: str, district: str | None
) -> None:
    found = outcome("land.conversions", sample("land.conversions", XMWZ=address))
    assert isinstance(found, Accepted)
    said = found.statements[0]
    assert isinstance(said, ProjectRecord)
    assert said.place.district == district
    assert found.issues == ()
