"""The tables behind stages, paths, places, industries and code lists: data in `schemas/codes/`, read once."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from schemas.base import Schema
from schemas.lifecycle import Rank, Stage

Level = Literal["province", "city", "district"]
Part = Literal["works", "parcel"]
CountedIn = Literal["none", "works", "parcel"]
Row = TypeVar("Row", bound=Schema)


class StageRow(Schema):
    """A stage of a project's life; `mohurd` is the stage of the national approval flow (1–4) it belongs to."""

    code: Stage
    number: int
    zh: str
    en: str
    owner: str
    mohurd: int | None = None


class MilestoneRow(Schema):
    """A milestone inside a stage, owned by a department; `gate` marks one that can prove the stage (★).

    `shown_by` is the scheme of the number that is given with it: citing one shows that it was reached.
    """

    code: str
    stage: Stage
    zh: str
    en: str
    owner: str
    gate: bool = False
    shown_by: str | None = None


class RankRow(Schema):
    """What a rank of evidence means."""

    rank: Rank
    zh: str
    en: str


class Gate(Schema):
    """What closes a stage on a path: any one of `milestones`, proven at `least_rank` or better.

    Where the owner is not connected `least_rank_unconnected` is enough. `counted_in` names the parts that must all
    be proven. `self_report_with` is the milestone whose proof lifts a self-report (rank D) of this gate.
    """

    stage: Stage
    milestones: tuple[str, ...]
    owner: str
    least_rank: Rank
    least_rank_unconnected: Rank
    counted_in: CountedIn = "none"
    self_report_with: str | None = None


class PathRow(Schema):
    """A kind of project and the gates its loop needs; a stage without a gate is not required."""

    key: str
    zh: str
    en: str
    gates: Mapping[Stage, Gate]


class RollUpRow(Schema):
    """How proofs of parts become the stage of the project: all or any of them, and whose date it bears.

    `reached_when` tells when the project stands in the stage, which may be before all parts meet it.
    """

    stage: Stage
    part: Part
    met_when: Literal["all", "any"]
    reached_when: Literal["all", "any"] = "all"
    dated_by: Literal["earliest", "latest"]


class SumRow(Schema):
    """A quantity of the project that is the sum over its parts, and the project's own field to hold it against."""

    field: str
    part: Part
    against: str | None = None


class DepartmentRow(Schema):
    """A department by its permanent key."""

    key: str
    zh: str
    en: str


class IndustryRow(Schema):
    """A class of GB/T 4754: `code` with its section letter, level 1 (section) to 4 (class)."""

    code: str
    name: str
    level: int
    parent: str | None
    edition: str


class RegionRow(Schema):
    """An administrative division: six digits, name, level and the code above it."""

    code: str
    name: str
    level: Level
    parent: str | None


class AliasRow(Schema):
    """Another name of a district of one city; `zone` is the functional zone it means, if it does."""

    text: str
    district: str
    zone: str | None = None


class CodeRow(Schema):
    """A value of a department's code list; `unverified` values warn and never reject.

    `kind` groups values (of BLZT: open, stopped, resumed, positive, negative); `path`, `stage`, `milestone` and
    `status` say what a value means for the project.
    """

    code: str
    zh: str
    en: str = ""
    kind: str | None = None
    path: str | None = None
    stage: Stage | None = None
    milestone: str | None = None
    status: str | None = None
    unverified: bool = False


def _text(name: str) -> str:
    return resources.files("schemas.codes").joinpath(name).read_text(encoding="utf-8")


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(_text(name))


def _csv(name: str) -> Iterator[dict[str, str]]:
    """Give the rows of a table file, whose first lines may be comments."""
    return csv.DictReader(line for line in _text(name).splitlines() if not line.startswith("#"))


@cache
def stages() -> tuple[StageRow, ...]:
    """Give the eleven stages in order."""
    return tuple(StageRow(**row) for row in _toml("stages.toml")["stage"])


