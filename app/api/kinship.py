"""A project's family: read by its relations, and summed with each matter once."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from app.access.reach import Reach
from app.db import projects, relations
from app.db.golden import ProjectRow, read_projects
from app.db.session import Connection
from schemas.api.relations import Apart, Family, FamilyTotals, Kinsman
from schemas.golden import GoldenProject
from schemas.ids import jurisdiction_of

MOST = 200
"""Projects of one family that are given and summed; a project's relations are given whole."""


def family(connection: Connection, reach: Reach, project_id: str) -> Family:
    """Give a project's relations and what a reach sees of its family; raise Moved, Gone or NotFound."""
    asked = GoldenProject.model_validate_json(projects.golden(connection, reach, project_id).body)
    jurisdiction = jurisdiction_of(project_id)
    assert jurisdiction is not None  # a project was found by the id
    ids, whole = _reached(connection, jurisdiction, project_id)
    found = read_projects(connection, jurisdiction, ids)
    rows = {rid: row for rid, row in found.items() if reach.sees_project(row.district)}
    apart = relations.relations_of(connection, jurisdiction, [project_id], apart=True)
    return Family(
        project_id=project_id,
        relations=asked.relations,
        apart=tuple(
            Apart(
                one=row.project_id,
                other=row.other_id,
                why=row.why,
                a=row.a,
                b=row.b,
                score=row.score,
                judgement_no=row.judgement_no,
            )
            for row in apart
            if row.kind == "apart"
        ),
        family=tuple(_kinsman(rows[rid]) for rid in ids if rid in rows),
        totals=totals(rows.values()),
        whole=whole,
    )


def _reached(connection: Connection, jurisdiction: int, project_id: str) -> tuple[list[str], bool]:
    """Give the projects that relations lead to, the nearest first until there are enough, by id."""
    found, frontier = {project_id}, {project_id}
    while frontier and len(found) <= MOST:
        rows = relations.relations_of(connection, jurisdiction, sorted(frontier))
        frontier = {other for row in rows for other in row[:2]} - found
        found |= frontier
    kept = sorted(found - {project_id})[: MOST - 1]
    return sorted([project_id, *kept]), len(found) <= MOST


def totals(rows: Iterable[ProjectRow]) -> FamilyTotals:
    """Sum a family: the money that sums count for each project, and each works section and parcel once.

    Of a section or parcel that several projects tell of the largest value counts: a part of a parcel is said of each part.
    """
    rows, counted = tuple(rows), list[Decimal]()
    documents = {row.project_id: GoldenProject.model_validate_json(row.golden) for row in rows}
    replaced = {r.other for one in documents.values() for r in one.relations if r.kind == "replaces"}
    prices: dict[str, Decimal] = {}
    floors: dict[str, Decimal] = {}
    areas: dict[str, Decimal] = {}
    for row in rows:
        if row.within is None:
            counted.append(row.counted or Decimal())
        if row.project_id in replaced:
            continue
        document = documents[row.project_id]
        for section in document.works:
            if not section.void:
                _keep(prices, section.works, section.contract_price)
                _keep(floors, section.works, section.floor_area)
        for parcel in document.parcels:
            _keep(areas, parcel.parcel, parcel.area)
    return FamilyTotals(
        projects=len(counted),
        investment=sum(counted, Decimal()),
        works=len(prices),
        contract_price=sum(prices.values(), Decimal()),
        floor_area=sum(floors.values(), Decimal()),
        parcels=len(areas),
        site_area=sum(areas.values(), Decimal()),
    )


def _keep(largest: dict[str, Decimal], key: str, value: str | None) -> None:
    largest[key] = max(largest.get(key, Decimal()), Decimal(value or 0))


def _kinsman(row: ProjectRow) -> Kinsman:
    kept = {name: getattr(row, name) for name in Kinsman.model_fields}
    return Kinsman.model_validate(kept)
