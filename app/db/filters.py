"""Filters of a list: only what was asked for enters the statement, and only as the clauses written here in code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.access.reach import Reach


def where(clauses: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """Give ` AND …` of the clauses whose value was given; values travel as parameters of the same names."""
    return "".join(f" AND {clause}" for name, clause in clauses.items() if values.get(name) is not None)


def part_of(text: str) -> str:
    """Give the LIKE pattern (escaped by a backslash) that finds `text` anywhere."""
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"


def seen(reach: Reach, column: str = "district") -> tuple[str, dict[str, Any]]:
    """Give ` AND …` of the projects a reach sees, by their column of districts, with its values."""
    if reach.every_district:
        return "", {}
    return f" AND {column} = ANY(CAST(:seen_districts AS text[]))", {
        "seen_districts": sorted(reach.districts)
    }


def spoken_for(reach: Reach, column: str = "source") -> tuple[str, dict[str, Any]]:
    """Give ` AND …` of the rows whose source is of one of the reach's departments, with its values."""
    if reach.every_department:
        return "", {}
    return f" AND split_part({column}, '.', 1) = ANY(CAST(:own_departments AS text[]))", {
        "own_departments": sorted(reach.departments)
    }


def owned(reach: Reach, column: str = "source") -> tuple[str, dict[str, Any]]:
    """Give ` AND …` of the rows a reach owns, by their column of sources, with its values."""
    return spoken_for(reach, column) if reach.every_district else (" AND false", {})


def answerable(reach: Reach) -> tuple[str, dict[str, Any]]:
    """Give ` AND …` of the questions `r` a reach answers (as `Reach.answers`), with its values."""
    sql, values = "", dict[str, Any]()
    if not reach.every_department:
        sql += " AND r.departments && CAST(:own_departments AS text[])"
        values["own_departments"] = sorted(reach.departments)
    if not reach.every_district:
        sql += " AND cardinality(r.districts) > 0 AND r.districts <@ CAST(:seen_districts AS text[])"
        values["seen_districts"] = sorted(reach.districts)
    return sql, values
