"""The loop ledger: a golden project laid along the stages of its path, with gaps and contradictions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from app.pipeline.assembly.contradictions import contradictions
from app.pipeline.assembly.gates import Loop, Standing, part_keys, walk
from app.pipeline.assembly.parts import Gathered, Parts
from app.pipeline.assembly.proofs import Proofs, find_proofs
from app.pipeline.assembly.structs import Contradiction, GoldenProject, LedgerStage, LoopLedger, MilestoneView
from app.pipeline.assembly.vocabulary import TERMINATED
from schemas.contradictions import contradiction_table
from schemas.lifecycle import LoopState, Stage, StageState
from schemas.path_signs import path_signs
from schemas.tables import MilestoneRow, StageRow, milestones, paths, stages

CORE = frozenset(("commerce", "land", "housing"))
"""The departments whose feeds are connected out of the box."""

_NOT_REQUIRED = Standing(StageState.NOT_REQUIRED, parts=0)


def lifecycle(project: GoldenProject, members: Gathered, *, connected: frozenset[str] = CORE) -> LoopLedger:
    """Lay a project along the stages of its path.

    `connected` are the departments that have a source: what another owner should prove may be cited by anybody. The
    current stage is the highest required one that is reached; earlier required ones that are not are gaps. Dates come
    from proofs alone: nothing here knows what day it is.
    """
    parts = members.parts
    proofs = find_proofs(members)
    path = paths().get(project.path) or paths()[path_signs().default]
    loop = walk(path.gates, proofs, parts, connected)
    reached = [stage for stage, standing in loop.standings.items() if standing.reached]
    current = reached[-1] if reached else None
    passed = list(loop.gates)[: list(loop.gates).index(current)] if current is not None else []
    found = contradictions(project, members.live, loop)
    disputed = _disputed(loop, found)
    debts = _debts(loop, current) if project.status != TERMINATED else {}
    return LoopLedger(
        project_id=project.project_id,
        path=path.key,
        current_stage=current,
        loop=_loop_state(loop),
        gaps=tuple(stage for stage in passed if not loop.standings[stage].reached),
        stages=tuple(_stage(row, loop, debts, disputed) for row in stages()),
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


def _disputed(loop: Loop, found: Sequence[Contradiction]) -> frozenset[Stage]:
    """Give the stages that stand on a proof disputed in date or order."""
    return frozenset(
        one.stage
        for one in found
        if one.rule in _disputing()
        and (standing := loop.standings.get(one.stage)) is not None
        and any(proof.record_id in one.record_ids for proof in standing.decisive)
    )


@cache
def _disputing() -> frozenset[str]:
    return frozenset(("dates_apart", *(row.name for row in contradiction_table().orders)))


def _stage(row: StageRow, loop: Loop, debts: Mapping[Stage, str], disputed: frozenset[Stage]) -> LedgerStage:
    stage, proofs = row.code, loop.proofs
    gate = loop.gates.get(stage)
    held = loop.standings.get(stage, _NOT_REQUIRED)
    closing = gate.milestones if gate is not None else ()
    return LedgerStage(
        stage=stage,
        zh=row.zh,
        en=row.en,
        state=StageState.CONTRADICTED if stage in disputed else held.state,
        required=gate is not None,
        reached=held.reached,
        on=held.on,
        rank=held.rank,
        owner=gate.owner if gate is not None else row.owner,
        owed_by=debts.get(stage),
        met=held.met,
        parts=held.parts,
        milestones=tuple(
            [
                _milestone(one, proofs, loop.parts)
                for code, one in _inside(stage)
                if code in proofs.of or code in proofs.promised or code in closing
            ]
        ),
    )


@cache
def _inside(stage: Stage) -> tuple[tuple[str, MilestoneRow], ...]:
    return tuple((code, row) for code, row in milestones().items() if row.stage is stage)


def _milestone(row: MilestoneRow, proofs: Proofs, parts: Parts) -> MilestoneView:
    said = proofs.of.get(row.code, ())
    promised = proofs.promised.get(row.code, ())
    keys = part_keys(row.stage, parts) if said else ()
    own = len({proof.part for proof in said}.intersection(keys)) if keys else 0
    first = said[0] if said else None
    return MilestoneView(
        code=row.code,
        zh=row.zh,
        en=row.en,
        on=first.on if first else None,
        rank=first.rank if first else None,
        met=own or (1 if first else 0),
        parts=len(keys) if own else 1,
        planned=promised[0].on if promised else None,
        proofs=said,
        promises=promised,
    )
