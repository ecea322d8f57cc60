"""The truth of a family of projects: one investor's project, its later phases, or a sister product."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date

from simulator import words
from simulator.areas import CityArea, District
from simulator.dice import chance, date_of, dice, weighted
from simulator.model import FIRST_CAST, GROUNDLESS, Calendar, Company, Parcel, Path, Project, Scenario, Works
from simulator.numbers import Registrar, credit_code
from simulator.saying import said_codes
from simulator.timeline import STOPS, plan, roll_up, squeeze, works_days
from simulator.words import Trade

_WORKS_COUNTS = ((1, 58.0), (2, 23.0), (3, 11.0), (4, 5.0), (5, 2.0), (6, 1.0))


SECOND_PARCELS = 50_000_000
"""Where the numbers of further parcels begin."""


@dataclass(slots=True)
class Town:
    """What the making of families needs and moves: numbers given out, public owners, the count of companies."""

    seed: int
    area: CityArea
    calendar: Calendar
    registrar: Registrar
    public_owners: list[Company] = field(default_factory=list)
    companies: int = 0
    projects: list[Project] = field(default_factory=list)
    made: int = 0
    families: int = 0
    hard: bool = False
    cast: tuple[Scenario, ...] = FIRST_CAST

    def company(self, kind: str, region: str, name: str, short: str) -> Company:
        """A new company with a credit code of its own."""
        self.companies += 1
        return Company(name, short, credit_code(kind, region, self.companies))


def plain_owners(town: Town, size: int) -> list[Company]:
    """The easy city's public owners, one for about 60 projects and at least four."""
    rng, owners = dice(town.seed, town.area.adcode, "public owners"), []
    for _ in range(max(4, size // 60)):
        short = town.area.name[:2] + _brand(rng) + rng.choice(("城市建设投资", "城市发展", "产业发展投资"))
        owners.append(town.company("91", str(town.area.adcode), short + "有限公司", short))
    return owners


def plain_family(town: Town, room: int, born: int | None = None) -> None:
    """Makes the next family of the easy city, of at most `room` projects; `born` is its first signing day, else that lies in the past."""
    rng = dice(town.seed, town.area.adcode, "family", town.families)
    scenario = town.cast[town.families] if town.families < len(town.cast) else None
    days = town.calendar.made
    public = scenario is None and chance(rng, 0.13)
    count, sisters = 1, False
    if scenario in (Scenario.PHASES, Scenario.EXCEL_ROWS):
        count, sisters = 2, scenario is Scenario.EXCEL_ROWS
    elif scenario is None and not public:
        count, sisters = weighted(
            rng, (((1, False), 79.0), ((2, False), 12.0), ((3, False), 2.0), ((2, True), 7.0))
        )
    latest = days - 1 if not public else days - min(150, days // 3)
    signed = born if born is not None else int(latest * rng.random() ** 1.2 * (1 if count == 1 else 0.6))
    family = Family(town, rng, public)
    for member in range(min(count, room)):
        phase = (
            None if sisters or (count == 1 and not (scenario is None and chance(rng, 0.04))) else member + 1
        )
        family.project(signed, phase, scenario, fresh_trade=sisters and member > 0)
        signed += rng.randint(150, 420)
        if born is None:
            signed = min(signed, days - 1)
    town.families += 1


class Family:
    """The shared facts of siblings: investor, owner, place, trade."""

    def __init__(self, town: Town, rng: random.Random, public: bool) -> None:
        self.town, self.rng, self.public, self.latest = town, rng, public, ""
        self.district: District = rng.choice(town.area.districts)
        self.park = rng.choice(self.district.parks)
        self.street = rng.choice(words.STREETS) + rng.choice(words.STREETS) + rng.choice(("路", "大道"))
        self.road = public and chance(rng, 0.35)
        self.brand = _brand(rng)
        self.trade = words.ROADS if self.road else rng.choice(words.PUBLIC_WORKS if public else words.TRADES)
        self.parent: Company | None = None
        self.owner = rng.choice(town.public_owners) if public else self._companies()

    def _companies(self) -> Company:
        """The owner, and in 45 % of families a parent company that invests through it."""
        city, trade = self.town.area.name[:2], self.trade
        owner_short = city + self.brand + trade.word
        if chance(self.rng, 0.45):
            short = self.rng.choice(words.ORIGINS) + self.brand + self.rng.choice(("", trade.word))
            name = short + self.rng.choice(("集团有限公司", "集团股份有限公司", "控股有限公司"))
            self.parent = self.town.company("91", "430000", name, short)
        return self.town.company("91", self.district.adcode, owner_short + "有限公司", owner_short)

    def project(
        self, signed: int, phase: int | None, scenario: Scenario | None, fresh_trade: bool
    ) -> Project:
        """One project of the family, planned to the end of its life."""
        town, rng = self.town, self.rng
        index = town.made
        trade = self._another_trade() if fresh_trade and not self.public else self.trade
        path = self._path(scenario)
        days, ends = self._days(signed, path, scenario, later=phase is not None and phase > 1)
        signed = days["signed"]
        count = self._works_count(scenario)
        works_plan = [works_days(rng, days, n, lag=3 if scenario else 60) for n in range(1, count + 1)]
        if not scenario:
            roll_up(days, works_plan)
        first = town.calendar.first

        def on(step: str) -> int:
            return days.get(step, signed)

        region = self.district.adcode
        registrar = town.registrar
        investment = round(rng.lognormvariate(9.6, 0.9) / 10) * 10 + 500
        code = self._code(date_of(first, on("code")))
        earlier = self.latest if phase and phase > 1 else None
        area = rng.randint(60, 1800) * 100
        project = Project(
            index=index,
            key=f"P{index + 1:06d}",
            scenario=scenario,
            path=path,
            district=self.district,
            park=self.park,
            address=self._address(),
            trade=trade,
            brand=self.brand,
            quantity=self._quantity(trade),
            form=self._form(),
            phase=phase,
            owner=self.owner,
            parent=self.parent,
            code=code,
            signing=None if path is Path.ALLOCATED else registrar.signing(date_of(first, signed)),
            signing_contract=None
            if path is Path.ALLOCATED
            else registrar.signing_contract(self.district.name, date_of(first, signed)),
            investment=investment,
            fixed_share=rng.uniform(0.55, 0.95),
            municipal=self.road,
            parcel=None if path in GROUNDLESS else self._parcel(index, area, path, on("supply")),
            use_permit=registrar.planning("地", region, date_of(first, on("use_permit"))),
            works_permit=registrar.planning("建", region, date_of(first, on("works_permit"))),
            works=[],
            days=days,
            said_codes=self._said_codes(code, earlier, scenario),
            ends=ends,
        )
        project.works = [
            self._works(project, n + 1, plan_, count, area) for n, plan_ in enumerate(works_plan)
        ]
        self.latest = code
        town.made += 1
        town.projects.append(project)
        return project

    def _code(self, on: date) -> str:
        return self.town.registrar.project_code(self.rng, self.district.adcode, on)

    def _said_codes(self, code: str, earlier: str | None, scenario: Scenario | None) -> dict[str, str]:
        return said_codes(self.rng, code, earlier, self.town.registrar.codes, scenario)

    def _another_trade(self) -> Trade:
        """A sister's trade."""
        return self.rng.choice(words.TRADES)

    def _works_count(self, scenario: Scenario | None) -> int:
        return 3 if scenario is Scenario.THREE_WORKS else 1 if scenario else weighted(self.rng, _WORKS_COUNTS)

    def _address(self) -> str:
        return f"{self.district.name}{self.park}{self.street}{self.rng.randint(1, 399)}号"

    def _quantity(self, trade: Trade) -> str:
        """A yearly output, in half of the cases where the trade has a unit."""
        many = self.rng.choice((1, 2, 3, 5, 8, 10, 20, 30)) if trade.unit and chance(self.rng, 0.5) else 0
        return f"年产{many}{trade.unit}" if many else ""

    def _form(self) -> str:
        return "" if self.public else self.rng.choice(words.FORMS)

    def _path(self, scenario: Scenario | None) -> Path:
        if self.public:
            return Path.ALLOCATED
        rented = chance(self.rng, 0.12)
        return Path.RENTED if rented and scenario is None else Path.GRANTED

    def _days(
        self, signed: int, path: Path, scenario: Scenario | None, later: bool
    ) -> tuple[dict[str, int], str | None]:
        stopped = self.rng.choice(STOPS) if chance(self.rng, 0.12) and not scenario else None
        days = plan(self.rng, signed, path, stopped)
        if scenario:
            made = self.town.calendar.made
            days = squeeze(days, made // 3 if later else made // 50, made - made // 25 - 2)
        return days, stopped

    def _parcel(self, serial: int, area: int, path: Path, supplied: int) -> Parcel:
        registrar, region = self.town.registrar, self.district.adcode
        on = date_of(self.town.calendar.first, supplied)
        allocated = path is Path.ALLOCATED
        return Parcel(
            supply_id=f"{region}{serial + 1:08d}",
            supervision=registrar.supervision(region, on),
            contract=registrar.land_contract(on, allocated),
            approval=registrar.land_approval(on),
            plot="" if allocated else registrar.parcel(on),
            area=area,
            price=0 if allocated else area * self.rng.randint(18, 60) // 1000,
        )

    def _works(self, project: Project, number: int, days: dict[str, int], count: int, area: int) -> Works:
        """One 标段; its works code bears the project code housing believes in, if it knows one."""
        town, region = self.town, self.district.adcode
        first = town.calendar.first
        known = project.said_codes.get("housing")
        signed = project.days["signed"]
        buildings = f"{number}#厂房" if not self.public else ""
        label = f"{words.NUMERALS[number]}标段" if count > 1 else buildings
        permit_on = date_of(first, days.get("permit", signed))
        return Works(
            number=number,
            label=label,
            code=f"{known}-{town.registrar.next('GCDM', known):03d}"
            if known
            else town.registrar.local_works(region, permit_on),
            permit=town.registrar.construction(region, permit_on, self.road),
            completion=town.registrar.completion(date_of(first, days.get("completed", signed))),
            price=max(50, int(project.investment * self.rng.uniform(0.35, 0.6) / count)),
            floor_area=int(area * self.rng.uniform(0.7, 1.6) / count),
            days=days,
        )


def _brand(rng: random.Random) -> str:
    """Two rare syllables, in 28 % of cases three."""
    brand = rng.choice(words.FIRST) + rng.choice(words.SECOND)
    return brand + rng.choice(words.THIRD) if chance(rng, 0.28) else brand
