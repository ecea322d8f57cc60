"""Assembly: the records of one project become its golden record, made of claims. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from msgspec.structs import replace

from app.pipeline.assembly.parts import Gathered, Parts, numbers
from app.pipeline.assembly.path_choice import choose, signs
from app.pipeline.assembly.said import Said, plain, said_by
from app.pipeline.assembly.structs import Claim, GoldenProject, Loser, Member, ParcelView, Total, WorksView
from app.pipeline.assembly.survivorship import claim, corrected, in_order, standing, survive
from app.pipeline.assembly.vocabulary import ACTIVE
from schemas.corrections import Correction
from schemas.fields import fields
from schemas.golden import MemberRecord
from schemas.identifiers import Scheme
from schemas.path_signs import path_signs
from schemas.tables import sums


class _Summed(NamedTuple):
    """A field summed over parts: its claim, its total, and the value of each part."""

    claim: Claim
    total: Total
    values: Mapping[str, str]


def assemble(project_id: str, members: Gathered, corrections: Iterable[Correction] = ()) -> GoldenProject:
    """Make the golden project of its members and the corrections anchored in them.

    Per field survives: correction, department in charge, rank of evidence, most recent statement, most complete
    record, smallest record id. Sums over works sections and parcels count each part once. Members that are not live
    say nothing, but still anchor corrections. The order of a record's parts, and repeated ones, change nothing.
    """
    everybody, live, parts = members.everybody, members.live, members.parts
    said = _said(live, parts)
    summed = {
        code: total
        for code in sums()
        if code in said and (total := _sum(code, said[code], parts)) is not None
    }
    claims = _claims(said, summed, bool(parts.parcels))
    by_hand, alive = standing(corrections, everybody), frozenset(member.record_id for member in live)
    for code in by_hand.keys() & fields().keys():
        made = corrected(code, claims.get(code), said.get(code, ()), by_hand[code], alive)
        if made is not None:
            claims[code] = made
    if (other := _other_codes(live, claims.get("project_code"))) is not None:
        claims["other_codes"] = other
    return GoldenProject(
        project_id=project_id,
        name=_text(claims, "name") or next((member.record.key for member in live or everybody), ""),
        path=_text(claims, "path") or path_signs().default,
        status=_text(claims, "status") or ACTIVE,
        district=_text(claims, "district"),
        claims=tuple(claims[code] for code in sorted(claims)),
        members=tuple(_member(member) for member in everybody),
        works=_works(parts, said, summed),
        parcels=_parcels(parts, said, summed),
        totals=tuple(summed[code].total for code in sorted(summed)),
        departments=tuple(sorted({member.record.department for member in live})),
    )


def _said(members: Sequence[MemberRecord], parts: Parts) -> dict[str, list[Said]]:
    """Give what everybody says per field, members in the order given."""
    part_of: dict[str, str] = {}
    for keys, of in ((parts.works, parts.works_of), (parts.parcels, parts.parcel_of)):
        if len(keys) > 1:
            part_of |= of
    said: dict[str, list[Said]] = {}
    for member in members:
        for one in said_by(member, signs(member.record), part=member.record_id in part_of):
            said.setdefault(one.field, []).append(one)
    if part_of:
        for code in said.keys() & _whole_first():
            said[code] = _about_the_whole(said[code], part_of)
    return said


@cache
def _whole_first() -> frozenset[str]:
    return frozenset(code for code, row in fields().items() if row.whole_first)


def _about_the_whole(said: Sequence[Said], part_of: Mapping[str, str]) -> list[Said]:
    """Take what several parts say alike for a statement about the whole."""
    speaking: dict[str, set[str]] = {}
    for one in said:
        if one.part:
            speaking.setdefault(one.value, set()).add(part_of[one.record_id])
    return [replace(one, part=False) if one.part and len(speaking[one.value]) > 1 else one for one in said]


def _claims(
    said: Mapping[str, Sequence[Said]], summed: Mapping[str, _Summed], parcels: bool
) -> dict[str, Claim]:
    claims = {
        code: summed[code].claim if code in summed else claim(code, all_said)
        for code, all_said in said.items()
        if code != "path"
    }
    if (path := choose(said.get("path", ()), parcels=parcels)) is not None:
        claims["path"] = path
    return claims


def _sum(code: str, said: Sequence[Said], parts: Parts) -> _Summed | None:
    """Sum a field over its parts, each part counted once by its best record; None when no part says a value.

    Works sections whose permit was revoked are left out; what is said of the whole project loses to the sum.
    """
    key_of, keys = (
        (parts.works_of, parts.standing)
        if sums()[code].part == "works"
        else (parts.parcel_of, tuple(parts.parcels))
    )
    by_part: dict[str, list[Said]] = {key: [] for key in keys}
    whole: list[Said] = []
    for one in said:
        by_part.get(key_of.get(one.record_id, ""), whole).append(one)
    losers: list[Loser] = []
    values: dict[str, str] = {}
    firsts: list[Said] = []
    agree: set[str] = set()
    for key, of_part in by_part.items():
        if of_part:
            first, _, same, lost = survive(of_part)
            values[key] = first.value
            firsts.append(first)
            agree.update(same)
            losers += lost
    if not values:
        return None
    value = plain(sum(map(Decimal, values.values()), Decimal()))
    agree.update(one.record_id for one in (*firsts[1:], *(one for one in whole if one.value == value)))
    losers += (
        Loser(value=one.value, record_id=one.record_id, source=one.source, reason="sum")
        for one in whole
        if one.value != value
    )
    return _Summed(
        Claim(
            field=code,
            value=value,
            record_id=firsts[0].record_id,
            source=firsts[0].source,
            rule="sum",
            agree=tuple(sorted(agree - {firsts[0].record_id})),
            losers=tuple(losers),
        ),
        Total(
            field=code,
            value=value,
            n=len(values),
            of=len(keys),
            left_out=tuple(key for key in keys if key not in values),
        ),
        values,
    )


def _other_codes(members: Sequence[MemberRecord], current: Claim | None) -> Claim | None:
    """Give every other project code anybody bears or cites: former, suspect, made locally or another's."""
    found: dict[str, tuple[str, str]] = {}
    for member in members:
        for number in (*member.record.bears, *member.record.cites):
            if number.scheme is Scheme.PROJECT_CODE and (current is None or number.value != current.value):
                found.setdefault(number.value, (member.record_id, member.record.source))
    if not found:
        return None
    record_id, source = min(found.values())
    return Claim(
        field="other_codes",
        value=tuple(sorted(found)),
        record_id=record_id,
        source=source,
        rule="all",
        agree=tuple(sorted({record for record, _ in found.values()} - {record_id})),
    )


