"""Who and where: the parties and the place of a row, by the manifest's rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from connectors.manifest_mapping import PartyRule, TextRule
from connectors.mapping_readers import Lookups, fields_reader, first_text
from connectors.mapping_values import Reader, Said
from schemas.identifiers import Identifier, Scheme, parse
from schemas.parties import Party
from schemas.places import Place, find_district, find_zone, parse_point
from schemas.structs import maker, nothing_of

make_party, make_place = maker(Party), maker(Place)
_NOWHERE = nothing_of(Place)


def parties_reader(rules: Iterable[PartyRule]) -> Reader[tuple[Party, ...]]:
    """Read the bodies a row names; one whose name does not fit its rule's pattern is not read at all."""
    readers = [_party_reader(rule) for rule in rules]
    return lambda said: tuple(party for read in readers if (party := read(said)) is not None)


def _party_reader(rule: PartyRule) -> Reader[Party | None]:
    name_of = first_text(rule.name) if rule.name else None
    search = re.compile(rule.match).search if rule.match else None

    def read(said: Said) -> Party | None:
        name = name_of(said) if name_of else None
        if search:
            if not (fitting := search(name or "")):
                return None
            name = fitting[1]
        uscc = _credit_code(said, rule.uscc) if rule.uscc else None
        return make_party(role=rule.role, name=name, uscc=uscc) if name or uscc else None

    return read


def _credit_code(said: Said, column: str) -> Identifier | None:
    found = (
        None
        if (code := said.texts[column]) is None
        else said.understand(column, False, parse, Scheme.USCC, code)
    )
    return next((number for number in found or () if number.scheme is Scheme.USCC), None)


def place_reader(rules: Mapping[str, TextRule], lookups: Lookups, city: int) -> Reader[Place]:
    """Read where a row says its project is; districts are those of the jurisdiction `city`."""
    read_texts = fields_reader(rules, lookups)

    def read(said: Said) -> Place:
        texts = read_texts(said)
        if not any(texts.values()):
            return _NOWHERE
        raw, zone, coordinates = texts.get("district"), texts.get("zone"), texts.get("coordinates")
        district = point = None
        if raw:
            district = said.understand(rules["district"].columns[0], False, find_district, raw, city)
            zone = zone or find_zone(raw, city)
        if coordinates:
            point = said.understand(rules["coordinates"].columns[0], False, parse_point, coordinates)
        parcels = texts.get("parcels")
        return make_place(
            district=district,
            district_raw=raw,
            zone=zone,
            address=texts.get("address"),
            parcels=(parcels,) if parcels else (),
            longitude=point[0] if point else None,
            latitude=point[1] if point else None,
        )

    return read
