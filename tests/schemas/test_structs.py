"""What stands in for a schema, made by our own parsers: the schema takes it, and both are written alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.base import Schema
from schemas.dates import StatedDate
from schemas.identifiers import Identifier
from schemas.lifecycle import Evidence, Planned
from schemas.measures import Area, Money
from schemas.parties import Party, Role
from schemas.places import Place
from schemas.records import Accepted, Issue, PartRecord, ProjectRecord, checked_outcome
from schemas.structs import changed, encode, maker, nothing_of

KINDS: list[type[Schema]] = [
    Area, Evidence, Identifier, Issue, Money, PartRecord, Party, Place, Planned, ProjectRecord, StatedDate,
]  # fmt: skip


st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False))


def as_struct(value: Any) -> Any:
    """Give the struct that stands in for a schema's value, with structs inside."""
    if isinstance(value, tuple):
        return tuple(map(as_struct, value))
    if isinstance(value, dict):
        return {name: as_struct(each) for name, each in value.items()}
    if not isinstance(value, Schema):
        return value
    if value == Place():
        return nothing_of(Place)
    fields = {name: as_struct(getattr(value, name)) for name in type(value).model_fields}
    return maker(type(value))(**fields)


@given(st.data())
def test_a_struct_is_written_as_its_schema_without_defaults_and_taken_for_it(data: st.DataObject) -> None:
    value = data.draw(st.one_of([st.from_type(kind) for kind in KINDS]))
    made = as_struct(value)
    assert encode(made).decode() == value.model_dump_json(exclude_defaults=True)
    assert type(value).model_validate(made) == value


def test_a_struct_needs_what_its_schema_needs_and_takes_nothing_else() -> None:
    with pytest.raises(TypeError, match="role"):
        maker(Party)(name="某公司")  # type: ignore[call-arg]  # the mistake this test makes
    with pytest.raises(TypeError, match="colour"):
        maker(Party)(role=Role.OWNER, colour="red")  # type: ignore[call-arg]  # the mistake this test makes
    with pytest.raises(AttributeError):
        maker(Party)(role=Role.OWNER).name = "某公司"  # type: ignore[misc]  # the mistake this test makes


def test_a_struct_with_a_field_changed_is_another() -> None:
    party = maker(Party)(role=Role.OWNER, name="甲")
    assert changed(party, name="乙") == maker(Party)(role=Role.OWNER, name="乙")
    assert party.name == "甲"


def test_an_outcome_with_a_wrong_value_in_a_struct_is_refused_when_it_is_checked() -> None:
    wrong: Any = {"source": "a.b", "key": "1", "department": "a", "name": 5}
    with pytest.raises(ValidationError, match="name"):
        checked_outcome(Accepted((maker(ProjectRecord)(**wrong),)))
