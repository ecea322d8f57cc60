"""What goes wrong or is put right after a record was issued, dealt out over a span of days."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
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


def deal(town: Town, projects: Sequence[Project], taken: Deal, start: int, end: int) -> Deal:
    """Incidents of the days after `start` up to `end`, by project index, one at most per record in its life."""
    rng = dice(town.seed, town.area.adcode, "incidents", start, end)
    dealt: Deal = defaultdict(list)
    if not taken:
        _prepared(town, projects, dealt)
    busy = {(index, i.source, i.part) for index, many in taken.items() for i in many}
    busy |= {(index, i.source, i.part) for index, many in dealt.items() for i in many}
    for kind in KINDS:
        span = 7 if kind.sources == (WEEKLY,) and start == 0 else end - start
        wanted = max(1, round(kind.share * len(projects) * min(1.0, span / SPAN)))
        for _ in range(40 * wanted + 400):
            if wanted == 0:
                break
            project, source = rng.choice(projects), rng.choice(kind.sources)
            part = rng.choice(tuple(parts(project, source)))
            incident = (
                None
                if project.easy
                else _fit(town, rng, project, (source, part), kind=kind.name, span=(start, end))
            )
            if incident is not None and (project.index, source, part) not in busy:
                busy.add((project.index, source, part))
                dealt[project.index].append(incident)
                wanted -= 1
    return dealt


def _fit(
    town: Town,
    rng: random.Random,
    project: Project,
    record: tuple[str, int],
    *,
    kind: str,
    span: tuple[int, int],
) -> Incident | None:
    """The incident, if this record can have it within the span."""
    (source, part), (start, end) = record, span
    born = issued(project, source, part)
    if born is None or (born > end if kind == "backdate" else born >= end):
        return None
    if kind == "backdate":
        return Incident(kind, source, part, born, start) if 0 < start < born else None
    if kind == "stuck":
        return Incident(kind, source, part, end, end)
    if source == WEEKLY:
        return Incident(kind, source, part, end - 6 if start == 0 else start + 1, 0)
    day = rng.randint(max(born, start) + 1, end)
    number = _renewed(town, project, source, day) if kind == "reissue" else ""
    return Incident(kind, source, part, day, day, number)


def _renewed(town: Town, project: Project, source: str, day: int) -> str:
    """The new number of a re-issued certificate."""
    on, region = date_of(town.calendar.first, day), project.district.adcode
    if source == PERMITS:
        return town.registrar.construction(region, on, project.municipal)
    return town.registrar.planning("地" if source == USE else "建", region, on)


def _prepared(town: Town, projects: Sequence[Project], dealt: Deal) -> None:
    """The incidents the prepared cases are made of."""
    made = town.calendar.made
    excel = [p for p in projects if p.scenario is Scenario.EXCEL_ROWS]
    for project, kind in zip(excel, ("duplicate", "vanish"), strict=False):
        dealt[project.index].append(Incident(kind, WEEKLY, 0, 0 if kind == "duplicate" else made - 6, 0))
    for project in projects:
        permitted = project.works[0].days.get("permit")
        if project.scenario is Scenario.RETRACTION and permitted is not None:
            day = permitted + 2
            number = _renewed(town, project, PERMITS, day)
            dealt[project.index].append(Incident("reissue", PERMITS, 1, day, day, number))
            dealt[project.index].append(Incident("correct", PROJECTS, 1, day, day))
