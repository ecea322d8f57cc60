from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pydantic import ValidationError

import schemas
from schemas import Place, ProjectRecord

ROOM = Path(schemas.__file__).parent


def test_everything_the_package_promises_is_there() -> None:
    assert all(hasattr(schemas, name) for name in schemas.__all__)
    assert len(set(schemas.__all__)) == len(schemas.__all__)


def test_a_schema_cannot_change_and_takes_no_unknown_field() -> None:
    place = Place(district="430204")
    with pytest.raises(ValidationError, match="frozen"):
        place.district = "430211"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="colour"):
        Place(colour="red")  # type: ignore[call-arg]


def test_a_statement_goes_round_through_json() -> None:
    record = ProjectRecord(
        source="land.supply",
        key="1",
        department="land",
        bears=schemas.parse_identifiers(schemas.Scheme.SUPERVISION_NO, "4302042024B00056").value,
        place=Place(district=schemas.find_district("石峰区", 430200).value),
        areas={"land_area": area} if (area := schemas.parse_area("13.3334", "公顷").value) else {},
        evidence=(
            schemas.Evidence(milestone="A5", rank=schemas.Rank.A, on=schemas.parse_date("2024-05-20").value),
        ),
    )
    assert record.areas["land_area"].square_metres == 133334
    assert ProjectRecord.model_validate_json(record.model_dump_json()) == record


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
