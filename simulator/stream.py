"""A city of any size as a stream: rows and their true project, family by family, in memory that does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from simulator.areas import city_area
from simulator.city import Breadth, Difficulty
from simulator.dice import PRESENT
from simulator.model import Calendar, Project, Row
from simulator.records.every import rows_of
from simulator.records.history import Scene
from simulator.towns import add_family, make_town


def stream_projects(
    seed: int,
    projects: int,
    days: int = 1095,
    area: int = 430200,
    difficulty: Difficulty = "hard",
    breadth: Breadth = "core",
) -> Iterator[tuple[Scene, Project]]:
    """The projects of `make_city` with the same arguments, one after the other, without any incidents.

    A full one lacks those only talked of. Only the numbers already given out are kept.
    """
    calendar = Calendar(PRESENT - timedelta(days=days), days)
    hard, full = difficulty == "hard", breadth == "full"
    town = make_town(seed, city_area(area), calendar, projects, hard=hard, full=full)
    scene = Scene(seed, calendar, (), full)
    while town.made < projects:
        add_family(town, room=projects - town.made)
        for project in town.projects:
            yield scene, project
        town.projects.clear()


def stream_rows(
    seed: int,
    projects: int,
    days: int = 1095,
    area: int = 430200,
    difficulty: Difficulty = "hard",
    breadth: Breadth = "core",
) -> Iterator[tuple[str, Row]]:
    """(project, row) of the interface, tables and events of such a city up to its present day."""
    for scene, project in stream_projects(seed, projects, days, area, difficulty, breadth):
        for row in rows_of(scene, project):
            if row.shows <= days:
                yield project.key, row
