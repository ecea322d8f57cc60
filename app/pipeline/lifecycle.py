"""The loop ledger: a golden project laid along the stages of its path, with gaps and contradictions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from app.pipeline.contradictions import contradictions
from app.pipeline.gates import Loop, Standing, part_keys, walk
from app.pipeline.parts import Parts, find_parts
from app.pipeline.proofs import Proofs, find_proofs
from app.pipeline.structs import Contradiction, GoldenProject, LedgerStage, LoopLedger, MilestoneView
from app.pipeline.vocabulary import TERMINATED
from schemas.contradictions import contradiction_table
from schemas.golden import MemberRecord
from schemas.lifecycle import LoopState, Stage, StageState
from schemas.path_signs import path_signs
from schemas.tables import MilestoneRow, StageRow, milestones, paths, stages

CORE = frozenset(("commerce", "land", "housing"))
"""The departments whose feeds are connected out of the box."""


def lifecycle(
    project: GoldenProject, members: Sequence[MemberRecord], *, connected: frozenset[str] = CORE
) -> LoopLedger:
    """Lay a project along the stages of its path.

    `connected` are the departments that have a source: what another owner should prove may be cited by anybody. The
    current stage is the highest required one that is reached; earlier required ones that are not are gaps. Dates come
    from proofs alone: nothing here knows what day it is.
    """
    everybody = [once for _, once in sorted({member.record_id: member for member in members}.items())]
    parts = find_parts(everybody)
    proofs = find_proofs(everybody, parts)
    path = paths().get(project.path) or paths()[path_signs().default]
    loop = walk(path.gates, proofs, parts, connected)
    reached = [stage for stage, standing in loop.standings.items() if standing.reached]
    current = reached[-1] if reached else None
    passed = list(loop.gates)[: list(loop.gates).index(current)] if current is not None else []
    found = contradictions(project, everybody, loop)
    debts = _debts(loop, current) if project.status != TERMINATED else {}
    return LoopLedger(
        project_id=project.project_id,
        path=path.key,
        current_stage=current,
        loop=_loop_state(loop),
        gaps=tuple(stage for stage in passed if not loop.standings[stage].reached),
        stages=tuple(_stage(row, loop, debts, found) for row in stages()),
        contradictions=found,
    )


def _loop_state(loop: Loop) -> LoopState:
    met = [standing for standing in loop.standings.values() if standing.met_wholly]
    if len(met) == len(loop.standings):
        return LoopState.CLOSED
    proving = {proof.department for standing in met for proof in standing.decisive}
    return LoopState.PARTIAL if len(proving) > 1 else LoopState.OPEN


def _debts(loop: Loop, current: Stage | None) -> dict[Stage, str]:
    """Give who owes what: every unmet gate up to the current stage, the next one, and any that is on its way."""
    order, standings = list(loop.gates), loop.standings
    here = order.index(current) if current is not None else -1
    return {
        stage: gate.owner
        for at, (stage, gate) in enumerate(loop.gates.items())
        if not standings[stage].met_wholly
        and (at <= here + 1 or standings[stage].state is not StageState.MISSING)
    }


def _stage(
    row: StageRow, loop: Loop, debts: Mapping[Stage, str], found: Sequence[Contradiction]
) -> LedgerStage:
    gate, standing, proofs = loop.gates.get(row.code), loop.standings.get(row.code), loop.proofs
    required = gate is not None and standing is not None
    held = standing if standing is not None else Standing(StageState.NOT_REQUIRED, parts=0)
    return LedgerStage(
        stage=row.code,
        zh=row.zh,
        en=row.en,
        state=_state(row.code, held, found) if required else StageState.NOT_REQUIRED,
        required=required,
        reached=held.reached,
        on=held.on,
        rank=held.rank,
        owner=gate.owner if gate is not None else row.owner,
        owed_by=debts.get(row.code),
        met=held.met,
        parts=held.parts,
        milestones=tuple(
            _milestone(one, proofs, loop.parts)
            for one in _inside(row.code)
            if one.code in proofs.of or one.code in proofs.promised or (gate and one.code in gate.milestones)
        ),
    )


@cache
def _inside(stage: Stage) -> tuple[MilestoneRow, ...]:
    return tuple(row for row in milestones().values() if row.stage is stage)


def _state(stage: Stage, standing: Standing, found: Sequence[Contradiction]) -> StageState:
    """Give a stage's state; contradicted when one of the proofs it stands on is disputed in date or order."""
    if standing.decisive:
        disputing = {"dates_apart", *(row.name for row in contradiction_table().orders)}
        stands_on = {proof.record_id for proof in standing.decisive}
        if any(
            one.stage is stage and one.rule in disputing and not stands_on.isdisjoint(one.record_ids)
            for one in found
        ):
            return StageState.CONTRADICTED
    return standing.state


def _milestone(row: MilestoneRow, proofs: Proofs, parts: Parts) -> MilestoneView:
    said = proofs.of.get(row.code, ())
    promised = proofs.promised.get(row.code, ())
    keys = part_keys(row.stage, parts) if said else ()
    own = len({proof.part for proof in said}.intersection(keys))
    return MilestoneView(
        code=row.code,
        zh=row.zh,
        en=row.en,
        on=said[0].on if said else None,
        rank=said[0].rank if said else None,
        met=own or (1 if said else 0),
        parts=len(keys) if own else 1,
        planned=promised[0].on if promised else None,
        proofs=said,
        promises=promised,
    )
