from __future__ import annotations

import pytest

from bench.match.hostile import KINDS, Cost, table, told


@pytest.fixture(scope="module")
def costs() -> dict[str, list[Cost]]:
    return told((100, 400))


def test_of_what_says_nothing_or_what_is_wrong_nobody_is_merged_unasked(costs: dict[str, list[Cost]]) -> None:
    assert costs.keys() == KINDS.keys()
    assert {kind: one.merged for kind, some in costs.items() for one in some if one.merged} == {}


def test_a_record_of_many_is_compared_with_hardly_more_than_one_of_few(costs: dict[str, list[Cost]]) -> None:
    assert {kind: some for kind, some in costs.items() if some[-1].pairs > some[0].pairs + 5} == {}


def test_the_costs_are_laid_out(costs: dict[str, list[Cost]]) -> None:
    assert len(table(costs).splitlines()) == 2 + 2 * len(KINDS)
