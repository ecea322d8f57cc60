"""What the records of a project say that cannot all be true. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from itertools import combinations
from typing import NamedTuple

from app.pipeline.assembly.gates import Loop, best_per_part, stars
from app.pipeline.assembly.proofs import Proofs
from app.pipeline.assembly.said import RANKS, plain
from app.pipeline.assembly.structs import Claim, Contradiction, GoldenProject, Loser, Proof
from app.pipeline.assembly.vocabulary import stage_of
from schemas.cleaning import REMEMBERED
from schemas.contradictions import OrderRow, contradiction_table
from schemas.dates import Precision
from schemas.fields import Words, fields
from schemas.golden import MemberRecord
from schemas.lifecycle import Rank, Stage
from schemas.tables import departments, milestones

_DAYS: Mapping[str, int] = {
    Precision.DAY: 0,
    Precision.MONTH: 30,
    Precision.QUARTER: 91,
    Precision.HALF: 183,
    Precision.YEAR: 365,
}


_TALKS = frozenset((Stage.LEAD, Stage.NEGOTIATION))


class _Span(NamedTuple):
    """The days a stated date may mean."""

    first: date
    last: date


def _span(proof: Proof) -> _Span | None:
    return None if proof.on is None else _meant(proof.on, proof.precision or Precision.DAY)


@lru_cache(maxsize=REMEMBERED)
def _meant(on: str, precision: str) -> _Span:
    first = date.fromisoformat(on)
    return _Span(first, first + timedelta(days=_DAYS[precision]))


_Reach = Mapping[str, tuple[str, str]]
"""The first and the last day that proofs of a milestone bear: what cannot lie apart needs no closer look."""


def _reach(proofs: Proofs) -> _Reach:
    days = {code: [proof.on for proof in said if proof.on is not None] for code, said in proofs.of.items()}
    return {code: (min(on), max(on)) for code, on in days.items() if on}


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def contradictions(
    project: GoldenProject, members: Sequence[MemberRecord], loop: Loop
) -> tuple[Contradiction, ...]:
    """Give every contradiction in a project, in an order of their own.

    Dates of one milestone too far apart between sources, milestones in the wrong order, stages another department
    reports and the owner has no proof of, a filed completion commerce knows nothing of, amounts with a suspect unit.
    """
    reach = _reach(loop.proofs)
    found = [
        *_dates_apart(loop.proofs, reach),
        *(one for row in contradiction_table().orders for one in _out_of_order(row, loop.proofs, reach)),
        *_claimed(loop),
        *_filed_but_negotiating(members, loop),
        *_suspect_units(project),
    ]
    return tuple(sorted(set(found), key=_in_order)) if found else ()


def _in_order(one: Contradiction) -> tuple[int, str, tuple[str, ...], str]:
    return list(Stage).index(one.stage), one.rule, one.record_ids, one.en


def _say(
    rule: str, stage: Stage, records: Iterable[str], words: Words, *, zh: dict[str, str], en: dict[str, str]
) -> Contradiction:
    return Contradiction(
        rule=rule,
        stage=stage,
        record_ids=tuple(sorted(set(records))),
        zh=words.zh.format(**zh),
        en=words.en.format(**en),
    )


def _dates_apart(proofs: Proofs, reach: _Reach) -> Iterator[Contradiction]:
    """Compare the dates of each milestone between sources, part by part, and wholes with the earliest part."""
    table = contradiction_table()
    for code, said in proofs.of.items():
        if code in table.undated or code not in reach or _days(*reach[code]) <= table.days_apart:
            continue
        dated = [proof for proof in said if proof.on is not None]
        by_source: dict[str, list[Proof]] = {}
        for proof in dated:
            by_source.setdefault(proof.source, []).append(proof)
        for a, b in combinations(sorted(by_source), 2):
            pair = _furthest(
                by_source[a],
                by_source[b],
                table.days_apart,
                last=milestones()[code].stage is Stage.COMPLETION,
            )
            if pair is not None:
                one, other = pair
                row = milestones()[code]
                yield _say(
                    "dates_apart",
                    row.stage,
                    (one.record_id, other.record_id),
                    table.words["dates_apart"],
                    zh={"milestone": row.zh, **_both(one, other)},
                    en={"milestone": row.en, **_both(one, other)},
                )


def _both(one: Proof, other: Proof) -> dict[str, str]:
    return {"source_a": one.source, "a": str(one.on), "source_b": other.source, "b": str(other.on)}


def _furthest(a: Sequence[Proof], b: Sequence[Proof], days: int, *, last: bool) -> tuple[Proof, Proof] | None:
    """Give the two proofs of two sources that lie furthest apart and further than `days`, None when none do."""
    of_a, of_b = best_per_part(a), best_per_part(b)
    pairs = [(of_a[part], of_b[part]) for part in sorted(of_a.keys() & of_b.keys(), key=str)]
    if not pairs and (None in of_a or None in of_b):
        pairs = [(_edge(of_a.values(), last=last), _edge(of_b.values(), last=last))]
    apart = [(gap, pair) for pair in pairs if (gap := _gap(*pair)) > days]
    return max(apart, key=lambda one: one[0])[1] if apart else None


def _edge(proofs: Iterable[Proof], *, last: bool) -> Proof:
    """Give the earliest of the parts' proofs, or the latest where a stage waits for all of them."""
    ordered = sorted(proofs, key=lambda proof: (proof.on or "", proof.record_id))
    return ordered[-1 if last else 0]


def _gap(one: Proof, other: Proof) -> int:
    """Give the days between two proofs at their closest."""
    a, b = _span(one), _span(other)
    if a is None or b is None:
        return 0
    return max((b.first - a.last).days, (a.first - b.last).days)


