"""Scores of a whole city's candidate pairs by any model, and the pairs that hard rules keep apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.learning.linking import Points
from app.pipeline.matching.common import common_among, common_of, heard
from app.pipeline.matching.levels import Levels, compare
from app.pipeline.matching.model import Model
from app.pipeline.matching.normal import Normal, pack
from app.pipeline.matching.project import PROJECT, project_vectors
from app.pipeline.matching.rules import forbidden
from app.pipeline.matching.score import score_pairs
from app.pipeline.matching.scorer import Scorer
from app.pipeline.matching.vector import Vectors
from bench.match.blocking import Pairs, candidate_pairs
from bench.match.city import Records, Wanted, simulated
from bench.match.measures import same

_PORTION, _HELD = 10_000, 200_000


@dataclass(frozen=True, slots=True)
class City:
    """A city made ready: its records, who is compared with whom, and whom a hard rule keeps apart."""

    records: Records
    pairs: Pairs
    vectors: Vectors
    ruled: NDArray[np.bool_]

    def sides(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Give the places of the left and the right record of every pair."""
        return self.pairs[:, 0].astype(np.intp), self.pairs[:, 1].astype(np.intp)

    def levels(self, chosen: NDArray[np.intp]) -> Levels:
        """Give the levels of some pairs."""
        left, right = self.sides()
        parts = [chosen[at : at + _PORTION] for at in range(0, len(chosen), _PORTION)]
        found = [compare(PROJECT, self.vectors, left[part], right[part]) for part in parts]
        return np.concatenate(found, axis=1)

    def scores(self, model: Model) -> Points:
        """Give the probability (10⁻⁶) of every pair by a model, hard rules left aside."""
        return score_pairs(Scorer(model, PROJECT), self.vectors, *self.sides()).astype(np.int64)

    def labels(self, chosen: NDArray[np.intp]) -> NDArray[np.float64]:
        """Give the truth of some pairs as numbers."""
        return same(self.records, self.pairs[chosen]).astype(np.float64)


def made_ready(wanted: Wanted) -> City:
    """Make a city and find out who is compared with whom."""
    records = simulated(wanted)
    pairs = candidate_pairs(records)
    records = heard_among(records)
    return City(records, pairs, packed(records), _ruled(records, pairs))


def heard_among(records: Records) -> Records:
    """Give records without the numbers that are common among them."""
    common = common_among(map(records.normal, range(len(records))))
    told = ((records.normal(i), one) for i, one in enumerate(records.packed))
    return replace(
        records, packed=[pack(heard(n, some)) if (some := common_of(n, common)) else one for n, one in told]
    )


def packed(records: Records) -> Vectors:
    """Give every record as comparing sees it."""
    places = range(0, len(records), _PORTION)
    parts = [range(at, min(at + _PORTION, len(records))) for at in places]
    return np.concatenate([project_vectors([records.normal(i) for i in part]) for part in parts])


def _ruled(records: Records, pairs: Pairs) -> NDArray[np.bool_]:
    # a window over pairs sorted by their first record: prepared records are kept only as long as memory is bounded
    held: dict[int, Normal] = {}
    found = np.zeros(len(pairs), bool)
    for n, (i, j) in enumerate(pairs.tolist()):
        if len(held) > _HELD:
            held.clear()
        a, b = (held[k] if k in held else held.setdefault(k, records.normal(k)) for k in (i, j))
        found[n] = forbidden(a, b) is not None
    return found
