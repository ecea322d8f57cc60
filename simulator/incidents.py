"""What goes wrong or is put right after a record was issued, dealt out over a span of days."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from simulator.dice import date_of, dice
from simulator.facts import Town
from simulator.model import Incident, Project, Scenario
from simulator.records import issued, parts
from simulator.records.housing import COMPLETIONS, PERMITS, PROJECTS
from simulator.records.land import SUPPLY, USE, WORKS

WEEKLY, API = "commerce.signed_weekly", "commerce.signed_api"
SPAN = 1095
"""Days to which the rates below refer."""


class Kind(NamedTuple):
    """A kind of incident: where it can happen and to what share of projects within SPAN days."""

    name: str
    sources: tuple[str, ...]
    share: float


KINDS = (
    Kind("correct", (PROJECTS, PERMITS, COMPLETIONS), 0.10),
    Kind("correct", (SUPPLY, USE, WORKS), 0.05),
    Kind("correct", (API,), 0.10),
    Kind("touch", (API, SUPPLY), 0.05),
    Kind("reissue", (PERMITS,), 0.03),
    Kind("reissue", (USE, WORKS), 0.02),
    Kind("void", (PERMITS, WORKS), 0.005),
    Kind("stuck", (PROJECTS, PERMITS, COMPLETIONS), 0.0),
    Kind("backdate", (PROJECTS, PERMITS, COMPLETIONS), 0.0),
    Kind("backdate", (SUPPLY, USE, WORKS, API), 0.0),
    Kind("duplicate", (WEEKLY,), 0.3),
    Kind("vanish", (WEEKLY,), 0.3),
)
"""Every kind happens at least once in every span dealt, if any record is fit for it."""

Deal = dict[int, list[Incident]]


class _Record(NamedTuple):
    """One record that may meet with something, and the day it was or will be issued."""

    project: Project
    source: str
    part: int
    born: int


def deal(town: Town, taken: Deal, start: int, end: int, newest: Mapping[str, datetime]) -> Deal:
    """Incidents of the days after `start` up to `end`, by project index, one at most per record in its life.

    `newest` is the last update time each source has shown by `start`: what is late is an hour older.
    """
    rng = dice(town.seed, town.area.adcode, "incidents", start, end)
    dealt: Deal = defaultdict(list)
    if not taken:
        _prepared(town, dealt)
    busy = {
        (index, i.source, i.part) for many in (taken, dealt) for index, found in many.items() for i in found
    }
    records = _records(town, end, busy)
    for kind in KINDS:
        late = kind.name == "backdate"
        fit = [
            record
            for source in kind.sources
            for record in records[source]
            if (record.born > start and source in newest if late else record.born < end)
        ]
        span = 7 if kind.sources == (WEEKLY,) and start == 0 else end - start
        wanted = max(1, round(kind.share * len(town.projects) * min(1.0, span / SPAN)))
        met = rng.sample(fit, min(wanted, len(fit)))
        gone = {id(record) for record in met}
        for source in {record.source for record in met}:
            records[source] = [record for record in records[source] if id(record) not in gone]
        for record in met:
            at = newest[record.source] - timedelta(hours=1) if late else None
            dealt[record.project.index].append(_incident(town, rng, record, kind.name, (start, end), at))
    return dealt


def _records(town: Town, end: int, busy: set[tuple[int, str, int]]) -> dict[str, list[_Record]]:
    """By source, what is issued by day `end` and nothing has happened to; prepared cases are left in peace."""
    found: dict[str, list[_Record]] = {source: [] for kind in KINDS for source in kind.sources}
    for project in town.projects:
        for source, records in found.items() if not project.easy else ():
            for part in parts(project, source):
                born = issued(project, source, part)
                if born is not None and born <= end and (project.index, source, part) not in busy:
                    records.append(_Record(project, source, part, born))
    return found


def _incident(
    town: Town, rng: random.Random, record: _Record, kind: str, span: tuple[int, int], at: datetime | None
) -> Incident:
    """What happens to this record, and on which day of the span."""
    project, source, part, born = record
    start, end = span
    if kind == "backdate":
        return Incident(kind, source, part, born, at=at)
    if kind == "stuck":
        return Incident(kind, source, part, end)
    if source == WEEKLY:
        return Incident(kind, source, part, end - 6 if start == 0 else start + 1)
    day = rng.randint(max(born, start) + 1, end)
    return Incident(
        kind, source, part, day, _renewed(town, project, source, day) if kind == "reissue" else ""
    )


def _renewed(town: Town, project: Project, source: str, day: int) -> str:
    """The new number of a re-issued certificate."""
    on, region = date_of(town.calendar.first, day), project.district.adcode
    if source == PERMITS:
        return town.registrar.construction(region, on, project.municipal)
    return town.registrar.planning("地" if source == USE else "建", region, on)


def _prepared(town: Town, dealt: Deal) -> None:
    """The incidents the prepared cases are made of."""
    doubled = False
    for project in town.projects:
        permitted = project.works[0].days.get("permit")
        if project.scenario is Scenario.EXCEL_ROWS:
            kind, day = ("vanish", town.calendar.made - 6) if doubled else ("duplicate", 0)
            dealt[project.index].append(Incident(kind, WEEKLY, 0, day))
            doubled = True
        if project.scenario is Scenario.RETRACTION and permitted is not None:
            day = permitted + 2
            number = _renewed(town, project, PERMITS, day)
            dealt[project.index].append(Incident("reissue", PERMITS, 1, day, number))
            dealt[project.index].append(Incident("correct", PROJECTS, 1, day))
