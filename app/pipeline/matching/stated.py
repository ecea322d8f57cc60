"""The parts of a stored statement that matching reads; the rest is skipped unread, which is most of the work saved."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from schemas.parties import Role
from schemas.schemes import Scheme, Status


class StatedNumber(msgspec.Struct, frozen=True):
    """A number as `schemas.identifiers.Identifier` has it."""

    scheme: Scheme
    value: str
    status: Status = Status.VALID


class StatedParty(msgspec.Struct, frozen=True):
    """A body as `schemas.parties.Party` has it."""

    role: Role
    name: str | None = None
    uscc: StatedNumber | None = None


class StatedPlace(msgspec.Struct, frozen=True):
    """A place as `schemas.places.Place` has it."""

    district: str | None = None
    address: str | None = None
    longitude: Decimal | None = None
    latitude: Decimal | None = None


class StatedMoney(msgspec.Struct, frozen=True):
    """An amount as `schemas.measures.Money` has it."""

    yuan: Decimal | None


class StatedArea(msgspec.Struct, frozen=True):
    """An area as `schemas.measures.Area` has it."""

    square_metres: Decimal | None


class Stated(msgspec.Struct, frozen=True):
    """What matching reads of a `schemas.records.ProjectRecord`; fields and defaults are the statement's own."""

    source: str
    name: str | None = None
    bears: tuple[StatedNumber, ...] = ()
    cites: tuple[StatedNumber, ...] = ()
    parties: tuple[StatedParty, ...] = ()
    place: StatedPlace = StatedPlace()
    works_class: str | None = None
    money: dict[str, StatedMoney] = {}
    areas: dict[str, StatedArea] = {}


_DECODER = msgspec.json.Decoder(Stated)


def stated(statement: str) -> Stated:
    """Read a project record's statement as stored; raises msgspec.ValidationError for anything else."""
    return _DECODER.decode(statement)
