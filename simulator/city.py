"""The city as a whole: made once, then moved through its days; everything departments say follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Literal, get_args

from simulator.areas import city_area
from simulator.dice import PRESENT, date_of
from simulator.facts import Town
from simulator.incidents import WEEKLY, deal
from simulator.model import Calendar, Incident, Project, Row
from simulator.records import commerce, housing, issued, land, talks, weekly
from simulator.records.every import rows_of
from simulator.records.history import Scene
from simulator.records.weekly import Cell
from simulator.towns import add_family, make_town

Difficulty = Literal["easy", "hard"]
Breadth = Literal["core", "full"]
WEEKS_KEPT = 3
"""Weekly sheets lying in the folder of a new city: the present one and those before it."""

_QUIET = 45
_AFTERMATH = 15
"""Days within which everything that follows from a milestone or an incident has shown."""
_FULL_AFTERMATH = 130
"""As above with the further feeds: a register is late."""


@dataclass(slots=True)
class City:
    """A city at its present `day`; all it ever says is a function of seed, area, size, days and advances."""

    town: Town
    size: int
    day: int
    full: bool = False
    incidents: dict[int, list[Incident]] = field(default_factory=dict)
    advances: list[int] = field(default_factory=list)

    @property
    def projects(self) -> list[Project]:
        """All true projects, also those nobody has recorded yet."""
        return self.town.projects

    @property
    def scenarios(self) -> dict[str, list[str]]:
        """Prepared case → keys of its projects."""
        named: dict[str, list[str]] = {case.value: [] for case in self.town.cast}
        for project in self.projects:
            if project.scenario:
                named[project.scenario.value].append(project.key)
        return named

    @property
    def today(self) -> date:
        """The date of the present day."""
        return date_of(self.town.calendar.first, self.day)

    def advance(self, days: int) -> None:
        """Moves the present: new projects are born, incidents are dealt, and more of what was planned has happened."""
        if days < 1:
            raise ValueError(f"advance by at least one day, not {days}")
        start, newest = self.day, self._newest()
        self.day += days
        self.look_ahead()
        for index, dealt in deal(self.town, self.incidents, start, self.day, newest).items():
            self.incidents.setdefault(index, []).extend(dealt)
        self.advances.append(days)

    def look_ahead(self) -> None:
        """Makes the projects that are born by the present day, or are already talked of where talks are a feed."""
        made, known = self.town.calendar.made, self.projects
        horizon = self.day + (talks.AHEAD if self.full else 0)
        while (born := made + (len(known) - self.size + 1) * made // self.size) <= horizon:
            add_family(self.town, room=3, born=born)

    def _newest(self) -> dict[str, datetime]:
        """The last update time each source has shown; a source silent for long is left out."""
        shown: dict[str, str] = {}
        for _, row in self.rows(self.day - _QUIET):
            shown[row.source] = max(row.at, shown.get(row.source, ""))
        return {
            source: datetime.fromisoformat(at) for source, at in shown.items() if source != housing.EVENTS
        }

    def scene(self, project: Project) -> Scene:
        """What the record makers need to know besides the project."""
        incidents = tuple(self.incidents.get(project.index, ()))
        return Scene(self.town.seed, self.town.calendar, incidents, self.full)

    def rows(self, since: int = -1) -> Iterator[tuple[Project, Row]]:
        """Rows of the API, the tables and the pushed events that show after day `since` and up to today."""
        for project in self.projects:
            if not self._stirs(project, since):
                continue
            scene = self.scene(project)
            for row in chain(rows_of(scene, project), commerce.tried_rows(scene, project)):
                if since < row.shows <= self.day:
                    yield project, row

    def _stirs(self, project: Project, since: int) -> bool:
        """False if certainly no row of the project shows after day `since` and up to today."""
        days = [
            *project.days.values(),
            *commerce.turns(project),
            *(day for _, day in project.more_parcels),
            *(d for w in project.works for d in w.days.values()),
        ]
        days += [incident.day for incident in self.incidents.get(project.index, ())]
        late, ahead = (_FULL_AFTERMATH, talks.AHEAD) if self.full else (_AFTERMATH, 0)
        return any(since - late <= day <= self.day + ahead for day in days)

    def week_days(self, since: int = -1) -> list[int]:
        """Days after `since` on which a weekly sheet was written."""
        made = self.town.calendar.made
        first = made - 7 * (WEEKS_KEPT - 1)
        return [day for day in range(first, self.day + 1, 7) if day > since and day >= 0]

    def weekly(self, day: int) -> Iterator[tuple[Project, list[Cell]]]:
        """The sheet's rows of that day in the order of the districts, some twice, some missing."""
        order = {district.adcode: n for n, district in enumerate(self.town.area.districts)}
        for project in sorted(self.projects, key=lambda p: (order[p.district.adcode], p.index)):
            signed = issued(project, WEEKLY)
            if signed is None or signed > day:
                continue
            scene = self.scene(project)
            today = {i.kind for i in scene.of(WEEKLY, 0) if i.day <= day}
            if "vanish" in today:
                continue
            cells = weekly.weekly_cells(scene, project, day)
            yield project, cells
            if "duplicate" in today:
                yield project, cells

    def talks(self, day: int) -> Iterator[tuple[Project, list[Cell]]]:
        """The rows of the sheet of projects in talks on that day; none where talks are no feed."""
        for project in self.projects if self.full else ():
            if project.signing and day < project.days["signed"] <= day + talks.AHEAD:
                begun = talks.talked_from(self.scene(project), project)
                if begun is not None and begun <= day:
                    yield project, talks.talks_cells(self.scene(project), project, day)

    def landchina(self, first: int, last: int) -> Iterator[tuple[Project, str, list[str]]]:
        """Published supply results of the days `first` to `last`: project, key and cells."""
        for project in self.projects:
            for part, parcel, supplied, shown in land.published(project):
                if first <= shown <= last:
                    yield project, *land.landchina_row(self.scene(project), project, part, parcel, supplied)

    def truth(self, since: int = -1) -> Iterator[tuple[str, str, str]]:
        """(source, key, project) of every record first said after day `since` and up to today, each once."""
        weeks = self.week_days()
        for project in self.projects:
            for (source, key), shows in self._first_said(project, since, weeks).items():
                if since < shows <= self.day:
                    yield source, key, project.key

    def _first_said(self, project: Project, since: int, weeks: list[int]) -> dict[tuple[str, str], int]:
        """The day each record of a project first shows, as far as that may lie after day `since`."""
        said: dict[tuple[str, str], int] = {}
        scene = self.scene(project)
        signed = issued(project, WEEKLY)
        shown = next((day for day in weeks if signed is not None and signed <= day), None)
        if self.full and signed is not None:
            begun = talks.talked_from(scene, project) or 0
            talked = next((day for day in weeks if begun <= day < signed), None)
            if talked is not None:
                said[talks.TALKS_WEEKLY, talks.talks_key(scene, project)] = talked
        if shown is not None:
            said[WEEKLY, weekly.weekly_key(scene, project)] = shown
        for part, parcel, supplied, published in land.published(project):
            if published > since:
                key, _ = land.landchina_row(scene, project, part, parcel, supplied)
                if key.strip():
                    said[land.LANDCHINA, key] = published
        if self._stirs(project, since):
            for row in rows_of(scene, project):
                name = (row.source, row.key)
                if row.source != housing.EVENTS:
                    said[name] = min(row.shows, said.get(name, row.shows))
        return said


