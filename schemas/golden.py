"""The golden record of one project, made of claims, and its loop ledger.

Both are hashed as they serialize: every tuple stands in an order that depends on its content alone, and numbers are
exact plain decimal texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.base import Schema
from schemas.lifecycle import LoopState, Rank, Stage, StageState
from schemas.records import PartRecord, ProjectRecord

Value = str | tuple[str, ...]
"""A golden value: a text, a number as plain decimal text, or several texts in order."""


class Loser(Schema):
    """A value that was said and did not win, with the reason: a rule named in `schemas/codes/fields.toml`."""

    value: Value
    record_id: str
    source: str
    reason: str


class Claim(Schema):
    """One field's value, the record that said it, the rule it won by, and who lost and why.

    `agree` are the other records that say the same or add to the same sum.
    """

    field: str
    value: Value
    record_id: str
    source: str
    rule: str
    agree: tuple[str, ...] = ()
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


class Promise(Schema):
    """A date a milestone was planned or agreed for, with the basis and the record that gives it."""

    record_id: str
    source: str
    on: str
    precision: str
    basis: str
    part: str | None


class MilestoneView(Schema):
    """A milestone of the project: best proof first; `met` of `parts` for what is counted in parts.

    `planned` is the earliest promised date; whether it is late is judged when somebody asks, never stored.
    """

    code: str
    zh: str
    en: str
    on: str | None
    rank: Rank | None
    met: int
    parts: int
    planned: str | None
    proofs: tuple[Proof, ...]
    promises: tuple[Promise, ...] = ()


class LedgerStage(Schema):
    """One stage of the loop: its state, the gate's date and the department that owes what is missing.

    `reached` says that the gate is met well enough to stand in this stage.
    """

    stage: Stage
    zh: str
    en: str
    state: StageState
    required: bool
    reached: bool
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
    """The closed loop of one project: every stage with its state, gaps included.

    Closed: every required gate is met by proof of the least rank. Partial: proofs of two departments or more meet
    required gates, so that the loop runs across a silo. Open: anything less.
    """

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
    """A works section (标段) of the project with what was rolled up from its records; money in yuan, areas in ㎡.

    `void` once its permit was revoked: it then counts nowhere.
    """

    works: str
    name: str | None
    contract_price: str | None
    actual_cost: str | None = None
    floor_area: str | None
    permit: str | None
    completion: str | None = None
    filed: bool
    void: bool = False
    record_ids: tuple[str, ...] = ()


class ParcelView(Schema):
    """A parcel of the project; area in square metres, price in yuan."""

    parcel: str
    area: str | None
    price: str | None
    contract: str | None
    holder: str | None = None
    record_ids: tuple[str, ...] = ()


class Total(Schema):
    """A sum over the parts of a project: `n` of `of` parts said a value, `left_out` did not."""

    field: str
    value: str
    n: int
    of: int
    left_out: tuple[str, ...] = ()


class Relation(Schema):
    """How this project stands to another: `one` is a phase or a part of `other`, or replaces it; this one is either.

    `why` is `word` (a person's judgement `judgement_no`) or the rule it is read off: `phase`, or `code`, where a record
    states two project codes. `a` (of `one`) and `b` are the records, `score` how likely they were to be one project but
    for the rule (10⁻⁶). A project that says itself which of its codes is former replaces no other: `number` is that code.
    """

    kind: Literal["phase_of", "part_of", "replaces"]
    one: str
    other: str | None
    why: str
    a: str
    b: str
    score: int = 0
    judgement_no: int | None = None
    number: str | None = None


class GoldenProject(Schema):
    """One project as all departments see it together.

    `within` is the project whose sums count this one, because this is a part of it or was replaced by it.
    """

    project_id: str
    name: str
    path: str
    status: str
    district: str | None
    claims: tuple[Claim, ...]
    members: tuple[Member, ...]
    works: tuple[WorksView, ...] = ()
    parcels: tuple[ParcelView, ...] = ()
    totals: tuple[Total, ...] = ()
    departments: tuple[str, ...]
    relations: tuple[Relation, ...] = ()
    within: str | None = None


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """A member of a project as assembly sees it: its statement and the parts that hang on it."""

    record_id: str
    record: ProjectRecord
    parts: tuple[PartRecord, ...] = ()
    live: bool = True
