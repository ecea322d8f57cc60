"""How likely two records are one project: a sum of named terms, each with both values, made a probability.

Everything is an integer (10⁻⁶): the same on every machine and in any order. The learned score keeps this interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.pipeline.matching.names import is_public
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.rules import digits_apart, old_code
from app.pipeline.matching.weights import (
    FLOOR,
    ONCE,
    PRIOR,
    REVIEW_CUT,
    SAFE_CUT,
    WEIGHTS,
    WHOLE,
    number_points,
    points_for,
    probability,
)

__all__ = ["FLOOR", "REVIEW_CUT", "SAFE_CUT", "WHOLE", "Pair", "Term", "score", "tell"]

_CODE, _OWNER, _NAME = WEIGHTS["code"], WEIGHTS["owner"], WEIGHTS["name"]
_PHASE, _PLACE, _AMOUNT, _AREA = WEIGHTS["phase"], WEIGHTS["place"], WEIGHTS["amount"], WEIGHTS["area"]
_OTHER_OWNER: int = _OWNER["other"]
_SAME_SOURCE: int = WEIGHTS["source"]["same"]
_LADDER: list[tuple[int, int, int]] = [
    (step["jaccard"], step["overlap"], step["points"]) for step in _NAME["ladder"]
]
_CAPS: dict[str, int] = {rule: points_for(WEIGHTS["caps"][rule]) for rule in ("name_alone", "same_source")}
_FIRM: int = WEIGHTS["caps"]["firm"]


@dataclass(frozen=True, slots=True)
class Term:
    """One named part of a score: its log-odds (10⁻⁶) and what the two sides said."""

    name: str
    points: int
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records (a < b) with the probability (10⁻⁶) that they are one project, and the terms it is made of."""

    a: str
    b: str
    score: int
    terms: tuple[Term, ...]


def tell(a: Normal, b: Normal) -> Pair:
    """Score two records and tell every term; symmetric. Hard rules are not part of it: ask `rules.forbidden`."""
    if b.record_id < a.record_id:
        a, b = b, a
    terms: list[Term] = []
    return Pair(a.record_id, b.record_id, score(a, b, terms), tuple(terms))


def score(a: Normal, b: Normal, terms: list[Term] | None = None) -> int:
    """Give the probability (10⁻⁶) that two records are one project; what it is made of goes into `terms`, if given.

    Give the record of the smaller id first. Terms are made on demand only: a batch scores pairs nobody reads.
    """
    points, firm = _codes(a, b, terms)
    by_numbers, proven = _numbers(a, b, terms)
    by_owners, owned = _owners(a, b, terms)
    points += PRIOR + by_numbers + by_owners
    points += (
        _names(a, b, terms, brand=owned) + _phases(a, b, terms) + _places(a, b, terms) + _sizes(a, b, terms)
    )
    one_source = a.source == b.source
    if one_source:
        points += _SAME_SOURCE
        if terms is not None:
            terms.append(Term("source.same", _SAME_SOURCE, a.source, b.source))
    if not (firm or proven) and (one_source or not owned):
        cap = "same_source" if one_source else "name_alone"
        if points > _CAPS[cap]:
            if terms is not None:
                terms.append(Term(f"cap.{cap}", _CAPS[cap] - points, a.source, b.source))
            points = _CAPS[cap]
    return probability(points)


def _codes(a: Normal, b: Normal, terms: list[Term] | None) -> tuple[int, bool]:
    """Compare project codes; give points and whether they are firm evidence.

    Old codes end in a serial number, so that neighbours differ in one digit by nature and not by error.
    """
    if not a.codes or not b.codes:
        return 0, False
    shared = a.codes if a.codes == b.codes else [code for code in a.codes if code in b.codes]
    if shared:
        kind = "same_old" if all(map(old_code, shared)) else "same"
    elif any(digits_apart(x, y) < 2 and not old_code(x) for x in a.codes for y in b.codes):
        kind = "one_digit"
    else:
        kind = "other"
    points: int = _CODE[kind]
    if terms is not None:
        terms.append(Term(f"code.{kind}", points, " ".join(a.codes), " ".join(b.codes)))
    return points, points >= _FIRM


def _numbers(a: Normal, b: Normal, terms: list[Term] | None) -> tuple[int, bool]:
    """Compare strong numbers borne or cited; give points and whether one of them is firm evidence."""
    total, firm = 0, False
    if not a.numbers.isdisjoint(b.numbers):
        for number in sorted(a.numbers & b.numbers):
            how = ("together", "cited", "borne")[(number in a.bears) + (number in b.bears)]
            scheme = number.partition(":")[0]
            points = number_points(scheme, how)
            total += points
            firm = firm or points >= _FIRM
            if terms is not None:
                terms.append(Term(f"number.{scheme}.{how}", points, number, number))
    if a.once and b.once:
        for scheme in ONCE:
            mine = sorted(n for n in a.once if n.startswith(f"{scheme}:"))
            theirs = sorted(n for n in b.once if n.startswith(f"{scheme}:"))
            if mine and theirs and not set(mine).intersection(theirs):
                points = number_points(scheme, "once")
                total += points
                if terms is not None:
                    terms.append(Term(f"number.{scheme}.once", points, mine[0], theirs[0]))
    return total, firm


