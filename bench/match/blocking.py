"""Candidate pairs of a whole city."""

from __future__ import annotations

from collections.abc import Iterator

from app.learning.blocking import candidate_pairs as paired
from app.learning.linking import Places
from app.pipeline.matching.keys import block_keys_of
from bench.match.city import Records

Pairs = Places
"""Two columns: the places of two records, the smaller first; sorted, each pair once."""
_PORTION = 4096


def candidate_pairs(records: Records) -> Pairs:
    """Give every pair of a city that shares a key few hold."""
    return paired(_keys(records))


def _keys(records: Records) -> Iterator[tuple[int, ...]]:
    for first in range(0, len(records), _PORTION):
        yield from block_keys_of(map(records.normal, range(first, min(first + _PORTION, len(records)))))
