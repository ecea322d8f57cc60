"""How projects stand to one another, as resolving last found: what composing and the family view read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import starmap
from typing import NamedTuple

from sqlalchemy import Connection

from app.db.copy import array_of, copy_rows, fetch_rows
from app.db.resolution import Difference
from app.db.texts import text


class RelationRow(NamedTuple):
    """Two projects as clustered: `project_id` is a phase or part of `other_id`, replaces it, or is kept `apart` from it.

    `why` is `word` or a rule; `a` (of `project_id`) and `b` are the records it is read off, `score` theirs (10⁻⁶),
    `judgement_no` the word's.
    """

    project_id: str
    other_id: str
    kind: str
    why: str
    a: str
    b: str
    score: int
    judgement_no: int | None


Named = tuple[str, str, str]
"""What names a relation: its two projects and its kind."""
_TYPES = ("text", "text", "text", "text", "text", "text", "int4", "int8")


def relations_of(
    connection: Connection, jurisdiction: int, project_ids: Iterable[str], *, apart: bool = False
) -> list[RelationRow]:
    """Give the relations of these projects to any others, each once; with `apart` also why they are no project with others."""
    rows = fetch_rows(
        connection,
        "SELECT project_id, other_id, kind, why, a, b, score, judgement_no FROM relation WHERE jurisdiction = %(j)s"
        " AND project_id = ANY(CAST(%(ids)s AS text[])) AND (kind <> 'apart' OR %(apart)s)"
        " UNION SELECT project_id, other_id, kind, why, a, b, score, judgement_no FROM relation WHERE jurisdiction = %(j)s"
        " AND other_id = ANY(CAST(%(ids)s AS text[])) AND (kind <> 'apart' OR %(apart)s) ORDER BY 1, 2, 3",
        {"j": jurisdiction, "ids": array_of(project_ids), "apart": apart},
    )
    return list(starmap(RelationRow, rows))


def named(rows: Iterable[RelationRow]) -> Mapping[Named, RelationRow]:
    """Give relations by what names them."""
    return {(row.project_id, row.other_id, row.kind): row for row in rows}


def change_relations(
    connection: Connection, jurisdiction: int, relations: Difference[Named, RelationRow]
) -> None:
    """Forget relations and keep others."""
    if relations.gone:
        connection.execute(
            text(
                "DELETE FROM relation r USING unnest(CAST(:p AS text[]), CAST(:o AS text[]), CAST(:k AS text[]))"
                " g(project_id, other_id, kind) WHERE r.jurisdiction = :j AND r.project_id = g.project_id"
                " AND r.other_id = g.other_id AND r.kind = g.kind"
            ),
            {"j": jurisdiction, **{n: [one[i] for one in relations.gone] for i, n in enumerate("pok")}},
        )
    if relations.come:
        columns = [("jurisdiction", "int4"), *zip(RelationRow._fields, _TYPES, strict=True)]
        copy_rows(connection, "relation", columns, ((jurisdiction, *row) for row in relations.come))