def _out_of_order(row: OrderRow, proofs: Proofs, reach: _Reach) -> Iterator[Contradiction]:
    """Compare two milestones part by part; where they share no part, the earliest of each."""
    if row.before not in reach or row.after not in reach:
        return
    (earliest, latest), (soonest, last) = reach[row.before], reach[row.after]
    if latest <= soonest if row.within_days is None else _days(earliest, last) <= row.within_days:
        return
    before, after = (best_per_part(p for p in proofs.of[code] if p.on) for code in (row.before, row.after))
    shared = sorted((before.keys() & after.keys()) - {None}, key=str)
    pairs = [(before[part], after[part]) for part in shared] or [
        (_edge(before.values(), last=False), _edge(after.values(), last=False))
    ]
    for one, other in pairs:
        a, b = _span(one), _span(other)
        if a is None or b is None:
            continue
        wrong = b.last < a.first if row.within_days is None else (b.first - a.last).days > row.within_days
        if wrong:
            dates = {"before": str(one.on), "after": str(other.on)}
            records = one.record_id, other.record_id
            yield _say(row.name, milestones()[row.after].stage, records, row.words, zh=dates, en=dates)


def _claimed(loop: Loop) -> Iterator[Contradiction]:
    """Find stages somebody reports as done while their connected owner has nothing to show."""
    words = contradiction_table().words["claimed_not_proven"]
    for stage, gate in loop.gates.items():
        if loop.standings[stage].reached or gate.owner not in loop.connected:
            continue
        for code in _shown_in(gate.milestones, stage):
            if code not in loop.proofs.of:
                continue
            row = milestones()[code]
            claims = [
                proof
                for proof in loop.proofs.of[code]
                if proof.rank is Rank.D and proof.department != gate.owner and row.stage is stage
            ]
            if claims and RANKS[loop.proofs.of[code][0].rank] == RANKS[Rank.D]:
                who, owner = claims[0].department, departments()[gate.owner]
                claimant = departments().get(who)
                yield _say(
                    "claimed_not_proven",
                    stage,
                    (claim.record_id for claim in claims),
                    words,
                    zh={
                        "department": claimant.zh if claimant else who,
                        "milestone": row.zh,
                        "owner": owner.zh,
                    },
                    en={
                        "department": claimant.en if claimant else who,
                        "milestone": row.en,
                        "owner": owner.en,
                    },
                )


@cache
def _shown_in(closing: tuple[str, ...], stage: Stage) -> tuple[str, ...]:
    """Give the milestones that can prove a stage, in order: those that close it on a path, and its own."""
    return tuple(sorted({*closing, *stars(stage)}))


def _filed_but_negotiating(members: Sequence[MemberRecord], loop: Loop) -> Iterator[Contradiction]:
    """Find filed completions of projects that commerce knows and does not yet call signed.

    A register of talks keeps its row after the signing: it stands for the past once another row of commerce is beyond talks.
    """
    completion = loop.standings.get(Stage.COMPLETION)
    if completion is None or not completion.met_wholly:
        return
    told = [member for member in members if member.record.department == "commerce"]
    reached = [_reached(member) for member in told]
    if any(reached) and all(stages <= _TALKS for stages in reached):
        records = [member.record_id for member in told] + [proof.record_id for proof in completion.decisive]
        rule = "filed_but_negotiating"
        yield _say(rule, Stage.COMPLETION, records, contradiction_table().words[rule], zh={}, en={})


def _reached(member: MemberRecord) -> set[Stage]:
    """Give the stages a record speaks of: its status where that names one, else what it proves."""
    called = stage_of(member.record.status) if member.record.status else None
    if called in _TALKS:
        return {called}
    return {milestones()[one.milestone].stage for one in member.record.evidence} | (
        {called} if called else set()
    )


def _suspect_units(project: GoldenProject) -> Iterator[Contradiction]:
    """Find amounts of one project whose ratio to the middle one of all is near ten thousand."""
    table = contradiction_table()
    said = [
        amount for claim in project.claims if claim.field in table.unit_fields for amount in _amounts(claim)
    ]
    if len(said) < 2:
        return
    least, most = table.unit_ratio
    yuan = [amount.yuan for amount in said if amount.yuan > 0]
    if not yuan or max(yuan) / min(yuan) < least:
        return
    said.sort(key=lambda amount: (amount.yuan, amount.field, amount.record_id))
    middle = said[len(said) // 2]
    for amount in said:
        low, high = (amount, middle) if amount.yuan <= middle.yuan else (middle, amount)
        if low.yuan > 0 and least <= high.yuan / low.yuan <= most:
            rows = fields()[high.field], fields()[low.field]
            words = {
                "a": plain(high.yuan),
                "source_a": high.source,
                "b": plain(low.yuan),
                "source_b": low.source,
            }
            yield _say(
                "unit_suspect",
                fields()[amount.field].stage,
                (low.record_id, high.record_id),
                table.words["unit_suspect"],
                zh={"field_a": rows[0].zh, "field_b": rows[1].zh, **words},
                en={"field_a": rows[0].en, "field_b": rows[1].en, **words},
            )


class _Amount(NamedTuple):
    """An amount said of a project."""

    field: str
    yuan: Decimal
    record_id: str
    source: str


def _amounts(claim: Claim) -> Iterator[_Amount]:
    said: tuple[Claim | Loser, ...] = (claim, *claim.losers)
    for one in said:
        if isinstance(one.value, str) and one.value.replace(".", "", 1).isdecimal():
            yield _Amount(claim.field, Decimal(one.value), one.record_id, one.source)
