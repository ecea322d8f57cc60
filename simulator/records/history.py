"""How a record changes after it was issued: the versions that incidents make of it, shared by all departments."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from simulator.dice import date_of, dice, office_time
from simulator.model import Calendar, Incident, Parcel, Project, Works


@dataclass(frozen=True, slots=True)
class Version:
    """One thing said about one record: `number` is its certificate number then, `edition` counts its corrections.

    A `late` version is an older draft that shows only after a newer one.
    """

    number: str
    moment: datetime
    shows: int
    edition: float
    valid: bool = True
    reason: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What every record needs to know of its city: seed, calendar, what happened to the project, which feeds there are."""

    seed: int
    calendar: Calendar
    incidents: tuple[Incident, ...]
    full: bool = False

    def of(self, source: str, part: int) -> list[Incident]:
        """The incidents of one record, in the order they show."""
        return sorted(
            (i for i in self.incidents if i.source == source and i.part == part), key=lambda i: i.day
        )


@dataclass(frozen=True, slots=True)
class Telling:
    """One record about to be written down: whose, since which day, corrected how often, by which hand."""

    scene: Scene
    project: Project
    works: Works | None
    rng: random.Random
    day: int
    version: Version
    parcel: Parcel | None = None

    @property
    def edition(self) -> float:
        """How often the record was corrected before it was told so."""
        return self.version.edition

    @property
    def blur(self) -> bool:
        """Whether chance noise may touch the record."""
        return not self.project.easy

    def date_of(self, day: int) -> date:
        """The date of a city day."""
        return date_of(self.scene.calendar.first, day)

    def on(self, offset: int = 0) -> date:
        """The date of issue, moved by `offset` days."""
        return date_of(self.scene.calendar.first, self.day + offset)


def versions(
    scene: Scene,
    project: Project,
    source: str,
    part: int,
    *,
    number: str,
    issued: int,
    renewed: Iterable[int] = (),
) -> Iterator[Version]:
    """All versions of a record in the order they were written; `renewed` are days on which it changes of itself.

    An invalidation comes as a version with `valid` false; a new version after it is the next one's own business.
    """
    rng = dice(scene.seed, project.key, source, part, "moments")
    first, edition = scene.calendar.first, 0
    happenings = [(day, None) for day in renewed if day > issued]
    story = sorted([*happenings, *((i.day, i) for i in scene.of(source, part))], key=lambda e: e[0])
    begin = next((i for _, i in story if i and i.kind == "backdate"), None)
    moment = office_time(first, issued, rng)
    if begin and begin.at:
        moment = begin.at
    yield Version(number, moment, issued, 0)
    for day, incident in story:
        kind = incident.kind if incident else "correct"
        moment = max(office_time(first, day, rng), moment + timedelta(seconds=1))
        if kind in ("correct", "stuck"):
            edition += 1
            if kind == "stuck":
                # the draft comes next day, an hour and twenty minutes older: inside a puller's overlap of two hours
                moment = _afternoon(first, day) + timedelta(minutes=50)
                draft = _afternoon(first, day) - timedelta(minutes=30)
                yield Version(number, draft, day + 1, edition - 0.5, late=True)
            yield Version(number, moment, day, edition, reason="信息更正" if incident else "数据更新")
        elif kind == "touch":
            yield Version(number, moment, day, edition)
        elif kind == "void":
            yield Version(number, moment, day, edition, valid=False, reason="证书作废")
            return
        elif kind == "reissue" and incident:
            yield Version(number, moment, day, edition, valid=False, reason="变更换证")
            number = incident.number
            yield Version(number, moment + timedelta(seconds=1), day, edition)


def _afternoon(first: date, day: int) -> datetime:
    """15:00 of a city day, an hour before the offices close."""
    return datetime.combine(date_of(first, day), datetime.min.time()) + timedelta(hours=15)


def number_on(scene: Scene, source: str, part: int, number: str, day: int) -> str:
    """The certificate number in force on that day."""
    for incident in scene.of(source, part):
        if incident.kind == "reissue" and incident.day <= day:
            number = incident.number
    return number
