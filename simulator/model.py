"""What the city is made of: companies, parcels, works, projects, and the rows departments say about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from simulator.areas import District
from simulator.words import Trade


class Path(StrEnum):
    """How a project comes by its ground."""

    GRANTED = "出让"
    ALLOCATED = "划拨"
    RENTED = "租赁厂房"
    UPGRADE = "零土地技改"
    ENERGY = "能源"


GROUNDLESS = frozenset({Path.RENTED, Path.UPGRADE})
"""Paths on which no land is supplied and no planning permit issued."""


class Scenario(StrEnum):
    """The prepared cases; the number is the catalogue's. A city of 40 projects has room for all of them."""

    CLEAN_CHAIN = "01-clean-chain"
    CODE_MISSING_IN_COMMERCE = "02-code-missing-in-commerce"
    LAND_BY_CERTIFICATES = "03-land-without-code-by-certificates"
    THREE_WORKS = "04-three-works"
    TWO_PARCELS = "05-two-parcels-a-year-apart"
    RENTED = "06-rented-standard-factory"
    UPGRADE = "07-upgrade-without-land"
    ROAD = "08-municipal-road"
    PHASES = "09-two-phases"
    SUPERSEDED_CODE = "10-superseded-code"
    OLD_CODE = "11-old-generation-code"
    PSEUDO_CODE = "12-pseudo-code"
    UNIT_ERROR = "13-unit-error"
    RETRACTION = "14-retraction-and-reissue"
    IDLE_LAND = "15-idle-land"
    NO_START = "16-permit-without-start"
    EARLY_START = "17-start-before-permit"
    NOT_FILED = "18-completed-not-filed"
    SIGNED_ONLY = "19-signed-and-nothing-else"
    TERMINATED = "20-terminated-after-signing"
    PLATFORM = "21-land-held-by-platform-company"
    PLACE_ALIASES = "22-place-aliases"
    WRONG_CREDIT_CODE = "23-wrong-credit-code"
    EXCEL_ROWS = "24-duplicate-and-vanished-rows"
    ENERGY = "25-energy-without-permit"
    FLOOR_UNITS = "26-building-of-many-units"


FIRST_CAST = (
    Scenario.CLEAN_CHAIN,
    Scenario.CODE_MISSING_IN_COMMERCE,
    Scenario.LAND_BY_CERTIFICATES,
    Scenario.THREE_WORKS,
    Scenario.PHASES,
    Scenario.RETRACTION,
    Scenario.EXCEL_ROWS,
)
"""The prepared cases of the easy city."""


@dataclass(frozen=True, slots=True)
class Company:
    """A legal person; `short` is its name without the legal form."""

    name: str
    short: str
    uscc: str


@dataclass(slots=True)
class Parcel:
    """One supplied parcel with its numbers; area in ㎡, price in 万元."""

    supply_id: str
    supervision: str
    contract: str
    approval: str
    plot: str
    area: int
    price: int


@dataclass(slots=True)
class Works:
    """One 标段: its codes and certificates, share of the money (万元) and floor area (㎡), and its days."""

    number: int
    label: str
    code: str
    permit: str
    completion: str
    price: int
    floor_area: int
    days: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Project:
    """One true project. `days` maps milestones to city days; a milestone that never comes is absent.

    Amounts are 万元. `said_codes` is what each department believes the project code to be, absent where it knows none.
    In the hard city `estate` is the place it is called by, `brief` the product's short name, `site` land's word for the
    address. `holder` bears the land where that is not the owner; `more_parcels` are supplied on the days beside them;
    `aliases` is what a department calls the district; `commerce_uscc` a credit code mistyped; `ending` how commerce calls
    the end.
    """

    index: int
    key: str
    scenario: Scenario | None
    path: Path
    district: District
    park: str
    address: str
    trade: Trade
    brand: str
    quantity: str
    form: str
    phase: int | None
    owner: Company
    parent: Company | None
    code: str
    signing: str | None
    signing_contract: str | None
    investment: int
    fixed_share: float
    municipal: bool
    parcel: Parcel | None
    use_permit: str
    works_permit: str
    works: list[Works]
    days: dict[str, int]
    said_codes: dict[str, str]
    ends: str | None
    kind: str = ""
    zone: str = ""
    estate: str = ""
    brief: str = ""
    site: str = ""
    holder: Company | None = None
    more_parcels: tuple[tuple[Parcel, int], ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)
    commerce_uscc: str = ""
    ending: str = ""

    @property
    def hard(self) -> bool:
        """Whether departments write of it as they do in the hard city, whose projects have a kind."""
        return bool(self.kind)

    @property
    def easy(self) -> bool:
        """True where a prepared case must not be blurred by chance noise."""
        return self.scenario is not None

    @property
    def on_land(self) -> Company:
        """Who bears the land."""
        return self.holder or self.owner

    def hidden_from(self, department: str) -> bool:
        """Whether the prepared case is about this department not knowing the project code."""
        return self.scenario is Scenario.LAND_BY_CERTIFICATES and department == "land"

    def place(self, department: str) -> str:
        """The district as that department writes it."""
        return self.aliases.get(department, self.district.name)

    @property
    def ground(self) -> Parcel:
        """The parcel of a project that has one; ValueError for a rented factory."""
        if self.parcel is None:
            raise ValueError(f"{self.key} stands on no ground of its own")
        return self.parcel


class Table(NamedTuple):
    """A table of an exchange database: its name, the column of a record's key, all columns parted by blanks.

    `in_place` says whether rows are changed in place, where that is not the habit of the whole database.
    """

    name: str
    key: str
    columns: str
    in_place: bool | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happens to one record after (or while) it is first said, on city day `day`.

    `part` numbers the works (0 where a record has none), `number` is that of a re-issued certificate, `at` the
    update time of a row that comes late.
    """

    kind: str
    source: str
    part: int
    day: int
    number: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one record as a department's system holds it; `at` is its update time, `shows` a city day."""

    source: str
    key: str
    at: str
    shows: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Calendar:
    """City day 0 as a date, and the day the city was made for."""

    first: date
    made: int