def make_city(
    seed: int,
    projects: int,
    days: int = 1095,
    area: int = 430200,
    difficulty: Difficulty = "easy",
    breadth: Breadth = "core",
) -> City:
    """A city whose `projects` projects began within the last `days` days; equal arguments give equal cities.

    A full one has the further feeds of all departments, and some more projects that are only talked of.
    """
    if projects < 1 or days < 30:
        raise ValueError("a city needs at least one project and 30 days")
    if difficulty not in get_args(Difficulty):
        raise ValueError(f"no such difficulty {difficulty}; choose one of {', '.join(get_args(Difficulty))}")
    calendar = Calendar(PRESENT - timedelta(days=days), days)
    if breadth not in get_args(Breadth):
        raise ValueError(f"no such breadth {breadth}; choose one of {', '.join(get_args(Breadth))}")
    full = breadth == "full"
    town = make_town(seed, city_area(area), calendar, projects, hard=difficulty == "hard", full=full)
    while len(town.projects) < projects:
        add_family(town, room=projects - len(town.projects))
    city = City(town, projects, days, full)
    if full:
        city.look_ahead()
    city.incidents = dict(deal(town, {}, 0, days, {}))
    return city


def advanced(city: City, advances: Iterable[int]) -> City:
    """The city after these advances."""
    for days in advances:
        city.advance(days)
    return city
