"""Works of several sections (标段) that no code holds together, over the whole corridor: one project, counted once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

import pytest

from app.db.session import Database
from app.pipeline.land import land_page
from app.pipeline.rules import load_rules
from connectors.registry import discover
from connectors.rows import RowReader
from schemas.golden import GoldenProject
from schemas.records import Op, Page, RawRecord
from simulator.model import Project, Row
from simulator.records.every import rows_of as rows_about
from simulator.stream import stream_projects
from tests.support.corridor import books, opened, rows_of, walk
from tests.support.database import JURISDICTIONS

RULES = load_rules(discover())
DAYS, AREA, SEED = 1095, 430200, 9


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def sectioned() -> Iterator[tuple[Project, list[Row]]]:
    """Give works of several sections that housing knows by local codes alone, with all that is said of them."""
    for scene, project in stream_projects(SEED, 400, DAYS, AREA, difficulty="hard", breadth="full"):
        if len(project.works) > 1 and "housing" not in project.said_codes:
            rows = [row for row in rows_about(scene, project) if row.shows <= DAYS]
            if sum(row.source == "housing.projects" for row in rows) > 1:
                yield project, rows


def land(hub: Database, rows: list[Row]) -> None:
    pages: dict[str, dict[str, RawRecord]] = defaultdict(dict)
    for row in rows:
        raw = RowReader(RULES.registry.manifest(row.source)).from_values(row.values)
        assert isinstance(raw, RawRecord)
        if raw.op is Op.UPSERT:
            pages[row.source][raw.key] = raw
    for jurisdiction in JURISDICTIONS:
        for source, page in pages.items():
            with hub.begin() as connection:
                land_page(connection, jurisdiction, source, Page(tuple(page.values()), ""))
        walk(hub, RULES, jurisdiction, 1000)


def test_sections_are_one_project_without_a_question_and_its_money_counts_once(hub: Database) -> None:
    told = list(islice(sectioned(), 3))
    land(hub, [row for _, rows in told for row in rows])
    books(hub)
    for jurisdiction in JURISDICTIONS:
        homes = rows_of(
            hub,
            "SELECT DISTINCT m.project_id FROM member m JOIN record r USING (jurisdiction, record_id)"
            " WHERE jurisdiction = :j AND r.source = 'housing.projects' AND r.kind = 'project'",
            j=jurisdiction,
        )
        assert len(homes) == len(told)
        documents = [
            GoldenProject.model_validate_json(row[0])
            for row in rows_of(
                hub,
                "SELECT golden FROM project WHERE jurisdiction = :j AND project_id = ANY(:ids)",
                j=jurisdiction,
                ids=[home for (home,) in homes],
            )
        ]
        assert sorted(len(golden.works) for golden in documents) == sorted(len(p.works) for p, _ in told)
        counted = rows_of(
            hub,
            "SELECT sum(counted) FROM project WHERE jurisdiction = :j AND project_id = ANY(:ids)",
            j=jurisdiction,
            ids=[home for (home,) in homes],
        )
        assert counted[0][0] <= sum(project.investment for project, _ in told) * 10_000 * 1.2
