"""What stands in for a schema has its fields, its values and its bytes."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from app.pipeline.assembly import structs
from app.pipeline.assembly.structs import read_part, read_project
from schemas import golden, lifecycle
from schemas.base import Schema
from schemas.golden import Loser
from schemas.records import PartRecord, ProjectRecord
from schemas.structs import struct_of
from tests.support.factories import make_completion, make_part_record, make_permit, make_supply

_MADE = [name for name in structs.__all__ if name[0].isupper()]
_EXPECTED = sorted((Path(__file__).parents[4] / "connectors/departments").glob("*/*/expected.json"))


def _recorded() -> list[ProjectRecord | PartRecord]:
    """Give the statements every connector's sample is expected to become."""
    return [
        (PartRecord if "part" in said else ProjectRecord)(source="a.b", key="k", department="a", **said)
        for expected in _EXPECTED
        for row in json.loads(expected.read_text("utf-8"))
        for said in row.get("statements", ())
    ]


def test_every_statement_of_every_department_reads_back_as_its_schema_reads_it() -> None:
    found = _recorded()
    assert len(found) > 50
    for said in (*found, make_permit().record, make_supply().record, make_part_record()):
        stored = said.model_dump_json(exclude_defaults=True)
        read = read_project(stored) if isinstance(said, ProjectRecord) else read_part(stored)
        assert read.model_dump_json() == type(said).model_validate_json(stored).model_dump_json()
        assert read.evidence == tuple(map(_as_struct, said.evidence))


def _as_struct(value: object) -> object:
    """Give the struct with a schema's own values, so that a value of another type is seen."""
    if not isinstance(value, Schema):
        return value
    return struct_of(type(value))(
        **{name: _as_struct(getattr(value, name)) for name in type(value).model_fields}
    )


@pytest.mark.parametrize("yuan", ["0", "-0.50", "1E+9", "0.000000001", "12345678901234567890.10"])
def test_amounts_are_read_back_exactly_as_they_were_written(yuan: str) -> None:
    said = make_completion().record.model_dump(mode="json")
    said["money"]["actual_cost"]["yuan"] = yuan
    read = read_project(json.dumps(said)).money["actual_cost"].yuan
    assert (type(read), str(read)) == (Decimal, str(Decimal(yuan)))


def test_every_character_is_written_as_its_schema_writes_it() -> None:
    everything = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x10400), 0x1F3D7, 0x10FFFF]))
    said = {"value": everything, "record_id": "r", "source": "s", "reason": "sum"}
    assert structs.Loser(**said).model_dump_json() == Loser(**said).model_dump_json()


@pytest.mark.parametrize("name", _MADE)
def test_a_struct_has_its_schemas_fields_in_order_and_cannot_change(name: str) -> None:
    schema = getattr(golden, name, None) or getattr(lifecycle, name)
    made = getattr(structs, name)
    assert made.__struct_fields__ == tuple(schema.model_fields)
    with pytest.raises(TypeError):
        made()
    values = dict.fromkeys(schema.model_fields, "x")
    with pytest.raises(AttributeError):
        setattr(made(**values), made.__struct_fields__[0], "y")
