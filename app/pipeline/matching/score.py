"""How likely two records are one project: a sum of named terms, each with both values, made a probability.

Everything is an integer (10⁻⁶): the same on every machine and in any order. The learned score keeps this interface.
"""

from __future__ import annotations

from dataclasses import dataclass

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

__all__ = ["FLOOR", "REVIEW_CUT", "SAFE_CUT", "WHOLE", "Pair", "Term", "score"]

_CODE, _OWNER, _NAME = WEIGHTS["code"], WEIGHTS["owner"], WEIGHTS["name"]
_PHASE, _PLACE, _AMOUNT, _AREA = WEIGHTS["phase"], WEIGHTS["place"], WEIGHTS["amount"], WEIGHTS["area"]
_LADDER = [(step["jaccard"], step["overlap"], step["points"]) for step in _NAME["ladder"]]
_CAPS = {rule: points_for(WEIGHTS["caps"][rule]) for rule in ("name_alone", "same_source")}
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


def score(a: Normal, b: Normal) -> Pair:
    """Score two records; symmetric. Hard rules are not part of it: ask `rules.forbidden`."""
    if b.record_id < a.record_id:
        a, b = b, a
    terms: list[Term] = []
    firm = _codes(a, b, terms)
    firm = _numbers(a, b, terms) or firm
    owned = _owners(a, b, terms)
    _names(a, b, terms, brand=owned)
    _places(a, b, terms)
    _sizes(a, b, terms)
    if a.source == b.source:
        terms.append(Term("source.same", WEIGHTS["source"]["same"], a.source, b.source))
    points = PRIOR + sum(term.points for term in terms)
    if not firm:
        cap = None if owned else "name_alone"
        if a.source == b.source:
            cap = "same_source"
        if cap is not None and points > _CAPS[cap]:
            terms.append(Term(f"cap.{cap}", _CAPS[cap] - points, a.source, b.source))
            points = _CAPS[cap]
    return Pair(a.record_id, b.record_id, probability(points), tuple(terms))


def _codes(a: Normal, b: Normal, terms: list[Term]) -> bool:
    """Compare project codes; tell whether they are firm evidence.

    Old codes end in a serial number, so that neighbours differ in one digit by nature and not by error.
    """
    if not a.codes or not b.codes:
        return False
    shared = set(a.codes).intersection(b.codes)
    said = " ".join(a.codes), " ".join(b.codes)
    if shared:
        kind = "same_old" if all(old_code(code) for code in shared) else "same"
    elif any(digits_apart(x, y) < 2 and not old_code(x) for x in a.codes for y in b.codes):
        kind = "one_digit"
    else:
        kind = "other"
    terms.append(Term(f"code.{kind}", _CODE[kind], *said))
    return bool(_CODE[kind] >= _FIRM)


def _numbers(a: Normal, b: Normal, terms: list[Term]) -> bool:
    """Compare strong numbers borne or cited; tell whether one of them is firm evidence."""
    firm = False
    for number in sorted(a.numbers & b.numbers):
        how = ("together", "cited", "borne")[(number in a.bears) + (number in b.bears)]
        scheme = number.partition(":")[0]
        points = number_points(scheme, how)
        firm = firm or points >= _FIRM
        terms.append(Term(f"number.{scheme}.{how}", points, number, number))
    for scheme in ONCE:
        mine = sorted(n for n in a.bears if n.startswith(f"{scheme}:"))
        theirs = sorted(n for n in b.bears if n.startswith(f"{scheme}:"))
        if mine and theirs and not set(mine).intersection(theirs):
            terms.append(Term(f"number.{scheme}.once", number_points(scheme, "once"), mine[0], theirs[0]))
    return firm


