"""What each department records about a project, and when; one module per department."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.model import Project

# source → the milestone that makes a department record something
ISSUED_BY = {
    "commerce.signed_weekly": "signed",
    "commerce.signed_api": "signed",
    "land.supply": "supply",
    "land.landchina": "published",
    "land.use_permits": "use_permit",
    "land.works_permits": "works_permit",
    "housing.projects": "filed",
    "housing.construction_permits": "permit",
    "housing.completions": "completed",
}


def issued(project: Project, source: str, part: int = 0) -> int | None:
    """The city day on which the source first records this project (or this works of it); None if it never does."""
    if source.startswith("housing."):
        return project.works[part - 1].days.get(ISSUED_BY[source])
    if source.startswith("commerce.") and project.signing is None:
        return None
    return project.days.get(ISSUED_BY[source])


def parts(project: Project, source: str) -> Iterator[int]:
    """The part numbers a source records: one per works for housing, a single 0 for the others."""
    if source.startswith("housing."):
        yield from range(1, len(project.works) + 1)
    else:
        yield 0