def _owners(a: Normal, b: Normal, terms: list[Term] | None) -> tuple[int, bool]:
    """Compare credit codes and owners, best likeness only; give points and whether an owner is shared."""
    if a.usccs and b.usccs:
        for code in a.usccs:
            if code in b.usccs:
                public = any(map(is_public, a.owner_cores)) and any(map(is_public, b.owner_cores))
                kind = "public_same" if public else "uscc_same"
                return _owner(kind, code, code, terms), True
    if not a.owner_cores or not b.owner_cores:
        return 0, False
    best, points, said = "other", _OTHER_OWNER, (a.owner_cores[0], b.owner_cores[0])
    for x in a.owner_cores:
        for y in b.owner_cores:
            if x == y and len(x) > 1 and "*" not in x:
                kind = "public_same" if is_public(x) else "core_same"
            elif len(x) > 1 and len(y) > 1 and (x in y or y in x) and not is_public(x + y):
                kind = "core_within"
            elif x[:2] == y[:2] and "*" not in x[:2]:
                kind = "brand_same"
            else:
                continue
            if _OWNER[kind] > points:
                best, points, said = kind, _OWNER[kind], (x, y)
    return _owner(best, *said, terms), best in {"core_same", "core_within", "public_same"}


def _owner(kind: str, x: str, y: str, terms: list[Term] | None) -> int:
    points: int = _OWNER[kind]
    if terms is not None:
        terms.append(Term(f"owner.{kind}", points, x, y))
    return points


def _names(a: Normal, b: Normal, terms: list[Term] | None, *, brand: bool) -> int:
    """Compare what names are about and the quantities they state."""
    total = 0
    if a.grams and b.grams:
        if a.core == b.core:
            kind = "equal" if len(a.core) > 3 else "equal_short"
            total += _term("name", _NAME, kind, a.core, b.core, terms)
        else:
            points = _likeness(a.grams, b.grams)
            total += points
            if terms is not None:
                terms.append(Term("name.like", points, a.core, b.core))
            if brand and a.rest and b.rest and a.rest.isdisjoint(b.rest):
                total += _term("name", _NAME, "rest_other", a.core, b.core, terms)
    if a.quantities and b.quantities:
        kind = "quantity_other" if a.quantities.isdisjoint(b.quantities) else "quantity_same"
        total += _NAME[kind]
        if terms is not None:
            said = " ".join(sorted(a.quantities)), " ".join(sorted(b.quantities))
            terms.append(Term(f"name.{kind}", _NAME[kind], *said))
    return total


def _likeness(a: frozenset[str], b: frozenset[str]) -> int:
    """Give the points of the highest step of the ladder that two sets of bigrams reach; everything reaches the last."""
    x, y, both = len(a), len(b), len(a & b)
    jaccard, overlap = 1000 * both // (x + y - both), 1000 * both // min(x, y)
    for least_jaccard, least_overlap, points in _LADDER:
        if jaccard >= least_jaccard and overlap >= least_overlap:
            return points
    raise AssertionError("the last step of name.ladder in weights.toml must ask for nothing")


def _phases(a: Normal, b: Normal, terms: list[Term] | None) -> int:
    if not a.phase and not b.phase:
        return 0
    if a.phase & b.phase:
        kind = "same"
    elif not a.phase or not b.phase:
        kind = "first_or_none" if 1 in a.phase | b.phase else "later_or_none"
    else:
        return 0
    points: int = _PHASE[kind]
    if terms is not None:
        said = ",".join(map(str, sorted(a.phase))), ",".join(map(str, sorted(b.phase)))
        terms.append(Term(f"phase.{kind}", points, *said))
    return points


def _places(a: Normal, b: Normal, terms: list[Term] | None) -> int:
    total = 0
    if a.district and b.district:
        kind = "district_same" if a.district == b.district else "district_other"
        total += _term("place", _PLACE, kind, a.district, b.district, terms)
    if a.zone is not None and a.zone == b.zone:
        total += _term("place", _PLACE, "zone_same", a.zone, b.zone, terms)
    if a.address_grams and b.address_grams:
        total += _term("place", _PLACE, _addresses(a, b), a.address, b.address, terms)
    return total


def _addresses(a: Normal, b: Normal) -> str:
    """Name how alike two addresses are."""
    x, y = len(a.address_grams), len(b.address_grams)
    if a.address == b.address and x > 3:
        return "address_equal"
    both = len(a.address_grams & b.address_grams)
    jaccard, overlap = 1000 * both // (x + y - both), 1000 * both // min(x, y)
    if a.houses and b.houses and a.houses.isdisjoint(b.houses) and overlap >= 600:
        return "address_number_other"
    if jaccard >= 650 or (overlap >= 850 and min(x, y) > 3):
        return "address_near"
    return "address_some" if overlap >= 300 else "address_other"


def _sizes(a: Normal, b: Normal, terms: list[Term] | None) -> int:
    total = 0
    if a.amount and b.amount and (kind := _amounts(a.amount, b.amount)) is not None:
        total += _AMOUNT[kind]
        if terms is not None:
            terms.append(Term(f"amount.{kind}", _AMOUNT[kind], str(a.amount), str(b.amount)))
    if a.site_area and b.site_area:
        small, large = sorted((a.site_area, b.site_area))
        kind = "equal" if large * 1000 <= small * 1002 else "far" if large * 10 > small * 11 else None
        if kind is not None:
            total += _AREA[kind]
            if terms is not None:
                terms.append(Term(f"area.{kind}", _AREA[kind], str(a.site_area), str(b.site_area)))
    return total


def _amounts(a: Decimal, b: Decimal) -> str | None:
    """Name how alike two amounts are, None where it says nothing."""
    small, large = sorted((a, b))
    if large * 100 <= small * 101:
        return "equal"
    if large * 10 <= small * 11:
        return "near"
    return "far" if large > small * 20 else None


def _term(
    family: str, weights: Mapping[str, int], kind: str, x: str, y: str, terms: list[Term] | None
) -> int:
    points = weights[kind]
    if terms is not None:
        terms.append(Term(f"{family}.{kind}", points, x, y))
    return points