def _owners(a: Normal, b: Normal, terms: list[Term]) -> bool:
    """Compare credit codes and owners, best likeness only; tell whether an owner is shared."""
    if a.usccs and b.usccs:
        for code in a.usccs:
            if code in b.usccs:
                public = any(map(is_public, a.owner_cores)) and any(map(is_public, b.owner_cores))
                kind = "public_same" if public else "uscc_same"
                terms.append(Term(f"owner.{kind}", _OWNER[kind], code, code))
                return True
    if not a.owner_cores or not b.owner_cores:
        return False
    best, said = "other", (a.owner_cores[0], b.owner_cores[0])
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
            if _OWNER[kind] > _OWNER[best]:
                best, said = kind, (x, y)
    terms.append(Term(f"owner.{best}", _OWNER[best], *said))
    return best in {"core_same", "core_within", "public_same"}


def _names(a: Normal, b: Normal, terms: list[Term], *, brand: bool) -> None:
    if a.grams and b.grams:
        if a.core == b.core:
            kind = "equal" if len(a.core) > 3 else "equal_short"
            terms.append(Term(f"name.{kind}", _NAME[kind], a.core, b.core))
        else:
            x, y, both = len(a.grams), len(b.grams), len(a.grams & b.grams)
            jaccard, overlap = 1000 * both // (x + y - both), 1000 * both // min(x, y)
            points = next(p for j, o, p in _LADDER if jaccard >= j and overlap >= o)
            terms.append(Term("name.like", points, a.core, b.core))
            if brand and a.rest and b.rest and a.rest.isdisjoint(b.rest):
                terms.append(Term("name.rest_other", _NAME["rest_other"], a.core, b.core))
    if a.quantities and b.quantities:
        kind = "quantity_other" if a.quantities.isdisjoint(b.quantities) else "quantity_same"
        said = " ".join(sorted(a.quantities)), " ".join(sorted(b.quantities))
        terms.append(Term(f"name.{kind}", _NAME[kind], *said))
    if a.phase or b.phase:
        if a.phase & b.phase:
            kind = "same"
        elif not a.phase or not b.phase:
            kind = "first_or_none" if 1 in a.phase | b.phase else "later_or_none"
        else:
            return
        said = ",".join(map(str, sorted(a.phase))), ",".join(map(str, sorted(b.phase)))
        terms.append(Term(f"phase.{kind}", _PHASE[kind], *said))


def _places(a: Normal, b: Normal, terms: list[Term]) -> None:
    if a.district and b.district:
        kind = "district_same" if a.district == b.district else "district_other"
        terms.append(Term(f"place.{kind}", _PLACE[kind], a.district, b.district))
    if a.zone is not None and a.zone == b.zone:
        terms.append(Term("place.zone_same", _PLACE["zone_same"], a.zone, b.zone))
    if a.address_grams and b.address_grams:
        x, y = a.address_grams, b.address_grams
        both = len(x & y)
        jaccard, overlap = 1000 * both // (len(x) + len(y) - both), 1000 * both // min(len(x), len(y))
        if a.address == b.address and len(x) > 3:
            kind = "address_equal"
        elif a.houses and b.houses and a.houses.isdisjoint(b.houses) and overlap >= 600:
            kind = "address_number_other"
        elif jaccard >= 650 or (overlap >= 850 and min(len(x), len(y)) > 3):
            kind = "address_near"
        elif overlap >= 300:
            kind = "address_some"
        else:
            kind = "address_other"
        terms.append(Term(f"place.{kind}", _PLACE[kind], a.address, b.address))


def _sizes(a: Normal, b: Normal, terms: list[Term]) -> None:
    if a.amount and b.amount:
        small, large = min(a.amount, b.amount), max(a.amount, b.amount)
        kind = (
            "equal"
            if large * 100 <= small * 101
            else "near"
            if large * 10 <= small * 11
            else "far"
            if large > small * 20
            else None
        )
        if kind is not None:
            terms.append(Term(f"amount.{kind}", _AMOUNT[kind], str(a.amount), str(b.amount)))
    if a.site_area and b.site_area:
        small, large = min(a.site_area, b.site_area), max(a.site_area, b.site_area)
        kind = "equal" if large * 1000 <= small * 1002 else "far" if large * 10 > small * 11 else None
        if kind is not None:
            terms.append(Term(f"area.{kind}", _AREA[kind], str(a.site_area), str(b.site_area)))
