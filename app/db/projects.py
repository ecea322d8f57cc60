"""Golden projects as they are read: lists by keyset, one project by any of its records' ids."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.access.reach import Reach
from app.db.filters import part_of, seen, spoken_for, where
from app.db.texts import text
from app.errors import Gone, NotFound
from schemas.api.projects import ProjectFilters, ProjectQuery, ProjectSummary, RecordView
from schemas.golden import Claim, GoldenProject
from schemas.ids import jurisdiction_of

FILTERS = {
    "stage": "stage = :stage",
    "district": "district = :district",
    "department": "departments @> ARRAY[CAST(:department AS text)]",
    "path": "path = :path",
    "loop": "loop = :loop",
    "text": "name ILIKE :text",
    "updated_since": "updated_at >= :updated_since",
}
SUMMARY = ", ".join(ProjectSummary.model_fields)
ORDERS = {
    "id": ("project_id", {"after_id": "project_id > :after_id"}),
    "updated": (
        "updated_at, project_id",
        {"after_id": "(updated_at, project_id) > (:after_at, :after_id)"},
    ),
}


UNKNOWN = "no project or record has this id"


class Moved(Exception):
    """The record asked for is now a member of another project."""

    def __init__(self, project_id: str) -> None:
        super().__init__(project_id)
        self.project_id = project_id


class Document(NamedTuple):
    """A stored document with the hash that names its content."""

    body: str
    etag: str


def search(
    connection: Connection,
    jurisdiction: int,
    reach: Reach,
    query: ProjectQuery,
    after: tuple[datetime | None, str] | None,
    n: int,
) -> list[ProjectSummary]:
    """Give up to `n` projects that a reach sees and the query means in its order, behind the place `after` (moment of change, id)."""
    order_sql, place = ORDERS[query.order]
    place_sql = where(place, {"after_id": after and after[1]})
    meant_sql, values = meant(jurisdiction, reach, query)
    rows = connection.execute(
        text(
            f"SELECT {SUMMARY} FROM project WHERE jurisdiction = :j{meant_sql}{place_sql}"
            f" ORDER BY {order_sql} LIMIT :n"
        ),
        values | {"n": n, "after_at": after and after[0], "after_id": after and after[1]},
    )
    return [ProjectSummary.model_validate(dict(row)) for row in rows.mappings()]


def meant(jurisdiction: int, reach: Reach, query: ProjectFilters) -> tuple[str, dict[str, Any]]:
    """Give the conditions (` AND …`) by which a query means projects that a reach sees, and their values."""
    values = query.model_dump(include=set(FILTERS), exclude_none=True)
    if query.text is not None:
        values["text"] = part_of(query.text)
    seen_sql, seen_values = seen(reach)
    return where(FILTERS, values) + seen_sql, values | seen_values | {"j": jurisdiction}


def golden(connection: Connection, reach: Reach, project_id: str) -> Document:
    """Give the golden project's stored JSON; raise Moved, Gone or NotFound."""
    row = _row(connection, reach, project_id)
    return Document(row.golden, row.etag)


def ledger(connection: Connection, reach: Reach, project_id: str) -> Document:
    """Give the loop ledger's stored JSON; raise Moved, Gone or NotFound."""
    row = _row(connection, reach, project_id)
    return Document(row.ledger, row.etag)


def explain(connection: Connection, reach: Reach, project_id: str, field: str) -> Claim:
    """Give the claim of one field with its losers; raise Moved, Gone or NotFound."""
    project = GoldenProject.model_validate_json(_row(connection, reach, project_id).golden)
    claim = next((claim for claim in project.claims if claim.field == field), None)
    if claim is None:
        raise NotFound(f"no department has said {field!r} of this project")
    return claim


