"""What things are: records, identifiers, dates, measures, places, parties, stages and the golden project."""

from __future__ import annotations

from schemas.base import Schema
from schemas.dates import Precision, StatedDate, parse_date
from schemas.doubts import Doubt, NotUnderstood, Parsed
from schemas.golden import (
    Claim,
    Contradiction,
    GoldenProject,
    LedgerStage,
    LoopLedger,
    Loser,
    Member,
    MilestoneView,
    ParcelView,
    Proof,
    WorksView,
)
from schemas.identifiers import Identifier, Scheme, Status
from schemas.identifiers import parse as parse_identifiers
from schemas.ids import jurisdiction_of, record_id
from schemas.judgements import Judgement, Verdict
from schemas.lifecycle import Evidence, LoopState, Planned, Rank, Stage, StageState
from schemas.measures import Area, Money, parse_area, parse_money
from schemas.parties import Party, Role
from schemas.places import Place, district_name, find_district, find_zone, parse_point, region_of
from schemas.records import (
    Accepted,
    Issue,
    Listing,
    Op,
    Outcome,
    Page,
    PartRecord,
    ProjectRecord,
    RawRecord,
    Rejection,
    Responsible,
    Severity,
    Statement,
    Unreadable,
    content_hash,
)
from schemas.tables import code_list, departments, industry, milestones, paths, ranks, roll_up, stages, sums

__all__ = [
    "Accepted",
    "Area",
    "Claim",
    "Contradiction",
    "Doubt",
    "Evidence",
    "GoldenProject",
    "Identifier",
    "Issue",
    "Judgement",
    "LedgerStage",
    "Listing",
    "LoopLedger",
    "LoopState",
    "Loser",
    "Member",
    "MilestoneView",
    "Money",
    "NotUnderstood",
    "Op",
    "Outcome",
    "Page",
    "ParcelView",
    "Parsed",
    "PartRecord",
    "Party",
    "Place",
    "Planned",
    "Precision",
    "ProjectRecord",
    "Proof",
    "Rank",
    "RawRecord",
    "Rejection",
    "Responsible",
    "Role",
    "Schema",
    "Scheme",
    "Severity",
    "Stage",
    "StageState",
    "StatedDate",
    "Statement",
    "Status",
    "Unreadable",
    "Verdict",
    "WorksView",
    "code_list",
    "content_hash",
    "departments",
    "district_name",
    "find_district",
    "find_zone",
    "industry",
    "jurisdiction_of",
    "milestones",
    "parse_area",
    "parse_date",
    "parse_identifiers",
    "parse_money",
    "parse_point",
    "paths",
    "ranks",
    "record_id",
    "region_of",
    "roll_up",
    "stages",
    "sums",
]
