"""Scores of candidate pairs by the hub's own matching, hard rules included."""

from __future__ import annotations

import numpy as np

from app.pipeline.matching.normal import Normal
from app.pipeline.matching.rules import forbidden
from app.pipeline.matching.score import score
from bench.match.blocking import Pairs
from bench.match.city import Records
from bench.match.measures import Points


def ruled_scores(records: Records, pairs: Pairs) -> tuple[Points, Points]:
    """Give the score of every pair, and the same with 0 where a hard rule says that the two cannot be one project."""
    # a window over pairs sorted by their first record: prepared records are kept only as long as memory is bounded
    held: dict[int, Normal] = {}
    scores = np.zeros(len(pairs), np.int64)
    ruled = np.zeros(len(pairs), np.int64)
    for n, (i, j) in enumerate(pairs.tolist()):
        a, b = held.get(i), held.get(j)
        if a is None or b is None:
            if len(held) > _HELD:
                held.clear()
            a = held[i] = records.normal(i)
            b = held[j] = records.normal(j)
        scores[n] = score(a, b)
        ruled[n] = 0 if forbidden(a, b) else scores[n]
    return scores, ruled


_HELD = 200_000