@cache
def milestones() -> Mapping[str, MilestoneRow]:
    """Give every milestone by its code, in order."""
    return _by("code", [MilestoneRow(**row) for row in _toml("milestones.toml")["milestone"]])


@cache
def ranks() -> Mapping[Rank, RankRow]:
    """Give the meaning of each rank of evidence, strongest first."""
    rows = [RankRow(**row) for row in _toml("ranks.toml")["rank"]]
    return MappingProxyType({row.rank: row for row in rows})


@cache
def paths() -> Mapping[str, PathRow]:
    """Give the path templates by key: granted, leased, upgrade, allocated, linear, energy, real_estate."""
    rows = []
    for key, path in _toml("paths.toml")["path"].items():
        gates = {Stage(stage): Gate(stage=Stage(stage), **gate) for stage, gate in path.pop("gates").items()}
        rows.append(
            PathRow(key=key, gates={stage: gates[stage] for stage in Stage if stage in gates}, **path)
        )
    return _by("key", rows)


@cache
def roll_up() -> Mapping[Stage, RollUpRow]:
    """Give, for each stage that happens in parts, how the parts make the project's stage."""
    rows = [RollUpRow(**row) for row in _toml("roll_up.toml")["stage"]]
    return MappingProxyType({row.stage: row for row in rows})


@cache
def sums() -> Mapping[str, SumRow]:
    """Give the quantities that are summed over parts, by field."""
    return _by("field", [SumRow(**row) for row in _toml("roll_up.toml")["sum"]])


@cache
def departments() -> Mapping[str, DepartmentRow]:
    """Give the departments by key."""
    return _by("key", [DepartmentRow(**row) for row in _toml("departments.toml")["department"]])


@cache
def code_list(name: str) -> Mapping[str, CodeRow]:
    """Give a code list of the departments by value, such as BLZT or GDFS; raises KeyError for an unknown list."""
    found = _toml("code_lists.toml")[name]
    return _by("code", [CodeRow(**row) for row in found["codes"]])


@cache
def regions() -> Mapping[str, RegionRow]:
    """Give every province, city and district of the country by its six digits.

    A city without districts (such as 441900) stands once, as the city.
    """
    rows: dict[str, RegionRow] = {}
    for row in _csv("adcodes.csv"):
        rows.setdefault(row["code"], RegionRow(**{**row, "parent": row["parent"] or None}))
    return MappingProxyType(rows)


@cache
def district_aliases() -> Mapping[str, tuple[AliasRow, ...]]:
    """Give the aliases of districts by the code of their city."""
    cities = _toml("district_aliases.toml")
    return MappingProxyType(
        {city: tuple(AliasRow(**row) for row in table["aliases"]) for city, table in cities.items()}
    )


@cache
def industries() -> Mapping[str, IndustryRow]:
    """Give the classes of GB/T 4754-2017 by code with section letter."""
    return _by("code", [_industry(row["code"], row["name"]) for row in _csv("industries.csv")])


def industry(code: str, edition: str = "2017") -> IndustryRow | None:
    """Give the class of an industry code such as C3720, 3720 or 37; None when the edition has no such code.

    Only the edition of 2017 is known: the same digits meant other classes in 2011.
    """
    if edition != "2017":
        return None
    wanted = code.strip().upper()
    return industries().get(_sections().get(wanted, wanted))


@cache
def _sections() -> Mapping[str, str]:
    return MappingProxyType({code[1:]: code for code in industries() if len(code) > 1})


def _industry(code: str, name: str) -> IndustryRow:
    parent = None if len(code) == 1 else code[0] if len(code) == 3 else code[:-1]
    return IndustryRow(code=code, name=name, level=max(1, len(code) - 1), parent=parent, edition="2017")


def _by(field: str, rows: list[Row]) -> Mapping[str, Row]:
    found = {getattr(row, field): row for row in rows}
    if len(found) != len(rows):
        raise ValueError(f"a {field} stands twice in a table of schemas/codes")
    return MappingProxyType(found)
