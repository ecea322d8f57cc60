from __future__ import annotations

import schemas
from schemas import Place, ProjectRecord


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
