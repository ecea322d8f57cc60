from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pydantic import ValidationError

import schemas
from schemas import Place

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
