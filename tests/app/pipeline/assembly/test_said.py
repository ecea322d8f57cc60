"""What a record says of each field, as `fields.toml` tells where to read it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.assembly.said import plain, said_by
from schemas.fields import fields
from schemas.identifiers import Scheme, Status
from schemas.parties import Role
from schemas.places import Place
from tests.support.factories import (
    USCC,
    make_area,
    make_evidence,
    make_member,
    make_money,
    make_number,
    make_party,
)


def _named(kind: str) -> list[str]:
    return [row.read.partition(".")[2] for row in fields().values() if row.read.startswith(f"{kind}.")]


def test_a_record_that_says_everything_fills_every_field() -> None:
    words: dict[str, Any] = {row.read: "ACTIVE" for row in fields().values() if "." not in row.read}
    everything = make_member(
        bears=[make_number(scheme, "1") for scheme in _named("code")],
        parties=[make_party(role) for role in Role],
        place=Place(**{name: "某处" for name in Place.model_fields if name in _named("place")}),
        money={name: make_money(1) for name in _named("money")},
        areas={name: make_area(1) for name in _named("area")},
        **words,
    )
    said = said_by(everything, {"granted": "出让"})
    assert sorted(one.field for one in said) == sorted(fields())
    assert {one.full for one in said if one.field != "path"} == {len(fields()) - 1}


def test_of_several_numbers_and_bodies_the_smallest_speaks_and_no_suspect_one() -> None:
    record = make_member(
        cites=(make_number(Scheme.PROJECT_CODE, "cited"),),
        bears=(
            make_number(Scheme.PROJECT_CODE, "b"),
            make_number(Scheme.PROJECT_CODE, "c"),
            make_number(Scheme.PROJECT_CODE, "a", Status.SUSPECT),
        ),
        parties=(
            make_party(Role.OWNER, "乙"),
            make_party(Role.OWNER, "丙", None),
            make_party(Role.BUILDER, "甲"),
        ),
    )
    said = {one.field: one.value for one in said_by(record, {})}
    assert (said["project_code"], said["owner"], said["owner_uscc"]) == ("b", "丙", USCC)


def test_a_statement_is_weighed_by_its_speaker_its_evidence_and_its_time() -> None:
    record = make_member(
        industry="C3825",
        land_mode="出让",
        evidence=(make_evidence("A5", "C"), make_evidence("A5", "B")),
        stated_at="2024-06-01 10:00:00",
    )
    said = {one.field: one for one in said_by(record, {}, part=True)}
    assert (said["name"].part, said["industry"].part) == (True, False)
    assert (said["land_mode"].rank, said["industry"].rank) == (1, 4)
    assert said["land_mode"].stated == "2024-06-01T10:00:00"
    speaks = fields()["industry"].authority.index("commerce")
    assert said["industry"].place == speaks


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=6))
def test_plain_numbers_are_exact_and_one_text_per_number(number: Decimal) -> None:
    text = plain(number)
    assert Decimal(text) == number
    assert "E" not in text
    assert plain(number.quantize(Decimal("1e-9"))) == text
