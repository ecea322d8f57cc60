from __future__ import annotations

from decimal import Decimal
from time import perf_counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.keys import block_keys
from app.pipeline.matching.normal import MOST_OWNERS, Normal, pack, unpack
from app.pipeline.matching.normal import normal as prepared
from app.pipeline.matching.stated import Stated, StatedParty, StatedPlace, StatedTexts, stated
from schemas.identifiers import Identifier
from schemas.measures import Money
from schemas.parties import Party, Role
from schemas.places import Place
from schemas.records import ProjectRecord
from schemas.schemes import Scheme, Status
from tests.app.pipeline.matching.drawn import RECORD

CODE = "2403-430211-04-01-123456"


def number(scheme: Scheme, value: str, status: Status = Status.VALID) -> Identifier:
    return Identifier(scheme=scheme, value=value, raw=value, status=status)


def record(**said: object) -> ProjectRecord:
    return ProjectRecord(**{"source": "housing.projects", "key": "1", "department": "housing", **said})


def normal(record_id: str, said: ProjectRecord) -> Normal:
    """Prepare a record the way it is read back from where it lies."""
    return prepared(record_id, stated(said.model_dump_json(exclude_defaults=True)))


def test_only_valid_current_codes_are_codes():
    said = (
        number(Scheme.PROJECT_CODE, CODE),
        number(Scheme.PROJECT_CODE, "2403-430211-04-88-123456", Status.PSEUDO),
        number(Scheme.PROJECT_CODE, "2403-430211-04-01-999999", Status.SUPERSEDED),
    )
    assert normal("430200-a", record(cites=said)).codes == ("24034302110401123456",)


def test_a_works_code_gives_the_project_code_it_leads_with_or_else_its_base():
    led = normal("430200-a", record(bears=(number(Scheme.WORKS_CODE, f"{CODE}-002"),)))
    assert led.codes == ("24034302110401123456",)
    assert led.bears == {f"works_code:{CODE}-002"}
    local = normal("430200-a", record(bears=(number(Scheme.WORKS_CODE, "GC430211-2024-0017-002"),)))
    assert local.codes == ()
    assert local.bears == {"works_code:GC430211-2024-0017-002", "works_base:GC430211-2024-0017"}


def test_a_pseudo_number_links_nothing_and_a_suspect_one_is_marked():
    said = (
        number(Scheme.WORKS_CODE, "2403-430211-04-88-123456-001", Status.PSEUDO),
        number(Scheme.CONSTRUCTION_PERMIT, "12", Status.SUSPECT),
    )
    assert normal("430200-a", record(cites=said)).cites == {"suspect:construction_permit/12"}


def test_a_cited_land_document_may_be_the_approval_or_the_contract():
    use = normal("430200-a", record(cites=(number(Scheme.LAND_APPROVAL_NO, "株土合字〔2024〕15"),)))
    supply = normal("430200-b", record(bears=(number(Scheme.LAND_CONTRACT_NO, "株土合字〔2024〕15"),)))
    assert use.cites & supply.bears == {"land_contract_no:株土合字〔2024〕15"}
    assert set(block_keys(use)) & set(block_keys(supply))


def test_only_those_who_own_the_project_count_as_its_owners():
    valid = number(Scheme.USCC, "91430211MA4D00111A")
    parties = (
        Party(role=Role.BUILDER, name="某建工有限公司", uscc=number(Scheme.USCC, "91430204MA4D00180A")),
        Party(role=Role.INVESTOR, name="某某集团有限公司"),
        Party(role=Role.PROJECT_COMPANY, name="株洲某某新材有限公司", uscc=valid),
    )
    n = normal("430200-a", record(parties=parties))
    assert n.owner_cores == ("某某新材", "某某")
    assert n.usccs == ("91430211MA4D00111A",)


def test_a_district_of_the_whole_city_says_nothing_of_the_place():
    assert normal("430200-a", record(place=Place(district="430200"))).district is None
    assert normal("430200-a", record(place=Place(district="430211"))).district == "430211"


def test_place_words_are_those_of_the_record_s_own_city_and_a_seat_at_the_head_is_none():
    n = normal("430200-a", record(name="湖南省株洲市天元区恒某基地项目"))
    assert n.core == "恒某基地"
    far = normal("110000-a", record(name="恒某株洲基地项目", place=Place(district="110101")))
    assert far.core == "恒某株洲基地"
    owner = (Party(role=Role.INVESTOR, name="江苏恒某新材集团股份有限公司"),)
    assert normal("430200-a", record(parties=owner)).owner_cores == ("恒某新材",)


