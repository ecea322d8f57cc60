"""What cannot both be true in a project's loop (`codes/contradictions.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from schemas.fields import Words


@dataclass(frozen=True, slots=True)
class OrderRow:
    """Milestone `after` may not be dated before `before`, nor more than `within_days` after it where that is given."""

    name: str
    before: str
    after: str
    within_days: int | None
    words: Words


@dataclass(frozen=True, slots=True)
class ContradictionTable:
    """Every rule of contradiction; words are templates for `str.format`."""

    days_apart: int
    undated: frozenset[str]
    unit_ratio: tuple[int, int]
    unit_fields: tuple[str, ...]
    words: dict[str, Words]
    orders: tuple[OrderRow, ...]


@cache
def contradiction_table() -> ContradictionTable:
    """Give the rules of contradiction with their words."""
    said = tomllib.loads(files("schemas.codes").joinpath("contradictions.toml").read_text("utf-8"))
    unit = said["unit_suspect"]
    return ContradictionTable(
        days_apart=said["dates_apart"]["days"],
        undated=frozenset(said["dates_apart"]["except"]),
        unit_ratio=(unit["least"], unit["most"]),
        unit_fields=tuple(unit["fields"]),
        words={name: Words(row["zh"], row["en"]) for name, row in said.items() if name != "order"},
        orders=tuple(
            OrderRow(
                row["name"], row["before"], row["after"], row.get("within_days"), Words(row["zh"], row["en"])
            )
            for row in said["order"]
        ),
    )
