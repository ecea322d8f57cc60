"""What a record says of its project beside names and numbers: how large it is, and what happened on which day."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from app.pipeline.matching.cuts import cut_buildings, cut_quantities, cut_sections
from app.pipeline.matching.stated import Stated, StatedEvidence
from app.pipeline.matching.words import plain

_SCALE = re.compile(r"(\d{1,9}(?:\.\d{1,4})?)(万)?(?:平方米|平米|㎡|M2|m2)")
_READ = 200
"""Signs of a text about the scope that are read."""
_NONE: frozenset[str] = frozenset()
_AREAS = ("平方米", "亩")
_FEW = re.compile(r"1?\d(?:\.\d+)?[套台件辆只]").fullmatch


def amount(record: Stated) -> Decimal | None:
    """Give what the whole project costs, in yuan: the total investment, else what was agreed, else what is built."""
    sums = record.money
    for said in (sums.total_investment, sums.contract_investment, sums.fixed_investment):
        if said and said.yuan:
            return said.yuan
    return None


def land(record: Stated) -> tuple[float, ...]:
    """Give the areas of ground the record speaks of, square metres: supplied, wanted, registered, converted."""
    areas = record.areas
    found: list[float] = []
    for said in (areas.site_area, areas.wanted_area, areas.registered_area, areas.conversion_area):
        if said is not None and said.square_metres:
            size = float(said.square_metres)
            if size not in found:
                found.append(size)
    return tuple(found)


def floors(record: Stated) -> tuple[float, ...]:
    """Give the floor areas the record speaks of, square metres, also in the words of its scale."""
    said, scale = record.areas.floor_area, record.texts.scale
    size = float(said.square_metres) if said is not None and said.square_metres else 0.0
    found = (size,) if size else ()
    if scale and (told := _SCALE.search(scale)):
        size = float(told[1]) * (10_000 if told[2] else 1)
        if size and size not in found:
            return (*found, size)
    return found


def sizes(record: Stated) -> frozenset[str]:
    """Give the capacities and numbers of dwellings that the words of its scale tell, as a name tells them.

    Areas are told elsewhere, and a number that is small is that of many.
    """
    if not record.texts.scale:
        return frozenset()
    found: set[str] = set()
    cut_quantities(plain(record.texts.scale), found)
    return frozenset(one for one in found if not one.endswith(_AREAS) and not _FEW(one))


def parts(record: Stated) -> frozenset[str]:
    """Give the sections and buildings a record says it is about where it says so beside its name."""
    scope = record.texts.scope
    if not scope:
        return _NONE
    found: set[str] = set()
    cut_buildings(cut_sections(plain(scope[:_READ]), found), found)
    return frozenset(found)


def dated(evidence: tuple[StatedEvidence, ...]) -> tuple[frozenset[str], int | None]:
    """Give what the record itself dates to the day, each as `milestone:day`, and the day (ordinal) of its own act.

    What a number tells of (rank C) is no date of its own. The own act is the last it proves with its own number, else
    the last it states.
    """
    found: list[str] = []
    best, last = "C", ""
    for one in evidence:
        on, rank = one.on, one.rank
        if on is None or on.precision != "day" or rank == "C":
            continue
        day = on.day
        found.append(f"{one.milestone}:{day}")
        if rank < best or (rank == best and day > last):
            best, last = rank, day
    return frozenset(found), date.fromisoformat(last).toordinal() if last else None
