"""The structs that documents are made of, under the names of their schemas, and statements read back as structs. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from schemas import golden, lifecycle
from schemas.records import PartRecord, ProjectRecord
from schemas.structs import struct_of

read_project: Callable[[str], ProjectRecord] = msgspec.json.Decoder(struct_of(ProjectRecord)).decode
"""Read back a project record that the hub wrote."""
read_part: Callable[[str], PartRecord] = msgspec.json.Decoder(struct_of(PartRecord)).decode
"""Read back a part record that the hub wrote."""

if TYPE_CHECKING:
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
        Promise,
        Proof,
        Relation,
        Total,
        WorksView,
    )
    from schemas.lifecycle import Evidence
else:
    Claim = struct_of(golden.Claim)
    Contradiction = struct_of(golden.Contradiction)
    Evidence = struct_of(lifecycle.Evidence)
    GoldenProject = struct_of(golden.GoldenProject)
    LedgerStage = struct_of(golden.LedgerStage)
    LoopLedger = struct_of(golden.LoopLedger)
    Loser = struct_of(golden.Loser)
    Member = struct_of(golden.Member)
    MilestoneView = struct_of(golden.MilestoneView)
    ParcelView = struct_of(golden.ParcelView)
    Promise = struct_of(golden.Promise)
    Proof = struct_of(golden.Proof)
    Relation = struct_of(golden.Relation)
    Total = struct_of(golden.Total)
    WorksView = struct_of(golden.WorksView)

__all__ = [
    "Claim",
    "Contradiction",
    "Evidence",
    "GoldenProject",
    "LedgerStage",
    "LoopLedger",
    "Loser",
    "Member",
    "MilestoneView",
    "ParcelView",
    "Promise",
    "Proof",
    "Relation",
    "Total",
    "WorksView",
    "read_part",
    "read_project",
]
