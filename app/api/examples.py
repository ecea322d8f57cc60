"""An example read as a department's statement is, so that it is compared as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.access.reach import Reach
from app.db import places, projects
from app.db.session import Connection
from app.errors import BadRequest
from app.pipeline.matching.normal import Normal, normal
from app.pipeline.matching.stated import (
    Stated,
    StatedArea,
    StatedAreas,
    StatedMoney,
    StatedNumber,
    StatedParty,
    StatedPlace,
    StatedSums,
)
from app.pipeline.matching.traits import Unused, district_in, keys_anywhere, mute, unheard
from app.pipeline.review.by_example import Found, fitting
from schemas.api.matching import Candidate, Example, Matches, UnusedView
from schemas.api.reviews import TermView
from schemas.doubts import Doubt, NotUnderstood
from schemas.identifiers import parse
from schemas.parties import Role
from schemas.schemes import Scheme

SOURCE = "hub.example"
"""Of no department: nothing in the hub is of the same source as an example."""
FIELDS = ("name", "owners", "credit_codes", "numbers", "address", "site_area")
"""What records are looked for by."""


def matches(connection: Connection, jurisdiction: int, reach: Reach, new: Example) -> Matches:
    """Give the records that fit an example best and whose projects a reach sees; raise BadRequest for a number that is none."""
    if new.district is None and new.address:
        new = new.model_copy(update={"district": district_in(new.address, jurisdiction)})
    example = normal(f"{jurisdiction}-example", _stated(new))
    parts = _parts(new, jurisdiction)
    keys = keys_anywhere(example, jurisdiction).union(*(keys for _, keys in parts.values()))
    found = fitting(connection, jurisdiction, example, keys, new.limit, new.least)
    served = places.served_in(connection, jurisdiction, [one.record_id for one, _ in found.best])
    sides = projects.sides(connection, jurisdiction, served)
    seen = {name for name, side in sides.items() if reach.sees_project(side.district)}
    candidates = tuple(
        Candidate(
            record_id=one.record_id,
            source=one.source,
            project_id=served[one.record_id][0],
            project_name=served[one.record_id][1],
            score=told.score,
            points=told.points,
            prior=told.prior,
            terms=tuple(
                TermView(name=t.name, points=t.points, a=t.a if first else t.b, b=t.b if first else t.a)
                for t in told.terms
            ),
            rule=told.rule,
            band=told.band,
        )
        for one, told in found.best
        for first in (told.a == example.record_id,)
        if one.record_id in seen
    )
    return Matches(
        candidates=candidates,
        compared=found.compared,
        common=len(found.common),
        understood=_understood(example),
        reasons=tuple(UnusedView(**one._asdict()) for one in _unused(new, parts, found)),
    )


def _parts(new: Example, jurisdiction: int) -> dict[str, tuple[Normal, frozenset[int]]]:
    """Give an example of each field alone that records are looked for by, with its keys."""
    found = {}
    for field in FIELDS:
        if value := getattr(new, field):
            alone = Example.model_construct(**{field: value}, district=new.district)
            part = normal(f"{jurisdiction}-example", _stated(alone))
            found[field] = part, keys_anywhere(part, jurisdiction)
    return found


def _unused(
    new: Example, parts: Mapping[str, tuple[Normal, frozenset[int]]], found: Found
) -> Iterator[Unused]:
    """Tell of each field that could not be used, or led to nobody; and of doubtful numbers, whatever they led to."""
    doubts = list(_doubts(new))
    for field, doubt in doubts:
        yield Unused(field, doubt.rule, f"{doubt.value}：{doubt.zh}", f"{doubt.value}: {doubt.en}")
    doubtful = {field for field, _ in doubts}
    for field, (part, keys) in parts.items():
        if not keys and field not in doubtful:
            yield mute(field, part)
        elif keys and not keys & found.few:
            yield unheard(field, common=bool(keys & found.common))
    if found.compared and not found.best:
        yield Unused(
            "least",
            "below",
            "有可比的记录，但都低于 least",
            "records were compared, and all score below `least`",
        )


def _doubts(new: Example) -> Iterator[tuple[str, Doubt]]:
    for code in new.credit_codes:
        yield from (("credit_codes", doubt) for doubt in parse(Scheme.USCC, code).doubts)
    for one in new.numbers:
        yield from (("numbers", doubt) for doubt in parse(one.scheme, one.value).doubts)


def _stated(new: Example) -> Stated:
    parties = [StatedParty(Role.OWNER, name=owner) for owner in new.owners]
    parties += [
        StatedParty(Role.OWNER, uscc=number)
        for code in new.credit_codes
        for number in _numbers(Scheme.USCC, code)
    ]
    return Stated(
        SOURCE,
        name=new.name,
        cites=tuple(one for said in new.numbers for one in _numbers(said.scheme, said.value)),
        parties=tuple(parties),
        place=StatedPlace(district=new.district, address=new.address),
        money=StatedSums(total_investment=StatedMoney(new.investment) if new.investment else None),
        areas=StatedAreas(site_area=StatedArea(new.site_area) if new.site_area else None),
    )


def _numbers(scheme: Scheme, text: str) -> list[StatedNumber]:
    try:
        found = parse(scheme, text).value
    except NotUnderstood as error:
        raise BadRequest(f"{scheme}: {error.doubt.en}") from error
    return [StatedNumber(one.scheme, one.value, one.status) for one in found]


def _understood(n: Normal) -> dict[str, str]:
    said = {
        "name": n.core,
        "owners": " ".join(n.owner_cores),
        "codes": " ".join(n.codes),
        "credit_codes": " ".join(n.usccs),
        "numbers": " ".join(sorted(n.numbers)),
        "phase": ",".join(map(str, sorted(n.phase))),
        "zone": n.zone or "",
        "district": n.district or "",
        "address": n.address,
    }
    return {field: text for field, text in said.items() if text}
