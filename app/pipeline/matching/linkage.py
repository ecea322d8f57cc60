"""The state of constrained average link while it merges one component."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

from app.pipeline.matching.rules import FAMILY_RULES, Barriers
from app.pipeline.matching.score import REVIEW_CUT, SAFE_CUT, WHOLE
from app.pipeline.matching.twins import Marks, full_twins, twins

_EXACT = 96
"""Bits that make total·2⁹⁶ // n order averages exactly as cross-multiplying does, for any component that fits memory:
two different averages with denominators n and m differ by at least 1 / (n·m)."""
_RIVAL = 20
"""A rival whose doubt (1 − average) is at most this many times that of the best offer is not clearly worse."""


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
        told_by: Mapping[str, Marks],
    ) -> None:
        """Begin with every record of `barriers` alone; `scores` are keyed (a, b) with a < b.

        `told_by` gives the marks of each record, which tell twins.
        """
        self.names = sorted(barriers.of)
        self.barriers = barriers
        place = {name: i for i, name in enumerate(self.names)}
        self.place = place
        self.root = list(range(len(self.names)))
        self.members: dict[int, list[int]] = {i: [i] for i in range(len(self.names))}
        self.sums: dict[int, dict[int, int]] = {i: {} for i in self.members}
        for (a, b), score in scores.items():
            i, j = place[a], place[b]
            self.sums[i][j] = self.sums[j][i] = score
        self.kinds = {i: frozenset({barriers.of[name]}) for i, name in enumerate(self.names)}
        self.waived: dict[int, frozenset[tuple[int, int]]] = {i: frozenset() for i in self.members}
        self.marks = {i: told_by[name] for i, name in enumerate(self.names)}
        self.apart: dict[int, set[int]] = {i: set() for i in self.members}
        for a, b in apart:
            self.apart[place[a]].add(place[b])
            self.apart[place[b]].add(place[a])
        self.words = apart
        self.safe_groups: dict[int, list[int]] = {}

    def join(self, a: str, b: str) -> tuple[tuple[str, str], ...]:
        """Merge two records by a word; give the words `different` that forbid it, none when it was done.

        What hard rules say between the two is waived for the group that holds both.
        """
        i, j = self.find(self.place[a]), self.find(self.place[b])
        if j in self.apart[i]:
            left, right = set(self.members[i]), set(self.members[j])
            return tuple(
                sorted(
                    (x, y)
                    for x, y in self.words
                    if (self.place[x] in left and self.place[y] in right)
                    or (self.place[x] in right and self.place[y] in left)
                )
            )
        x, y = self.barriers.of[a], self.barriers.of[b]
        waiver = frozenset({(x, y), (y, x)}) if self.barriers.rule(x, y) else frozenset()
        root = self._union(i, j) if i != j else i
        self.waived[root] |= waiver
        return ()

    def run(self) -> tuple[Merge, ...]:
        """Merge down to the review cut, best average first, and give the list; `safe()` then tells the projects."""
        heap: list[tuple[int, int, int, int, int, bool]] = []
        for i, row in self.sums.items():
            for j in row:
                if i < j:
                    self._push(heap, i, j)
        heapq.heapify(heap)
        merges: list[Merge] = []
        snapped = False
        while heap:
            _, i, j, size_i, size_j, ambiguous = heapq.heappop(heap)
            if len(self.members.get(i, ())) != size_i or len(self.members.get(j, ())) != size_j:
                continue
            total, n = self.sums[i][j], size_i * size_j
            above = total >= SAFE_CUT * n
            if above and not snapped and not ambiguous:
                ambiguous = (
                    twins(self.marks[i], self.marks[j])
                    or self._rival(i, j, total, n)
                    or self._rival(j, i, total, n)
                )
                if ambiguous:
                    heapq.heappush(heap, (-((SAFE_CUT - 1) << _EXACT), i, j, size_i, size_j, True))
                    continue
            safe = above and not snapped and not ambiguous
            if not safe and not snapped:
                snapped, self.safe_groups = True, dict(self.members)
            merges.append(Merge(self._named(i), self._named(j), total, n, safe, not safe and above))
            root = self._union(i, j)
            for other in self.sums[root]:
                self._push(heap, min(root, other), max(root, other), keep=True)
        if not snapped:
            self.safe_groups = dict(self.members)
        return tuple(merges)

    def safe(self) -> list[tuple[str, ...]]:
        """Give the groups that merged above the safe cut, each sorted; `run` must have run."""
        return [tuple(self.names[k] for k in sorted(group)) for group in self.safe_groups.values()]

    def find(self, i: int) -> int:
        """Give the name of the group that holds a record's place."""
        while self.root[i] != i:
            i = self.root[i]
        return i

    def _named(self, i: int) -> tuple[str, ...]:
        return tuple(self.names[k] for k in sorted(self.members[i]))

    def _broken(self, i: int, j: int, *waiving: int) -> list[str]:
        """Name the hard rules between two groups, less what words waive in them or in the groups `waiving`."""
        rules = self.barriers.among(self.kinds[i], self.kinds[j])
        if not rules:
            return []
        waived = frozenset().union(*(self.waived[k] for k in (i, j, *waiving)))
        return [rule for pair, rule in rules.items() if pair not in waived]

    def _rival(self, i: int, j: int, total: int, n: int) -> bool:
        """Tell whether `i` fits a third group nearly as well as `j`, while that group and `j` exclude each other.

        Different codes do not make a rival: one wrong code in a project would put every codeless record to review.
        """
        size = len(self.members[i])
        for k, other in self.sums[i].items():
            m = size * len(self.members[k])
            if k == j or other < REVIEW_CUT * m or (WHOLE * m - other) * n > _RIVAL * (WHOLE * n - total) * m:
                continue
            if k in self.apart[i] or self._broken(i, k):
                continue
            if (
                k in self.apart[j]
                or full_twins(self.marks[j], self.marks[k])
                or not FAMILY_RULES.isdisjoint(self._broken(j, k, i))
            ):
                return True
        return False

    def _push(
        self, heap: list[tuple[int, int, int, int, int, bool]], i: int, j: int, *, keep: bool = False
    ) -> None:
        size_i, size_j = len(self.members[i]), len(self.members[j])
        total, n = self.sums[i][j], size_i * size_j
        if total < REVIEW_CUT * n or j in self.apart[i] or self._broken(i, j):
            return
        entry = (-((total << _EXACT) // n), i, j, size_i, size_j, False)
        if keep:
            heapq.heappush(heap, entry)
        else:
            heap.append(entry)

    def _union(self, i: int, j: int) -> int:
        """Merge two groups under the smaller name."""
        root, gone = min(i, j), max(i, j)
        mine, theirs = self.sums[root], self.sums.pop(gone)
        mine.pop(gone, None)
        theirs.pop(root, None)
        for k, value in theirs.items():
            mine[k] = mine.get(k, 0) + value
            row = self.sums[k]
            row.pop(gone, None)
            row[root] = mine[k]
        self.members[root] = self.members[root] + self.members.pop(gone)
        self.kinds[root] |= self.kinds.pop(gone)
        self.waived[root] |= self.waived.pop(gone)
        self.marks[root] |= self.marks.pop(gone)
        for k in self.apart.pop(gone):
            self.apart[k].discard(gone)
            self.apart[k].add(root)
            self.apart[root].add(k)
        self.root[gone] = root
        return root
