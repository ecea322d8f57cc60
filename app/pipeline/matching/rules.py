"""Hard rules: what two records state that no score may overrule; only a person may."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import combinations
from operator import attrgetter, ne
from typing import Any

from msgspec.structs import replace

from app.pipeline.matching.normal import Normal
from schemas.cleaning import REMEMBERED

FAMILY_RULES = frozenset({"phase", "zone"})
"""Rules that tell siblings of one family apart: a record near both sides belongs to either, so a person decides."""


def forbidden(a: Normal, b: Normal) -> str | None:
    """Name the hard rule by which `a` and `b` cannot be one project (phase, zone, class, code), or give None.

    A section (标段), a works code or a certificate number never forbids: one project has many. Codes forbid only
    when both sides state valid current ones of the same generation and every two of them differ in two or more digits.
    """
    for rule, (stated, conflict) in _CONFLICTS.items():
        if (x := stated(a)) and (y := stated(b)) and conflict(x, y):
            return rule
    return None


def near_codes(x: str, y: str) -> bool:
    """Tell whether two project codes may be one: equal, one digit apart, or of different generations."""
    if x[:10] != y[:10] and x[10:] != y[10:]:  # two digits at least
        return old_code(x) != old_code(y)
    return x == y or old_code(x) != old_code(y) or digits_apart(x, y) < 2


_CONFLICTS: Mapping[str, tuple[Callable[[Normal], Any], Callable[[Any, Any], bool]]] = {
    "phase": (attrgetter("phase"), frozenset.isdisjoint),
    "zone": (attrgetter("zone"), ne),
    "class": (attrgetter("works_class"), lambda x, y: {x, y} == {"building", "municipal"}),
    "code": (attrgetter("codes"), lambda x, y: not any(near_codes(one, other) for one in x for other in y)),
}
"""The hard rules in the order they are named: what a record states, and when two of it exclude each other."""


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
    """The hard rules over one component: statements are numbered, and a set of them is an integer with their bits set.

    A record that states two project codes says that one took the other's place: whoever states either states both.
    One that states more lists the projects of a batch.
    """

    def __init__(self, records: Mapping[str, Normal]) -> None:
        """Give every record of `records` the number of what it states of phase, zone, class and codes."""
        numbers: dict[object, int] = {}
        self.of: dict[str, int] = {}
        self.foes: list[int] = []
        self._examples: list[Normal] = []
        self._told: dict[tuple[int, int], str | None] = {}
        aliases = _aliases(n.codes for n in records.values())
        for record_id, n in records.items():
            codes = tuple(sorted({alias for code in n.codes for alias in aliases.get(code, (code,))}))
            kind = (n.phase, n.zone, n.works_class, codes)
            if kind not in numbers:
                numbers[kind] = len(numbers)
                self._examples.append(n if codes == n.codes else replace(n, codes=codes))
            self.of[record_id] = numbers[kind]
        self._find_foes()

    def _find_foes(self) -> None:
        """Give each statement the set of those it may not be one project with; each two values are compared once."""
        self.foes = [0] * len(self._examples)
        for stated, conflict in _CONFLICTS.values():
            by_value: dict[object, int] = {}
            for i, n in enumerate(self._examples):
                if value := stated(n):
                    by_value[value] = by_value.get(value, 0) | 1 << i
            for (x, left), (y, right) in combinations(by_value.items(), 2):
                if conflict(x, y):
                    for ours, theirs in ((left, right), (right, left)):
                        for i in _numbers(ours):
                            self.foes[i] |= theirs

    def rule(self, i: int, j: int) -> str | None:
        """Name the hard rule between two statements."""
        if not self.foes[i] >> j & 1:
            return None
        key = (i, j) if i < j else (j, i)
        if key not in self._told:
            self._told[key] = forbidden(self._examples[i], self._examples[j])
        return self._told[key]

    def between(self, a: str, b: str) -> str | None:
        """Name the hard rule between two records of the component."""
        return self.rule(self.of[a], self.of[b])

    def among(self, left: int, right: int) -> Told:
        """Give the rules between two sets of statements."""
        return {
            (i, j): rule
            for i in _numbers(left)
            for j in _numbers(self.foes[i] & right)
            if (rule := self.rule(i, j)) is not None
        }

    def any(self) -> bool:
        """Tell whether a hard rule stands between any two statements of the component."""
        return any(self.foes)


def _aliases(stated: Iterable[tuple[str, ...]]) -> Mapping[str, set[str]]:
    """Give, of each code that a record states beside another, all the codes that records so tie together."""
    tied: dict[str, set[str]] = {}
    for codes in sorted({codes for codes in stated if len(codes) == 2}):
        together = set(codes).union(*(tied[code] for code in codes if code in tied))
        tied.update(dict.fromkeys(together, together))
    return tied


def _numbers(bits: int) -> Iterator[int]:
    """Give the places of the bits that are set, the smallest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