def _text(claims: Mapping[str, Claim], code: str) -> str | None:
    value = claims[code].value if code in claims else None
    return value if isinstance(value, str) else None


def _member(member: MemberRecord) -> Member:
    record = member.record
    return Member(
        record_id=member.record_id,
        source=record.source,
        department=record.department,
        key=record.key,
        name=record.name,
        live=member.live,
    )


def _best(said: Sequence[Said], key_of: Mapping[str, str]) -> dict[str, str]:
    """Give the value of a field that survives for each part somebody says it of."""
    by_part: dict[str, list[Said]] = {}
    for one in said:
        if (key := key_of.get(one.record_id)) is not None:
            by_part.setdefault(key, []).append(one)
    return {key: in_order(of_part)[0].value for key, of_part in by_part.items()}


def _first_number(records: Sequence[MemberRecord], scheme: Scheme) -> str | None:
    return min((number for member in records for number in numbers(member, scheme)), default=None)


def _works(
    parts: Parts, said: Mapping[str, Sequence[Said]], summed: Mapping[str, _Summed]
) -> tuple[WorksView, ...]:
    names = _best(said.get("name", ()), parts.works_of)
    views = []
    for key, records in parts.works.items():
        completion = _first_number(records, Scheme.COMPLETION_FILING)
        views.append(
            WorksView(
                works=key,
                name=names.get(key),
                contract_price=_value(summed, "contract_price", key),
                actual_cost=_value(summed, "actual_cost", key),
                floor_area=_value(summed, "floor_area", key),
                permit=_first_number(records, Scheme.CONSTRUCTION_PERMIT),
                completion=completion,
                filed=completion is not None and key not in parts.void,
                void=key in parts.void,
                record_ids=tuple(sorted(member.record_id for member in records)),
            )
        )
    return tuple(views)


def _parcels(
    parts: Parts, said: Mapping[str, Sequence[Said]], summed: Mapping[str, _Summed]
) -> tuple[ParcelView, ...]:
    holders = _best(said.get("land_holder", ()), parts.parcel_of)
    return tuple(
        ParcelView(
            parcel=key,
            area=_value(summed, "site_area", key),
            price=_value(summed, "supply_price", key),
            contract=_first_number(records, Scheme.LAND_CONTRACT_NO),
            holder=holders.get(key),
            record_ids=tuple(sorted(member.record_id for member in records)),
        )
        for key, records in parts.parcels.items()
    )


def _value(summed: Mapping[str, _Summed], code: str, part: str) -> str | None:
    return summed[code].values.get(part) if code in summed else None
