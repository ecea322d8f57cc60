"""Stages, evidence ranks and proof of milestones; the tables behind them are data in `schemas/codes/`."""

from __future__ import annotations

from enum import StrEnum

from schemas.base import Value
from schemas.dates import StatedDate


class Stage(StrEnum):
    """The eleven stages of a project's life, in order (在谈 … 达产)."""

    LEAD = "LEAD"
    NEGOTIATION = "NEGOTIATION"
    SIGNED = "SIGNED"
    INITIATION = "INITIATION"
    LAND = "LAND"
    PLANNING = "PLANNING"
    CONSTRUCTION_PERMIT = "CONSTRUCTION_PERMIT"
    CONSTRUCTION = "CONSTRUCTION"
    COMPLETION = "COMPLETION"
    PRODUCTION = "PRODUCTION"
    CAPACITY = "CAPACITY"


class Rank(StrEnum):
    """Weight of a proof: A certificate of the owner, B the owner's dated word, C another department, D anybody."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Evidence(Value):
    """A record's proof that a milestone was reached.

    `part` names the works section or parcel it holds for, None for the whole project; `on` is None when the
    department says it is done but not when.
    """

    milestone: str
    rank: Rank
    on: StatedDate | None = None
    number: str | None = None
    part: str | None = None
    raw: str | None = None


class Planned(Value):
    """A date a milestone was promised or agreed for."""

    milestone: str
    on: StatedDate
    basis: str
    part: str | None = None


class LoopState(StrEnum):
    """How far the loop of a project is closed."""

    OPEN = "open"
    PARTIAL = "partial"
    CLOSED = "closed"


class StageState(StrEnum):
    """What the loop ledger says of one stage."""

    EVIDENCED = "evidenced"
    CITED = "cited"
    SELF_REPORTED = "self_reported"
    PARTIAL = "partial"
    MISSING = "missing"
    CONTRADICTED = "contradicted"
    NOT_REQUIRED = "not_required"