def test_the_total_investment_is_the_amount_that_is_compared():
    money = {
        "paid_in": Money(yuan=Decimal(1), raw="1", unit="元"),
        "total_investment": Money(yuan=Decimal(500_000_000), raw="5", unit="亿元"),
    }
    assert normal("430200-a", record(money=money)).amount == Decimal(500_000_000)
    assert normal("430200-a", record(money={"paid_in": money["paid_in"]})).amount is None


def test_a_name_that_says_nothing_is_no_name_and_its_common_words_are_kept():
    n = normal("430200-a", record(name="株洲市工业用地"))
    assert (n.core, n.generic) == ("", "工业")
    assert normal("430200-a", record()).generic == ""


def test_the_park_of_the_address_or_before_the_brand_is_no_part_of_the_core():
    owner = (Party(role=Role.OWNER, name="株洲珂某陶瓷科技有限公司"),)
    for address in ("荷塘区夏某街道金某工业园铜某街847号", "夏某街道铜某街与黄某路交叉口西北侧"):
        said = record(
            name="金某工业园珂某陶瓷蜂窝结构件总部基地", parties=owner, place=Place(address=address)
        )
        n = normal("430200-a", said)
        assert n.core == "珂某陶瓷蜂窝结构件总部基地"
        assert n.rest == "蜂窝结构件总部基地"


def test_a_zone_is_the_park_where_the_address_names_none():
    assert normal("430200-a", record(place=Place(zone="某坳创新港"))).park == "某坳创新港"
    both = Place(zone="某坳创新港", address="某某镇另某产业园某某路1号")
    assert normal("430200-a", record(place=both)).park == "另某产业园"


def test_the_roads_of_the_name_are_places_too():
    n = normal("430200-a", record(name="霞某栗某路干路工程", place=Place(address="霞某镇沩某大道75号")))
    assert n.spots == {"栗某路", "沩某大道"}
    assert n.town == "霞某"


def test_a_record_of_many_owners_is_compared_by_its_first():
    parties = tuple(Party(role=Role.LAND_HOLDER, name=f"恒某{i}号新材有限公司") for i in range(3000))
    assert normal("430200-a", record(parties=parties)).owner_cores == tuple(
        f"恒某{i}号新材" for i in range(MOST_OWNERS)
    )


ANY = st.text(max_size=30)


@given(ANY, ANY, ANY, ANY, st.sampled_from([None, "430211", "430200", "99", ""]))
def test_whatever_is_said_is_prepared_and_packed(name, owner, address, zone, district):
    said = Stated(
        "a.b",
        name=name,
        parties=(StatedParty("owner", owner),),
        place=StatedPlace(district, zone, address),
        texts=StatedTexts(zone),
    )
    n = prepared("430200-a", said)
    assert unpack(pack(n)) == n
    assert bool(n.core) + bool(n.generic) <= 1
    block_keys(n)


@given(RECORD)
def test_a_packed_record_is_what_it_was_and_equal_ones_are_packed_alike(x):
    packed = pack(x)
    assert unpack(packed) == x
    for field, value in zip(x.__struct_fields__, msgspec.msgpack.decode(packed), strict=True):
        if isinstance(getattr(x, field), frozenset):
            assert value == sorted(value)


def test_preparing_a_record_takes_a_fraction_of_a_millisecond():
    one = record(
        name="湖南省株洲市恒某年产5万吨碳纤维复合材料生产基地建设项目（二期）1#厂房",
        parties=(
            Party(
                role=Role.OWNER, name="株洲恒某新材有限公司", uscc=number(Scheme.USCC, "91430211MA4D00111A")
            ),
        ),
        bears=(number(Scheme.WORKS_CODE, f"{CODE}-002"),),
        place=Place(district="430211", address="株洲市天元区某路一号"),
    )
    block_keys(normal("430200-a", one))
    begun = perf_counter()
    for _ in range(500):
        block_keys(normal("430200-a", one))
    assert perf_counter() - begun < 0.5


def test_a_record_without_an_address_is_where_its_name_says():
    def placed(name: str | None, address: str | None) -> Normal:
        where = Place(district="430202", address=address)
        return normal(
            "430200-a", ProjectRecord(source="a.b", key="1", department="a", name=name, place=where)
        )

    named, stated_ = (
        placed("荷塘区金山街道白沙村现状工业用地项目", None),
        placed(None, "荷塘区金山街道白沙村"),
    )
    assert (named.town, named.spots) == (stated_.town, stated_.spots) == ("金山", frozenset({"白沙村"}))
    assert placed("白沙村项目", "金山路1号").street == "金山路"
