"""Which of several statements about a field survives, and why the others do not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from app.pipeline.structs import Claim, Loser, changed
from app.pipeline.vocabulary import industry_of, land_mode_of, status_of
from schemas.cleaning import clean
from schemas.corrections import Correction
from schemas.fields import FieldRow
from schemas.golden import MemberRecord
from schemas.identifiers import Status
from schemas.lifecycle import Rank, Stage
from schemas.measures import Area, Money
from schemas.parties import Role
from schemas.records import PartRecord, ProjectRecord
from schemas.tables import milestones

_RANKS = tuple(Rank)
_NO_RANK = len(_RANKS)
_CRITERIA = ("whole", "authority", "rank", "recent", "complete", "smallest_id")


class Said(NamedTuple):
    """One record's value for a field (`raw` as the department wrote it) with all it is weighed by."""

    value: str
    raw: str
    record_id: str
    source: str
    part: bool
    place: int
    rank: int
    stated: str
    full: int

    def weights(self) -> tuple[bool, int, int, str, int, str]:
        """Give what statements are compared by, in the order of `_CRITERIA`."""
        return self.part, self.place, self.rank, self.stated, self.full, self.record_id


def plain(number: Decimal) -> str:
    """Give a number as plain decimal text: exact, without exponent or trailing zeros."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _money(money: Money) -> tuple[str, str] | None:
    return None if money.yuan is None else (plain(money.yuan), money.raw)


def _area(area: Area) -> tuple[str, str] | None:
    return None if area.square_metres is None else (plain(area.square_metres), area.raw)


def _code(record: ProjectRecord, scheme: str) -> tuple[str, str] | None:
    """A valid number the record bears, or failing that cites; of several the smallest, so that order decides nothing."""
    for numbers in (record.bears, record.cites):
        fit = [(one.value, one.raw) for one in numbers if one.scheme == scheme and one.status is Status.VALID]
        if fit:
            return min(fit)
    return None


def _party(record: ProjectRecord, role: str, what: str) -> tuple[str, str] | None:
    found = []
    for party in record.parties:
        if party.role == role:
            if what == "name" and party.name:
                found.append((party.name, party.name))
            elif what == "uscc" and party.uscc is not None and party.uscc.status is Status.VALID:
                found.append((party.uscc.value, party.uscc.raw))
    return min(found, default=None)


_MEANINGS: Mapping[str, Callable[[str, str], str | None]] = {
    "status": lambda _, word: status_of(word),
    "land_mode": land_mode_of,
    "industry": lambda _, text: industry_of(text),
}


@cache
def _reader(read: str) -> Callable[[ProjectRecord], tuple[str, str] | None]:
    """Give the function that reads (value, raw) where `fields.toml` says, such as `money.contract_price`."""
    kind, _, rest = read.partition(".")

    def attribute(record: ProjectRecord) -> tuple[str, str] | None:
        text = getattr(record, read)
        meaning = _MEANINGS.get(read)
        value = meaning(record.department, text) if meaning is not None and text else text
        return (value, text) if value else None

    def place(record: ProjectRecord) -> tuple[str, str] | None:
        text = getattr(record.place, rest)
        return (text, text) if text else None

    def text(record: ProjectRecord) -> tuple[str, str] | None:
        said = record.texts.get(rest)
        return (said, said) if said else None

    def money(record: ProjectRecord) -> tuple[str, str] | None:
        return _money(record.money[rest]) if rest in record.money else None

    def area(record: ProjectRecord) -> tuple[str, str] | None:
        return _area(record.areas[rest]) if rest in record.areas else None

    role, _, what = rest.partition(".")
    readers: dict[str, Callable[[ProjectRecord], tuple[str, str] | None]] = {
        "place": place,
        "text": text,
        "money": money,
        "area": area,
        "code": lambda record: _code(record, rest),
        "party": lambda record: _party(record, Role(role), what),
    }
    return readers.get(kind, attribute)


@cache
def _stage_of_milestone() -> Mapping[str, Stage]:
    return {code: row.stage for code, row in milestones().items()}


def dated(record: ProjectRecord | PartRecord) -> str:
    """Give when a record speaks for itself: its own time of statement, else its latest certificate date, else ''."""
    if record.stated_at:
        return record.stated_at.replace(" ", "T")
    return max((e.on.day.isoformat() for e in record.evidence if e.on is not None), default="")


def ranks_by_stage(record: ProjectRecord) -> dict[Stage, int]:
    """Give the best rank of a record's evidence in each stage it proves something of; 0 is A."""
    best: dict[Stage, int] = {}
    for evidence in record.evidence:
        stage = _stage_of_milestone().get(evidence.milestone)
        if stage is not None:
            best[stage] = min(best.get(stage, _NO_RANK), _RANKS.index(evidence.rank))
    return best


def said_by(
    member: MemberRecord, fields: Iterable[FieldRow], *, part: bool = False
) -> Iterator[tuple[str, Said]]:
    """Give what one member says for each field it fills; `part` says that it speaks of one part of several."""
    record = member.record
    found = [(field, value) for field in fields if (value := _reader(field.read)(record)) is not None]
    return weighed(member, found, part=part)


def weighed(
    member: MemberRecord, found: Sequence[tuple[FieldRow, tuple[str, str]]], *, part: bool = False
) -> Iterator[tuple[str, Said]]:
    """Give a member's (value, raw) pairs as statements with all they are weighed by, with the field's code."""
    record = member.record
    ranks, stated = ranks_by_stage(record), dated(record)
    for field, (value, raw) in found:
        place = field.place(record.source, record.department)
        rank = ranks.get(field.stage, _NO_RANK)
        yield (
            field.code,
            Said(
                value,
                raw,
                member.record_id,
                record.source,
                field.whole_first and part,
                place,
                rank,
                stated,
                len(found),
            ),
        )


def in_order(said: Sequence[Said]) -> list[Said]:
    """Order statements, the one that survives first."""
    if len(said) < 2:
        return list(said)
    ordered = sorted(said, key=lambda one: (-one.full, one.record_id))
    ordered.sort(key=lambda one: one.stated, reverse=True)
    ordered.sort(key=lambda one: (one.part, one.place, one.rank))
    return ordered


def same(a: str, b: str) -> bool:
    """Tell whether two values are one but for width, case, blanks and dashes."""
    return a == b or clean(a) == clean(b)


def survive(said: Sequence[Said]) -> tuple[Said, str, tuple[str, ...], tuple[Loser, ...]]:
    """Give the statement that survives, the rule it won by, the records that agree, and the losers.

    The rule is the one that told it from the best statement of another value; a loser's reason is the rule that
    told it from the winner.
    """
    first, *others = in_order(said)
    agree, losers = [], []
    for other in others:
        if same(other.value, first.value):
            agree.append(other.record_id)
        else:
            reason = next(
                rule for rule, a, b in zip(_CRITERIA, first.weights(), other.weights(), strict=True) if a != b
            )
            losers.append(
                Loser(value=other.value, record_id=other.record_id, source=other.source, reason=reason)
            )
    return first, losers[0].reason if losers else "only", tuple(sorted(agree)), tuple(losers)


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
