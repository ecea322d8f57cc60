"""One record prepared for comparing, built from its statement alone, and packed to lie beside it."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from app.pipeline.matching.facts import amount, dated, floors, land, parts, sizes
from app.pipeline.matching.latin import addresses_in, in_latin
from app.pipeline.matching.names import is_public, owner_core, parse_name
from app.pipeline.matching.numbers import ONCE, is_firm
from app.pipeline.matching.stated import Stated, StatedNumber, StatedPlace
from app.pipeline.matching.where import PARK_END, park, spots, where
from app.pipeline.matching.words import Places, places_of, plain
from schemas.ids import jurisdiction_of
from schemas.parties import Role
from schemas.schemes import Scheme, Status

_RANK = {
    role.value: rank
    for rank, role in enumerate((Role.PROJECT_COMPANY, Role.OWNER, Role.LAND_HOLDER, Role.INVESTOR))
}
_PROJECT_CODE, _WORKS_CODE = Scheme.PROJECT_CODE.value, Scheme.WORKS_CODE.value
_CODED = (_PROJECT_CODE, _WORKS_CODE)
_LAND_DOCUMENTS = (Scheme.LAND_APPROVAL_NO.value, Scheme.LAND_CONTRACT_NO.value, Scheme.DOCUMENT_NO.value)
_VALID, _SUSPECT, _PSEUDO = Status.VALID.value, Status.SUSPECT.value, Status.PSEUDO.value
_CODE_LEAD = re.compile(r"\d{4}-\d{6}-\d{2}-(?!88)\d{2}-\d{6}(?!\d)")
_SECTION_TAIL = re.compile(r"(.{8,})-\d{1,3}")
_TELLING = 5
"""Signs below which a number (12, 3号) is no more than a place in some list."""
MOST_OWNERS = 8
"""Owners of a record that are compared; a list of more is of neighbours or of households."""
_NONE: frozenset[str] = frozenset()


class Normal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What matching sees of a record; two records with equal fields score equally.

    `core` is what the name is about, '' where it says no more than `generic` (厂房) or nothing; `rest` is the core
    without the owner's brand. `parts` are sections and buildings, `plots` numbers of plots, `kinds` what makes it an
    addition. `codes` are valid current project codes, 20 bare digits; `bears` and `cites` hold strong numbers as
    `scheme:value`, `numbers` both, `once` those borne of which a project has one, `firm` those and codes that are proof
    alone. `address` is the name where none is stated, `street` is it without house numbers, `spots` its roads and
    villages and the name's, `point` longitude and latitude in degrees. `amount` is in yuan, `site_area`, `land` and `floors` in square metres; `dates`
    are `milestone:day`, `day` is the ordinal of the record's own act.
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
    generic: str
    parts: frozenset[str]
    plots: frozenset[str]
    kinds: frozenset[str]
    town: str
    spots: frozenset[str]
    park: str
    industry: str | None
    land: tuple[float, ...]
    floors: tuple[float, ...]
    dates: frozenset[str]
    day: int | None


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
    place, areas = record.place, record.areas
    district = place.district
    places = places_of((district or str(jurisdiction_of(record_id) or ""))[:4])
    name = parse_name(record.name or "", places)
    cores, usccs = _owners(record, places)
    # who states no address often names the project by its place, as land titles and their bidders do
    at = where(place.address or record.name or "", places)
    core = _without_park(name.core, at.park, cores) if name.core else ""
    codes: set[str] = set()
    once: set[str] = set()
    firm: set[str] = set()
    bears = _strong(record.bears, codes, firm, once)
    cites = _strong(record.cites, codes, firm) if record.cites else _NONE
    dates, day = dated(record.evidence) if record.evidence else (_NONE, None)
    scale = sizes(record) if record.texts.scale else _NONE
    named, houses = spots(core) if core else _NONE, at.houses
    if record.name and in_latin(record.name):
        for told in addresses_in(record.name):
            named, houses = named | {told.street}, houses | told.houses
    return Normal(
        record_id,
        record.source,
        core,
        cores,
        name.phase,
        name.zone,
        name.quantities | scale if scale else name.quantities,
        tuple(sorted(codes)) if codes else (),
        usccs,
        bears,
        cites - bears if cites else _NONE,
        bears | cites if cites else bears,
        frozenset(once) if once else _NONE,
        frozenset(firm | codes) if firm or codes else _NONE,
        district if district and not district.endswith("00") else None,
        at.address,
        houses,
        record.works_class,
        amount(record),
        areas.site_area.square_metres if areas.site_area else None,
        _without_owner(core, cores),
        at.street,
        _point(place),
        name.generic,
        name.parts | beside if (beside := parts(record)) else name.parts,
        name.plots | at.plots if at.plots else name.plots,
        name.kinds,
        at.town,
        at.spots | named if named else at.spots,
        at.park or (park(plain(place.zone)) if place.zone else ""),
        record.industry,
        land(record),
        floors(record),
        dates,
        day,
    )


def _strong(
    identifiers: tuple[StatedNumber, ...], codes: set[str], firm: set[str], once: set[str] | None = None
) -> frozenset[str]:
    """Give strong numbers, borne where `once` is given, else cited.

    Valid current project codes, as stated and as works codes lead with, are added to `codes`; numbers that are proof by
    themselves when they are cited to `firm`; those of which a project has one to `once`. Of a local works code there is
    also the base, since sections of a project differ in the tail only. A land document that is cited stands in every
    scheme it may be of, for citing it names none.
    """
    found: list[str] = []
    for number in identifiers:
        scheme, value, status = number.scheme, number.value, number.status
        lead = _CODE_LEAD.match(value) if scheme in _CODED else None
        if lead and status == _VALID:
            codes.add(lead[0].replace("-", ""))
        if scheme == _PROJECT_CODE or status == _PSEUDO:
            continue
        if status == _SUSPECT or len(value) < _TELLING:
            found.append(f"suspect:{scheme}/{value}")
            continue
        for known in _LAND_DOCUMENTS if once is None and scheme in _LAND_DOCUMENTS else (scheme,):
            said = f"{known}:{value}"
            found.append(said)
            if is_firm(known):
                firm.add(said)
        if once is not None and scheme in ONCE:
            once.add(said)
        if scheme == _WORKS_CODE and not lead and (tail := _SECTION_TAIL.fullmatch(value)):
            found.append(f"works_base:{tail[1]}")
    return frozenset(found)


def _point(place: StatedPlace) -> tuple[float, float] | None:
    if place.longitude is None or place.latitude is None:
        return None
    return float(place.longitude), float(place.latitude)


def _owners(record: Stated, places: Places) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the telling parts of the owners' names, the nearest to the project first, and their valid credit codes."""
    cores: dict[str, None] = {}
    usccs: set[str] = set()
    owners = [party for party in record.parties if party.role in _RANK]
    if len(owners) > 1:
        owners.sort(key=lambda party: _RANK[party.role])
    for party in owners[:MOST_OWNERS]:
        if party.name:
            cores.setdefault(owner_core(party.name, places))
        if party.uscc and party.uscc.status == _VALID:
            usccs.add(party.uscc.value)
    return tuple(cores), tuple(sorted(usccs)) if len(usccs) > 1 else tuple(usccs)


def _without_park(core: str, stated: str, cores: tuple[str, ...]) -> str:
    """Take the park a name begins with out of its core: the one of its address, or one that stands before the brand."""
    if stated and core.startswith(stated) and len(core) > len(stated) + 1:
        return core[len(stated) :]
    for owner in cores:
        at = core.find(owner[:2]) if len(owner) > 1 else 0
        if at > 2 and PARK_END(core, 0, at):
            return core[at:]
    return core


def _without_owner(core: str, cores: tuple[str, ...]) -> str:
    """Take the owner's name out of a name core, as far as it stands there from its first two signs on."""
    for owner in cores:
        if len(owner) < 2 or is_public(owner):
            continue
        at = core.find(owner[:2])
        if at < 0:
            continue
        end = at + 2
        for sign in owner[2:]:
            if core[end : end + 1] != sign:
                break
            end += 1
        return core[:at] + core[end:]
    return core
