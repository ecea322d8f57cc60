"""Scores of candidate pairs by the hub's own matching, hard rules included."""

from __future__ import annotations

import numpy as np

from app.pipeline.matching.normal import Normal
from app.pipeline.matching.project import project_vectors
from app.pipeline.matching.rules import forbidden
from app.pipeline.matching.score import FLOOR, score_pairs, shipped
from app.pipeline.matching.vector import Vectors
from bench.match.blocking import Pairs
from bench.match.city import Records
from bench.match.measures import Points

_PORTION, _HELD = 10_000, 200_000


def packed(records: Records) -> Vectors:
    """Give every record as comparing sees it."""
    places = range(0, len(records), _PORTION)
    parts = [range(at, min(at + _PORTION, len(records))) for at in places]
    return np.concatenate([project_vectors([records.normal(i) for i in part]) for part in parts])


def ruled_scores(records: Records, pairs: Pairs) -> tuple[Points, Points]:
    """Give the score of every pair, and the same with 0 where a hard rule says that the two cannot be one project."""
    left, right = (pairs[:, side].astype(np.intp) for side in (0, 1))
    scores = score_pairs(shipped(), packed(records), left, right).astype(np.int64)
    ruled = scores.copy()
    # a window over pairs sorted by their first record: prepared records are kept only as long as memory is bounded
    held: dict[int, Normal] = {}
    for n in np.flatnonzero(scores >= FLOOR).tolist():
        i, j = pairs[n].tolist()
        if len(held) > _HELD:
            held.clear()
        a, b = (held[k] if k in held else held.setdefault(k, records.normal(k)) for k in (i, j))
        if forbidden(a, b):
            ruled[n] = 0
    return scores, ruled
