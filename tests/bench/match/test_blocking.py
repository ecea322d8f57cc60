from __future__ import annotations

from itertools import combinations

from app.pipeline.matching.keys import CAP, block_keys
from bench.match.blocking import candidate_pairs
from bench.match.city import Wanted, simulated


def test_a_pair_is_a_candidate_when_it_shares_a_key_that_few_hold() -> None:
    records = simulated(Wanted(5, 300, "full"))
    holders: dict[int, list[int]] = {}
    for place in range(len(records)):
        for key in block_keys(records.normal(place)):
            holders.setdefault(key, []).append(place)
    expected = {pair for held in holders.values() if len(held) <= CAP for pair in combinations(held, 2)}
    pairs = candidate_pairs(records)
    assert [tuple(pair) for pair in pairs.tolist()] == sorted(expected)
