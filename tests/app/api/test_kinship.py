"""A family of three phases with two sections each and parcels they share: told, summed once, and outliving a rebuild."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.db import judgements, jurisdictions
from app.db.judgements import Side
from app.pipeline.rules import load_rules
from connectors.manifest import parse
from connectors.registry import Registry, Source
from schemas.judgements import Verdict
from tests.app.api.conftest import serving
from tests.support.callers import trusted
from tests.support.client import Client
from tests.support.corridor import feed, opened, same_as_rebuilt
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, rid, signed, small_registry

HERE, THERE = JURISDICTIONS
SIGNED, SECTIONS, SUPPLIES = "commerce.signed", "housing.sections", "land.supplies"
OWNER = "株洲恒某新能源科技有限公司"
MANIFESTS = (
    """
key = "housing.sections"
title = { zh = "施工许可", en = "Permits by section" }
department = "housing"
owner = "住建局建管科"
transport = { kind = "table", variable = "TEST_SECTIONS_URL", table = "SECTIONS", updated = "updated", id = "no" }
schedule = { every = 60 }
identity = { columns = ["no"] }
version = { columns = ["updated"] }
identifiers = [{ scheme = "works_code", from = "section" }]
parties = [{ role = "owner", name = "owner" }]
evidence = [{ milestone = "C5", rank = "A", date = "issued", number = "no" }]
[fields]
name = "name"
works = "section"
[money]
contract_price = { from = "price", unit = "万元" }
""",
    """
