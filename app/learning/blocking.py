"""Candidate pairs of many records at once: the rule of `app.pipeline.candidates`, with arrays instead of a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.learning.linking import Places
from app.pipeline.matching.keys import CAP

_Numbers = NDArray[np.int64]
_BLOCK = 1 << 15
"""Records whose pairs are found at once: most pairs share several keys, and repeats are dropped before they are many."""


def candidate_pairs(keys: Iterable[Sequence[int]]) -> Places:
    """Give every two places that share a key with at most `CAP` holders: two columns, the smaller first, sorted."""
    flat: list[int] = []
    counts = []
    for mine in keys:
        flat += mine
        counts.append(len(mine))
    return pairs_of_keys(np.array(flat, np.int64), np.repeat(np.arange(len(counts)), counts), len(counts))


def pairs_of_keys(keys: _Numbers, holders: _Numbers, records: int) -> Places:
    """Give every pair of holders of one key, where at most `CAP` hold it.

    `holders` are places among so many records, ascending, and each holds a key once.
    """
    held = shared(keys, holders, records)
    return np.concatenate([held.pairs(at, at + _BLOCK) for at in range(0, max(1, records), _BLOCK)])


class Shared(NamedTuple):
    """The holders of every key that at least two and at most `CAP` hold, key by key, each key's ascending."""

    holders: NDArray[np.int32]
    ends: _Numbers
    """Where the holders of the same key end."""
    order: _Numbers
    """Where in `holders` each record stands, record by record."""
    firsts: _Numbers
    """Where in `order` the places of each record begin, and where those of the last end."""

    def pairs(self, start: int, stop: int) -> Places:
        """Give the pairs whose smaller place is in the range: two columns, sorted, each pair once."""
        records = len(self.firsts) - 1
        at = self.order[self.firsts[min(start, records)] : self.firsts[min(stop, records)]]
        many = self.ends[at] - at - 1
        # whoever holds the key after it, and so has the greater place
        offsets = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        others = self.holders[np.repeat(at + 1, many) + offsets]
        coded = np.unique(np.repeat(self.holders[at].astype(np.int64), many) * records + others)
        n = max(1, records)
        return np.stack((coded // n, coded % n), axis=1).astype(np.int32)


def shared(keys: _Numbers, holders: _Numbers, records: int) -> Shared:
    """Lay out who holds what, as `pairs_of_keys` is given it."""
    by_key = np.argsort(keys, kind="stable")
    sorted_ = keys[by_key]
    starts = np.flatnonzero(np.r_[True, sorted_[1:] != sorted_[:-1]]) if len(keys) else np.empty(0, np.intp)
    sizes = np.diff(np.r_[starts, len(keys)])
    few = (sizes > 1) & (sizes <= CAP)
    held = holders[by_key[np.repeat(few, sizes)]].astype(np.int32)
    ends = np.repeat(np.cumsum(sizes[few]), sizes[few])
    order = np.argsort(held, kind="stable")
    return Shared(held, ends, order, np.searchsorted(held[order], np.arange(records + 1)))
