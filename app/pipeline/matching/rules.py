"""Hard rules: what two records state that no score may overrule; only a person may."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations

from app.pipeline.matching.normal import Normal
from schemas.cleaning import REMEMBERED

FAMILY_RULES = frozenset({"phase", "zone"})
"""Rules that tell siblings of one family apart: a record near both sides belongs to either, so a person decides."""


def forbidden(a: Normal, b: Normal) -> str | None:
    """Name the hard rule by which `a` and `b` cannot be one project (phase, zone, class, code), or give None.

    A section (标段), a works code or a certificate number never forbids: one project has many. Codes forbid only
    when both sides state valid current ones of the same generation and every two of them differ in two or more digits.
    """
    if a.phase and b.phase and not a.phase & b.phase:
        return "phase"
    if a.zone and b.zone and a.zone != b.zone:
        return "zone"
    if a.works_class and b.works_class and {a.works_class, b.works_class} == {"building", "municipal"}:
        return "class"
    if a.codes and b.codes and not any(near_codes(x, y) for x in a.codes for y in b.codes):
        return "code"
    return None


def near_codes(x: str, y: str) -> bool:
    """Tell whether two project codes may be one: equal, one digit apart, or of different generations."""
    return x == y or old_code(x) != old_code(y) or digits_apart(x, y) < 2


def digits_apart(x: str, y: str) -> int:
    """Count the positions in which two codes differ; a missing position differs."""
    return sum(map(str.__ne__, x, y)) + abs(len(x) - len(y))


@lru_cache(maxsize=REMEMBERED)
def old_code(code: str) -> bool:
    """Tell whether a project code is of the generation before November 2020, which leads with a year 2015–2020."""
    return code[:4].isdigit() and 2015 <= int(code[:4]) <= 2020


Told = Mapping[tuple[int, int], str]
"""The hard rule between two statements, by their numbers."""


class Barriers:
    """The hard rules over one component, told once per two distinct statements and only when asked for."""

    def __init__(self, records: Mapping[str, Normal]) -> None:
        """Give every record of `records` the number of what it states of phase, zone, class and codes."""
        numbers: dict[object, int] = {}
        self.of: dict[str, int] = {}
        self._examples: list[Normal] = []
        self._told: dict[tuple[int, int], str | None] = {}
        self._among: dict[tuple[frozenset[int], frozenset[int]], Told] = {}
        for record_id, n in records.items():
            kind = (n.phase, n.zone, n.works_class, n.codes)
            if kind not in numbers:
                numbers[kind] = len(numbers)
                self._examples.append(n)
            self.of[record_id] = numbers[kind]

    def rule(self, i: int, j: int) -> str | None:
        """Name the hard rule between two statements."""
        if i == j:
            return None
        key = (i, j) if i < j else (j, i)
        if key not in self._told:
            self._told[key] = forbidden(self._examples[i], self._examples[j])
        return self._told[key]

    def between(self, a: str, b: str) -> str | None:
        """Name the hard rule between two records of the component."""
        return self.rule(self.of[a], self.of[b])

    def among(self, left: frozenset[int], right: frozenset[int]) -> Told:
        """Give the rules between two groups, each given by the numbers of its statements."""
        found = self._among.get((left, right))
        if found is None:
            found = {(i, j): rule for i in left for j in right if (rule := self.rule(i, j)) is not None}
            self._among[left, right] = found
        return found

    def any(self) -> bool:
        """Tell whether a hard rule stands between any two statements of the component."""
        return any(self.rule(i, j) for i, j in combinations(range(len(self._examples)), 2))
