"""How a project stands to others, and its family, as HTTP gives them."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from schemas.base import Schema
from schemas.golden import Relation
from schemas.lifecycle import LoopState, Stage


class Apart(Schema):
    """Why this project was not made one with another that has a record alike enough to be one.

    `why` is a hard rule (`phase`, `zone`, `class`, `code`), `different` (the judgement `judgement_no`) or `average`: all
    their records together are less alike than the two, `a` and `b`, of which `score` (10⁻⁶) is.
    """

    one: str
    other: str
    why: Literal["phase", "zone", "class", "code", "different", "average"]
    a: str
    b: str
    score: int
    judgement_no: int | None


class Kinsman(Schema):
    """A project of a family; sums count it within the project `within`, where it has one; `investment` in yuan."""

    project_id: str
    name: str
    stage: Stage | None
    loop: LoopState
    status: str
    investment: Decimal | None
    within: str | None


class FamilyTotals(Schema):
    """A family's sums, each matter counted once: what is within another project in that, a shared parcel or section once.

    Money in yuan, areas in ㎡; what was replaced counts nowhere.
    """

    projects: int
    investment: Decimal
    works: int
    contract_price: Decimal
    floor_area: Decimal
    parcels: int
    site_area: Decimal


class Family(Schema):
    """A project's relations, why it is apart from others, and the family: all that relations lead to, by id.

    `whole` is false where the family has more projects than are given; its totals are of those given then.
    """

    project_id: str
    relations: tuple[Relation, ...]
    apart: tuple[Apart, ...]
    family: tuple[Kinsman, ...]
    totals: FamilyTotals
    whole: bool
