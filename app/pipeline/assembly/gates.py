"""How far the proofs of a project meet the gate of a stage. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import msgspec

from app.pipeline.assembly.parts import Parts
from app.pipeline.assembly.proofs import Proofs, counted_in, strength
from app.pipeline.assembly.said import RANKS
from app.pipeline.assembly.structs import Proof
from schemas.lifecycle import Rank, Stage, StageState
from schemas.tables import Gate, milestones, roll_up

_STATE_OF_RANK = {
    Rank.A: StageState.EVIDENCED,
    Rank.B: StageState.EVIDENCED,
    Rank.C: StageState.CITED,
    Rank.D: StageState.SELF_REPORTED,
}


class Standing(msgspec.Struct, frozen=True, gc=False):
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
    """Give the best proof of each part, None standing for the whole project; `proofs` stand in order of strength."""
    best: dict[str | None, Proof] = {}
    for proof in proofs:
        best.setdefault(proof.part, proof)
    return best


def stand(gate: Gate, proofs: Proofs, parts: Parts, connected: frozenset[str]) -> Standing:
    """Tell how far a gate is met.

    A proof is enough at the gate's least rank, weaker while the gate's owner is not connected; a self-report also
    where the milestone that lifts it is proven. A gate counted in parts needs each part's own proof; only where no part
    has one that is enough, a proof of the whole project stands for all. Any other gate stands on its best proof.
    """
    keys = part_keys(gate.stage, parts)
    limit = _limit(gate, proofs, connected)
    said = _told(gate, proofs, limit)
    if not said:
        return _hinted(gate, proofs, len(keys) if gate.counted_in != "none" and keys else 1)
    best = best_per_part(said) if keys else {}
    own = [best[key] for key in keys if key in best and RANKS[best[key].rank] <= limit]
    if own and gate.counted_in != "none":
        return _stand_in_parts(gate, own, len(keys))
    first = said[0]
    enough = RANKS[first.rank] <= limit
    of = len(keys) if own or (keys and gate.counted_in != "none") else 1
    met = len(own) or (of if enough else 0)
    return Standing(
        _STATE_OF_RANK[first.rank], enough, enough, first.on, first.rank, met, of, decisive=(first,)
    )


def _told(gate: Gate, proofs: Proofs, limit: int) -> Sequence[Proof]:
    """Give the proofs of a gate in order; milestones of later stages speak only where the stage's own have no date."""
    told = [code for code in gate.milestones if code in proofs.of]
    if len(told) < 2:
        return proofs.of[told[0]] if told else ()
    own = [code for code in told if milestones()[code].stage is gate.stage]
    if any(proofs.of[code][0].on and RANKS[proofs.of[code][0].rank] <= limit for code in own):
        told = own
    return sorted(chain.from_iterable(proofs.of[code] for code in told), key=strength)


def _limit(gate: Gate, proofs: Proofs, connected: frozenset[str]) -> int:
    """Give the weakest rank that is enough."""
    lifting = proofs.of.get(gate.self_report_with or "", ())
    if lifting and RANKS[lifting[0].rank] < RANKS[Rank.D]:
        return RANKS[Rank.D]
    return RANKS[gate.least_rank if gate.owner in connected else gate.least_rank_unconnected]


def _stand_in_parts(gate: Gate, enough: Sequence[Proof], of: int) -> Standing:
    """Tell how a gate stands of which some parts, or all `of` them, have proof enough."""
    row = roll_up()[gate.stage]
    whole = len(enough) == of or row.met_when == "any"
    decisive = tuple(sorted(enough, key=strength))
    rank, on = decisive[0].rank, decisive[0].on
    if whole and row.met_when == "all":
        rank = max((proof.rank for proof in enough), key=RANKS.__getitem__)
        dates = sorted(proof.on for proof in enough if proof.on is not None)
        on = None if not dates else dates[-1] if row.dated_by == "latest" else dates[0]
    state = _STATE_OF_RANK[rank] if whole else StageState.PARTIAL
    return Standing(state, whole or row.reached_when == "any", whole, on, rank, len(enough), of, decisive)


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
