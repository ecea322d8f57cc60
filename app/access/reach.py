"""Which rows an account may see: department × district, and what is in neither is seen by nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EVERY = "*"
"""In the place of a department or district: all of them."""


def department_of(source: str) -> str:
    """Give the department that publishes a source."""
    return source.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Reach:
    """Departments (`housing`) and districts (`430204`) of an account; empty, as nobody has said otherwise, reaches no row."""

    departments: frozenset[str] = frozenset()
    districts: frozenset[str] = frozenset()

    @property
    def every_district(self) -> bool:
        """Say whether the whole jurisdiction is reached, with what lies in no district."""
        return EVERY in self.districts

    @property
    def every_department(self) -> bool:
        """Say whether every department's own rows are reached."""
        return EVERY in self.departments

    @property
    def whole(self) -> bool:
        """Say whether every row of the jurisdiction is reached."""
        return self.every_district and self.every_department

    def sees_project(self, district: str | None) -> bool:
        """Say whether a project of this district is seen: every department of a district reads what all have said there."""
        return self.every_district or district in self.districts

    def sees_change(self, districts: Iterable[str]) -> bool:
        """Say whether a change is seen of a project that lies, or lay before, in these districts."""
        return self.every_district or not self.districts.isdisjoint(districts)

    def owns(self, source: str) -> bool:
        """Say whether what this source has sent is the account's own to see.

        A delivery lies in no district, so it is told to those who serve the whole jurisdiction for its department.
        """
        return self.every_district and self.speaks_for(source)

    def speaks_for(self, source: str) -> bool:
        """Say whether the source is of one of the account's departments."""
        return self.every_department or department_of(source) in self.departments

    def answers(self, departments: Iterable[str], districts: Iterable[str | None]) -> bool:
        """Say whether a question is the account's to answer: one of its departments takes part, and it lies in its districts."""
        places = tuple(districts)
        if not self.every_department and self.departments.isdisjoint(departments):
            return False
        return self.every_district or (bool(places) and all(self.sees_project(place) for place in places))


EVERYWHERE = Reach(frozenset({EVERY}), frozenset({EVERY}))
"""The reach of who may see every row of a jurisdiction."""
