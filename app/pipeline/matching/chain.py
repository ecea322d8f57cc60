"""The certificate chain: records that cite one another, however far apart on the chain, support one another.

A completion filing shares no number with the land supply at the other end, and a pair that was never scored counts 0
in average link. So every pair that is joined by a path of citations gets the score of the path's weakest link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.pipeline.matching.joins import Scores
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.rules import Barriers
from app.pipeline.matching.score import REVIEW_CUT

MOST = 256
"""Records that citations may join by themselves."""


def linked(a: Normal, b: Normal) -> bool:
    """Tell whether two records share a number: one cites what the other bears, both bear it or both cite it.

    A project code is such a number where one of the two states another beside it, and so says what it replaced.
    """
    if not a.numbers.isdisjoint(b.numbers):
        return True
    return (len(a.codes) == 2 or len(b.codes) == 2) and not set(a.codes).isdisjoint(b.codes)


def with_chain(
    records: Mapping[str, Normal], scores: Scores, barriers: Barriers, apart: frozenset[tuple[str, str]]
) -> Scores:
    """Give `scores` with every pair on one citation path raised to the weakest link of the strongest such path.

    Pairs are keyed (a, b) with a < b. A path joins `MOST` records at most: a longer one is a wrong number, and its work
    would grow with the square. No path goes through a pair that a hard rule or a word (`apart`) forbids: groups
    that hold such a pair are never joined. The answer depends on the set of pairs alone, not on its order.
    """
    edges = sorted(
        (-score, a, b)
        for (a, b), score in scores.items()
        if score >= REVIEW_CUT
        and linked(records[a], records[b])
        and (a, b) not in apart
        and barriers.between(a, b) is None
    )
    group: dict[str, _Group] = {}
    raised = dict(scores)
    for negative, a, b in edges:
        left = group.setdefault(a, _Group([a], 1 << barriers.of[a], barriers.foes[barriers.of[a]]))
        right = group.setdefault(b, _Group([b], 1 << barriers.of[b], barriers.foes[barriers.of[b]]))
        if left is right or len(left.members) + len(right.members) > MOST:
            continue
        if left.foes & right.kinds or _any_apart(left.members, right.members, apart):
            continue
        for x in left.members:
            for y in right.members:
                key = (x, y) if x < y else (y, x)
                if raised.get(key, 0) < -negative:
                    raised[key] = -negative
        small, large = (left, right) if len(left.members) < len(right.members) else (right, left)
        large.members.extend(small.members)
        large.kinds |= small.kinds
        large.foes |= small.foes
        for member in small.members:
            group[member] = large
    return raised


@dataclass(slots=True)
class _Group:
    """Records joined by citations so far, what they state, and what hard rules keep from it (sets of statements)."""

    members: list[str]
    kinds: int
    foes: int


def _any_apart(left: list[str], right: list[str], apart: frozenset[tuple[str, str]]) -> bool:
    if not apart:
        return False
    ours, theirs = set(left), set(right)
    return any((a in ours and b in theirs) or (b in ours and a in theirs) for a, b in apart)
