"""The state of constrained average link while it merges one component."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.pipeline.matching.normal import Normal
from app.pipeline.matching.rules import FAMILY_RULES, Barriers
from app.pipeline.matching.score import REVIEW_CUT, SAFE_CUT, WHOLE
from app.pipeline.matching.twins import Marks, any_twins, full_twins, marks, twins

_RIVAL = 20
"""A rival whose doubt (1 − average) is at most this many times that of the best offer is not clearly worse."""

_NONE: frozenset[tuple[int, int]] = frozenset()

_Entry = tuple[int, int, int, int, int, bool]
"""A merge on offer: minus its exact average, the two groups, their sizes, and whether it is known to be ambiguous."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Two groups that belong together by the average total / n (10⁻⁶) of the scores between them."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    total: int
    n: int
    safe: bool
    ambiguous: bool


class Linkage:
    """Groups of one component, the sums of scores between them, and what keeps them apart.

    A group is named by the place of its smallest record in id order.
    """

    def __init__(
        self,
        barriers: Barriers,
        scores: Mapping[tuple[str, str], int],
        apart: frozenset[tuple[str, str]],
        records: Mapping[str, Normal],
    ) -> None:
        """Begin with each of `records` alone; `scores` are keyed (a, b) with a < b."""
        self.names = sorted(barriers.of)
        self.barriers = barriers
        place = {name: i for i, name in enumerate(self.names)}
        self.place = place
        self.root = list(range(len(self.names)))
        self.members = [[i] for i in self.root]
        self.size = [1] * len(self.names)  # 0 once a group was taken into another
        self.sums: list[dict[int, int]] = [{} for _ in self.names]
        for (a, b), score in scores.items():
            i, j = place[a], place[b]
            self.sums[i][j] = self.sums[j][i] = score
        # two different averages of n and m pairs differ by at least 1 / (n·m): this many bits order them exactly
        self.exact = 2 * (len(self.names) ** 2 // 4).bit_length()
        self.kinds = [1 << barriers.of[name] for name in self.names]
        self.foes = [barriers.foes[barriers.of[name]] for name in self.names]
        self.waived: dict[int, frozenset[tuple[int, int]]] = {}
        self.apart: list[set[int]] = [set() for _ in self.names]
        for a, b in apart:
            self.apart[place[a]].add(place[b])
            self.apart[place[b]].add(place[a])
        # most components state nothing that tells two of their groups apart, and then nobody needs to look again
        self.rivals = barriers.any() or bool(apart) or any_twins(records.values())
        self.marks: list[Marks] = [marks(records[name]) for name in self.names] if self.rivals else []
        self.heap: list[_Entry] = []
        for i, row in enumerate(self.sums):
            self._offer(i, [j for j in row if i < j])

    def link(self) -> tuple[Merge, ...]:
        """Merge what is safe, best average first, and give the list; stop where a person is needed."""
        merges: list[Merge] = []
        while entry := self._next():
            _, i, j, size_i, size_j, ambiguous = entry
            total, n = self.sums[i][j], size_i * size_j
            if ambiguous or total < SAFE_CUT * n:
                heapq.heappush(self.heap, entry)
                break
            if self.rivals and (
                twins(self.marks[i], self.marks[j])
                or self._rival(i, j, total, n)
                or self._rival(j, i, total, n)
            ):
                heapq.heappush(self.heap, (-((SAFE_CUT - 1) << self.exact), i, j, size_i, size_j, True))
            else:
                merges.append(self._merge(i, j, safe=True))
        return tuple(merges)

    def join(self, a: str, b: str) -> None:
        """Make the groups of two records one by a word, whatever scores and hard rules say between the two groups.

        A third group is held against the better of both from then on: what was never compared speaks against nothing.
        """
        i, j = self.find(self.place[a]), self.find(self.place[b])
        if i == j:
            return
        size = self.size[i] + self.size[j]
        better: dict[int, int] = {}
        for side in (i, j):
            for other, total in self.sums[side].items():
                better[other] = max(better.get(other, 0), total * size // self.size[side])
        rules = self.barriers.among(self.kinds[i], self.kinds[j])
        root = self._union(i, j)
        if rules:
            self.waived[root] = self._settled(root, root).union(rules, ((y, x) for x, y in rules))
        for other in self.sums[root]:
            self.sums[root][other] = self.sums[other][root] = better[other]
        self._offer(root, self.sums[root])

    def part(self, a: str, b: str) -> None:
        """Keep the groups of two records apart by a word."""
        i, j = self.find(self.place[a]), self.find(self.place[b])
        self.apart[i].add(j)
        self.apart[j].add(i)

    def ask(self) -> tuple[Merge, ...]:
        """Merge on down to the review cut, best average first, and give what a person must decide."""
        merges: list[Merge] = []
        while entry := self._next():
            merges.append(self._merge(entry[1], entry[2], safe=False))
        return tuple(merges)

    def groups(self) -> list[tuple[str, ...]]:
        """Give the groups as they stand, each sorted, by their smallest record."""
        return [self._named(i) for i, size in enumerate(self.size) if size]

    def find(self, i: int) -> int:
        """Give the name of the group that holds a record's place."""
        while self.root[i] != i:
            i = self.root[i]
        return i

    def _named(self, i: int) -> tuple[str, ...]:
        return tuple(self.names[k] for k in sorted(self.members[i]))

    def _next(self) -> _Entry | None:
        """Take the best merge that still stands: both groups alive and of the size they had when it was offered."""
        while self.heap:
            entry = heapq.heappop(self.heap)
            _, i, j, size_i, size_j, _ = entry
            if self.size[i] == size_i and self.size[j] == size_j and j not in self.apart[i]:
                return entry
        return None

    def _merge(self, i: int, j: int, *, safe: bool) -> Merge:
        total, n = self.sums[i][j], self.size[i] * self.size[j]
        done = Merge(self._named(i), self._named(j), total, n, safe, not safe and total >= SAFE_CUT * n)
        root = self._union(i, j)
        self._offer(root, self.sums[root])
        return done

    def _broken(self, i: int, j: int) -> list[str]:
        """Name the hard rules between two groups, less what a word has settled within one of them.

        Of a project that states two phases by a person's word, what states either of them is not kept away.
        """
        if not self.foes[i] & self.kinds[j]:
            return []
        rules = self.barriers.among(self.kinds[i], self.kinds[j])
        if not (settled := self._settled(i, j)):
            return list(rules.values())
        told = self.barriers.rule
        return [
            rule
            for (x, y), rule in rules.items()
            if not any(
                told(one, other) == rule
                and ((one == x and told(other, y) is None) or (one == y and told(other, x) is None))
                for one, other in settled
            )
        ]

    def _settled(self, i: int, j: int) -> frozenset[tuple[int, int]]:
        """Give the statements a word has settled within either group."""
        return self.waived.get(i, _NONE) | self.waived.get(j, _NONE) if self.waived else _NONE

    def _barred(self, i: int, j: int) -> bool:
        """Tell whether a hard rule stands between two groups that no word has settled."""
        return bool(self.foes[i] & self.kinds[j]) and not (self.waived and not self._broken(i, j))

    def _rival(self, i: int, j: int, total: int, n: int) -> bool:
        """Tell whether `i` fits a third group nearly as well as `j`, while that group and `j` exclude each other.

        Different codes do not make a rival: one wrong code in a project would put every codeless record to review.
        """
        size, sizes = self.size[i], self.size
        for k, other in self.sums[i].items():
            m = size * sizes[k]
            if other < REVIEW_CUT * m or k == j or (WHOLE * m - other) * n > _RIVAL * (WHOLE * n - total) * m:
                continue
            if k in self.apart[i] or self._barred(i, k):
                continue
            if (
                k in self.apart[j]
                or full_twins(self.marks[j], self.marks[k])
                or not FAMILY_RULES.isdisjoint(self._broken(j, k))
            ):
                return True
        return False

    def _offer(self, i: int, others: Iterable[int]) -> None:
        """Offer the merges of a group with others, where nothing forbids them and they are above the review cut."""
        size, row, apart, foes = self.size[i], self.sums[i], self.apart[i], self.foes[i]
        for j in others:
            other = self.size[j]
            total, n = row[j], size * other
            if total < REVIEW_CUT * n or j in apart or (foes & self.kinds[j] and self._barred(i, j)):
                continue
            average = -((total << self.exact) // n)
            entry = (average, i, j, size, other, False) if i < j else (average, j, i, other, size, False)
            heapq.heappush(self.heap, entry)

    def _union(self, i: int, j: int) -> int:
        """Merge two groups under the smaller name."""
        root, gone = min(i, j), max(i, j)
        mine, theirs = self.sums[root], self.sums[gone]
        mine.pop(gone, None)
        theirs.pop(root, None)
        for k, value in theirs.items():
            mine[k] = mine.get(k, 0) + value
            row = self.sums[k]
            row.pop(gone, None)
            row[root] = mine[k]
        self.sums[gone] = {}
        self.members[root] += self.members[gone]
        self.size[root], self.size[gone] = len(self.members[root]), 0
        self.kinds[root] |= self.kinds[gone]
        self.foes[root] |= self.foes[gone]
        if gone in self.waived:
            self.waived[root] = self._settled(root, gone)
        if self.rivals:
            self.marks[root] |= self.marks[gone]
        for k in self.apart[gone]:
            self.apart[k].discard(gone)
            self.apart[k].add(root)
            self.apart[root].add(k)
        self.root[gone] = root
        return root
