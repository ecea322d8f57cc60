from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from app.pipeline.matching.stated import Stated, stated
from schemas.identifiers import Identifier
from schemas.measures import Area, Money
from schemas.parties import Party, Role
from schemas.places import Place
from schemas.records import PartRecord, ProjectRecord
from schemas.schemes import Scheme, Status

WHO = {"source": "housing.projects", "key": "1", "department": "housing"}


def same(read: object, said: object) -> bool:
    """Tell whether everything that was read stands so in what was said."""
    if isinstance(read, msgspec.Struct):
        return all(same(getattr(read, field), getattr(said, field)) for field in read.__struct_fields__)
    if isinstance(read, dict) and isinstance(said, dict):
        return read.keys() == said.keys() and all(same(read[key], said[key]) for key in read)
    if isinstance(read, tuple) and isinstance(said, tuple):
        return len(read) == len(said) and all(map(same, read, said))
    return type(read) is type(said) and read == said


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
    sizes = [None, Decimal("1E+8"), Decimal("0.10"), Decimal(12345678901234567890)]
    said = ProjectRecord(
        **WHO,
        name="恒某基地\n“二期”",
        parties=(Party(role=Role.OWNER), *(Party(role=role, name="恒某", uscc=uscc) for role in Role)),
        place=Place(district="430211", address="某路1号", zone="高新区"),
        works_class="municipal",
        money={str(i): Money(yuan=yuan, raw="1", unit="元") for i, yuan in enumerate(sizes)},
        areas={str(i): Area(square_metres=area, raw="1", unit="㎡") for i, area in enumerate(sizes)},
        texts={"scope": "全部"},
    )
    assert same(stated(stored(said)), said)
    bare = ProjectRecord(**WHO)
    assert same(stated(stored(bare)), bare)


def test_every_field_that_is_read_is_one_of_the_statement() -> None:
    assert set(Stated.__struct_fields__) <= set(ProjectRecord.model_fields)
