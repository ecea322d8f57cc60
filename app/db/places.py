"""Where records are as resolved last: the project of one, who lives in it, and which records are closest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from app.db.texts import text
from app.errors import NotFound


def place_of(connection: Connection, jurisdiction: int, record_id: str) -> str:
    """Give the project a record, or the parent of a part, is in; raise NotFound where it is in none."""
    found: str | None = connection.execute(
        text(
            "SELECT coalesce((SELECT project_id FROM cluster WHERE jurisdiction = :j AND record_id = :id),"
            " (SELECT c.project_id FROM record r JOIN cluster c ON c.jurisdiction = r.jurisdiction"
            "   AND c.record_id = r.parent_id WHERE r.jurisdiction = :j AND r.record_id = :id))"
        ),
        {"j": jurisdiction, "id": record_id},
    ).scalar_one()
    if found is None:
        raise NotFound(f"{record_id} is in no project of jurisdiction {jurisdiction}")
    return found


def living(connection: Connection, jurisdiction: int, project_id: str) -> list[str]:
    """Give the records of a project that their departments stand by, the earliest first."""
    rows = connection.execute(
        text(
            "SELECT c.record_id FROM cluster c JOIN normal n USING (jurisdiction, record_id)"
            " WHERE c.jurisdiction = :j AND c.project_id = :p AND c.live"
            " ORDER BY n.first_delivery, n.first_row, c.record_id"
        ),
        {"j": jurisdiction, "p": project_id},
    )
    return list(rows.scalars())


# from the members of one project, so that only their own pairs are looked up
_LINKS = (
    "cluster m JOIN LATERAL (SELECT p.b AS other, p.score FROM pair p WHERE p.jurisdiction = :j AND p.a = m.record_id"
    "  UNION ALL SELECT p.a, p.score FROM pair p WHERE p.jurisdiction = :j AND p.b = m.record_id) p ON true"
    " JOIN cluster o ON o.jurisdiction = m.jurisdiction AND o.record_id = p.other"
    " WHERE m.jurisdiction = :j AND m.live AND o.live AND o.project_id = :other"
)


def closest(connection: Connection, jurisdiction: int, one: str, other: str) -> tuple[str, str]:
    """Give the two living records that stand for two projects: those that score best, else the earliest of each.

    Raises NotFound where a project has no living record.
    """
    return _first(best_between(connection, jurisdiction, one, other, 1)) or _earliest(
        *(living(connection, jurisdiction, project)[:1] for project in (one, other))
    )


def closest_to(connection: Connection, jurisdiction: int, record_id: str, project_id: str) -> tuple[str, str]:
    """Give a living record and the one that stands for a project beside it; raises NotFound where none there lives."""
    rows = connection.execute(
        text(
            f"SELECT m.record_id, p.other, p.score FROM {_LINKS} AND m.record_id = :id ORDER BY p.score DESC, 2 LIMIT 1"
        ),
        {"j": jurisdiction, "id": record_id, "other": project_id},
    )
    return _first([(row[0], row[1], row[2]) for row in rows]) or _earliest(
        [record_id], living(connection, jurisdiction, project_id)[:1]
    )


def _first(found: Sequence[tuple[str, str, int]]) -> tuple[str, str] | None:
    return found[0][:2] if found else None


def _earliest(one: Sequence[str], other: Sequence[str]) -> tuple[str, str]:
    if not one or not other:
        raise NotFound("every record of one of these projects was withdrawn by its department")
    return one[0], other[0]


def scores_between(
    connection: Connection, jurisdiction: int, left: Iterable[str], right: Iterable[str]
) -> dict[tuple[str, str], int]:
    """Give the stored scores between two sets of records, by (a, b) with a < b."""
    rows = connection.execute(
        text(
            "SELECT a, b, score FROM pair WHERE jurisdiction = :j AND a = ANY(:l) AND b = ANY(:r)"
            " UNION SELECT a, b, score FROM pair WHERE jurisdiction = :j AND b = ANY(:l) AND a = ANY(:r)"
        ),
        {"j": jurisdiction, "l": list(left), "r": list(right)},
    )
    return {(row[0], row[1]): row[2] for row in rows}


def etags(connection: Connection, jurisdiction: int, project_ids: Iterable[str]) -> dict[str, str]:
    """Give the hash of each of these projects' documents as served."""
    rows = connection.execute(
        text("SELECT project_id, etag FROM project WHERE jurisdiction = :j AND project_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(project_ids)},
    )
    return {row[0]: row[1] for row in rows}


def served_in(
    connection: Connection, jurisdiction: int, record_ids: Iterable[str]
) -> dict[str, tuple[str, str | None]]:
    """Give the project each of these records is served in, with its name; records in none are left out."""
    rows = connection.execute(
        text(
            "SELECT m.record_id, m.project_id, p.name FROM member m LEFT JOIN project p USING (jurisdiction, project_id)"
            " WHERE m.jurisdiction = :j AND m.record_id = ANY(:ids)"
        ),
        {"j": jurisdiction, "ids": list(record_ids)},
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def sums_between(connection: Connection, jurisdiction: int, one: str, other: str) -> tuple[int, int]:
    """Give how many pairs of living records between two projects have a score, and their sum; `one` is the smaller."""
    row = connection.execute(
        text(f"SELECT count(*), coalesce(sum(p.score), 0) FROM {_LINKS} AND m.project_id = :one"),
        {"j": jurisdiction, "one": one, "other": other},
    ).one()
    return row[0], int(row[1])


def best_between(
    connection: Connection, jurisdiction: int, one: str, other: str, n: int
) -> list[tuple[str, str, int]]:
    """Give the `n` best pairs (a, b, score) of living records between two projects, `a` of the first."""
    rows = connection.execute(
        text(
            f"SELECT m.record_id, p.other, p.score FROM {_LINKS} AND m.project_id = :one"
            " ORDER BY p.score DESC, least(m.record_id, p.other), greatest(m.record_id, p.other) LIMIT :n"
        ),
        {"j": jurisdiction, "one": one, "other": other, "n": n},
    )
    return [(row[0], row[1], row[2]) for row in rows]


def size(connection: Connection, jurisdiction: int, project_id: str) -> int:
    """Give how many living records a project has."""
    n: int = connection.execute(
        text("SELECT count(*) FROM cluster WHERE jurisdiction = :j AND project_id = :p AND live"),
        {"j": jurisdiction, "p": project_id},
    ).scalar_one()
    return n
