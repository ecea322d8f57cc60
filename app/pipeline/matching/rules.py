"""Hard rules: what two records state that no score may overrule; only a person may."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from app.pipeline.matching.normal import Normal

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
    return sum(p != q for p, q in zip(x, y, strict=False)) + abs(len(x) - len(y))


def old_code(code: str) -> bool:
    """Tell whether a project code is of the generation before November 2020, which leads with a year 2015–2020."""
    return code[:4].isdigit() and 2015 <= int(code[:4]) <= 2020


class Barriers:
    """The hard rules over one component, told per distinct statement, so that they cost little in a large one."""

    def __init__(self, records: Mapping[str, Normal]) -> None:
        """Judge every two distinct statements of phase, zone, class and code among `records` once."""
        kinds: dict[object, int] = {}
        examples: list[Normal] = []
        self.of: dict[str, int] = {}
        for record_id in sorted(records):
            n = records[record_id]
            kind = (n.phase, n.zone, n.works_class, n.codes)
            if kind not in kinds:
                kinds[kind] = len(examples)
                examples.append(n)
            self.of[record_id] = kinds[kind]
        self.rules: dict[tuple[int, int], str] = {}
        for i, j in combinations(range(len(examples)), 2):
            rule = forbidden(examples[i], examples[j])
            if rule is not None:
                self.rules[i, j] = self.rules[j, i] = rule

    def between(self, a: str, b: str) -> str | None:
        """Name the hard rule between two records of the component."""
        return self.rules.get((self.of[a], self.of[b]))

    def among(self, left: frozenset[int], right: frozenset[int]) -> set[tuple[int, int]]:
        """Give the forbidden pairs of statements between two groups, each given by its kinds of statement."""
        if not self.rules:
            return set()
        return {(i, j) for i in left for j in right if (i, j) in self.rules}
