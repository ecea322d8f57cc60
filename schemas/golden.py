"""The golden record of one project, made of claims, and its loop ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas.base import Schema
from schemas.lifecycle import LoopState, Rank, Stage, StageState
from schemas.records import PartRecord, ProjectRecord


class Loser(Schema):
    """A value that was said and did not win, with the reason."""

    value: Any
    record_id: str
    source: str
    reason: str


class Claim(Schema):
    """One field's value, the record that said it, the rule it won by, and who lost and why."""

    field: str
    value: Any
    record_id: str
    source: str
    rule: str
    losers: tuple[Loser, ...] = ()


class Proof(Schema):
    """One piece of evidence for a milestone, with the record that gives it; `on` is an ISO date."""

    record_id: str
    source: str
    department: str
    rank: Rank
    on: str | None
    precision: str | None
    number: str | None
    part: str | None


class MilestoneView(Schema):
    """A milestone of the project: best proof first; `met` of `parts` for what is counted in parts."""

    code: str
    zh: str
    en: str
    on: str | None
    rank: Rank | None
    met: int
    parts: int
    planned: str | None
    proofs: tuple[Proof, ...]


class LedgerStage(Schema):
    """One stage of the loop: its state, the gate's date and the department that owes what is missing."""

    stage: Stage
    zh: str
    en: str
    state: StageState
    required: bool
    on: str | None
    rank: Rank | None
    owner: str
    owed_by: str | None
    met: int
    parts: int
    milestones: tuple[MilestoneView, ...]


class Contradiction(Schema):
    """Two statements about a stage that cannot both hold, in words for a person."""

    rule: str
    stage: Stage
    record_ids: tuple[str, ...]
    zh: str
    en: str


class LoopLedger(Schema):
    """The closed loop of one project: every stage with its state, gaps included."""

    project_id: str
    path: str
    current_stage: Stage | None
    loop: LoopState
    gaps: tuple[Stage, ...]
    stages: tuple[LedgerStage, ...]
    contradictions: tuple[Contradiction, ...] = ()


class Member(Schema):
    """A record of the project; `live` is false once its department withdrew it."""

    record_id: str
    source: str
    department: str
    key: str
    name: str | None
    live: bool = True


class WorksView(Schema):
    """A works section (标段) of the project with what was rolled up from its records."""

    works: str
    name: str | None
    contract_price: str | None
    floor_area: str | None
    permit: str | None
    filed: bool


class ParcelView(Schema):
    """A parcel of the project; areas in square metres, price in yuan."""

    parcel: str
    area: str | None
    price: str | None
    contract: str | None


class GoldenProject(Schema):
    """One project as all departments see it together."""

    project_id: str
    name: str
    path: str
    status: str
    district: str | None
    claims: tuple[Claim, ...]
    members: tuple[Member, ...]
    works: tuple[WorksView, ...] = ()
    parcels: tuple[ParcelView, ...] = ()
    totals: dict[str, str] = {}
    departments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """A member of a project as assembly sees it: its statement and the parts that hang on it."""

    record_id: str
    record: ProjectRecord
    parts: tuple[PartRecord, ...] = ()
    live: bool = True
