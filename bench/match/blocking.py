"""Candidate pairs of a whole city at once: the rule of `app.pipeline.candidates`, with arrays instead of a database."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.pipeline.matching.keys import CAP, block_keys_of
from bench.match.city import Records

Pairs = NDArray[np.int32]
"""Two columns: the places of two records, the smaller first; sorted, each pair once."""
_PORTION = 4096


def candidate_pairs(records: Records) -> Pairs:
    """Give every pair that shares a key with at most `CAP` holders."""
    return pairs_of_keys(*_holdings(records), len(records))


def pairs_of_keys(keys: NDArray[np.int64], holders: NDArray[np.int64], records: int) -> Pairs:
    """Give every pair of holders of one key, where at most `CAP` hold it; `holders` are places among so many records."""
    order = np.lexsort((holders, keys))
    keys, holders = keys[order], holders[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    sizes = np.diff(np.r_[starts, len(keys)])
    told = []
    for size in range(2, CAP + 1):
        groups = starts[sizes == size]
        if len(groups):
            members = holders[groups[:, None] + np.arange(size)]
            left, right = np.triu_indices(size, 1)
            # one group size at a time, and repeats dropped at once: most pairs share several keys
            told.append(np.unique(_coded(members[:, left].ravel(), members[:, right].ravel(), records)))
    coded = np.unique(np.concatenate(told)) if told else np.empty(0, np.int64)
    return np.stack((coded // records, coded % records), axis=1).astype(np.int32)


def _holdings(records: Records) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give every key with the place of its holder."""
    keys: list[int] = []
    counts = []
    for first in range(0, len(records), _PORTION):
        some = range(first, min(first + _PORTION, len(records)))
        for mine in block_keys_of(map(records.normal, some)):
            keys += mine
            counts.append(len(mine))
    return np.array(keys, np.int64), np.repeat(np.arange(len(records)), counts)


def _coded(left: NDArray[np.int64], right: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    return left * n + right
