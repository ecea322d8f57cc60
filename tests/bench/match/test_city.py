from __future__ import annotations

from bench.match.city import Wanted, simulated


def test_a_city_is_the_same_again_and_another_seed_shares_no_record_with_it() -> None:
    one, again, other = (simulated(Wanted(seed, 120)) for seed in (5, 5, 6))
    assert one.ids == again.ids
    assert one.packed == again.packed
    assert set(one.packed).isdisjoint(other.packed)


def test_the_order_of_records_tells_nothing_of_their_projects() -> None:
    records = simulated(Wanted(5, 200))
    assert records.ids == sorted(records.ids)
    neighbours = (records.truth[1:] == records.truth[:-1]).mean()
    assert neighbours < 0.2


def test_siblings_share_a_family_and_no_project() -> None:
    records = simulated(Wanted(5, 600))
    assert len(records.trait) > len(set(records.family.tolist())) > 1
    assert len({records.normal(i).record_id for i in range(len(records))}) == len(records)
