"""Numbers that say nothing of a project, because too many records hold them or too many owners do: wrong, or a batch's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from msgspec.structs import replace

from app.pipeline.matching.keys import CAP, numbers_of
from app.pipeline.matching.normal import Normal

CROWD = 8
"""Owners of one project, at most: what companies of one group, former names and slips of the pen come to."""


def is_common(number: str, live: int, owners: Collection[str]) -> bool:
    """Tell whether a number (as `keys.numbers_of` has it) is held by too many living records, or by too many owners'.

    `owners` are those of the holders; a credit code is an owner's own, so that only the records that bear it count.
    """
    return live > CAP or (not number.startswith("u") and len(owners) > CROWD)


def owner_of(n: Normal) -> str:
    """Give the owner a record counts for, '' where it names none."""
    return n.owner_cores[0] if n.owner_cores else ""


def heard(n: Normal, common: Collection[str]) -> Normal:
    """Give a record as comparing and clustering see it: without the numbers that are common."""
    if not common:
        return n
    codes = {number[1:] for number in common if number[0] == "c"}
    usccs = {number[1:] for number in common if number[0] == "u"}
    strong = {number[1:] for number in common if number[0] == "i"}
    return replace(
        n,
        codes=tuple(code for code in n.codes if code not in codes),
        usccs=tuple(code for code in n.usccs if code not in usccs),
        bears=n.bears - strong,
        cites=n.cites - strong,
        numbers=n.numbers - strong,
        once=n.once - strong,
        firm=n.firm - strong - codes,
    )


def common_among(normals: Iterable[Normal]) -> frozenset[str]:
    """Give the numbers that are common where these are all the living records there are."""
    live: Counter[str] = Counter()
    owners: dict[str, set[str]] = {}
    for n in normals:
        owner = owner_of(n)
        for number in dict.fromkeys(numbers_of(n)):
            live[number] += 1
            if owner:
                owners.setdefault(number, set()).add(owner)
    return frozenset(
        number for number, many in live.items() if is_common(number, many, owners.get(number, ()))
    )


def common_of(n: Normal, common: frozenset[str]) -> tuple[str, ...]:
    """Give those of a record's numbers that are common, sorted."""
    return tuple(sorted(common.intersection(numbers_of(n)))) if common else ()
