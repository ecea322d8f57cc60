"""Filters of a list: only what was asked for enters the statement, and only as the clauses written here in code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def where(clauses: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """Give ` AND …` of the clauses whose value was given; values travel as parameters of the same names."""
    return "".join(f" AND {clause}" for name, clause in clauses.items() if values.get(name) is not None)


def part_of(text: str) -> str:
    """Give the LIKE pattern (escaped by a backslash) that finds `text` anywhere."""
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"
