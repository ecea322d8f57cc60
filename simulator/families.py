"""The families of the hard city: kinds of projects, phases, zones, sister products, a few busy public owners."""

from __future__ import annotations

import random

from simulator import defects, lexicon, words
from simulator.dice import chance, dice, weighted
from simulator.facts import SECOND_PARCELS, Family, Town
from simulator.lexicon import KINDS, Kind
from simulator.model import Company, Path, Project, Scenario
from simulator.words import Trade

_LEGAL = (("有限公司", 84.0), ("股份有限公司", 9.0), ("科技有限公司", 7.0))
_COUNTS = {"road": ((1, 70.0), (2, 20.0), (3, 7.0), (4, 3.0))}
_USUAL = ((1, 52.0), (2, 25.0), (3, 12.0), (4, 6.0), (5, 3.0), (6, 2.0))
_QUANTITIES = (1, 2, 3, 5, 6, 8, 10, 12, 15, 20, 30, 50, 60, 80, 100)


def public_owners(town: Town, size: int) -> list[Company]:
    """A city's public owners, one for about 150 projects and at least six; the first ones own most."""
    rng = dice(town.seed, town.area.adcode, "public owners")
    words_ = ("城市建设投资", "城市发展", "产业发展投资", "交通投资", "水务投资")
    owners = []
    for _ in range(max(6, size // 150)):
        short = town.area.name[:2] + rng.choice((lexicon.brand(rng), "")) + rng.choice(words_)
        short += rng.choice(("集团", ""))
        owners.append(town.company("91", str(town.area.adcode), short + "有限公司", short))
    return owners


def add_hard_family(town: Town, room: int, born: int | None = None) -> None:
    """Makes the next family, of at most `room` projects; `born` is its first signing day, else that lies in the past."""
    rng = dice(town.seed, town.area.adcode, "family", town.families)
    kind = weighted(rng, [(kind, kind.weight) for kind in KINDS])
    phased, zoned, sisters = (chance(rng, share) for share in (kind.phased, kind.zoned, kind.sisters))
    count = weighted(rng, ((2, 80.0), (3, 15.0), (4, 5.0))) if phased else 2 if zoned or sisters else 1
    how = "phase" if phased else "zone" if zoned else "sister" if sisters else ""
    days = town.calendar.made
    latest = days - 1 if not kind.public else days - min(150, days // 3)
    signed = born if born is not None else int(latest * rng.random() ** 1.2 * (1 if count == 1 else 0.6))
    family = HardFamily(town, rng, kind)
    alone = chance(rng, 0.04)
    for member in range(min(count, room)):
        family.zone = "ABCD"[member] if how == "zone" else ""
        phase = member + 1 if how == "phase" or (not how and alone) else None
        family.project(signed, phase, None, fresh_trade=how == "sister" and member > 0)
        signed += rng.randint(60, 420) if how != "zone" else rng.randint(0, 60)
        if born is None:
            signed = min(signed, days - 1)
    town.families += 1


class HardFamily(Family):
    """The shared facts of siblings of one kind."""

    def __init__(self, town: Town, rng: random.Random, kind: Kind) -> None:
        self.town, self.rng, self.kind, self.public, self.latest = town, rng, kind, kind.public, ""
        self.zone = ""
        self.district = rng.choice(town.area.districts)
        self.places = lexicon.places(self.district.adcode, self.district.parks)
        self.park, self.street = rng.choice(self.places.parks), rng.choice(self.places.streets)
        self.where, self.crossing = rng.choice(self.places.towns), rng.choice(self.places.streets)
        self.road = kind.name == "road"
        self.brand = lexicon.brand(rng)
        self.goods = rng.choice(kind.goods)
        self.trade = lexicon.product(rng, self.goods)
        self.parent = None
        self.owner = self._public_owner() if kind.public else self._companies()

    def _public_owner(self) -> Company:
        owners = self.town.public_owners
        return self.rng.choices(owners, [1 / (n + 1) for n in range(len(owners))])[0]

    def _companies(self) -> Company:
        """The owner, and in 45 % of industrial families a parent company that invests through it."""
        city, rng, trade = self.town.area.name[:2], self.rng, self.trade
        short = rng.choice((city, city, city, "湖南", "")) + self.brand + trade.word
        form = weighted(rng, _LEGAL)
        if self.kind.name in lexicon.PARENTAL and chance(rng, 0.45):
            # a parent bears the firm's brand, or a brand of its own
            brand = self.brand if chance(rng, 0.75) else lexicon.brand(rng)
            parent = rng.choice(words.ORIGINS) + brand + rng.choice(("", trade.word, "投资", "实业"))
            name = parent + rng.choice(("集团有限公司", "集团股份有限公司", "控股有限公司", "集团"))
            self.parent = self.town.company("91", "430000", name, parent)
        return self.town.company("91", self.district.adcode, short + form, short)

    def project(
        self, signed: int, phase: int | None, scenario: Scenario | None, fresh_trade: bool
    ) -> Project:
        """One project of the family, planned to the end of its life."""
        made = super().project(signed, phase, scenario, fresh_trade)
        made.kind, made.zone = self.kind.name, self.zone
        made.estate = f"{self.where.rstrip('镇乡街道')}{self.street if self.road else ''}"
        nouns = [noun for noun in self.goods.nouns if made.trade.product.endswith(noun)]
        made.brief = nouns[0] if nouns else ""
        corner = self.rng.choice(("东南", "西北", "东北", "西南"))
        made.site = f"{self.where}{self.street}与{self.crossing}交叉口{corner}侧"
        self._spoil(made)
        return made

    def _spoil(self, made: Project) -> None:
        """What goes wrong with the project as a whole: parcels, holder of the land, an early start, other names."""
        rng = self.rng
        split, platform, early = (defects.happens(rng, number) for number in (10, 11, 13))
        renamed, later = defects.happens(rng, 17), rng.randint(60, 500)
        granted = made.path is Path.GRANTED and made.parcel is not None
        if split and granted and made.parcel and "supply" in made.days:
            on = made.days["supply"] + later
            second = self._parcel(SECOND_PARCELS + made.index, made.parcel.area // 2 + 100, made.path, on)
            made.more_parcels = ((second, on),)
        if platform and granted:
            made.holder = self._public_owner()
        if early and "permit" in made.days and "started" in made.days:
            ahead = rng.randint(5, 60)
            for days in (made.days, *(works.days for works in made.works)):
                days["started"] = max(0, days["permit"] - ahead)
        others = defects.OTHER_NAMES.get(made.district.adcode)
        if renamed and others:
            made.aliases = {"commerce": rng.choice(others)}

    def _another_trade(self) -> Trade:
        """A sister's product: another of the same line, or of a line of its own."""
        goods = self.goods if chance(self.rng, 0.6) else self.rng.choice(self.kind.goods)
        return lexicon.product(self.rng, goods)

    def _path(self, scenario: Scenario | None) -> Path:
        rented, upgraded = chance(self.rng, 0.10), chance(self.rng, 0.04)
        if self.kind.name != "industry":
            return self.kind.path
        return Path.RENTED if rented else Path.UPGRADE if upgraded else Path.GRANTED

    def _works_count(self, scenario: Scenario | None) -> int:
        return weighted(self.rng, _COUNTS.get(self.kind.name, _USUAL))

    def _address(self) -> str:
        park = self.park if not self.public and chance(self.rng, 0.7) else ""
        return f"{self.district.name}{self.where}{park}{self.street}{self.rng.randint(1, 999)}号"

    def _quantity(self, trade: Trade) -> str:
        shown, many = chance(self.rng, 0.45), self.rng.choice(_QUANTITIES)
        if not trade.unit or not shown:
            return ""
        return f"{many * 5}MW" if self.kind.name == "energy" else f"年产{many}{trade.unit}"

    def _form(self) -> str:
        return self.rng.choice(self.kind.forms)
