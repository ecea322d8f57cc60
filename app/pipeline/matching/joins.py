"""People's words on top of what the machine finds safe: `same` joins whole groups, `different` keeps whole groups apart.

The machine links first and never sees a `same`, so a word can add to a project and cannot draw it apart: without a
word `different` the projects are the connected components of safe groups and words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.judgements import Verdict

Two = tuple[str, str]
Scored = tuple[str, str, int]
"""Two records and the probability (10⁻⁶) that they are one project."""
Scores = dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Word:
    """A judgement in force on two records; only `same` and `different` move a cluster.

    Of words `same` that `different` does not let stand together the one of the smaller number stands. `cores_a` and
    `cores_b` are what each side was when the word was said: owner cores and name core; empty where that is not known.
    """

    a: str
    b: str
    verdict: Verdict
    number: int = 0
    cores_a: tuple[str, ...] = ()
    cores_b: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """A word that was not followed: a `same` whose sides words `different` keep apart (`against`), or a relation.

    A relation cannot hold within one project, nor close a ring.
    """

    a: str
    b: str
    against: tuple[Two, ...]


class Groups:
    """Records in groups that may grow by whole groups, and never over a word `different`."""

    def __init__(self, groups: Iterable[Sequence[str]], apart: Iterable[Two]) -> None:
        """Begin with these disjoint groups; every record that `apart` names must be in one of them."""
        self.of = {record: members for members in map(set, groups) for record in members}
        self._apart: dict[str, set[str]] = {}
        for a, b in apart:
            self._apart.setdefault(a, set()).add(b)
            self._apart.setdefault(b, set()).add(a)

    def against(self, a: str, b: str) -> tuple[Two, ...]:
        """Give the words `different` between the groups of two records, none when they may be one."""
        left, right = self.of[a], self.of[b]
        return tuple(
            sorted((min(x, y), max(x, y)) for x in left & self._apart.keys() for y in self._apart[x] & right)
        )

    def join(self, a: str, b: str) -> tuple[Two, ...]:
        """Make the groups of two records one, or give the words `different` that forbid it."""
        left, right = self.of[a], self.of[b]
        if left is right:
            return ()
        if against := self.against(a, b):
            return against
        small, large = (left, right) if len(left) < len(right) else (right, left)
        large |= small
        self.of.update(dict.fromkeys(small, large))
        return ()

    def follow(self, same: Iterable[Two]) -> tuple[Conflict, ...]:
        """Join along words `same` in the order given, so an earlier word stands; give those that cannot be followed."""
        return tuple(Conflict(a, b, against) for a, b in same if (against := self.join(a, b)))
