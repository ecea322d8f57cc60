"""The parts of a project: works sections (标段) and parcels, and which record speaks of which. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.pipeline.assembly.said import dated
from schemas.golden import MemberRecord
from schemas.identifiers import Scheme

_VOIDED, _GIVEN = "voided", frozenset(("issued", "changed"))


@dataclass(frozen=True, slots=True)
class Parts:
    """Works sections and parcels by their key, with the records of each.

    `void` are works sections that count nowhere, `standing` those that count.
    """

    works: Mapping[str, tuple[MemberRecord, ...]]
    parcels: Mapping[str, tuple[MemberRecord, ...]]
    void: frozenset[str]
    standing: tuple[str, ...]
    works_of: Mapping[str, str]
    parcel_of: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The members of a project, each once and in the order of their ids; `live` are those that speak, of these `parts`."""

    everybody: tuple[MemberRecord, ...]
    live: tuple[MemberRecord, ...]
    parts: Parts


def gather(members: Iterable[MemberRecord]) -> Gathered:
    """Gather the members of a project: their order, and repeated ones, change nothing."""
    once = {member.record_id: member for member in members}
    everybody = tuple(once[record_id] for record_id in sorted(once))
    live = tuple(member for member in everybody if member.live)
    return Gathered(everybody, live, find_parts(everybody))


def numbers(member: MemberRecord, scheme: Scheme, *, cited: bool = False) -> list[str]:
    """Give the numbers of a scheme that a record bears (or cites), in order."""
    said = member.record.cites if cited else member.record.bears
    found = [number.value for number in said if number.scheme is scheme]
    return sorted(set(found)) if len(found) > 1 else found


def find_parts(members: Sequence[MemberRecord]) -> Parts:
    """Find the works sections and parcels the live members speak of.

    A works section is what bears a works code, or failing that a construction permit; several permits under one code
    are a section each, and a code that others extend (`…` of `…-001`) is the whole, no section. Two land records that
    bear the same electronic supervision number speak of one parcel; supplies without any number are a parcel each where
    none has one. A section is void once its permit was revoked or withdrawn and no other took its place.
    """
    live = [member for member in members if member.live]
    works_of = _works(live)
    parcel_of = _parcels(live)
    works = _grouped(live, works_of)
    withdrawn = {
        member.record.works
        for member in members
        if not member.live and numbers(member, Scheme.CONSTRUCTION_PERMIT)
    }
    void = frozenset(key for key, records in works.items() if _void(records, withdrawn=key in withdrawn))
    return Parts(
        works=works,
        parcels=_grouped(live, parcel_of),
        void=void,
        standing=tuple(key for key in works if key not in void),
        works_of=works_of,
        parcel_of=parcel_of,
    )


def _grouped(
    members: Iterable[MemberRecord], key_of: Mapping[str, str]
) -> dict[str, tuple[MemberRecord, ...]]:
    groups: dict[str, list[MemberRecord]] = {}
    for member in members:
        if member.record_id in key_of:
            groups.setdefault(key_of[member.record_id], []).append(member)
    return {key: tuple(groups[key]) for key in sorted(groups)}


def _works(members: Sequence[MemberRecord]) -> dict[str, str]:
    """Give the works section of each record that speaks of one."""
    permit_of: dict[str, str] = {}
    permits_under: dict[str, set[str]] = {}
    code_of_permit: dict[str, str] = {}
    for member in members:
        borne = numbers(member, Scheme.CONSTRUCTION_PERMIT)
        permit = next(iter(borne or numbers(member, Scheme.CONSTRUCTION_PERMIT, cited=True)), None)
        if permit is not None:
            permit_of[member.record_id] = permit
        if code := member.record.works:
            permits_under.setdefault(code, set()).update(borne)
            if permit is not None:
                code_of_permit[permit] = min(code, code_of_permit.get(permit, code))
    found: dict[str, str] = {}
    for member in members:
        permit = permit_of.get(member.record_id)
        code = member.record.works or (code_of_permit.get(permit) if permit is not None else None)
        if code is not None and len(permits_under[code]) > 1:
            code = permit
        if section := code or permit:
            found[member.record_id] = section
    codes = set(found.values())
    wholes = {code for code in codes if any(other.startswith(f"{code}-") for other in codes)}
    return {record: section for record, section in found.items() if section not in wholes}


def _parcels(members: Sequence[MemberRecord]) -> dict[str, str]:
    """Give the parcel of each land record that speaks of one."""
    names: dict[str, tuple[str, ...]] = {}
    for member in members:
        record = member.record
        supervised = numbers(member, Scheme.SUPERVISION_NO)
        if record.parcel or supervised:
            names[member.record_id] = (
                *supervised,
                *((f"{record.department}:{record.parcel}",) if record.parcel else ()),
            )
    if not names:
        return {member.record_id: member.record_id for member in members if _supplies(member)}
    group: dict[str, set[str]] = {}
    for own in names.values():
        merged = set(own).union(*(group[name] for name in own if name in group))
        for name in merged:
            group[name] = merged
    return {
        record: min(group[own[0]], key=lambda name: (":" in name, name)).split(":")[-1]
        for record, own in names.items()
    }


def _supplies(member: MemberRecord) -> bool:
    """Tell whether a record is a supply of land: a dated contract, or a price of land."""
    record = member.record
    return record.department == "land" and (
        "supply_price" in record.money
        or any(evidence.milestone == "A5" and evidence.on is not None for evidence in record.evidence)
    )


def _void(records: Sequence[MemberRecord], *, withdrawn: bool) -> bool:
    """Tell whether the last word on a section's permit is that it is gone; a filed completion says it is not."""
    if any(numbers(member, Scheme.COMPLETION_FILING) for member in records):
        return False
    permits = [dated(member.record) for member in records if numbers(member, Scheme.CONSTRUCTION_PERMIT)]
    last = (max(permits, default=""), withdrawn and not permits)
    for member in records:
        for part in member.parts:
            event = part.texts.get("type") if part.part == "event" else None
            if event == _VOIDED or event in _GIVEN:
                last = max(last, (dated(part), event == _VOIDED))
    return last[1]
