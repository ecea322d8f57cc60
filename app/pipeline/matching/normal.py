"""One record prepared for comparing, built from its statement alone, and packed to lie beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache

import msgspec

from app.pipeline.matching.names import is_public, owner_core, parse_name
from app.pipeline.matching.numbers import ONCE, is_firm
from app.pipeline.matching.stated import Stated, StatedNumber, StatedPlace
from app.pipeline.matching.words import Places, places_of, plain
from schemas.cleaning import REMEMBERED
from schemas.ids import jurisdiction_of
from schemas.parties import Role
from schemas.schemes import Scheme, Status

_OWNERS = (Role.PROJECT_COMPANY, Role.OWNER, Role.LAND_HOLDER, Role.INVESTOR)
_CODED = (Scheme.PROJECT_CODE, Scheme.WORKS_CODE)
_LAND_DOCUMENTS = (Scheme.LAND_APPROVAL_NO, Scheme.LAND_CONTRACT_NO, Scheme.DOCUMENT_NO)
_CODE_LEAD = re.compile(r"\d{4}-\d{6}-\d{2}-(?!88)\d{2}-\d{6}(?!\d)")
_SECTION_TAIL = re.compile(r"(.{8,})-\d{1,3}")
_HOUSE = re.compile(r"\d+(?=号(?!楼|厂房|地块))")
_HOUSE_NUMBER = re.compile(r"\d+号(?!楼|厂房|地块)")
_TELLING = 5
"""Signs below which a number (12, 3号) is no more than a place in some list."""
_AMOUNTS = ("total_investment", "contract_investment", "fixed_investment")


class Normal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What matching sees of a record; two records with equal fields score equally.

    `codes` are valid current project codes, 20 bare digits; `bears` and `cites` hold strong numbers as
    `scheme:value`, `numbers` both, `once` those borne of which a project has one, `firm` those and codes that are proof alone. `rest` is the name core
    without the owner's brand, `street` the address without house numbers, `point` longitude and latitude in degrees.
    """

    record_id: str
    source: str
    core: str
    owner_cores: tuple[str, ...]
    phase: frozenset[int]
    zone: str | None
    quantities: frozenset[str]
    codes: tuple[str, ...]
    usccs: tuple[str, ...]
    bears: frozenset[str]
    cites: frozenset[str]
    numbers: frozenset[str]
    once: frozenset[str]
    firm: frozenset[str]
    district: str | None
    address: str
    houses: frozenset[str]
    works_class: str | None
    amount: Decimal | None
    site_area: Decimal | None
    rest: str
    street: str
    point: tuple[float, float] | None


_PACKER = msgspec.msgpack.Encoder(order="deterministic")
_UNPACKER = msgspec.msgpack.Decoder(Normal)


def pack(value: Normal) -> bytes:
    """Pack a record: equal ones into equal bytes, wherever and whenever."""
    return _PACKER.encode(value)


def unpack(packed: bytes | memoryview) -> Normal:
    """Give the record that was packed."""
    return _UNPACKER.decode(packed)


def normal(record_id: str, record: Stated) -> Normal:
    """Prepare a record; its jurisdiction (of the id) and district tell which place names say nothing."""
    district = record.place.district
    city = (district or str(jurisdiction_of(record_id) or ""))[:4]
    places = places_of(city)
    name = parse_name(record.name or "", places)
    cores = _owner_cores(record, places)
    bears, cites = set(_borne(record.bears)), set(_cited(record.cites))
    codes = _codes(record)
    address, houses, street = _address(record.place.address or "", places)
    return Normal(
        record_id=record_id,
        source=record.source,
        core=name.core,
        owner_cores=cores,
        phase=name.phase,
        zone=name.zone,
        quantities=name.quantities,
        codes=codes,
        usccs=_usccs(record),
        bears=frozenset(bears),
        cites=frozenset(cites - bears),
        numbers=frozenset(bears | cites),
        once=once_numbers(bears),
        firm=firm_numbers(bears | cites).union(codes),
        district=district if district and not district.endswith("00") else None,
        address=address,
        houses=houses,
        works_class=record.works_class,
        amount=next((m.yuan for key in _AMOUNTS if (m := record.money.get(key)) and m.yuan), None),
        site_area=a.square_metres if (a := record.areas.get("site_area")) else None,
        rest=_without(name.core, cores),
        street=street,
        point=_point(record.place),
    )


