"""Every proof and promise of a project's milestones, with the part each holds for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from app.pipeline.assembly.parts import Gathered, Parts
from app.pipeline.assembly.said import RANKS, iso
from app.pipeline.assembly.structs import Evidence, Promise, Proof
from schemas.golden import MemberRecord
from schemas.identifiers import Scheme, Status
from schemas.lifecycle import Rank, Stage
from schemas.records import PartRecord, ProjectRecord
from schemas.tables import CountedIn, Part, milestones, roll_up

Found = TypeVar("Found", Proof, Promise)
_BELIEVED = frozenset((Status.VALID, Status.SUPERSEDED))


@dataclass(frozen=True, slots=True)
class Proofs:
    """Proofs by milestone, the best first, and promises, the earliest first."""

    of: Mapping[str, tuple[Proof, ...]]
    promised: Mapping[str, tuple[Promise, ...]]


@cache
def _shown_by() -> Mapping[str, str]:
    """Give the milestone each scheme of numbers shows."""
    return {row.shown_by: code for code, row in milestones().items() if row.shown_by is not None}


@cache
def _counted() -> Mapping[str, CountedIn]:
    """Give the parts each milestone happens in."""
    return {code: counted_in(row.stage) for code, row in milestones().items()}


def strength(proof: Proof) -> tuple[int, str, str, str, str, str, str]:
    """Give what proofs are ordered by: best rank, then earliest, undated last; then all else that tells them apart."""
    return (
        RANKS[proof.rank],
        proof.on or "9999",
        proof.precision or "",
        proof.record_id,
        proof.source,
        proof.number or "",
        proof.part or "",
    )


def _soonest(promise: Promise) -> tuple[str, str, str, str, str, str]:
    return (
        promise.on,
        promise.precision,
        promise.record_id,
        promise.source,
        promise.basis,
        promise.part or "",
    )


def counted_in(stage: Stage) -> CountedIn:
    """Give the parts a stage happens in."""
    row = roll_up().get(stage)
    return "none" if row is None else row.part


def find_proofs(members: Gathered) -> Proofs:
    """Gather the proofs and promises of live members and the parts that hang on them.

    A number of another record that a member cites is a proof of rank C, unless the member's own evidence already
    speaks of the milestone. What is counted in works sections does not count for one whose permit was revoked. Proofs
    of milestones the tables do not know are left out.
    """
    counted, parts = _counted(), members.parts
    proofs: dict[str, list[Proof]] = {}
    promises: dict[str, list[Promise]] = {}
    for member in members.live:
        statements: tuple[ProjectRecord | PartRecord, ...] = (member.record, *member.parts)
        for record in statements:
            for evidence in (*record.evidence, *_citations(record)):
                if (kind := counted.get(evidence.milestone)) is not None:
                    part = None if kind == "none" else _part(member, evidence.part, kind, parts)
                    if part not in parts.void:
                        proof = _proof(member, record, evidence, part)
                        proofs.setdefault(evidence.milestone, []).append(proof)
            for planned in record.planned:
                if (kind := counted.get(planned.milestone)) is not None:
                    part = None if kind == "none" else _part(member, planned.part, kind, parts)
                    promise = Promise(
                        record_id=member.record_id,
                        source=record.source,
                        on=iso(planned.on.day),
                        precision=planned.on.precision,
                        basis=planned.basis,
                        part=part,
                    )
                    promises.setdefault(planned.milestone, []).append(promise)
    return Proofs(
        {code: _each_once(found, strength) for code, found in proofs.items()},
        {code: _each_once(found, _soonest) for code, found in promises.items()},
    )


def _each_once(found: list[Found], key: Callable[[Found], tuple[int | str, ...]]) -> tuple[Found, ...]:
    return tuple(sorted(set(found), key=key) if len(found) > 1 else found)


def _citations(record: ProjectRecord | PartRecord) -> list[Evidence]:
    """Give what the numbers a record cites prove: somebody gave them. A project code is never a record's own."""
    codes = [one for one in record.bears if one.scheme is Scheme.PROJECT_CODE]
    if not codes and not record.cites:
        return []
    shown, own = _shown_by(), {evidence.milestone for evidence in record.evidence}
    return [
        Evidence(milestone=milestone, rank=Rank.C, number=number.value)
        for number in (*record.cites, *codes)
        if (milestone := shown.get(number.scheme)) is not None
        and milestone not in own
        and (number.scheme is not Scheme.PROJECT_CODE or number.status in _BELIEVED)
    ]


def _part(member: MemberRecord, said: str | None, counted: Part, parts: Parts) -> str | None:
    """Give the part a proof holds for: the one it names if the project knows it, else its record's own."""
    known, own = (parts.works, parts.works_of) if counted == "works" else (parts.parcels, parts.parcel_of)
    return said if said in known else own.get(member.record_id)


def _proof(
    member: MemberRecord, record: ProjectRecord | PartRecord, evidence: Evidence, part: str | None
) -> Proof:
    on = evidence.on
    return Proof(
        record_id=member.record_id,
        source=record.source,
        department=record.department,
        rank=evidence.rank,
        on=None if on is None else iso(on.day),
        precision=None if on is None else on.precision,
        number=evidence.number,
        part=part,
    )
