"""Stories of whole projects, told with the factories: golden records and ledgers in one line."""

from __future__ import annotations

from typing import Any

from app.pipeline.assembly.assemble import assemble
from app.pipeline.assembly.lifecycle import CORE, lifecycle
from app.pipeline.assembly.parts import gather
from schemas.corrections import Correction
from schemas.golden import Claim, GoldenProject, LedgerStage, LoopLedger, MemberRecord
from schemas.identifiers import Scheme
from schemas.lifecycle import Evidence, Stage, StageState
from tests.support.factories import (
    PERMIT,
    PROJECT_CODE,
    WORKS_CODE,
    make_completion,
    make_evidence,
    make_member,
    make_number,
    make_permit,
    make_supply,
)

SECOND_PERMIT, THIRD_PERMIT = "430204202410080101", "430204202411110101"


def golden(*members: MemberRecord, corrections: tuple[Correction, ...] = ()) -> GoldenProject:
    """Give the golden project of these members."""
    return assemble("430200-project", gather(members), corrections)


def claim(project: GoldenProject, field: str) -> Claim:
    """Give the claim of a field."""
    return next(one for one in project.claims if one.field == field)


def value(project: GoldenProject, field: str) -> object:
    """Give the value of a field, None when nobody claims one."""
    return next((one.value for one in project.claims if one.field == field), None)


def ledger(*members: MemberRecord, connected: frozenset[str] = CORE) -> LoopLedger:
    """Give the ledger of these members."""
    gathered = gather(members)
    return lifecycle(assemble("430200-project", gathered), gathered, connected=connected)


def at(made: LoopLedger, stage: Stage) -> LedgerStage:
    """Give a stage of a ledger."""
    return next(one for one in made.stages if one.stage is stage)


def states(made: LoopLedger) -> dict[str, StageState]:
    """Give the states of the required stages."""
    return {one.stage.value: one.state for one in made.stages if one.state is not StageState.NOT_REQUIRED}


def rules(made: LoopLedger) -> set[str]:
    """Give the rules of the contradictions found."""
    return {one.rule for one in made.contradictions}


def signed(*more: Evidence, **over: Any) -> MemberRecord:
    """Give a project commerce signed on 2024-03-15; `more` is further evidence of that record."""
    return make_member(evidence=(make_evidence("G1", "A", "2024-03-15", number="ZS-7"), *more), **over)


def coded(works: str = WORKS_CODE) -> MemberRecord:
    """Give the row of a works section at housing, which carries the project code."""
    code = make_number(Scheme.PROJECT_CODE, PROJECT_CODE, generation="new")
    return make_member(source="housing.projects", key=works, works=works, bears=(code,))


def use_permit() -> MemberRecord:
    """Give a land use permit of 2024-07-15."""
    evidence = (make_evidence("A7", "A", "2024-07-15", number="地字1"),)
    return make_member(source="land.use_permits", key="地字1", evidence=evidence)


def works_permit() -> MemberRecord:
    """Give a works permit of 2024-08-15."""
    evidence = (make_evidence("P2", "A", "2024-08-15", number="建字1"),)
    return make_member(source="land.works_permits", key="建字1", evidence=evidence)


def chain() -> list[MemberRecord]:
    """Give every record of a project that went the whole road."""
    return [
        signed(make_evidence("O3", "B", "2025-09-01"), make_evidence("E1", "B", "2026-09-01")),
        coded(),
        make_supply(),
        use_permit(),
        works_permit(),
        make_permit(),
        make_completion(),
    ]


def sections(count: int = 3) -> list[MemberRecord]:
    """Give the permits of works sections of one project, each permitted on a day of its own."""
    days = ("2024-09-18", "2024-08-08", "2024-11-11")
    permits = (PERMIT, SECOND_PERMIT, THIRD_PERMIT)
    return [
        make_permit(permit, works=f"{PROJECT_CODE}-00{n}", on=day, name=f"某智造基地{n}标段")
        for n, (permit, day) in enumerate(zip(permits[:count], days[:count], strict=True), start=1)
    ]


def filing(n: int, permit: str, on: str) -> MemberRecord:
    """Give the completion filing of section `n`."""
    return make_completion(
        f"JGBA-{n}",
        works=f"{PROJECT_CODE}-00{n}",
        permit=permit,
        evidence=(make_evidence("D5", "A", on, number=f"JGBA-{n}"),),
    )
