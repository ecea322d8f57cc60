"""The prepared cases beside the easy city's: each a project whose life and papers tell one story, free of chance noise."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from simulator import words
from simulator.dice import date_of, dice
from simulator.facts import SECOND_PARCELS, Family, Town
from simulator.model import Path, Project, Scenario
from simulator.words import Trade

# milestone: days before the present day
_FULL = {
    "signed": 1000,
    "company": 975,
    "code": 930,
    "supply": 850,
    "published": 835,
    "use_permit": 820,
    "filed": 805,
    "works_permit": 760,
    "permit": 700,
    "started": 680,
    "finished": 330,
    "completed": 300,
    "production": 240,
    "capacity": 60,
}
_NO_GROUND = ("supply", "published", "use_permit", "works_permit")
_HORIZON = 1095
"""Days a story needs; in a younger city it is told faster."""


class Story(NamedTuple):
    """How a case differs from a full chain: path, last milestone, days moved, milestones that never come."""

    path: Path = Path.GRANTED
    until: str = "capacity"
    moved: tuple[tuple[str, int], ...] = ()
    without: tuple[str, ...] = ()
    ends: str | None = None
    ending: str = ""
    public: bool = False
    kind_of_code: str = "01"


_STORIES: dict[Scenario, tuple[Story, ...]] = {
    Scenario.TWO_PARCELS: (Story(until="started"),),
    Scenario.RENTED: (Story(Path.RENTED, without=_NO_GROUND),),
    Scenario.UPGRADE: (Story(Path.UPGRADE, without=(*_NO_GROUND, "permit", "completed"), kind_of_code="02"),),
    Scenario.ROAD: (Story(Path.ALLOCATED, without=("company", "production", "capacity"), public=True),),
    Scenario.SUPERSEDED_CODE: (Story(until="started"),),
    Scenario.OLD_CODE: (Story(until="started"),),
    Scenario.PSEUDO_CODE: (Story(until="started", kind_of_code="88"),),
    Scenario.UNIT_ERROR: (Story(until="started"),),
    Scenario.IDLE_LAND: (
        Story(
            until="use_permit",
            moved=(
                ("signed", 1090),
                ("company", 1085),
                ("code", 1075),
                ("supply", 1045),
                ("published", 1035),
                ("use_permit", 1030),
            ),
        ),
        Story(
            until="use_permit",
            moved=(
                ("signed", 780),
                ("company", 760),
                ("code", 740),
                ("supply", 695),
                ("published", 685),
                ("use_permit", 670),
            ),
        ),
    ),
    Scenario.NO_START: (Story(until="permit", moved=(("permit", 120), ("works_permit", 150))),),
    Scenario.EARLY_START: (Story(until="started", moved=(("permit", 400), ("started", 440))),),
    Scenario.NOT_FILED: (Story(until="finished", moved=(("finished", 40),)),),
    Scenario.SIGNED_ONLY: (Story(until="signed", moved=(("signed", 245),)),),
    Scenario.TERMINATED: (Story(until="company", ends="code", ending="终止"),),
    Scenario.PLATFORM: (Story(until="started"),),
    Scenario.PLACE_ALIASES: (Story(until="started"), Story(until="started")),
    Scenario.WRONG_CREDIT_CODE: (Story(until="started"),),
    Scenario.ENERGY: (Story(Path.ENERGY, without=("permit", "completed"), kind_of_code="01"),),
    Scenario.FLOOR_UNITS: (Story(),),
}
_ALIASES = {
    "430212": {"commerce": "绿口区", "address": "株洲县"},
    "430211": {"commerce": "高新区", "address": "高新区"},
}


def add_prepared(town: Town, scenario: Scenario, room: int) -> None:
    """Makes the projects of one prepared case, at most `room` of them."""
    for number, story in list(enumerate(_STORIES[scenario]))[:room]:
        PreparedFamily(town, scenario, number, story).told()
    town.families += 1


class PreparedFamily(Family):
    """One project of a prepared case."""

    def __init__(self, town: Town, scenario: Scenario, number: int, story: Story) -> None:
        super().__init__(town, dice(town.seed, town.area.adcode, scenario, number), story.public)
        self.scenario, self.story = scenario, story
        if scenario is Scenario.ROAD:
            self.road, self.trade = True, words.ROADS
        if scenario is Scenario.ENERGY:
            self.trade = Trade("光伏发电", "新能源", "4416", "MW")
        named = [district for district in town.area.districts if district.adcode in _ALIASES]
        if scenario is Scenario.PLACE_ALIASES and named:
            self.district = named[number % len(named)]
            self.park = self.rng.choice(self.district.parks)

    def told(self) -> Project:
        """The project with all the case is made of."""
        town, scenario = self.town, self.scenario
        made = self.project(0, None, scenario, fresh_trade=False)
        if scenario is Scenario.TWO_PARCELS and "supply" in made.days:
            on = min(made.days["supply"] + 365, town.calendar.made - 5)
            second = self._parcel(SECOND_PARCELS + made.index, made.ground.area // 2 + 100, made.path, on)
            made.more_parcels = ((second, on),)
        if scenario is Scenario.PLATFORM:
            made.holder = town.public_owners[0]
        if scenario is Scenario.PLACE_ALIASES:
            made.aliases = dict(_ALIASES.get(made.district.adcode, {}))
        if scenario is Scenario.WRONG_CREDIT_CODE:
            right = made.owner.uscc
            made.commerce_uscc = right[:-1] + ("0" if right[-1] != "0" else "1")
        made.ending = self.story.ending
        return made

    def _path(self, scenario: Scenario | None) -> Path:
        return self.story.path

    def _days(
        self, signed: int, path: Path, scenario: Scenario | None, later: bool
    ) -> tuple[dict[str, int], str | None]:
        story, made = self.story, self.town.calendar.made
        steps = list(_FULL)
        ago = _FULL | dict(story.moved)
        kept = [step for step in steps[: steps.index(story.until) + 1] if step not in story.without]
        share = min(made, _HORIZON)
        return {step: max(0, made - ago[step] * share // _HORIZON) for step in kept}, story.ends

    def _works_count(self, scenario: Scenario | None) -> int:
        return 1

    def _form(self) -> str:
        return "电站" if self.scenario is Scenario.ENERGY else super()._form()

    def _code(self, on: date) -> str:
        registrar, rng, region = self.town.registrar, self.rng, self.district.adcode
        if self.scenario is Scenario.OLD_CODE:
            return f"2019-{region}-37-03-{rng.randint(0, 999_999):06d}"
        return registrar.project_code(rng, region, on, self.story.kind_of_code)

    def _said_codes(self, code: str, earlier: str | None, scenario: Scenario | None) -> dict[str, str]:
        said = super()._said_codes(code, earlier, scenario)
        if scenario is Scenario.SUPERSEDED_CODE:
            on = date_of(self.town.calendar.first, self.town.calendar.made // 10)
            former = self.town.registrar.project_code(self.rng, self.district.adcode, on)
            said |= {"commerce": former, "land.use_permits": former}
        return said
