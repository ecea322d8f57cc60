"""Twins: two groups so alike that names and owners cannot tell whether they are one project or two of a family.

One owner builds the same thing twice in one place: equal names, no phase stated. What a department keeps under two keys
is one matter only if a number or code says so, and that holds for groups as it does for records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from app.pipeline.matching.normal import Normal


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells a group from its twin: the sources it has records of, numbers borne once, firm numbers and codes."""

    sources: frozenset[str]
    once: frozenset[str]
    firm: frozenset[str]

    def __or__(self, other: Marks) -> Marks:
        """Give the marks of both groups together."""
        return Marks(self.sources | other.sources, self.once | other.once, self.firm | other.firm)


def marks(n: Normal) -> Marks:
    """Give the marks of one record."""
    return Marks(frozenset((n.source,)), n.once, n.firm)


def twins(a: Marks, b: Marks) -> bool:
    """Tell whether only a person can say that two groups are one project.

    They have records of one source and share no firm number or code, or they bear different numbers of a scheme of
    which a project has one.
    """
    if a.once and b.once and a.once.isdisjoint(b.once):
        return True
    return not a.sources.isdisjoint(b.sources) and a.firm.isdisjoint(b.firm)


def full_twins(a: Marks, b: Marks) -> bool:
    """Tell whether two groups are twins in more than a fragment: what fits both alike belongs to neither by itself."""
    return len(a.sources & b.sources) > 1 and twins(a, b)


def any_twins(records: Iterable[Normal]) -> bool:
    """Tell whether any two of these records are twins; where none are, no two groups of them ever are.

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
