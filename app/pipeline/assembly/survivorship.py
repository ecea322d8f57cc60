"""Which of several statements about a field survives, and why the others do not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from app.pipeline.assembly.said import Said
from app.pipeline.assembly.structs import Claim, Loser
from schemas.cleaning import clean
from schemas.corrections import Correction
from schemas.golden import MemberRecord
from schemas.structs import changed

_lesser_first = attrgetter("part", "place", "rank")
_greater_first = attrgetter("stated", "full")


def in_order(said: Sequence[Said]) -> list[Said]:
    """Order statements of a field, which stand in the order of their record ids, the one that survives first."""
    ordered = sorted(said, key=_greater_first, reverse=True)
    ordered.sort(key=_lesser_first)
    return ordered


def survive(said: Sequence[Said]) -> tuple[Said, str, tuple[str, ...], tuple[Loser, ...]]:
    """Give the statement that survives, the rule it won by, the records that agree, and the losers.

    Values are one that differ by no more than width, case, blanks and dashes. `said` stand in the order of their record ids. The rule is the one that told the survivor from the best statement
    of another value; a loser's reason is the rule that told it from the survivor.
    """
    if len(said) == 1:
        return said[0], "only", (), ()
    first, *others = in_order(said)
    agree, losers = [], []
    for other in others:
        if other.value == first.value or clean(other.value) == clean(first.value):
            agree.append(other.record_id)
        else:
            reason = _told_apart_by(first, other)
            losers.append(
                Loser(value=other.value, record_id=other.record_id, source=other.source, reason=reason)
            )
    return first, losers[0].reason if losers else "only", tuple(sorted(agree)), tuple(losers)


def _told_apart_by(first: Said, other: Said) -> str:
    """Give the rule by which one statement stands before another, in the order they are compared by."""
    if first.part != other.part:
        return "whole"
    if first.place != other.place:
        return "authority"
    if first.rank != other.rank:
        return "rank"
    if first.stated != other.stated:
        return "recent"
    return "complete" if first.full != other.full else "smallest_id"


def claim(field: str, said: Sequence[Said]) -> Claim:
    """Give the claim of a field from all that was said of it (at least one statement)."""
    first, rule, agree, losers = survive(said)
    return Claim(
        field=field,
        value=first.value,
        record_id=first.record_id,
        source=first.source,
        rule=rule,
        agree=agree,
        losers=losers,
    )


def standing(
    corrections: Iterable[Correction], members: Sequence[MemberRecord]
) -> dict[str, list[Correction]]:
    """Give the corrections anchored in these members that nobody took back, per field, the latest first."""
    everything = {one.correction_no: one for one in corrections}
    withdrawn = {one.withdraws for one in everything.values()}
    here = {member.record_id for member in members}
    fields: dict[str, list[Correction]] = {}
    for number in sorted(everything, reverse=True):
        one = everything[number]
        if one.withdraws is None and number not in withdrawn and one.anchor_record in here:
            fields.setdefault(one.field, []).append(one)
    return fields


def steps_aside(correction: Correction, said: Sequence[Said], live: frozenset[str]) -> bool:
    """Tell whether a record the correction was made against now says another raw value than it was seen with."""
    now = {one.record_id: one.raw for one in said}
    return any(now.get(record, "") != raw for record, raw in correction.seen.items() if record in live)


def corrected(
    field: str,
    made: Claim | None,
    said: Sequence[Said],
    corrections: Sequence[Correction],
    live: frozenset[str],
) -> Claim | None:
    """Give a field's claim with the latest correction that still stands; those that do not are losers with the reason."""
    if not corrections:
        return made
    first, *older = corrections
    aside = steps_aside(first, said, live)
    if aside and made is None:
        return None
    by_hand = tuple(
        Loser(value=one.value, record_id=one.anchor_record, source="correction", reason=reason)
        for one, reason in [
            *([(first, "stepped_aside")] if aside else []),
            *((one, "superseded") for one in older),
        ]
    )
    if aside and made is not None:
        return changed(made, losers=by_hand + made.losers)
    lost = []
    if made is not None:
        lost.append(
            Loser(value=made.value, record_id=made.record_id, source=made.source, reason="correction")
        )
        lost += [changed(loser, reason="correction") for loser in made.losers]
    return Claim(
        field=field,
        value=first.value,
        record_id=first.anchor_record,
        source="correction",
        rule="correction",
        losers=by_hand + tuple(lost),
    )
