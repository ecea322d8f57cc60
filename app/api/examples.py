"""An example read as a department's statement is, so that it is compared as one."""

from __future__ import annotations

from app.access.reach import Reach
from app.db import places, projects
from app.db.session import Connection
from app.errors import BadRequest
from app.pipeline.by_example import fitting
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
from schemas.api.matching import Candidate, Example, Matches
from schemas.api.reviews import TermView
from schemas.doubts import NotUnderstood
from schemas.identifiers import parse
from schemas.parties import Role
from schemas.schemes import Scheme

SOURCE = "hub.example"
"""Of no department: nothing in the hub is of the same source as an example."""


def matches(connection: Connection, jurisdiction: int, reach: Reach, new: Example) -> Matches:
    """Give the records that fit an example best and whose projects a reach sees; raise BadRequest for a number that is none."""
    example = normal(f"{jurisdiction}-example", _stated(new))
    found = fitting(connection, jurisdiction, example, new.limit, new.least)
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
        candidates=candidates, compared=found.compared, common=found.common, understood=_understood(example)
    )


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
