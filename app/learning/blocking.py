"""Candidate pairs of many records at once: the rule of `app.pipeline.candidates`, with arrays instead of a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.learning.linking import Places
from app.pipeline.matching.keys import CAP


def candidate_pairs(keys: Iterable[Sequence[int]]) -> Places:
    """Give every two places that share a key with at most `CAP` holders: two columns, the smaller first, sorted."""
    flat: list[int] = []
    counts = []
    for mine in keys:
        flat += mine
        counts.append(len(mine))
    return pairs_of_keys(np.array(flat, np.int64), np.repeat(np.arange(len(counts)), counts), len(counts))


def pairs_of_keys(keys: NDArray[np.int64], holders: NDArray[np.int64], records: int) -> Places:
    """Give every pair of holders of one key, where at most `CAP` hold it; `holders` are places among so many records."""
    order = np.lexsort((holders, keys))
    keys, holders = keys[order], holders[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, np.intp)
    sizes = np.diff(np.r_[starts, len(keys)])
    told = []
    for size in range(2, CAP + 1):
        groups = starts[sizes == size]
        if len(groups):
            members = holders[groups[:, None] + np.arange(size)]
            left, right = np.triu_indices(size, 1)
            # one group size at a time, and repeats dropped at once: most pairs share several keys
            told.append(np.unique(members[:, left].ravel() * records + members[:, right].ravel()))
    coded = np.unique(np.concatenate(told)) if told else np.empty(0, np.int64)
    n = max(1, records)
    return np.stack((coded // n, coded % n), axis=1).astype(np.int32)
