"""Where records are as resolved last: the project of one, who lives in it, and which records are closest."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

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


def closest(
    connection: Connection, jurisdiction: int, one: str, other: str, *, of_record: bool = False
) -> tuple[str, str]:
    """Give the two living records that stand for two projects: those that score best, else the earliest of each.

    With `of_record` the first is that very record. Raises NotFound where a project has no living record.
    """
    first = "m.record_id = :one" if of_record else "m.project_id = :one AND m.live"
    row = connection.execute(
        text(
            # sql-lint: allow built-text — one of the two clauses written above
            "SELECT m.record_id, o.record_id FROM cluster m JOIN LATERAL (SELECT p.b AS other, p.score FROM pair p"
            "  WHERE p.jurisdiction = :j AND p.a = m.record_id UNION ALL SELECT p.a, p.score FROM pair p"
            "  WHERE p.jurisdiction = :j AND p.b = m.record_id) p ON true"
            " JOIN cluster o ON o.jurisdiction = m.jurisdiction AND o.record_id = p.other"
            f" WHERE m.jurisdiction = :j AND {first} AND o.project_id = :other AND o.live"
            " ORDER BY p.score DESC, 1, 2 LIMIT 1"
        ),
        {"j": jurisdiction, "one": one, "other": other},
    ).one_or_none()
    if row is not None:
        return row[0], row[1]
    sides = [one] if of_record else living(connection, jurisdiction, one)[:1]
    sides += living(connection, jurisdiction, other)[:1]
    if len(sides) < 2:
        raise NotFound("every record of one of these projects was withdrawn by its department")
    return sides[0], sides[1]


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
    """Give how many pairs of living records between two projects have a score, and the sum of these."""
    row = connection.execute(
        text(
            "SELECT count(*), coalesce(sum(p.score), 0) FROM pair p"
            " JOIN cluster x ON x.jurisdiction = p.jurisdiction AND x.record_id = p.a AND x.live"
            " JOIN cluster y ON y.jurisdiction = p.jurisdiction AND y.record_id = p.b AND y.live"
            " WHERE p.jurisdiction = :j AND ((x.project_id = :one AND y.project_id = :other)"
            "  OR (x.project_id = :other AND y.project_id = :one))"
        ),
        {"j": jurisdiction, "one": one, "other": other},
    ).one()
    return row[0], int(row[1])


def best_between(
    connection: Connection, jurisdiction: int, one: str, other: str, n: int
) -> list[tuple[str, str, int]]:
    """Give the `n` best pairs (a, b, score) of living records between two projects."""
    rows = connection.execute(
        text(
            "SELECT p.a, p.b, p.score FROM pair p"
            " JOIN cluster x ON x.jurisdiction = p.jurisdiction AND x.record_id = p.a AND x.live"
            " JOIN cluster y ON y.jurisdiction = p.jurisdiction AND y.record_id = p.b AND y.live"
            " WHERE p.jurisdiction = :j AND ((x.project_id = :one AND y.project_id = :other)"
            "  OR (x.project_id = :other AND y.project_id = :one)) ORDER BY p.score DESC, p.a, p.b LIMIT :n"
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
