"""Twins: two groups so alike that names and owners cannot tell whether they are one project or two of a family.

One owner builds the same thing twice in one place: equal names, no phase stated. What a department keeps under two keys
is one matter only if a number or code says so, and that holds for groups as it does for records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from app.pipeline.matching.normal import Normal
from schemas.schemes import Scheme

_OF_PARCELS = frozenset(
    (
        Scheme.SUPERVISION_NO,
        Scheme.LAND_APPROVAL_NO,
        Scheme.LAND_CONTRACT_NO,
        Scheme.PARCEL_CODE,
        Scheme.REAL_ESTATE_UNIT,
    )
)
"""Numbers that a piece of land bears."""
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells a group from its twin: its sources, those of which a project has one matter, numbers borne once, proof.

    `parts` are sections and buildings that records of a source say they are about, of which a project has many but each
    once (source and part). `firm` are numbers and codes that are proof alone.
    """

    sources: frozenset[str]
    single: frozenset[str]
    parts: frozenset[tuple[str, str]]
    once: frozenset[str]
    firm: frozenset[str]

    def sectioned(self) -> frozenset[str]:
        """Give the sources of which it has sections."""
        return frozenset(source for source, _ in self.parts)

    def __or__(self, other: Marks) -> Marks:
        """Give the marks of both groups together."""
        return Marks(
            self.sources | other.sources,
            self.single | other.single,
            self.parts | other.parts,
            self.once | other.once,
            self.firm | other.firm,
        )


def marks(n: Normal) -> Marks:
    """Give the marks of one record; a supply of land is no single matter, since a project may have many parcels."""
    parcel = any(number.partition(":")[0] in _OF_PARCELS for number in n.bears)
    sources = frozenset((n.source,))
    parts = frozenset((n.source, part) for part in n.parts)
    return Marks(sources, _NONE if parcel or parts else sources, parts, n.once, n.firm)


def twins(a: Marks, b: Marks) -> bool:
    """Tell whether only a person can say that two groups are one project.

    They have single matters of one source and share no firm number or code, or they bear different numbers of a scheme of
    which a project has one. Different sections of a project are no such matters, a section beside the whole is.
    """
    one_source = (
        not a.single.isdisjoint(b.single | b.sectioned())
        or not b.single.isdisjoint(a.sectioned())
        or not a.parts.isdisjoint(b.parts)
    )
    return _apart(a, b, one_source=one_source)


def full_twins(a: Marks, b: Marks) -> bool:
    """Tell whether two groups are twins in more than a fragment: what fits both alike belongs to neither by itself."""
    shared = a.sources & b.sources
    if a.parts and b.parts:  # other sections of one project are no second project
        again = {source for source, _ in a.parts & b.parts}
        shared -= (a.sectioned() & b.sectioned()) - a.single - b.single - again
    # nor are further parcels, with all that is said of them
    whole = not shared.isdisjoint(a.single | a.sectioned())
    return whole and len(shared) > 1 and _apart(a, b, one_source=True)


def _apart(a: Marks, b: Marks, *, one_source: bool) -> bool:
    if a.once and b.once and a.once.isdisjoint(b.once):
        return True
    return one_source and a.firm.isdisjoint(b.firm)


def any_twins(records: Iterable[Normal]) -> bool:
    """Tell whether any two of these records may be twins; where none may, no two groups are, in full or not.

    Groups have the marks of all their records, so what two groups do not share no two of their records share.
    """
    bearing: list[Normal] = []
    of_source: dict[str, list[Normal]] = {}
    for n in records:
        if n.once:
            bearing.append(n)
        of_source.setdefault(n.source, []).append(n)
    return any(a.once.isdisjoint(b.once) for a, b in combinations(bearing, 2)) or any(
        a.firm.isdisjoint(b.firm) for group in of_source.values() for a, b in combinations(group, 2)
    )
