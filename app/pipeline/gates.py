"""How far the proofs of a project meet the gate of a stage. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from app.pipeline.parts import Parts
from app.pipeline.proofs import RANKS, Proofs, counted_in, strength
from schemas.golden import Proof
from schemas.lifecycle import Rank, Stage, StageState
from schemas.tables import Gate, milestones, roll_up

_STATE_OF_RANK = {
    Rank.A: StageState.EVIDENCED,
    Rank.B: StageState.EVIDENCED,
    Rank.C: StageState.CITED,
    Rank.D: StageState.SELF_REPORTED,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a gate stands: `reached` lets the project stand in the stage, `met_wholly` closes it.

    `decisive` are the proofs it stands on.
    """

    state: StageState
    reached: bool = False
    met_wholly: bool = False
    on: str | None = None
    rank: Rank | None = None
    met: int = 0
    parts: int = 1
    decisive: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """The gates of a project's path, how each stands, and what they stand on."""

    gates: Mapping[Stage, Gate]
    standings: Mapping[Stage, Standing]
    proofs: Proofs
    parts: Parts
    connected: frozenset[str]


def walk(gates: Mapping[Stage, Gate], proofs: Proofs, parts: Parts, connected: frozenset[str]) -> Loop:
    """Tell how every gate of a path stands; `connected` are the departments that have a source."""
    standings = {stage: stand(gate, proofs, parts, connected) for stage, gate in gates.items()}
    return Loop(gates, standings, proofs, parts, connected)


@cache
def stars(stage: Stage) -> tuple[str, ...]:
    """Give the milestones that can prove a stage on some path (★)."""
    return tuple(code for code, row in milestones().items() if row.gate and row.stage is stage)


def part_keys(stage: Stage, parts: Parts) -> tuple[str, ...]:
    """Give the parts a stage is counted in, without works sections whose permit was revoked."""
    counted = counted_in(stage)
    return parts.standing if counted == "works" else tuple(parts.parcels) if counted == "parcel" else ()


def best_per_part(proofs: Iterable[Proof]) -> dict[str | None, Proof]:
    """Give the best proof of each part, None standing for the whole project."""
    best: dict[str | None, Proof] = {}
    for proof in proofs:
        if proof.part not in best or strength(proof) < strength(best[proof.part]):
            best[proof.part] = proof
    return best


def stand(gate: Gate, proofs: Proofs, parts: Parts, connected: frozenset[str]) -> Standing:
    """Tell how far a gate is met.

    A proof is enough at the gate's least rank, weaker while the gate's owner is not connected; a self-report also
    where the milestone that lifts it is proven. Parts count by proofs of their own; where no part has one, a proof of
    the whole project stands for all.
    """
    said = [proof for code in gate.milestones for proof in proofs.of.get(code, ())]
    keys = part_keys(gate.stage, parts)
    if not said:
        return _hinted(gate, proofs, len(keys) if gate.counted_in != "none" and keys else 1)
    limit = _limit(gate, proofs, connected)
    best = best_per_part(said)
    own = {key: best[key] for key in keys if key in best}
    if not own:
        return _stand_whole(gate, min(best.values(), key=strength), limit, keys)
    return _stand_in_parts(gate, own, limit, keys)


def _limit(gate: Gate, proofs: Proofs, connected: frozenset[str]) -> int:
    """Give the weakest rank that is enough."""
    lifting = proofs.of.get(gate.self_report_with or "", ())
    if lifting and RANKS[lifting[0].rank] < RANKS[Rank.D]:
        return RANKS[Rank.D]
    return RANKS[gate.least_rank if gate.owner in connected else gate.least_rank_unconnected]


def _stand_whole(gate: Gate, best: Proof, limit: int, keys: Sequence[str]) -> Standing:
    enough = RANKS[best.rank] <= limit
    of = len(keys) if gate.counted_in != "none" and keys else 1
    return Standing(
        _STATE_OF_RANK[best.rank],
        enough,
        enough,
        best.on,
        best.rank,
        of if enough else 0,
        of,
        decisive=(best,),
    )


def _stand_in_parts(gate: Gate, own: Mapping[str, Proof], limit: int, keys: Sequence[str]) -> Standing:
    enough = [proof for proof in own.values() if RANKS[proof.rank] <= limit]
    if not enough:
        best = min(own.values(), key=strength)
        return Standing(
            _STATE_OF_RANK[best.rank], on=best.on, rank=best.rank, parts=len(keys), decisive=(best,)
        )
    row = roll_up()[gate.stage]
    whole = len(enough) == len(keys)
    if whole and row.met_when == "all":
        rank = max((proof.rank for proof in enough), key=RANKS.__getitem__)
        dates = sorted(proof.on for proof in enough if proof.on is not None)
        on = None if not dates else dates[-1] if row.dated_by == "latest" else dates[0]
        return Standing(
            _STATE_OF_RANK[rank],
            True,
            True,
            on,
            rank,
            len(enough),
            len(keys),
            tuple(sorted(enough, key=strength)),
        )
    first = min(enough, key=strength)
    some = gate.counted_in == "none" or row.met_when == "any"
    return Standing(
        _STATE_OF_RANK[first.rank] if some else StageState.PARTIAL,
        some or row.reached_when == "any",
        some,
        first.on,
        first.rank,
        len(enough),
        len(keys),
        tuple(sorted(enough, key=strength)),
    )


def _hinted(gate: Gate, proofs: Proofs, of: int) -> Standing:
    """Tell how a gate stands that nothing proves: another ★ of its stage may say that it is on the way."""
    hints = [proof for code in stars(gate.stage) for proof in proofs.of.get(code, ())]
    if not hints:
        return Standing(StageState.MISSING, parts=of)
    best = min(hints, key=strength)
    proven = RANKS[best.rank] < RANKS[Rank.C]
    return Standing(
        StageState.PARTIAL if proven else _STATE_OF_RANK[best.rank],
        on=best.on,
        rank=best.rank,
        parts=of,
        decisive=(best,),
    )
