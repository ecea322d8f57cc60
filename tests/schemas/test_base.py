from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pydantic import ValidationError

import schemas
from schemas import Place
from schemas.base import trusted
from schemas.parties import Party, Role

ROOM = Path(schemas.__file__).parent


def test_everything_the_package_promises_is_there() -> None:
    assert all(hasattr(schemas, name) for name in schemas.__all__)
    assert len(set(schemas.__all__)) == len(schemas.__all__)


def test_a_schema_cannot_change_and_takes_no_unknown_field() -> None:
    place = Place(district="430204")
    with pytest.raises(ValidationError, match="frozen"):
        place.district = "430211"  # type: ignore[misc]  # the mistake this test makes
    with pytest.raises(ValidationError, match="colour"):
        Place.model_validate({"colour": "red"})


def test_every_public_thing_says_in_a_docstring_what_it_promises() -> None:
    silent = []
    for path in ROOM.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in [tree, *ast.walk(tree)]:
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and not ast.get_docstring(node):
                name = getattr(node, "name", path.name)
                if not name.startswith("_"):
                    silent.append(f"{path.name}:{name}")
    assert silent == []


def test_what_is_made_in_trust_is_what_the_schema_makes() -> None:
    values = {"role": Role.OWNER, "name": "某公司", "uscc": None}
    made, checked = trusted(Party)(**values), Party(**values)
    assert (made, hash(made), repr(made)) == (checked, hash(checked), repr(checked))
    assert made.model_dump_json(exclude_defaults=True) == checked.model_dump_json(exclude_defaults=True)
    assert made.model_copy(update={"name": "乙"}) == checked.model_copy(update={"name": "乙"})


def test_what_is_made_in_trust_needs_every_field_in_order() -> None:
    with pytest.raises(TypeError, match="role, name, uscc"):
        trusted(Party)(role=Role.OWNER, name="某公司")
    with pytest.raises(TypeError, match="in this order"):
        trusted(Party)(name="某公司", role=Role.OWNER, uscc=None)
