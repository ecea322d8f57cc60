"""All projects at once: the funnel, and the silo map with its freshness."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from schemas.api.shapes import Asked, District, ProjectPath, Words
from schemas.base import Schema
from schemas.lifecycle import LoopState, Stage


class PortfolioQuery(Asked):
    """Which projects a summary counts."""

    stage: Stage | None = None
    district: District | None = None
    path: ProjectPath | None = None
    loop: LoopState | None = None


class FunnelStage(Schema):
    """How many projects stand at a stage now, by state of their loop; `investment` in yuan.

    What is a part of another project, or was replaced by it, counts within that project; each phase counts for itself.
    """

    stage: Stage | None
    projects: int
    investment: Decimal
    loop: dict[LoopState, int]


class Funnel(Schema):
    """The portfolio by stage in order of life; projects at no stage yet come last."""

    projects: int
    investment: Decimal
    stages: tuple[FunnelStage, ...]


class CoverageQuery(Asked):
    """Which cells of the silo map."""

    department: Words | None = None
    stage: Stage | None = None


class CoverageCell(Schema):
    """What one department gives or owes at one stage: projects by state of their evidence."""

    department: str
    stage: Stage
    states: dict[str, int]


class Freshness(Schema):
    """How new a department's word is: last good run and last delivery of one of its sources."""

    department: str
    source: str
    succeeded_at: datetime | None
    landed_at: datetime | None
    attention: str | None


class Coverage(Schema):
    """The silo map: department × stage, and how fresh each department's sources are."""

    cells: tuple[CoverageCell, ...]
    freshness: tuple[Freshness, ...]
