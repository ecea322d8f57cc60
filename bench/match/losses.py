"""Which true pairs are lost and which false ones are made: counted by step, by the two feeds, and by what both sides say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from app.learning.linking import Points
from app.pipeline.matching.chain import linked
from app.pipeline.matching.names import bigrams
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.rules import forbidden
from bench.match.blocking import Pairs
from bench.match.city import Records

Kind = tuple[str, str]
"""The step at which a pair was lost or made, and what both sides say."""


def lost(
    records: Records, pairs: Pairs, scores: Points, cluster: NDArray[np.int32], cut: int
) -> tuple[Counter[Kind], Counter[Kind]]:
    """Count the true pairs that are not in one cluster, by what they say and by their two feeds."""
    by_said: Counter[Kind] = Counter()
    by_feeds: Counter[Kind] = Counter()
    right = records.truth[pairs[:, 0]] == records.truth[pairs[:, 1]]
    scored = dict(zip(map(tuple, pairs[right].tolist()), scores[right].tolist(), strict=True))
    for i, j in _within(records.truth):
        if cluster[i] != cluster[j]:
            a, b = records.normal(i), records.normal(j)
            points = scored.get((i, j))
            step = (
                "not compared"
                if points is None
                else "hard rule"
                if forbidden(a, b)
                else "scored low"
                if points < cut
                else "kept apart"
            )
            by_said[step, saying(a, b)] += 1
            by_feeds[step, _feeds(a, b)] += 1
    return by_said, by_feeds


def made(records: Records, cluster: NDArray[np.int32]) -> tuple[Counter[Kind], Counter[Kind]]:
    """Count the false pairs within clusters, by what they say and by their two feeds."""
    by_said: Counter[Kind] = Counter()
    by_feeds: Counter[Kind] = Counter()
    for i, j in _within(cluster):
        if records.truth[i] != records.truth[j]:
            a, b = records.normal(i), records.normal(j)
            step = "sibling" if records.family[i] == records.family[j] else "stranger"
            by_said[step, saying(a, b)] += 1
            by_feeds[step, _feeds(a, b)] += 1
    return by_said, by_feeds


def saying(a: Normal, b: Normal) -> str:
    """Tell in a few words what two records have in common, and what they do not say."""
    return ", ".join(
        (
            _name(a, b),
            f"owner {_shared(a.usccs + a.owner_cores, b.usccs + b.owner_cores)}",
            f"code {_shared(a.codes, b.codes)}",
            "number shared" if linked(a, b) else "no number",
            f"phase {_shared(a.phase, b.phase)}",
        )
    )


def _name(a: Normal, b: Normal) -> str:
    if not a.core or not b.core:
        return "nameless"
    x, y = bigrams(a.core), bigrams(b.core)
    alike = len(x & y) / max(1, min(len(x), len(y)))
    return (
        "name equal"
        if a.core == b.core
        else f"name {'like' if alike >= 0.6 else 'near' if alike >= 0.2 else 'other'}"
    )


def _shared(a: Iterable[object], b: Iterable[object]) -> str:
    x, y = set(a), set(b)
    if x and y:
        return "other" if x.isdisjoint(y) else "same"
    return "by one" if x or y else "unsaid"


def _feeds(a: Normal, b: Normal) -> str:
    return " – ".join(sorted((a.source, b.source)))


def _within(groups: NDArray[np.int32]) -> Iterable[tuple[int, int]]:
    order = np.argsort(groups, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        yield from combinations(group.tolist(), 2)
