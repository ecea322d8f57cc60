"""The parts of a stored statement that matching reads; the rest is skipped unread, which is most of the work saved.

What is only compared stays text: the hub wrote it itself, and the type checker held it to the schemas then.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class StatedNumber(msgspec.Struct, frozen=True, gc=False):
    """A number as `schemas.identifiers.Identifier` has it."""

    scheme: str
    value: str
    status: str = "valid"


class StatedParty(msgspec.Struct, frozen=True, gc=False):
    """A body as `schemas.parties.Party` has it."""

    role: str
    name: str | None = None
    uscc: StatedNumber | None = None


class StatedPlace(msgspec.Struct, frozen=True, gc=False):
    """A place as `schemas.places.Place` has it."""

    district: str | None = None
    zone: str | None = None
    address: str | None = None
    longitude: Decimal | None = None
    latitude: Decimal | None = None


class StatedMoney(msgspec.Struct, frozen=True, gc=False):
    """An amount as `schemas.measures.Money` has it."""

    yuan: Decimal | None


class StatedSums(msgspec.Struct, frozen=True, gc=False):
    """The sums of a project record that are about the whole project, the one that is compared first."""

    total_investment: StatedMoney | None = None
    contract_investment: StatedMoney | None = None
    fixed_investment: StatedMoney | None = None


class StatedArea(msgspec.Struct, frozen=True, gc=False):
    """An area as `schemas.measures.Area` has it."""

    square_metres: Decimal | None


class StatedAreas(msgspec.Struct, frozen=True, gc=False):
    """The areas of a project record that are about its ground, and its floor area."""

    site_area: StatedArea | None = None
    wanted_area: StatedArea | None = None
    registered_area: StatedArea | None = None
    conversion_area: StatedArea | None = None
    floor_area: StatedArea | None = None


class StatedDate(msgspec.Struct, frozen=True, gc=False):
    """A date as `schemas.dates.StatedDate` has it."""

    day: str
    precision: str


class StatedEvidence(msgspec.Struct, frozen=True, gc=False):
    """A proof of a milestone as `schemas.lifecycle.Evidence` has it."""

    milestone: str
    rank: str
    on: StatedDate | None = None


class StatedTexts(msgspec.Struct, frozen=True, gc=False):
    """The texts of a project record that tell its size, and which part of a project it speaks of."""

    scale: str | None = None
    scope: str | None = None


class Stated(msgspec.Struct, frozen=True, gc=False):
    """What matching reads of a `schemas.records.ProjectRecord`; fields and defaults are the statement's own."""

    source: str
    name: str | None = None
    bears: tuple[StatedNumber, ...] = ()
    cites: tuple[StatedNumber, ...] = ()
    parties: tuple[StatedParty, ...] = ()
    place: StatedPlace = StatedPlace()
    industry: str | None = None
    works_class: str | None = None
    money: StatedSums = StatedSums()
    areas: StatedAreas = StatedAreas()
    evidence: tuple[StatedEvidence, ...] = ()
    texts: StatedTexts = StatedTexts()


_DECODER = msgspec.json.Decoder(Stated)


def stated(statement: str) -> Stated:
    """Read a project record's statement as stored; raises msgspec.ValidationError for anything else."""
    return _DECODER.decode(statement)