def records(
    connection: Connection, reach: Reach, project_id: str, after: str | None, n: int
) -> list[RecordView]:
    """Give up to `n` records of a project behind the id `after`, of the departments a reach speaks for.

    Members and the parts that hang on them, by id.
    """
    own_sql, own = spoken_for(reach, "r.source")
    _row(connection, reach, project_id)
    rows = connection.execute(
        text(
            "WITH own AS (SELECT record_id FROM member WHERE jurisdiction = :j AND project_id = :id)"
            " SELECT r.record_id, r.source, r.key, r.kind, r.parent_id, r.live, r.version, r.said_at, r.delivery_no,"
            " r.row_no, r.statement FROM record r WHERE r.jurisdiction = :j AND (r.record_id IN (SELECT record_id FROM own)"
            f" OR r.parent_id IN (SELECT record_id FROM own)) AND r.record_id > :after{own_sql} ORDER BY r.record_id LIMIT :n"
        ),
        {"j": jurisdiction_of(project_id), "id": project_id, "after": after or "", "n": n, **own},
    )
    return [
        RecordView.model_validate({**row, "statement": json.loads(row["statement"])})
        for row in rows.mappings()
    ]


class Side(NamedTuple):
    """Whose a record is: the departments and the district of the project it is in."""

    departments: list[str]
    district: str | None


def sides(connection: Connection, jurisdiction: int, record_ids: Iterable[str]) -> dict[str, Side]:
    """Give whose these records, or the projects that bear their ids, are; those in no project are left out."""
    rows = connection.execute(
        text(
            "SELECT m.record_id, p.departments, p.district FROM member m JOIN project p"
            " ON p.jurisdiction = m.jurisdiction AND p.project_id = m.project_id"
            " WHERE m.jurisdiction = :j AND m.record_id = ANY(:ids)"
        ),
        {"j": jurisdiction, "ids": list(record_ids)},
    )
    return {row[0]: Side(row[1], row[2]) for row in rows}


class _Row(NamedTuple):
    golden: str
    ledger: str
    etag: str
    district: str | None
    live: bool


def _row(connection: Connection, reach: Reach, project_id: str) -> _Row:
    asked: dict[str, Any] = {"j": jurisdiction_of(project_id), "id": project_id}
    row = connection.execute(
        text(
            "SELECT p.golden, p.ledger, p.etag, p.district, EXISTS (SELECT FROM member m WHERE m.jurisdiction = p.jurisdiction"
            " AND m.project_id = p.project_id AND m.live) AS live"
            " FROM project p WHERE p.jurisdiction = :j AND p.project_id = :id"
        ),
        asked,
    ).one_or_none()
    if row is None:
        raise _absence(connection, reach, asked)
    if not reach.sees_project(row.district):
        raise NotFound(UNKNOWN)
    if not row.live:
        raise Gone("every record of this project was withdrawn by its department")
    return _Row(*row)


def _absence(connection: Connection, reach: Reach, asked: dict[str, Any]) -> Exception:
    """Why there is no project of this id: its record is elsewhere, withdrawn, waiting, or was never said.

    Of what is in no project nobody knows the district, so it is told to those who see all.
    """
    row = connection.execute(
        text(
            "SELECT coalesce("
            "  (SELECT project_id FROM member WHERE jurisdiction = :j AND record_id = :id),"
            "  (SELECT m.project_id FROM record r JOIN member m ON m.jurisdiction = r.jurisdiction"
            "   AND m.record_id = r.parent_id WHERE r.jurisdiction = :j AND r.record_id = :id)) AS project_id,"
            " (SELECT live FROM record WHERE jurisdiction = :j AND record_id = :id) AS live,"
            " (SELECT op FROM memory.head WHERE jurisdiction = :j AND record_id = :id) AS op"
        ),
        asked,
    ).one()
    if row.project_id is not None and row.project_id != asked["id"]:
        side = sides(connection, asked["j"], [row.project_id]).get(row.project_id)
        return Moved(row.project_id) if reach.sees_project(side and side.district) else NotFound(UNKNOWN)
    if not reach.every_district:
        return NotFound(UNKNOWN)
    if row.live is False or row.op == "delete":
        return Gone("this record was withdrawn by its department and belongs to no project")
    if row.live or row.op is not None:
        return NotFound("this record has landed and is in no project yet; ask again in a few seconds")
    return NotFound(UNKNOWN)