key = "land.supplies"
title = { zh = "供地", en = "Supplies" }
department = "land"
owner = "资规局利用科"
transport = { kind = "table", variable = "TEST_SUPPLIES_URL", table = "SUPPLIES", updated = "updated", id = "no" }
schedule = { every = 60 }
identity = { columns = ["no"] }
version = { columns = ["updated"] }
identifiers = [{ scheme = "supervision_no", from = "parcel" }]
parties = [{ role = "land_holder", name = "owner" }]
[fields]
name = "name"
parcel = "parcel"
[areas]
site_area = { from = "area", unit = "㎡" }
""",
)
PHASES = {1: "一期", 2: "二期", 3: "三期"}
PARCELS = {1: ("4302042024B00001",), 2: ("4302042024B00001", "4302042024B00002"), 3: ("4302042024B00002",)}
AREAS = {"4302042024B00001": 30_000, "4302042024B00002": 20_000}


def name(phase: int) -> str:
    return f"恒某电池材料产业基地（{PHASES[phase]}）"


def code(phase: int) -> str:
    return f"240{phase}-430204-04-01-34567{phase}"


@pytest.fixture
def city(database_url: str) -> Iterator[SmallCity]:
    known = {
        **small_registry().sources,
        **{m.key: Source(m, Path("/nowhere")) for m in map(parse, MANIFESTS)},
    }
    with opened(database_url) as database:
        made = SmallCity(database, Registry(known, []))
        for phase in PHASES:
            said = {"owner": OWNER, "name": name(phase), "updated": "2024-09-18 10:00:00"}
            made.land(
                SIGNED,
                signed(f"p{phase}", name(phase), code=code(phase), investor=OWNER, amount=f"{phase}0000"),
            )
            made.land(
                SECTIONS,
                *(
                    said
                    | {"no": f"{phase}-{n}", "section": f"{code(phase)}-00{n}", "price": "1000"}
                    | {"issued": "2024-09-18"}
                    for n in (1, 2)
                ),
            )
            made.land(
                SUPPLIES,
                *(
                    said | {"no": f"{phase}/{parcel}", "parcel": parcel, "area": str(AREAS[parcel])}
                    for parcel in PARCELS[phase]
                ),
            )
        other = {"code": "2409-430204-04-01-999999", "investor": "株洲某市政有限公司", "amount": "7000"}
        made.land(SIGNED, signed("road", "恒某大道配套道路", **other))
        made.drain()
        yield made


@pytest.fixture
def client(city: SmallCity) -> Iterator[Client]:
    with serving(city) as caller:
        yield trusted(caller, city.database.url)


def say(city: SmallCity, a: str, verdict: Verdict, b: str) -> int:
    """Say a word on two signed projects, in both jurisdictions."""
    for jurisdiction in JURISDICTIONS:
        with city.database.begin() as connection:
            held = jurisdictions.hold(connection, jurisdiction)
            one, other = (Side(rid(SIGNED, key, jurisdiction), "", ("", "")) for key in (a, b))
            number = judgements.add(connection, held, one, other, verdict, "seen", "reviewer")
    city.drain()
    return number


def project(key: str, jurisdiction: int = HERE) -> str:
    return rid(SIGNED, key, jurisdiction)


def told(client: Client, key: str, jurisdiction: int = HERE) -> Any:
    answer = client.get(f"/projects/{project(key, jurisdiction)}/relations")
    assert answer.status_code == 200
    return answer.json()


def relations(document: Mapping[str, Any]) -> set[tuple[str, str, str, str]]:
    return {(one["kind"], one["one"], one["other"], one["why"]) for one in document["relations"]}


FAMILY = {
    ("phase_of", project("p2"), project("p1"), "phase"),
    ("phase_of", project("p3"), project("p1"), "phase"),
}


def test_each_phase_is_a_project_with_its_sections_and_parcels_and_tells_what_it_is_a_phase_of(
    city: SmallCity, client: Client
) -> None:
    for phase in PHASES:
        document = client.get(f"/projects/{project(f'p{phase}')}").json()
        assert {one["works"] for one in document["works"]} == {f"{code(phase)}-00{n}" for n in (1, 2)}
        assert {one["parcel"] for one in document["parcels"]} == set(PARCELS[phase])
        assert relations(document) == {one for one in FAMILY if project(f"p{phase}") in one}
        assert document["within"] is None
    assert relations(told(client, "p2")) == {one for one in FAMILY if project("p2") in one}
    assert {one["project_id"] for one in told(client, "p2", THERE)["family"]} == {
        project(f"p{phase}", THERE) for phase in PHASES
    }


def test_a_family_s_sums_count_each_phase_section_and_shared_parcel_once(client: Client) -> None:
    for asked in ("p1", "p3"):
        family = told(client, asked)
        assert [one["project_id"] for one in family["family"]] == sorted(project(f"p{n}") for n in PHASES)
        assert family["whole"] is True
        sums = {field: Decimal(value) for field, value in family["totals"].items()}
        assert sums == {
            "projects": 3,
            "investment": 600_000_000,
            "works": 6,
            "contract_price": 60_000_000,
            "floor_area": 0,
            "parcels": 2,
            "site_area": 50_000,
        }


def funnel(client: Client) -> tuple[int, int]:
    answer = client.get("/portfolio/funnel").json()
    return answer["projects"], int(Decimal(answer["investment"]))


def test_a_part_and_what_was_replaced_count_within_their_project_until_the_word_is_taken_back(
    city: SmallCity, client: Client
) -> None:
    assert funnel(client) == (4, 670_000_000)
    word = say(city, "road", Verdict.PART_OF, "p1")
    assert funnel(client) == (3, 600_000_000)
    assert client.get(f"/projects/{project('road')}").json()["within"] == project("p1")
    listed = {one["project_id"]: one["within"] for one in client.get("/projects").json()["items"]}
    assert listed == {project(f"p{n}"): None for n in PHASES} | {project("road"): project("p1")}
    assert told(client, "p3")["totals"]["projects"] == 3
    assert len(told(client, "p3")["family"]) == 4
    say(city, "p1", Verdict.PART_OF, "road")  # a ring: it is asked about, and changes nothing
    assert funnel(client) == (3, 600_000_000)
    with city.database.begin() as connection:
        held = jurisdictions.hold(connection, HERE)
        judgements.withdraw(connection, held, word, "was wrong", "reviewer")
        judgements.withdraw(connection, held, word + 1, "was wrong", "reviewer")
    city.drain()
    assert funnel(client) == (4, 670_000_000)
    say(city, "p3", Verdict.REPLACES, "road")
    assert funnel(client) == (3, 600_000_000)


def test_the_money_of_the_parts_counts_where_the_whole_states_none(city: SmallCity, client: Client) -> None:
    city.land(SIGNED, signed("p1", name(1), code=code(1), investor=OWNER, amount=""))
    say(city, "road", Verdict.PART_OF, "p1")
    assert funnel(client) == (3, 570_000_000)
    city.land(SIGNED, signed("p1", name(1), code=code(1), investor=OWNER, amount="20000"))
    city.drain()
    assert funnel(client) == (3, 700_000_000)


def test_a_word_takes_the_machine_s_place_is_told_in_the_feed_and_outlives_a_rebuild(
    city: SmallCity, client: Client
) -> None:
    begun = len(feed(city.database, HERE))
    say(city, "p3", Verdict.PHASE_OF, "p2")
    say(city, "road", Verdict.PART_OF, "p1")
    words = {
        ("phase_of", project("p3"), project("p2"), "word"),
        ("part_of", project("road"), project("p1"), "word"),
    }
    assert relations(told(client, "p3")) >= {("phase_of", project("p3"), project("p2"), "word")}
    assert words <= relations(told(client, "p2")) | relations(told(client, "p1"))
    changed = {row[2] for row in feed(city.database, HERE)[begun:] if row[1] == "updated"}
    assert changed >= {project("p1"), project("p2"), project("p3"), project("road")}
    same_as_rebuilt(city.database, load_rules(city.registry))


def test_why_two_projects_are_apart_is_told(city: SmallCity, client: Client) -> None:
    [apart] = [one for one in told(client, "p2")["apart"] if project("p3") in (one["one"], one["other"])]
    assert apart["why"] == "phase"
    assert apart["score"] > 400_000


def test_relations_are_found_by_any_record_and_nowhere_else(client: Client) -> None:
    moved = client.get(f"/projects/{rid(SECTIONS, '2-1')}/relations")
    assert moved.status_code == 307
    assert client.get(f"/projects/{rid(SIGNED, 'nobody')}/relations").status_code == 404
