from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial

import msgspec
import pytest

from app.pipeline.matching.stated import Stated, StatedAreas, StatedSums, stated
from schemas.dates import Precision, StatedDate
from schemas.identifiers import Identifier
from schemas.lifecycle import Evidence, Rank
from schemas.measures import Area, Money
from schemas.parties import Party, Role
from schemas.places import Place
from schemas.records import PartRecord, ProjectRecord
from schemas.schemes import Scheme, Status

SUMS, AREAS = StatedSums.__struct_fields__, StatedAreas.__struct_fields__
WHO = {"source": "housing.projects", "key": "1", "department": "housing"}


def same(read: object, said: object) -> bool:
    """Tell whether everything that was read stands so in what was said."""
    if isinstance(read, msgspec.Struct):
        of = said.get if isinstance(said, dict) else partial(getattr, said)
        return all(same(getattr(read, field), of(field)) for field in read.__struct_fields__)
    if isinstance(read, tuple) and isinstance(said, tuple):
        return len(read) == len(said) and all(map(same, read, said))
    return read == (said.isoformat() if isinstance(said, date) else said)


def stored(said: ProjectRecord | PartRecord) -> str:
    return said.model_dump_json(exclude_defaults=True)


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("status", Status)
def test_every_number_is_read_as_it_was_said(scheme: Scheme, status: Status) -> None:
    number = Identifier(scheme=scheme, value="甲-1", raw="甲 1", status=status)
    said = ProjectRecord(**WHO, bears=(number,), cites=(number, number))
    assert same(stated(stored(said)), said)


def test_what_matching_reads_is_what_the_statement_says() -> None:
    uscc = Identifier(scheme=Scheme.USCC, value="91430211MA4D00111A", raw="91430211MA4D00111A")
    sizes = [None, Decimal("1E+8"), Decimal("0.10"), Decimal(12345678901234567890), Decimal(1)]
    said = ProjectRecord(
        **WHO,
        name="恒某基地\n“二期”",
        parties=(Party(role=Role.OWNER), *(Party(role=role, name="恒某", uscc=uscc) for role in Role)),
        place=Place(
            district="430211",
            address="某路1号",
            zone="高新区",
            longitude=Decimal("113.13"),
            latitude=Decimal("27.8"),
        ),
        industry="3741",
        works_class="municipal",
        money={key: Money(yuan=yuan, raw="1", unit="元") for key, yuan in zip(SUMS, sizes, strict=False)},
        areas={
            key: Area(square_metres=area, raw="1", unit="㎡") for key, area in zip(AREAS, sizes, strict=True)
        },
        evidence=(
            Evidence(
                milestone="B1",
                rank=Rank.A,
                on=StatedDate(day=date(2024, 5, 1), precision=Precision.DAY, raw="5月1日"),
            ),
            Evidence(milestone="O3", rank=Rank.D),
        ),
        texts={"scope": "全部", "scale": "建筑面积1万平方米"},
    )
    assert same(stated(stored(said)), said)
    bare = ProjectRecord(**WHO)
    assert same(stated(stored(bare)), bare)


def test_every_field_that_is_read_is_one_of_the_statement() -> None:
    assert set(Stated.__struct_fields__) <= set(ProjectRecord.model_fields)
