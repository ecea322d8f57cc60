"""All that departments' systems hold about one project, in one order."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.model import Project, Row
from simulator.records import approval, commerce, housing, land, siting, talks
from simulator.records.history import Scene


def rows_of(scene: Scene, project: Project) -> Iterator[Row]:
    """Every version of every row of the API, the tables and the pushed events, to the end of the project's life."""
    for rows in (commerce.api_rows, land.rows, housing.rows, housing.events):
        yield from rows(scene, project)
    if scene.full:
        for rows in (talks.rows, siting.rows, approval.rows):
            yield from rows(scene, project)