def once_numbers(numbers: Iterable[str]) -> frozenset[str]:
    """Give those of `scheme:value` numbers whose scheme a project has one number of."""
    return frozenset(number for number in numbers if number.partition(":")[0] in ONCE)


def firm_numbers(numbers: Iterable[str]) -> frozenset[str]:
    """Give those of `scheme:value` numbers that are proof by themselves when they are cited."""
    return frozenset(number for number in numbers if is_firm(number.partition(":")[0]))


def _borne(identifiers: tuple[StatedNumber, ...]) -> Iterator[str]:
    """Give strong numbers; of a local works code also the base, since sections of a project differ in the tail only."""
    for number in identifiers:
        if number.scheme is Scheme.PROJECT_CODE or number.status is Status.PSEUDO:
            continue
        if number.status is Status.SUSPECT or len(number.value) < _TELLING:
            yield f"suspect:{number.scheme}/{number.value}"
            continue
        yield f"{number.scheme}:{number.value}"
        tail = _SECTION_TAIL.fullmatch(number.value) if number.scheme is Scheme.WORKS_CODE else None
        if tail and not _CODE_LEAD.fullmatch(tail[1]):
            yield f"works_base:{tail[1]}"


def _cited(identifiers: tuple[StatedNumber, ...]) -> Iterator[str]:
    """Give strong numbers that are cited; one land document in every scheme it may be of, for citing it names none."""
    yield from _borne(identifiers)
    for number in identifiers:
        if (
            number.scheme in _LAND_DOCUMENTS
            and number.status is not Status.SUSPECT
            and len(number.value) >= _TELLING
        ):
            yield from (f"{scheme}:{number.value}" for scheme in _LAND_DOCUMENTS)


def _codes(record: Stated) -> tuple[str, ...]:
    """Give valid current project codes, as stated and as works codes lead with."""
    found = set()
    for number in (*record.bears, *record.cites):
        if (
            number.scheme in _CODED
            and number.status is Status.VALID
            and (lead := _CODE_LEAD.match(number.value))
        ):
            found.add(lead[0].replace("-", ""))
    return tuple(sorted(found))


@lru_cache(maxsize=REMEMBERED)
def _address(text: str, places: Places) -> tuple[str, frozenset[str], str]:
    """Give an address without its administrative words, its house numbers, and the address without those."""
    address = places.address(plain(text))
    return address, frozenset(_HOUSE.findall(address)), _HOUSE_NUMBER.sub("", address)


def _point(place: StatedPlace) -> tuple[float, float] | None:
    if place.longitude is None or place.latitude is None:
        return None
    return float(place.longitude), float(place.latitude)


def _usccs(record: Stated) -> tuple[str, ...]:
    valid = {
        p.uscc.value for p in record.parties if p.role in _OWNERS and p.uscc and p.uscc.status is Status.VALID
    }
    return tuple(sorted(valid))


def _owner_cores(record: Stated, places: Places) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for role in _OWNERS:
        for party in record.parties:
            if party.role is role and party.name:
                found.setdefault(owner_core(party.name, places))
    return tuple(found)


def _without(core: str, cores: tuple[str, ...]) -> str:
    """Take the owner's name, else its brand (two signs), out of a name core."""
    for owner in cores:
        if is_public(owner) or len(owner) < 2:
            continue
        if owner in core:
            return core.replace(owner, "", 1)
        if owner[:2] in core:
            return core.replace(owner[:2], "", 1)
    return core
