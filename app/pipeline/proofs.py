"""Every proof and promise of a project's milestones, with the part each holds for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from app.pipeline.parts import Parts
from app.pipeline.structs import Evidence, Promise, Proof
from schemas.golden import MemberRecord
from schemas.identifiers import Scheme, Status
from schemas.lifecycle import Rank, Stage
from schemas.records import PartRecord, ProjectRecord
from schemas.tables import CountedIn, milestones, roll_up

RANKS = {rank: number for number, rank in enumerate(Rank)}


@dataclass(frozen=True, slots=True)
class Proofs:
    """Proofs by milestone, the best first, and promises, the earliest first."""

    of: Mapping[str, tuple[Proof, ...]]
    promised: Mapping[str, tuple[Promise, ...]]


@cache
def _shown_by() -> Mapping[str, str]:
    """Give the milestone each scheme of numbers shows."""
    return {row.shown_by: code for code, row in milestones().items() if row.shown_by is not None}


def strength(proof: Proof) -> tuple[int, str, str, str, str, str, str]:
    """Give what proofs are ordered by: best rank, then earliest, undated last; then all else that tells them apart."""
    on = proof.on or "9999", proof.precision or ""
    return RANKS[proof.rank], *on, proof.record_id, proof.source, proof.number or "", proof.part or ""


def _soonest(promise: Promise) -> tuple[str, str, str, str, str, str]:
    on = promise.on, promise.precision
    return *on, promise.record_id, promise.source, promise.basis, promise.part or ""


def counted_in(stage: Stage) -> CountedIn:
    """Give the parts a stage happens in."""
    row = roll_up().get(stage)
    return "none" if row is None else row.part


def find_proofs(members: Sequence[MemberRecord], parts: Parts) -> Proofs:
    """Gather the proofs and promises of live members and the parts that hang on them.

    A number of another record that a member cites is a proof of rank C, unless the member's own evidence already
    speaks of the milestone. What is counted in works
    sections does not count for one whose permit was revoked. Proofs of milestones the
    tables do not know are left out.
    """
    proofs: dict[str, set[Proof]] = {}
    promises: dict[str, set[Promise]] = {}
    for member in members:
        if not member.live:
            continue
        statements: tuple[ProjectRecord | PartRecord, ...] = (member.record, *member.parts)
        for record in statements:
            for evidence in (*record.evidence, *_citations(record)):
                if (row := milestones().get(evidence.milestone)) is not None:
                    part = _part(member, evidence.part, counted_in(row.stage), parts)
                    if part not in parts.void:
                        proof = _proof(member, record, evidence, part)
                        proofs.setdefault(evidence.milestone, set()).add(proof)
            for planned in record.planned:
                if (row := milestones().get(planned.milestone)) is not None:
                    promise = Promise(
                        record_id=member.record_id,
                        source=record.source,
                        on=planned.on.day.isoformat(),
                        precision=planned.on.precision,
                        basis=planned.basis,
                        part=_part(member, planned.part, counted_in(row.stage), parts),
                    )
                    promises.setdefault(planned.milestone, set()).add(promise)
    return Proofs(
        {code: tuple(sorted(found, key=strength)) for code, found in proofs.items()},
        {code: tuple(sorted(found, key=_soonest)) for code, found in promises.items()},
    )


def _citations(record: ProjectRecord | PartRecord) -> Iterator[Evidence]:
    """Give what the numbers a record cites prove: somebody gave them. A project code is never a record's own."""
    own = {evidence.milestone for evidence in record.evidence}
    codes = (one for one in record.bears if one.scheme is Scheme.PROJECT_CODE)
    for number in (*record.cites, *codes):
        milestone = _shown_by().get(number.scheme)
        believed = number.scheme is not Scheme.PROJECT_CODE or number.status in (
            Status.VALID,
            Status.SUPERSEDED,
        )
        if milestone is not None and milestone not in own and believed:
            yield Evidence(milestone=milestone, rank=Rank.C, number=number.value)


def _part(member: MemberRecord, said: str | None, counted: CountedIn, parts: Parts) -> str | None:
    """Give the part a proof holds for: the one it names if the project knows it, else its record's own."""
    if counted == "none":
        return None
    known, own = (parts.works, parts.works_of) if counted == "works" else (parts.parcels, parts.parcel_of)
    return said if said in known else own.get(member.record_id)


def _proof(
    member: MemberRecord, record: ProjectRecord | PartRecord, evidence: Evidence, part: str | None
) -> Proof:
    return Proof(
        record_id=member.record_id,
        source=record.source,
        department=record.department,
        rank=evidence.rank,
        on=None if evidence.on is None else evidence.on.day.isoformat(),
        precision=None if evidence.on is None else evidence.on.precision,
        number=evidence.number,
        part=part,
    )
