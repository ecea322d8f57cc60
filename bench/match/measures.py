"""How good scores and clusters are against known truth: pairs that were never compared are misses like any other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.learning.linking import Points
from app.pipeline.evaluate import Score
from bench.match.blocking import Pairs
from bench.match.city import Records


@dataclass(frozen=True, slots=True)
class Curve:
    """Right pairs and pairs taken when all above a score are taken, best score first; `true` pairs there are in all."""

    scores: Points
    right: NDArray[np.int64]
    true: int

    @property
    def precision(self) -> NDArray[np.float64]:
        """Give the precision at each score."""
        return self.right / np.arange(1, len(self.right) + 1)

    def at(self, threshold: int) -> Score:
        """Give precision, recall and F1 of the pairs that score `threshold` or more."""
        taken = int(np.searchsorted(-self.scores, -threshold, side="right"))
        right = int(self.right[taken - 1]) if taken else 0
        return score_of(right, taken, self.true)

    def best(self) -> int:
        """Give the score at which F1 is highest: to be chosen on another city than it is used on."""
        if not len(self.scores):
            return 0
        taken = np.arange(1, len(self.right) + 1)
        return int(self.scores[np.argmax(_last_of_ties(self.scores, 2 * self.right / (taken + self.true)))])

    def safe(self, precision: float) -> int | None:
        """Give the lowest score above which at least this share of pairs is right, None where no score does."""
        enough = np.flatnonzero(_last_of_ties(self.scores, self.precision) >= precision)
        return int(self.scores[enough[-1]]) if len(enough) else None


def _last_of_ties(scores: Points, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give `values` where a score ends; pairs of one score are taken together."""
    ends = np.r_[scores[1:] != scores[:-1], True]
    return np.where(ends, values, -1.0)


def curve(records: Records, pairs: Pairs, scores: Points) -> Curve:
    """Give what scores find at every threshold."""
    order = np.argsort(-scores, kind="stable")
    right = same(records, pairs)[order]
    return Curve(scores[order], np.cumsum(right), true_pairs(records.truth))


def same(records: Records, pairs: Pairs) -> NDArray[np.bool_]:
    """Tell of each pair whether it truly is one project."""
    return np.asarray(records.truth[pairs[:, 0]] == records.truth[pairs[:, 1]])


def siblings(records: Records, pairs: Pairs) -> NDArray[np.bool_]:
    """Tell of each pair whether it is a hard negative: another phase, zone or product of one undertaking."""
    alike = records.family[pairs[:, 0]] == records.family[pairs[:, 1]]
    return np.asarray(alike & ~same(records, pairs))


def true_pairs(groups: NDArray[np.int32]) -> int:
    """Count the pairs within groups, each record's given by number."""
    sizes = np.bincount(groups[groups >= 0]).astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def clusters_score(records: Records, cluster: NDArray[np.int32]) -> tuple[Score, Score]:
    """Score clusters (a number per record) by pairs and by B-cubed."""
    cells = Counter(zip(records.truth.tolist(), cluster.tolist(), strict=True))
    true, found = Counter(records.truth.tolist()), Counter(cluster.tolist())
    both = score_of(_within(cells.values()), _within(found.values()), _within(true.values()))
    precise = sum(n * n / found[f] for (_, f), n in cells.items()) / len(records)
    complete = sum(n * n / true[t] for (t, _), n in cells.items()) / len(records)
    return both, Score(precise, complete, 2 * precise * complete / (precise + complete))


def _within(sizes: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes)


def score_of(right: int, taken: int, true: int) -> Score:
    """Give precision, recall and F1 of counts."""
    precision, recall = right / taken if taken else 0.0, right / true if true else 0.0
    return Score(precision, recall, 2 * right / (taken + true) if taken + true else 0.0)
