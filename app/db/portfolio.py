"""All projects at once, read from the summary tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import Connection

from app.access.reach import Reach
from app.db.filters import seen, where
from app.db.texts import text
from schemas.api.portfolio import CoverageCell, CoverageQuery, Funnel, FunnelStage, PortfolioQuery
from schemas.lifecycle import LoopState, Stage

FUNNEL = {
    "stage": "stage = :stage",
    "district": "district = :district",
    "path": "path = :path",
    "loop": "loop = :loop",
}
COVERAGE = {"department": "department = :department", "stage": "stage = :stage"}
ORDER = {stage: place for place, stage in enumerate(Stage)}


def funnel(connection: Connection, jurisdiction: int, reach: Reach, query: PortfolioQuery) -> Funnel:
    """Give how many projects that a reach sees stand at each stage, with their investment and the state of their loops."""
    seen_sql, seen_values = seen(reach)
    values = query.model_dump(exclude_none=True) | {"j": jurisdiction, **seen_values}
    where_sql = where(FUNNEL, values) + seen_sql
    rows = connection.execute(
        text(
            "SELECT stage, loop, sum(projects) AS projects, sum(investment) AS investment FROM funnel"
            f" WHERE jurisdiction = :j{where_sql} GROUP BY stage, loop"
        ),
        values,
    )
    return _by_stage((row.stage, row.loop, int(row.projects), row.investment) for row in rows)


def _by_stage(rows: Iterable[tuple[str, str, int, Decimal]]) -> Funnel:
    loops: dict[Stage | None, dict[LoopState, int]] = defaultdict(lambda: dict.fromkeys(LoopState, 0))
    money: dict[Stage | None, Decimal] = defaultdict(Decimal)
    for said, loop, projects, investment in rows:
        stage = Stage(said) if said else None
        loops[stage][LoopState(loop)] += projects
        money[stage] += investment
    stages = tuple(
        FunnelStage(
            stage=stage, projects=sum(loops[stage].values()), investment=money[stage], loop=loops[stage]
        )
        for stage in sorted(loops, key=lambda stage: len(ORDER) if stage is None else ORDER[stage])
    )
    return Funnel(
        projects=sum(row.projects for row in stages),
        investment=sum((row.investment for row in stages), Decimal()),
        stages=stages,
    )


def coverage(
    connection: Connection, jurisdiction: int, reach: Reach, query: CoverageQuery
) -> tuple[CoverageCell, ...]:
    """Give the cells of the silo map of the projects a reach sees, by department and stage in order of life."""
    seen_sql, seen_values = seen(reach)
    values = query.model_dump(exclude_none=True) | {"j": jurisdiction, **seen_values}
    where_sql = where(COVERAGE, values)
    # the summary knows no districts: who sees some of them has their projects counted
    from_sql = "coverage"
    if seen_sql:
        from_sql = (
            "(SELECT :j AS jurisdiction, split_part(cell, '|', 1) AS department, split_part(cell, '|', 2) AS stage,"
            " split_part(cell, '|', 3) AS state, count(*) AS projects FROM project, unnest(cells) AS cell"
            f" WHERE jurisdiction = :j{seen_sql} GROUP BY cell) AS seen"
        )
    rows = connection.execute(
        text(
            f"SELECT department, stage, state, projects FROM {from_sql}"
            f" WHERE jurisdiction = :j{where_sql}"
            " AND projects > 0 ORDER BY department, stage, state"
        ),
        values,
    )
    cells: dict[tuple[str, Stage], dict[str, int]] = defaultdict(dict)
    for row in rows:
        cells[row.department, Stage(row.stage)][row.state] = row.projects
    return tuple(
        CoverageCell(department=department, stage=stage, states=states)
        for (department, stage), states in sorted(cells.items(), key=lambda c: (c[0][0], ORDER[c[0][1]]))
    )
